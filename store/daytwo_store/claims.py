"""The claim fence: of all executions that one dispatch may have started, the first that asks may do work (A1)."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from daytwo_store.engine import Topic, Tx
from daytwo_store.ids import Corr
from daytwo_store.tables import AttemptRow


async def by_marker(session: AsyncSession, marker: Corr) -> AttemptRow | None:
    """The attempt that was sent to a CI system with this marker."""
    in_ci = AttemptRow.request.has_key("project_id")
    found: AttemptRow | None = await session.scalar(select(AttemptRow).where(AttemptRow.corr == marker, in_ci))
    return found


def take(tx: Tx, attempt: AttemptRow, execution: str) -> bool:
    """True for the first execution that asks, and for that one again (its answer may have been lost).

    The run is held, so two that ask at once come one after the other.
    """
    if attempt.claimed_by is not None:
        return attempt.claimed_by == execution
    attempt.claimed_by, attempt.claimed_at = execution, tx.now
    tx.audit(
        actor="daytwo",
        action="attempt.claimed",
        subject=f"run:{attempt.run_id}",
        facts={"step": attempt.path, "attempt": str(attempt.no), "execution": execution},
    )
    tx.notify(Topic.RUN, attempt.run_id)
    return True
