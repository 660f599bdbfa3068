"""The configuration of the stand-in: a JSON or YAML file, checked when it is read."""

from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from daytwo_standins.shared.config import Model, Secret, read_data


class Person(Model):
    """Somebody who can be chosen; `claims` are added to those that every token has."""

    subject: Annotated[str, Field(min_length=1, max_length=255)]
    name: str
    claims: dict[str, Any] = {}


class Program(Model):
    """A client: where it may send people back to, to the letter."""

    id: Annotated[str, Field(min_length=1)]
    secret: Secret
    redirect_uris: tuple[str, ...]


class Config(Model):
    people: tuple[Person, ...]
    clients: tuple[Program, ...]
    token_seconds: Annotated[int, Field(ge=1)] = 300
    refresh: bool = True  # whether it gives refresh tokens
    only_in_userinfo: tuple[str, ...] = ()  # claims that its ID tokens leave out
    code_seconds: Annotated[float, Field(gt=0)] = 60.0


def load_config(path: Path) -> Config:
    """Read a configuration; relative paths in it start at its own folder.

    Raises:
        ValueError: it cannot be read as JSON or YAML, or says something that is not known or not allowed.
    """
    config, folder = Config.model_validate(read_data(path)), path.parent.resolve()
    placed = tuple(one.model_copy(update={"secret": one.secret.placed(folder)}) for one in config.clients)
    return config.model_copy(update={"clients": placed})
