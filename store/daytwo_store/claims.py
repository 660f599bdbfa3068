"""The claim fence: of all executions that one dispatch may have started, the first that asks may do work (A1).

All its jobs may, each of them once: a part of it that somebody runs again is told no as another execution is.
"""

from typing import Final

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from daytwo_store.engine import Topic, Tx
from daytwo_store.ids import Corr
from daytwo_store.tables import AttemptRow

MOST_JOBS: Final = 500  # of one execution


async def by_marker(session: AsyncSession, marker: Corr) -> AttemptRow | None:
    """The attempt that was sent to a CI system with this marker."""
    in_ci = AttemptRow.request.has_key("project_id")
    found: AttemptRow | None = await session.scalar(select(AttemptRow).where(AttemptRow.corr == marker, in_ci))
    return found


def take(tx: Tx, attempt: AttemptRow, execution: str, *, job: str, start: str) -> str | None:
    """Let this start of a job work; otherwise why not, in a sentence.

    The same start is told yes again, since its answer may have been lost. The run is held, so two that ask at once
    come one after the other.
    """
    if attempt.claimed_by is not None and attempt.claimed_by != execution:
        return f"Another execution has claimed it first ({attempt.claimed_by})."
    known = attempt.claimed_jobs
    if job in known:
        return None if known[job] == start else _again(job)
    if len(known) >= MOST_JOBS:
        return f"{MOST_JOBS} jobs of it were let through, and that is as many as are remembered."
    attempt.claimed_jobs = {**known, job: start}
    if attempt.claimed_by is None:
        attempt.claimed_by, attempt.claimed_at = execution, tx.now
    tx.audit(
        actor="daytwo",
        action="attempt.claimed",
        subject=f"run:{attempt.run_id}",
        facts={"step": attempt.path, "attempt": str(attempt.no), "execution": execution, "name": job, "start": start},
    )
    tx.notify(Topic.RUN, attempt.run_id)
    return None


def _again(job: str) -> str:
    if not job:
        return (
            "Another job of the same execution has claimed it, and neither says its name (`job`), so this one may be "
            "the same job again."
        )
    return (
        f"The job {job} was let through before, and this is another start of it: it was run again in the CI system. "
        "Whoever wants it again asks for a new run here."
    )
