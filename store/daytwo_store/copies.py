"""Databases that are copies of another one, for tests of actions: made in a moment, and dropped after it.

The one that is copied must have no connection open.
"""

from typing import Final
from urllib.parse import urlsplit

import psycopg
from psycopg import sql

_MAINTENANCE: Final = "postgres"


def copy(url: str, name: str) -> str:
    """The address of a new database like the one at `url`."""
    _execute(url, sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(_name(url))))
    return _beside(url, name)


def drop(url: str) -> None:
    """Whoever is connected to it is sent away."""
    _execute(url, sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(_name(url))))


def _execute(url: str, statement: sql.Composed) -> None:
    with psycopg.connect(_beside(url, _MAINTENANCE), autocommit=True) as connection:
        connection.execute(statement)


def _name(url: str) -> str:
    return urlsplit(url).path.removeprefix("/")


def _beside(url: str, name: str) -> str:
    return urlsplit(url)._replace(path=f"/{name}").geturl()
