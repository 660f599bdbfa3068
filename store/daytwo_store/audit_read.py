"""Reading the audit: filters, pages from the newest, and all that fits from the oldest."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, or_, select

from daytwo_store import cursors
from daytwo_store.engine import Session, Store
from daytwo_store.ids import RunId
from daytwo_store.tables import AuditRow

_AT_ONCE: Final = 1000


@dataclass(frozen=True, kw_only=True, slots=True)
class AuditFilter:
    """Entries that fit all of it; None fits everything."""

    since: datetime | None = None
    until: datetime | None = None  # up to, and without
    actor: str | None = None
    action: str | None = None  # "run.accepted", or "run.*"
    subject: str | None = None
    run: str | None = None  # about the run, or done by it

    def conditions(self) -> list[ColumnElement[bool]]:
        found: list[ColumnElement[bool]] = []
        if self.since is not None:
            found.append(AuditRow.at >= self.since)
        if self.until is not None:
            found.append(AuditRow.at < self.until)
        if self.actor is not None:
            found.append(AuditRow.actor == self.actor)
        if self.action is not None:
            family = self.action.removesuffix("*")
            exact = family == self.action
            found.append(
                AuditRow.action == self.action if exact else AuditRow.action.startswith(family, autoescape=True)
            )
        if self.subject is not None:
            found.append(AuditRow.subject == self.subject)
        if self.run is not None:
            subject = f"run:{self.run}"
            found.append(
                or_(
                    AuditRow.subject == subject,
                    AuditRow.facts["run"].astext == self.run,
                    AuditRow.facts["by"].astext == subject,
                )
            )
        return found


@dataclass(frozen=True, slots=True)
class AuditPage:
    items: Sequence[AuditRow]
    next_cursor: str | None


async def page(session: Session, wanted: AuditFilter, *, cursor: str | None, limit: int) -> AuditPage:
    """Entries, newest first. Raises `Rejected` for a cursor that is none of ours."""
    query = select(AuditRow).where(*wanted.conditions()).order_by(AuditRow.n.desc())
    if cursor is not None:
        query = query.where(AuditRow.n < cursors.number(cursor))
    rows = (await session.scalars(query.limit(limit + 1))).all()
    shown = rows[:limit]
    return AuditPage(shown, cursors.make(str(shown[-1].n)) if len(rows) > limit else None)


async def stream(store: Store, wanted: AuditFilter, *, after: int = 0) -> AsyncIterator[Sequence[AuditRow]]:
    """All entries above `after`, oldest first, some at a time. Nothing of the database is held in between."""
    while True:
        query = select(AuditRow).where(*wanted.conditions(), AuditRow.n > after).order_by(AuditRow.n).limit(_AT_ONCE)
        async with store.read() as session:
            rows = (await session.scalars(query)).all()
        if rows:
            yield rows
            after = rows[-1].n
        if len(rows) < _AT_ONCE:
            return


async def of_run(session: Session, run: RunId) -> Sequence[AuditRow]:
    """Everything about a run or done by it, oldest first."""
    query = select(AuditRow).where(*AuditFilter(run=run).conditions()).order_by(AuditRow.n)
    return (await session.scalars(query)).all()
