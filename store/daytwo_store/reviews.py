"""Reviews of runs that broke the glass: open until somebody else closes them with words."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Select, or_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from daytwo_store.engine import Session, Topic, Tx
from daytwo_store.ids import PrincipalId, RunId
from daytwo_store.notifications import Notice, tell
from daytwo_store.run_visibility import visible
from daytwo_store.said import said
from daytwo_store.tables import EntityRow, ReviewRow, RunRow

REMIND_EVERY: Final = timedelta(hours=24)


async def open_review(tx: Tx, run: RunRow, *, needed_from: Sequence[str]) -> ReviewRow:
    """The run's review. One that is there already stays as it is: a run has one."""
    found = await tx.session.get(ReviewRow, run.id)
    if found is not None:
        return found
    row = ReviewRow(
        run_id=run.id, needed_from=list(needed_from), opened_at=tx.now, remind_at=tx.now + REMIND_EVERY, reminded=0
    )
    tx.session.add(row)
    await tx.session.flush()
    facts = {"from": ", ".join(needed_from)}
    tx.audit(actor="daytwo", action="review.opened", subject=f"run:{run.id}", facts=facts)
    return row


async def of_run(session: Session, run: RunId) -> ReviewRow | None:
    return await session.get(ReviewRow, run)


async def asked_for(session: AsyncSession) -> frozenset[str]:
    """Everybody who is asked for an open review."""
    rows = await session.scalars(select(ReviewRow.needed_from).where(ReviewRow.closed_at.is_(None)).distinct())
    return frozenset(entry for needed in rows for entry in needed)


def close(tx: Tx, row: ReviewRow, *, by: PrincipalId, words: str) -> None:
    """Close an open review of a held run."""
    row.closed_at, row.closed_by, row.words = tx.now, by, words
    tx.audit(actor=by, action="review.closed", subject=f"run:{row.run_id}", facts=said(words))
    tx.notify(Topic.RUN, row.run_id)


async def page(
    session: AsyncSession,
    *,
    closed: bool | None,
    groups: Sequence[str],
    principal: PrincipalId,
    after: tuple[datetime, str] | None,
    limit: int,
) -> list[tuple[ReviewRow, RunRow]]:
    """Reviews with their runs, oldest first, that the principal may see: those of runs that they see, and their own."""
    query = _seen(groups, principal).order_by(ReviewRow.opened_at, ReviewRow.run_id).limit(limit)
    if closed is not None:
        query = query.where(ReviewRow.closed_at.is_not(None) if closed else ReviewRow.closed_at.is_(None))
    if after is not None:
        query = query.where(tuple_(ReviewRow.opened_at, ReviewRow.run_id) > tuple_(*after))
    return [(review, run) for review, run in await session.execute(query)]


async def get_visible(
    session: AsyncSession, run: RunId, *, groups: Sequence[str], principal: PrincipalId
) -> tuple[ReviewRow, RunRow] | None:
    """The review of this run, if there is one and the principal may see it."""
    found = (await session.execute(_seen(groups, principal).where(ReviewRow.run_id == run))).one_or_none()
    return (found[0], found[1]) if found else None


def _seen(groups: Sequence[str], principal: PrincipalId) -> Select[ReviewRow, RunRow]:
    return (
        select(ReviewRow, RunRow)
        .join(RunRow, RunRow.id == ReviewRow.run_id)
        .join(EntityRow, EntityRow.ref == RunRow.entity, isouter=True)
        .where(or_(visible(groups, principal), ReviewRow.needed_from.overlap(list(groups))))
    )


async def remind(tx: Tx, *, limit: int = 100) -> int:
    """Remind of what is open for a day and longer, each once a day. How many were."""
    due = (
        await tx.session.scalars(
            select(ReviewRow)
            .where(ReviewRow.closed_at.is_(None), ReviewRow.remind_at <= tx.now)
            .order_by(ReviewRow.remind_at)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
    ).all()
    for row in due:
        row.reminded += 1
        row.remind_at = tx.now + REMIND_EVERY
        tell(tx, Notice.REVIEW_REMINDER, audience=row.needed_from, run=RunId(row.run_id))
    return len(due)
