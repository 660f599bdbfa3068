"""The list of runs: which ones somebody wants to see, as far as they may."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.sql.elements import ColumnElement

from daytwo_store.ids import PrincipalId
from daytwo_store.run_visibility import Onlooker, visible
from daytwo_store.tables import EntityRow, PrincipalRow, RunRow


@dataclass(frozen=True, kw_only=True, slots=True)
class RunFilter:
    action: str | None = None
    entity: str | None = None
    state: str | None = None
    requester: PrincipalId | None = None
    person: str | None = None  # who asked, by their ref: somebody may be known by several identities
    since: datetime | None = None
    until: datetime | None = None  # before it


def narrowed(wanted: RunFilter) -> list[ColumnElement[bool]]:
    """The conditions on `RunRow`."""
    found = [
        column == value
        for column, value in (
            (RunRow.action, wanted.action),
            (RunRow.entity, wanted.entity),
            (RunRow.state, wanted.state),
            (RunRow.requester, wanted.requester),
        )
        if value is not None
    ]
    if wanted.person is not None:
        found.append(RunRow.requester.in_(select(PrincipalRow.id).where(PrincipalRow.ref == wanted.person)))
    if wanted.since is not None:
        found.append(RunRow.created_at >= wanted.since)
    if wanted.until is not None:
        found.append(RunRow.created_at < wanted.until)
    return found


async def page(
    session: AsyncSession,
    wanted: RunFilter,
    *,
    by: Onlooker,
    before: tuple[datetime, str] | None,
    limit: int,
) -> Sequence[RunRow]:
    """Runs, newest first, that the onlooker may see; `before` is (created_at, id) of the last one seen."""
    query = (
        select(RunRow)
        .join(EntityRow, EntityRow.ref == RunRow.entity, isouter=True)
        .where(visible(by.belongs, by.principal), *narrowed(wanted))
        .order_by(RunRow.created_at.desc(), RunRow.id.desc())
        .limit(limit)
    )
    if before is not None:
        query = query.where(tuple_(RunRow.created_at, RunRow.id) < tuple_(*before))
    return (await session.scalars(query)).all()
