"""The configuration of the stand-in: a JSON or YAML file, checked when it is read."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, SecretStr, model_validator

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


def caller(login: str, permissions: frozenset[Permission], repositories: tuple[str, ...]) -> Token:
    """An App, or a token of one of its installations, as somebody who calls."""
    nothing = Secret(value=SecretStr(""))
    return Token.model_construct(
        login=login, token=nothing, type="Bot", permissions=permissions, repositories=repositories
    )


class Environment(Model):
    """An environment of a repository; runs that name it wait for one of the reviewers, the timer, and an App's word."""

    name: Name
    reviewers: Annotated[tuple[Name, ...], Field(max_length=6)] = ()  # logins
    wait_timer: Annotated[float, Field(ge=0)] = 0  # minutes
    custom_rule: bool = False  # an App is asked by the event deployment_protection_rule

    @model_validator(mode="before")
    @classmethod
    def _text(cls, data: object) -> object:
        return {"name": data} if isinstance(data, str) else data

    @property
    def protected(self) -> bool:
        """Whether anything has to be waited for."""
        return bool(self.reviewers) or self.wait_timer > 0 or self.custom_rule


class Installation(Model):
    """Where an App is installed: at an account, for all or some of its repositories."""

    id: Annotated[int, Field(gt=0)]
    account: Name
    repositories: tuple[str, ...] | None = None  # None: all of the account


class App(Model):
    """A GitHub App."""

    id: Annotated[int, Field(gt=0)]
    slug: Annotated[str, Field(pattern=r"^[a-z0-9-]+$")]
    key: Secret  # RSA in PEM form, private or public
    installations: tuple[Installation, ...] = ()
    permissions: frozenset[Permission] = frozenset({Permission.READ, Permission.ACTIONS_WRITE})
    token_seconds: Annotated[float, Field(gt=0)] = 3600.0  # life of a token


class Enterprise(Model):
    """As an older GitHub Enterprise Server: everything is below /api/v3, ten inputs, and no run details."""

    refuses_details: Literal[400, 422] = 422
    version: str = "3.19.0"


class Repository(Model):
    """A repository on disk."""

    full_name: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+$")]
    path: Path
    default_branch: str = "main"
    vars: dict[str, str] = {}
    environments: tuple[Environment, ...] = ()
    executor: Executor = Executor.ACT
    # What is wrong with the zip files of artifacts, for tests of who reads them.
    archives: Literal["good", "bomb", "traversal", "symlink", "garbage", "expired"] = "good"

    @property
    def environment_names(self) -> tuple[str, ...]:
        """The names of its environments."""
        return tuple(one.name for one in self.environments)

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
    events: frozenset[Literal["workflow_run", "workflow_job", "deployment_protection_rule"]] = frozenset(
        {"workflow_run", "workflow_job", "deployment_protection_rule"}
    )


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
    apps: tuple[App, ...] = ()
    enterprise: Enterprise | None = None
    runners: Annotated[int, Field(ge=1, le=64)] = 4  # runs that execute at once
    rate_limit: Annotated[int, Field(ge=1)] = 5000  # requests per window and token
    rate_limit_seconds: Annotated[int, Field(ge=1)] = 3600  # the window
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
    apps = (one.model_copy(update={"key": one.key.placed(folder)}) for one in config.apps)
    webhooks = (one.model_copy(update={"secret": one.secret.placed(folder)}) for one in config.webhooks)
    return config.model_copy(
        update={
            "repositories": tuple(repositories),
            "tokens": tuple(tokens),
            "webhooks": tuple(webhooks),
            "apps": tuple(apps),
            "act": folder / config.act if config.act else None,
        }
    )
