"""The configuration of the stand-in: a JSON or YAML file, checked when it is read.

Secret values may stand in the file, in an environment variable or in a file of their own.
"""

import os
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]+$", max_length=100)]


class Executor(StrEnum):
    """What happens with an accepted run."""

    ACT = "act"  # the workflow file is really executed
    INSTANT = "instant"  # it succeeds at once and nothing is executed: for benchmarks
    SCRIPTED = "scripted"  # it follows a script from the control interface: for fault tests


class Permission(StrEnum):
    """What a token may do."""

    READ = "read"
    ACTIONS_WRITE = "actions:write"


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class Secret(_Model):
    """A secret value and where it comes from; exactly one of the three."""

    value: SecretStr | None = None
    env: str | None = None
    file: Path | None = None

    @model_validator(mode="before")
    @classmethod
    def _text(cls, data: object) -> object:
        return {"value": data} if isinstance(data, str) else data

    @model_validator(mode="after")
    def _one(self) -> Self:
        if sum(source is not None for source in (self.value, self.env, self.file)) != 1:
            raise ValueError("give exactly one of value, env and file")
        return self

    def placed(self, folder: Path) -> Self:
        """The same, with a relative path of the file starting at a folder."""
        return self.model_copy(update={"file": folder / self.file}) if self.file else self

    def reveal(self) -> str:
        """The secret itself.

        Raises:
            ValueError: the variable or the file is not there or empty.
        """
        if self.value is not None:
            return self.value.get_secret_value()
        if self.env is not None:
            found, where = os.environ.get(self.env, ""), f"environment variable {self.env}"
        else:
            assert self.file is not None
            found = self.file.read_text(encoding="utf-8").strip() if self.file.exists() else ""
            where = f"file {self.file}"
        if not found:
            raise ValueError(f"The secret is missing: {where} is not set or empty. Set it and start again.")
        return found


class Token(_Model):
    """Somebody who may call the API."""

    login: Name
    token: Secret
    type: Literal["User", "Bot"] = "User"
    permissions: frozenset[Permission] = frozenset({Permission.READ, Permission.ACTIONS_WRITE})
    repositories: tuple[str, ...] | None = None  # None: all


class Repository(_Model):
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


class Webhook(_Model):
    """Where events are sent to."""

    url: str
    secret: Secret
    events: frozenset[Literal["workflow_run", "workflow_job"]] = frozenset({"workflow_run", "workflow_job"})


class Account(_Model):
    """An owner of repositories."""

    login: Name
    type: Literal["User", "Organization"] = "Organization"


class Config(_Model):
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
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise ValueError(f"The configuration {path} cannot be read: {error}. Nothing was started.") from error
    return _placed(Config.model_validate(data), path.parent.resolve())


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
