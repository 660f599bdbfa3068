"""Searching the catalog: pages of what fits and may be seen."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import func, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.sql.elements import ColumnElement

from daytwo_store import cursors
from daytwo_store.entities import Entity, Sees, as_entity, hidden, may_see
from daytwo_store.entity_conditions import Condition, matches
from daytwo_store.tables import EntityRow

_WORD: Final = re.compile(r"\w+")


@dataclass(frozen=True, kw_only=True, slots=True)
class Search:
    """Every word of `text` has to begin a word of the name or the title; all conditions have to hold."""

    kind: str | None = None
    text: str = ""
    owner: str | None = None
    conditions: tuple[Condition, ...] = ()
    cursor: str | None = None
    limit: int = 50


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    items: Sequence[Entity]
    next_cursor: str | None


async def search(session: AsyncSession, wanted: Search, *, sees: Sees) -> Found:
    """A page of entities by kind, title and ref. Raises `Rejected` for a cursor that is not ours."""
    if await no_such_target(session, wanted, sees=sees):
        return Found(items=(), next_cursor=None)
    query = select(EntityRow).where(*narrowed(wanted, sees=sees))
    query = query.order_by(EntityRow.kind, EntityRow.title, EntityRow.ref)
    if wanted.cursor is not None:
        query = query.where(
            tuple_(EntityRow.kind, EntityRow.title, EntityRow.ref) > tuple_(*cursors.read(wanted.cursor, 3))
        )
    rows = (await session.scalars(query.limit(wanted.limit + 1))).all()
    shown = rows[: wanted.limit]
    more = len(rows) > wanted.limit
    return Found(
        items=[as_entity(row) for row in shown],
        next_cursor=cursors.make(shown[-1].kind, shown[-1].title, shown[-1].ref) if more else None,
    )


def narrowed(wanted: Search, *, sees: Sees) -> list[ColumnElement[bool]]:
    """The conditions on `EntityRow`."""
    found = [may_see(sees), *(matches(one) for one in wanted.conditions)]
    if wanted.kind is not None:
        found.append(EntityRow.kind == wanted.kind)
    if wanted.owner is not None:
        found.append(EntityRow.owner == wanted.owner)
    if wanted.text.strip():
        found.append(EntityRow.search.op("@@")(func.to_tsquery("simple", prefixes(wanted.text))))
    return found


async def no_such_target(session: AsyncSession, wanted: Search, *, sees: Sees) -> bool:
    """It asks for relations to what may not be seen: then it finds nothing, as if that did not exist."""
    targets = {one.value for one in wanted.conditions if one.operator == "relates to"}
    return bool(await hidden(session, targets, sees=sees))


def prefixes(text: str) -> str:
    """A tsquery in which every word is a prefix: "shop sta" → 'shop':* & 'sta':*."""
    return " & ".join(f"'{word}':*" for word in _WORD.findall(text))
