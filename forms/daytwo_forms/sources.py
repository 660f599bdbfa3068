"""Where choices and entities come from: doors that others implement, already bound to what the asker may see."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal, Protocol

from pydantic import JsonValue

CATALOG: Final = "catalog"  # the source's name when the choices are entities
VALUES: Final = "values"  # … and when they are listed in the query itself
PAGE: Final = 50  # choices on one page; more than one page is searched on the server


Listed = Literal["tags", "branches", "environments", "namespaces", "pipelines"]
"""What a connection can list. Which of them it does depends on its kind."""


@dataclass(frozen=True, kw_only=True, slots=True)
class OptionQuery:
    """Which choices. `source` is a connection's name, then `list` and `project` are set; or `catalog`, then `kind` is;
    or `values`, then these are the choices.

    `exact` asks for the one option with that value and nothing else: the check when answers are submitted.
    """

    source: str
    list: Listed | None = None
    project: str | None = None  # as the connection names it: repository, project path
    kind: str | None = None
    values: Sequence[str] = ()
    where: Mapping[str, JsonValue] = field(default_factory=dict)  # property → value that it must have
    search: str = ""
    cursor: str | None = None
    exact: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Option:
    """A choice. From the catalog, `value` is the name of the entity; of an entity field, its ref."""

    value: str
    title: str
    detail: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class OptionPage:
    options: Sequence[Option]
    next_cursor: str | None = None


class OptionSource(Protocol):
    async def options(self, query: OptionQuery) -> OptionPage:
        """One page of choices. Raises `daytwo_store.errors.Unavailable` when the source does not answer, and any other
        `DaytwoError` with a sentence when it refuses (no such repository …)."""
        ...


class EntitySource(Protocol):
    async def get(self, kind: str, name: str) -> Mapping[str, object] | None:
        """The record (`ref`, `name`, `kind`, `properties`, `relations`, `owner`), or None when there is no such entity
        or the asker may not see it: nobody can tell the two apart. Raises `Unavailable`."""
        ...

    async def search(self, kind: str, q: str, cursor: str | None) -> OptionPage:
        """Entities of a kind that the asker may see; the options' values are refs. Raises `Unavailable`."""
        ...


@dataclass(frozen=True, slots=True)
class Sources:
    """Both doors, bound to one asker."""

    options: OptionSource
    entities: EntitySource
