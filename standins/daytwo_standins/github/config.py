"""The configuration of the stand-in: a JSON or YAML file, checked when it is read."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from daytwo_standins.shared.config import Model, Name, Secret, read_data


class Executor(StrEnum):
    """What happens with an accepted run."""

    ACT = "act"  # the workflow file is really executed
    INSTANT = "instant"  # it succeeds at once and nothing is executed: for benchmarks
    SCRIPTED = "scripted"  # it follows a script from the control interface: for fault tests


class Permission(StrEnum):
    """What a token may do."""

    READ = "read"
    ACTIONS_WRITE = "actions:write"


class Token(Model):
    """Somebody who may call the API."""

    login: Name
    token: Secret
    type: Literal["User", "Bot"] = "User"
    permissions: frozenset[Permission] = frozenset({Permission.READ, Permission.ACTIONS_WRITE})
    repositories: tuple[str, ...] | None = None  # None: all


class Repository(Model):
    """A repository on disk."""

    full_name: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+$")]
    path: Path
    default_branch: str = "main"
    vars: dict[str, str] = {}
    environments: tuple[Name, ...] = ()
    executor: Executor = Executor.ACT

    @property
    def owner(self) -> str:
        """The account that it belongs to."""
        return self.full_name.split("/")[0]

    @property
    def name(self) -> str:
        """Its name without the owner."""
        return self.full_name.split("/")[1]


class Webhook(Model):
    """Where events are sent to."""

    url: str
    secret: Secret
    events: frozenset[Literal["workflow_run", "workflow_job"]] = frozenset({"workflow_run", "workflow_job"})


class Account(Model):
    """An owner of repositories."""

    login: Name
    type: Literal["User", "Organization"] = "Organization"


class Config(Model):
    """Everything that the stand-in is told."""

    tokens: tuple[Token, ...]
    repositories: tuple[Repository, ...]
    accounts: tuple[Account, ...] = ()
    webhooks: tuple[Webhook, ...] = ()
    runners: Annotated[int, Field(ge=1, le=64)] = 4  # runs that execute at once
    rate_limit: Annotated[int, Field(ge=1)] = 5000  # requests per hour and token
    cancel_grace: Annotated[float, Field(gt=0)] = 300.0  # seconds that a cancelled run has for its always() steps
    link_seconds: Annotated[float, Field(gt=0)] = 60.0  # life of a link to a log
    act: Path | None = None  # else DAYTWO_ACT, PATH, or beside the interpreter

    @model_validator(mode="after")
    def _distinct(self) -> Self:
        names = [repository.full_name.lower() for repository in self.repositories]
        double = {name for name in names if names.count(name) > 1}
        if double:
            raise ValueError(f"repositories are named twice: {', '.join(sorted(double))}")
        return self


def load_config(path: Path) -> Config:
    """Read a configuration; relative paths in it start at its own folder.

    Raises:
        ValueError: it cannot be read as JSON or YAML, or says something that is not known or not allowed.
    """
    return _placed(Config.model_validate(read_data(path)), path.parent.resolve())


def _placed(config: Config, folder: Path) -> Config:
    """Let relative paths start at a folder. A link stays a link: it may lead elsewhere later."""
    repositories = (one.model_copy(update={"path": folder / one.path}) for one in config.repositories)
    tokens = (one.model_copy(update={"token": one.token.placed(folder)}) for one in config.tokens)
    webhooks = (one.model_copy(update={"secret": one.secret.placed(folder)}) for one in config.webhooks)
    return config.model_copy(
        update={
            "repositories": tuple(repositories),
            "tokens": tuple(tokens),
            "webhooks": tuple(webhooks),
            "act": folder / config.act if config.act else None,
        }
    )
