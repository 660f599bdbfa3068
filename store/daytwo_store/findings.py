"""What people found out about held attempts. One finding per person and attempt; the newest of a person counts."""

from collections.abc import Mapping, Sequence

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from daytwo_store.engine import Topic, Tx
from daytwo_store.ids import ExternalRunId, PrincipalId, RunId
from daytwo_store.said import said
from daytwo_store.tables import AttemptRow, FindingRow


async def note(
    tx: Tx,
    attempt: AttemptRow,
    *,
    by: PrincipalId,
    outcome: str,
    external: ExternalRunId | None,
    reason: str,
    facts: Mapping[str, str],
) -> None:
    """Write down what somebody found, with its audit entry and what more it has to say. The run is held."""
    key = {"run_id": attempt.run_id, "path": attempt.path, "no": attempt.no, "principal": by}
    found = {"outcome": outcome, "external_id": external, "reason": reason, "at": tx.now}
    await tx.session.execute(
        insert(FindingRow)
        .values(**key, **found)
        .on_conflict_do_update(index_elements=list(key), set_=found)
        .execution_options(synchronize_session=False)
    )
    told = {"step": attempt.path, "attempt": str(attempt.no), "outcome": outcome, **said(reason)}
    tx.audit(
        actor=by,
        action="attempt.finding",
        subject=f"run:{attempt.run_id}",
        facts={**told, **({"external": external} if external else {}), **facts},
    )
    tx.notify(Topic.RUN, attempt.run_id)


async def of_run(session: AsyncSession, run: RunId) -> Sequence[FindingRow]:
    """Every finding about attempts of a run, oldest first."""
    return (
        await session.scalars(
            select(FindingRow)
            .where(FindingRow.run_id == run)
            .order_by(FindingRow.at)
            .execution_options(populate_existing=True)
        )
    ).all()


async def of_attempt(session: AsyncSession, attempt: AttemptRow) -> Sequence[FindingRow]:
    return [
        one for one in await of_run(session, RunId(attempt.run_id)) if (one.path, one.no) == (attempt.path, attempt.no)
    ]
