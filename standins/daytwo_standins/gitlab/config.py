"""The configuration of the stand-in: a JSON or YAML file, checked when it is read."""

from enum import IntEnum, StrEnum
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from daytwo_standins.shared.config import Model, Name, Secret, read_data
from daytwo_standins.shared.ids import stable_id

_INT32 = 2**31 - 1


class Executor(StrEnum):
    """What happens with an accepted pipeline."""

    GITLAB_CI_LOCAL = "gitlab-ci-local"  # its jobs are really executed
    INSTANT = "instant"  # it succeeds at once and nothing is executed: for benchmarks
    SCRIPTED = "scripted"  # it follows a script from the control interface: for fault tests


class Role(IntEnum):
    """What somebody is in a project. https://docs.gitlab.com/user/permissions/"""

    GUEST = 10
    REPORTER = 20
    DEVELOPER = 30
    MAINTAINER = 40
    OWNER = 50


def _role(value: object) -> object:
    return Role[value.upper()] if isinstance(value, str) and value.upper() in Role.__members__ else value


NamedRole = Annotated[Role, BeforeValidator(_role)]


class Token(Model):
    """Somebody who may call the API. https://docs.gitlab.com/user/profile/personal_access_tokens/"""

    login: Name
    token: Secret
    bot: bool = False
    scopes: frozenset[Literal["api", "read_api", "read_user", "read_repository"]] = frozenset({"api"})
    role: NamedRole = Role.MAINTAINER
    projects: tuple[str, ...] | None = None  # None: all
    revoked: bool = False
    expired: bool = False


class Environment(Model):
    """An environment of a project; with ``approvals`` it is protected."""

    name: str
    url: str = ""
    approvals: Annotated[int, Field(ge=0)] = 0


class Project(Model):
    """A repository on disk."""

    full_path: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)+$")]
    path: Path
    id: Annotated[int | None, Field(ge=1, le=_INT32)] = None
    default_branch: str = "main"
    ci_config_path: str = ".gitlab-ci.yml"
    variables: dict[str, str] = {}
    environments: tuple[Environment, ...] = ()
    trigger_tokens: tuple[Secret, ...] = ()
    pipeline_variables_role: NamedRole = Role.DEVELOPER  # who may give variables to a pipeline
    executor: Executor = Executor.GITLAB_CI_LOCAL

    @property
    def number(self) -> int:
        """Its id."""
        return self.id or stable_id("project", self.full_path) % _INT32

    @property
    def name(self) -> str:
        """The last part of its path."""
        return self.full_path.rpartition("/")[2]

    @property
    def namespace(self) -> str:
        """Its path without its name."""
        return self.full_path.rpartition("/")[0]

    def environment(self, name: str) -> Environment:
        """What is configured about an environment; others come to be when a job deploys to them."""
        return next((one for one in self.environments if one.name == name), Environment(name=name))


class Webhook(Model):
    """Where events are sent to: with a secret token, a signing token (``whsec_…``), or both."""

    url: str
    secret: Secret | None = None
    signing_token: Secret | None = None
    events: frozenset[Literal["pipeline", "job"]] = frozenset({"pipeline", "job"})


class Config(Model):
    """Everything that the stand-in is told."""

    tokens: tuple[Token, ...]
    projects: tuple[Project, ...]
    webhooks: tuple[Webhook, ...] = ()
    runners: Annotated[int, Field(ge=1, le=64)] = 4  # jobs that execute at once
    rate_limit: Annotated[int, Field(ge=1)] = 2000  # requests per minute and user
    cancel_grace: Annotated[float, Field(gt=0)] = 10.0  # seconds
    trace_stamps: bool = True  # times in traces, as since runner 18.7
    gitlab_ci_local: Path | None = None  # else DAYTWO_GITLAB_CI_LOCAL, the checkout's, or PATH

    @model_validator(mode="after")
    def _distinct(self) -> Self:
        for names in ([p.full_path.lower() for p in self.projects], [str(p.number) for p in self.projects]):
            double = {name for name in names if names.count(name) > 1}
            if double:
                raise ValueError(f"projects are named twice: {', '.join(sorted(double))}")
        return self


def load_config(path: Path) -> Config:
    """Read a configuration; relative paths in it start at its own folder.

    Raises:
        ValueError: it cannot be read as JSON or YAML, or says something that is not known or not allowed.
    """
    return _placed(Config.model_validate(read_data(path)), path.parent.resolve())


def _placed(config: Config, folder: Path) -> Config:
    projects = (
        one.model_copy(
            update={
                "path": folder / one.path,
                "trigger_tokens": tuple(token.placed(folder) for token in one.trigger_tokens),
            }
        )
        for one in config.projects
    )
    tokens = (one.model_copy(update={"token": one.token.placed(folder)}) for one in config.tokens)
    webhooks = (
        one.model_copy(
            update={
                "secret": one.secret.placed(folder) if one.secret else None,
                "signing_token": one.signing_token.placed(folder) if one.signing_token else None,
            }
        )
        for one in config.webhooks
    )
    told = config.gitlab_ci_local
    return config.model_copy(
        update={
            "projects": tuple(projects),
            "tokens": tuple(tokens),
            "webhooks": tuple(webhooks),
            "gitlab_ci_local": folder / told if told else None,
        }
    )
