"""Databases for tests: copies of a migrated template."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field

import psycopg
from psycopg import sql

from daytwo_cli.up.postgres import EmbeddedPostgres


@dataclass
class Databases:
    """A server whose database `daytwo` is migrated and never connected to again: the template of all others."""

    server: EmbeddedPostgres
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    @property
    def maintenance(self) -> str:
        return self.server.url.replace("/daytwo?", "/postgres?")

    def create(self) -> str:
        """The address of a new database."""
        name = f"test_{next(self._numbers)}"
        with psycopg.connect(self.maintenance, autocommit=True) as connection:
            connection.execute(sql.SQL("CREATE DATABASE {} TEMPLATE daytwo").format(sql.Identifier(name)))
        return self.server.url.replace("/daytwo?", f"/{name}?")

    def drop(self, url: str) -> None:
        name = url.split("/")[-1].split("?")[0]
        with psycopg.connect(self.maintenance, autocommit=True) as connection:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))

    def rename(self, url: str, name: str) -> None:
        """Nobody may be connected to it."""
        old = url.split("/")[-1].split("?")[0]
        with psycopg.connect(self.maintenance, autocommit=True) as connection:
            connection.execute(
                sql.SQL("ALTER DATABASE {} RENAME TO {}").format(sql.Identifier(old), sql.Identifier(name))
            )
