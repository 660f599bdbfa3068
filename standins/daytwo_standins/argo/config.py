"""The configuration of the stand-in: a JSON or YAML file, checked when it is read."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from daytwo_standins.shared.config import Model, Name, Secret, read_data

Namespace = Annotated[str, Field(pattern=r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?$", max_length=63)]


class Executor(StrEnum):
    """What happens with an accepted workflow."""

    RUN = "run"  # its scripts and containers are really executed, as processes of this machine
    INSTANT = "instant"  # it succeeds at once and nothing is executed: for benchmarks
    SCRIPTED = "scripted"  # it follows a script from the control interface: for fault tests


class Permission(StrEnum):
    """What a token may do with workflows; everybody may ask who they are and which version this is."""

    READ = "read"  # get, list and watch workflows and templates
    LOGS = "logs"
    CREATE = "create"
    CONTROL = "control"  # stop, terminate, suspend, resume, set, retry
    DELETE = "delete"


class Token(Model):
    """A service account that may call the API."""

    login: Name
    token: Secret
    namespace: Namespace = "argo"  # of the service account
    permissions: frozenset[Permission] = frozenset(Permission)
    namespaces: tuple[str, ...] | None = None  # None: all


class NamespaceSettings(Model):
    """A namespace and what it offers to workflows."""

    name: Namespace
    templates: Path  # a folder of YAML files with WorkflowTemplates
    executor: Executor = Executor.RUN
    archive: bool = True
    archive_logs: bool = True  # logs are kept as the artifact `main-logs`
    config_maps: dict[str, dict[str, str]] = {}
    secrets: dict[str, dict[str, Path]] = {}  # files with the values


class Config(Model):
    """Everything that the stand-in is told."""

    tokens: tuple[Token, ...]
    namespaces: tuple[NamespaceSettings, ...]
    cluster_templates: Path | None = None  # a folder of YAML files with ClusterWorkflowTemplates
    runners: Annotated[int, Field(ge=1, le=64)] = 4  # workflows that run at once; the others are pending
    rate_limit: Annotated[int, Field(ge=1)] = 1000  # requests per second and token
    grace: Annotated[float, Field(gt=0)] = 30.0  # seconds between SIGTERM and SIGKILL of a pod
    keep_alive: Annotated[float, Field(gt=0)] = 15.0  # seconds between comments in a stream
    watch_seconds: Annotated[float, Field(gt=0)] = 300.0  # after which a watch ends by itself


def load_config(path: Path) -> Config:
    """Read a configuration; relative paths in it start at its own folder.

    Raises:
        ValueError: it cannot be read as JSON or YAML, or says something that is not known or not allowed.
    """
    return _placed(Config.model_validate(read_data(path)), path.parent.resolve())


def _placed(config: Config, folder: Path) -> Config:
    namespaces = tuple(one.model_copy(update=_paths(one, folder)) for one in config.namespaces)
    tokens = tuple(one.model_copy(update={"token": one.token.placed(folder)}) for one in config.tokens)
    cluster = folder / config.cluster_templates if config.cluster_templates else None
    return config.model_copy(update={"namespaces": namespaces, "tokens": tokens, "cluster_templates": cluster})


def _paths(namespace: NamespaceSettings, folder: Path) -> dict[str, Any]:
    secrets = {name: {key: folder / file for key, file in keys.items()} for name, keys in namespace.secrets.items()}
    return {"templates": folder / namespace.templates, "secrets": secrets}
