"""Runs: accept, move, end, read. Whoever changes a run holds its row first (`hold`)."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import ARRAY, Text, and_, cast, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.sql.elements import ColumnElement

from daytwo_store import approvals, locks, tasks, triggers
from daytwo_store.engine import Topic, Tx
from daytwo_store.errors import NotFound
from daytwo_store.ids import ApprovalId, EntityRef, PrincipalId, RunId, StepPath
from daytwo_store.notifications import Notice, tell
from daytwo_store.run_visibility import visible
from daytwo_store.states import (
    RUN_ENDS,
    RUN_ENDS_UNSENT,
    RUN_MOVES,
    STEP_ENDS,
    STEP_MOVES,
    ApprovalState,
    RunState,
    StepState,
    check_move,
)
from daytwo_store.tables import ActionVersionRow, ApprovalRow, EntityRow, RunRow, StepRow

# What approvals end (rejected, expired, withdrawn) is told by them.
_NOTICES: Final = {
    RunState.SUCCEEDED: Notice.RUN_SUCCEEDED,
    RunState.FAILED: Notice.RUN_FAILED,
    RunState.CANCELLED: Notice.RUN_CANCELLED,
    RunState.REFUSED: Notice.RUN_REFUSED,
    RunState.NEEDS_ATTENTION: Notice.RUN_NEEDS_ATTENTION,
}


CARRIED: Final = "carried_from"  # in the data of a step: another run has done it, and this one goes on from there


async def with_key(session: AsyncSession, requester: PrincipalId, key: str) -> RunRow | None:
    """The run that this Idempotency-Key of this principal made."""
    found: RunRow | None = await session.scalar(
        select(RunRow).where(RunRow.requester == requester, RunRow.idempotency_key == key)
    )
    return found


async def serialise_key(tx: Tx, requester: PrincipalId, key: str) -> None:
    """Two submissions with one key go one after the other, so that the second sees the first's run."""
    await tx.session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(f"{requester} {key}", 1))))


async def hold(tx: Tx, run: RunId) -> RunRow:
    """The run's row, locked until the transaction ends. Raises `NotFound`.

    FOR NO KEY UPDATE: rows that refer to the run (a poke, a delivery) can be written by others meanwhile, so that a
    webhook that holds its external run never waits for us while we wait for it.
    """
    row: RunRow | None = await tx.session.scalar(
        select(RunRow).where(RunRow.id == run).with_for_update(key_share=True).execution_options(populate_existing=True)
    )
    if row is None:
        raise NotFound(f"There is no run {run}, or you may not see it.")
    return row


async def hold_of_approval(tx: Tx, approval: ApprovalId) -> RunRow | None:
    """The run that an approval is about, locked likewise."""
    about = select(ApprovalRow.run_id).where(ApprovalRow.id == approval).scalar_subquery()
    row: RunRow | None = await tx.session.scalar(
        select(RunRow)
        .where(RunRow.id == about)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    return row


async def peek(session: AsyncSession, run: RunId) -> RunRow:
    """The run as it is, without holding it."""
    return (await session.execute(select(RunRow).where(RunRow.id == run))).scalar_one()


async def by_ids(session: AsyncSession, ids: Collection[RunId | str]) -> dict[RunId, RunRow]:
    """Those that exist, by id; for showing."""
    rows = await session.scalars(select(RunRow).where(RunRow.id.in_(set(ids))))
    return {RunId(row.id): row for row in rows}


def move(
    tx: Tx, row: RunRow, state: RunState, *, reason: str | None = None, actor: str = "daytwo", told: bool = True
) -> None:
    """Change the state of a held run, with its audit entry. `told`: are people told, where they are? Raises
    `IllegalMove`."""
    old = RunState(row.state)
    if old is state:
        return
    check_move(RUN_MOVES, old, state)
    row.state = state
    row.progress_at = tx.now
    row.reason = reason
    if state is RunState.RUNNING and row.started_at is None:
        row.started_at = tx.now
    tx.audit(actor=actor, action=f"run.{state}", subject=f"run:{row.id}", facts={"from": old, "digest": row.digest})
    tx.notify(Topic.RUN, row.id)
    if told and (notice := _NOTICES.get(state)) is not None:
        audience = [row.requester] if row.owner is None else [row.requester, row.owner]
        tell(tx, notice, audience=audience, run=RunId(row.id))


async def end(tx: Tx, row: RunRow, state: RunState, *, reason: str | None, actor: str = "daytwo") -> None:
    """End a held run: its lock goes to the next in this same transaction, what waited for a decision waits no more,
    and no step goes on."""
    move(tx, row, state, reason=reason, actor=actor)
    row.ended_at = tx.now
    row.next_at = None
    await triggers.run_ended(tx, row)
    for approval in await approvals.of_run(tx.session, RunId(row.id)):
        if approval.state == ApprovalState.PENDING:
            approvals.settle(tx, approval, ApprovalState.WITHDRAWN, actor=actor)
    await tasks.withdraw(tx, RunId(row.id))
    for step in await steps(tx.session, RunId(row.id)):
        _end_step(tx, step, state, reason)
    if row.parent_run is not None:
        tx.poke(RunId(row.parent_run))
    keys = locks.keys_of(row)
    if keys:
        await tx.session.flush()
        await locks.release(tx, keys, RunId(row.id))


def _end_step(tx: Tx, step: StepRow, end: RunState, reason: str | None) -> None:
    """What had not begun is skipped; what had begun ended as its run did, unless its own end was told before."""
    if step.state == StepState.PENDING:
        move_step(tx, step, StepState.SKIPPED)
    elif step.state in (StepState.RUNNING, StepState.HELD):
        became = StepState.FAILED if end is RunState.FAILED else StepState.CANCELLED
        move_step(tx, step, became, note=reason)


def move_step(tx: Tx, step: StepRow, state: StepState, *, note: str | None = None) -> None:
    """Change the state of a step of a held run. Raises `IllegalMove`."""
    old = StepState(step.state)
    if old is state:
        return
    check_move(STEP_MOVES, old, state)
    step.state = state
    step.note = note
    if state is StepState.RUNNING and step.started_at is None:
        step.started_at = tx.now
    if state in STEP_ENDS:
        step.ended_at = tx.now
    tx.notify(Topic.RUN, step.run_id)


def set_back(tx: Tx, step: StepRow, *, note: str) -> None:
    """The one way back of a step of a held run: what it hung on is asked for anew, and nothing of it was sent.

    What has failed stays so, unless the run went on without it; what another run has done is never done again.
    """
    state = StepState(step.state)
    if CARRIED in (step.data or {}):
        return
    lost = state in (StepState.FAILED, StepState.CANCELLED) and step.on_error != "continue"
    if lost or state is StepState.PENDING:
        return
    step.state, step.note = StepState.PENDING, note
    step.given = step.data = step.awaits = step.due_at = step.started_at = step.ended_at = None
    step.outputs = step.outputs_source = step.outputs_at = None
    tx.notify(Topic.RUN, step.run_id)


async def steps(session: AsyncSession, run: RunId) -> Sequence[StepRow]:
    return (await session.scalars(select(StepRow).where(StepRow.run_id == run).order_by(StepRow.position))).all()


@dataclass(frozen=True, kw_only=True, slots=True)
class CalledRun:
    """What the run that called it looks at: there may be hundreds, each with a plan."""

    id: RunId
    key: str
    state: RunState
    reason: str | None


async def called(session: AsyncSession, run: RunId, path: StepPath) -> Sequence[CalledRun]:
    """The runs that a step has called, oldest first."""
    query = select(RunRow.id, RunRow.idempotency_key, RunRow.state, RunRow.reason)
    query = query.where(RunRow.parent_run == run, RunRow.parent_path == path).order_by(RunRow.id)
    return [
        CalledRun(id=RunId(name), key=key, state=RunState(state), reason=reason)
        for name, key, state, reason in await session.execute(query)
    ]


async def step(session: AsyncSession, run: RunId, path: StepPath) -> StepRow:
    return (await session.execute(select(StepRow).where(StepRow.run_id == run, StepRow.path == path))).scalar_one()


async def get_visible(session: AsyncSession, run: RunId, *, groups: Sequence[str], principal: PrincipalId) -> RunRow:
    """Raises `NotFound`, the same for what does not exist and for what the asker may not see."""
    row: RunRow | None = await session.scalar(
        select(RunRow)
        .join(EntityRow, EntityRow.ref == RunRow.entity, isouter=True)
        .where(RunRow.id == run, visible(groups, principal))
    )
    if row is None:
        raise NotFound(f"There is no run {run}, or you may not see it. Look at the list of runs.")
    return row


async def previous_under_lock(
    session: AsyncSession,
    keys: Sequence[str],
    *,
    before: datetime,
    names: Sequence[str],
    run: RunId,
    entity: EntityRef | None = None,
) -> RunRow | None:
    """The last run on the same entity that succeeded under these lock keys before a moment and whose inputs have all
    these names.

    Runs under one key never overlap, so this is what was there (docs/decisions/0002). Several entities may share a
    key, as all services of one environment do; what another one had is nothing to go back to. A run that was accepted
    says itself what it is about; `entity` is that of a dry run, which has no row. Of several keys, a run that had only
    some of them has changed a part: there is nothing whole to go back to (docs/decisions/0015).
    """
    about = select(RunRow.entity).where(RunRow.id == run).scalar_subquery()
    found: RunRow | None = await session.scalar(
        select(RunRow)
        .where(
            under(keys),
            RunRow.lock_taken_at.is_(None),
            RunRow.entity.is_not_distinct_from(func.coalesce(about, entity)),
            RunRow.state == RunState.SUCCEEDED,
            RunRow.ended_at <= before,
            RunRow.id != run,
            *(RunRow.inputs.has_key(name) for name in names),
        )
        .order_by(RunRow.ended_at.desc())
        .limit(1)
    )
    return found if found is not None and set(keys) <= set(locks.keys_of(found)) else None


def under(keys: Sequence[str]) -> ColumnElement[bool]:
    """Runs that need one of these keys."""
    return or_(RunRow.lock_key.in_(keys), RunRow.lock_keys.op("&&")(cast(list(keys), ARRAY(Text))))


async def declares_undo(session: AsyncSession, run: RunRow) -> bool:
    """Does the version that the run was started with say how it is undone?"""
    undo = func.json_typeof(ActionVersionRow.document["spec"]["undo"])
    kind: str | None = await session.scalar(select(undo).where(ActionVersionRow.digest == run.version))
    return kind == "object"


async def succeeded_after(session: AsyncSession, keys: Sequence[str], moment: datetime) -> RunRow | None:
    """A later run that succeeded under one of these keys: what it left would be overwritten by an undo.

    One whose lock was taken away is recorded on itself only.
    """
    found: RunRow | None = await session.scalar(
        select(RunRow)
        .where(
            under(keys),
            RunRow.lock_taken_at.is_(None),
            RunRow.state == RunState.SUCCEEDED,
            RunRow.ended_at > moment,
        )
        .order_by(RunRow.ended_at.desc())
        .limit(1)
    )
    return found


async def undone_by(session: AsyncSession, run: RunId) -> RunRow | None:
    """The newest run that undoes this one and has not ended without effect."""
    found: RunRow | None = await session.scalar(
        select(RunRow).where(RunRow.undo_of == run).order_by(RunRow.created_at.desc()).limit(1)
    )
    return found


async def undo_steps(session: AsyncSession, run: RunId) -> Sequence[tuple[str, str]]:
    """Path and state of the steps that have begun in runs that undo this one."""
    about = select(RunRow.id).where(RunRow.undo_of == run).scalar_subquery()
    found = await session.execute(
        select(StepRow.path, StepRow.state).where(StepRow.run_id.in_(about), StepRow.started_at.is_not(None))
    )
    return [(path, state) for path, state in found.all()]


async def resumed_by(session: AsyncSession, run: RunId) -> RunRow | None:
    """The newest run that goes on where this one ended, and has not ended with nothing sent."""
    found: RunRow | None = await session.scalar(
        select(RunRow)
        .where(RunRow.resume_of == run, RunRow.state.not_in([str(state) for state in RUN_ENDS_UNSENT]))
        .order_by(RunRow.created_at.desc())
        .limit(1)
    )
    return found


async def without_progress(session: AsyncSession, *, since: datetime, limit: int) -> Sequence[RunId]:
    """Open runs that nothing has driven although something was due: their workflow may be gone."""
    rows = await session.scalars(
        select(RunRow.id)
        .where(
            RunRow.state.not_in([str(state) for state in RUN_ENDS]),
            or_(
                and_(RunRow.next_at.is_(None), RunRow.progress_at < since),
                and_(RunRow.next_at.is_not(None), RunRow.next_at < since),
            ),
        )
        .order_by(RunRow.progress_at)
        .limit(limit)
    )
    return [RunId(run) for run in rows]
