"""Following an external run: read its state and job tree, keep its logs, ask it to stop. Reads prove, webhooks wake."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime

import structlog

from daytwo_actions.backends.base import BackendDenied, BackendUnreachable, ExternalGone, ExternalState
from daytwo_actions.backends.tree import Job, JobTree
from daytwo_store import attempts, inbox, runs
from daytwo_store.engine import Topic, Tx
from daytwo_store.ids import AttemptNo, ExternalRunId, RunId, StepPath
from daytwo_store.states import EXTERNAL_ENDS, ExternalStatus
from daytwo_store.tables import AttemptRow, ExternalRunRow, Json, RunRow
from daytwo_workflows.contracts import Move, What
from daytwo_workflows.life import requests
from daytwo_workflows.life.advance import advance, advance_within
from daytwo_workflows.life.context import Life
from daytwo_workflows.life.keep_logs import keep_logs
from daytwo_workflows.life.step import other_commit

log = structlog.get_logger()
_KEEP_FOR = 20.0  # seconds of a look that may go into logs; a cancellation waits behind it


async def read(life: Life, run: RunId, path: StepPath, no: AttemptNo) -> Move:
    """Read the external run once, and its jobs; then say what is next."""
    attempt, external, began = await _known(life, run, path, no)
    target = requests.target_of(attempt)
    try:
        backend = life.backend(attempt.connection)
        state = (await backend.read([(target, ExternalRunId(external.id))]))[0]
        tree = await backend.jobs(target, ExternalRunId(external.id)) if state is not None else JobTree(jobs=())
    except ExternalGone:
        state, tree = None, JobTree(jobs=())
    except (BackendUnreachable, BackendDenied) as error:
        return await _unseen(life, run, external, error)
    await apply_state(life, external, state, began=began, tree=tree)
    if state is not None and state.status not in EXTERNAL_ENDS:
        await _keep_meanwhile(life, attempt, tree)
    return await advance(life, run)


async def _keep_meanwhile(life: Life, attempt: AttemptRow, tree: JobTree) -> None:
    """Logs of jobs that have ended while others run. What is not kept now is kept at the next look."""
    try:
        async with asyncio.timeout(_KEEP_FOR):
            await keep_logs(life, life.backend(attempt.connection), attempt, _ended(tree), lambda: None, last=False)
    except (BackendUnreachable, BackendDenied, TimeoutError) as error:
        log.info("logs.later", run=attempt.run_id, step=attempt.path, error=type(error).__name__)


async def collect(life: Life, run: RunId, path: StepPath, no: AttemptNo, beat: Callable[[], None]) -> Move:
    """The external run has ended: keep its job tree and its logs, then say what is next."""
    attempt, external, began = await _known(life, run, path, no)
    target = requests.target_of(attempt)
    try:
        backend = life.backend(attempt.connection)
        tree = await backend.jobs(target, ExternalRunId(external.id))
        waited = began - (external.ended_at or began)
        if not await keep_logs(life, backend, attempt, tree.jobs, beat, last=waited >= life.windows.log_patience):
            pause = max(life.windows.settle_with_logs, waited / 2)  # ever less often
            return Move(what=What.WAIT, seconds=pause.total_seconds())
    except ExternalGone:
        tree = None
    except (BackendUnreachable, BackendDenied) as error:
        if began - (external.ended_at or began) < life.windows.give_up_looking:
            return await _unseen(life, run, external, error)
        log.warning("logs.given_up", run=run, step=path, error=type(error).__name__)
        tree = None
    async with life.store.write() as tx:
        held = await runs.hold(tx, run)
        row = await attempts.external_of(tx.session, attempt)
        assert row is not None
        row.collected_at = tx.now
        step = await runs.step(tx.session, run, path)
        if tree is not None:
            step.jobs, step.jobs_at = [job_json(job) for job in tree.jobs], tx.now
        tx.notify(Topic.RUN, run)
        return await advance_within(life, tx, held)


async def cancel(life: Life, run: RunId, path: StepPath, no: AttemptNo, *, force: bool) -> Move:
    """Ask the CI system to stop the external run; whether it did is read afterwards."""
    attempt, external, _ = await _known(life, run, path, no)
    try:
        await life.backend(attempt.connection).cancel(
            requests.target_of(attempt), ExternalRunId(external.id), force=force
        )
    except ExternalGone:
        log.warning("cancel.gone", run=run, step=path)
    except (BackendUnreachable, BackendDenied) as error:
        return await _not_asked(life, run, path, error)
    async with life.store.write() as tx:
        held = await runs.hold(tx, run)
        row = await attempts.external_of(tx.session, attempt)
        assert row is not None
        row.cancel_asked_at = row.cancel_asked_at or tx.now
        if force:
            row.cancel_forced_at = tx.now
        tx.audit(
            actor="daytwo",
            action="external.force_cancel" if force else "external.cancel",
            subject=f"run:{run}",
            facts={"external": external.id, "connection": external.connection},
        )
        return await advance_within(life, tx, held)


async def _not_asked(life: Life, run: RunId, path: StepPath, error: BackendUnreachable | BackendDenied) -> Move:
    """Nobody was asked to stop: it is tried again until the deadline of the cancellation, then a person has to look."""
    log.warning("cancel.not_asked", run=run, step=path, error=type(error).__name__)
    async with life.store.write() as tx:
        await runs.hold(tx, run)
        (await runs.step(tx.session, run, path)).note = f"{error.detail} It could not be asked to stop yet."
        tx.notify(Topic.RUN, run)
    pause = error.retry_after if isinstance(error, BackendUnreachable) else None
    return Move(what=What.WAIT, seconds=min(pause or 5.0, life.windows.cancel_by.total_seconds() / 4))


async def apply_state(
    life: Life,
    known: ExternalRunRow,
    state: ExternalState | None,
    *,
    began: datetime,
    tree: JobTree | None = None,
    poke: bool = False,
) -> bool:
    """Write down what a read that began at `began` told. True when the status changed; `poke`: then the run looks.

    Older reads never overwrite newer ones, an end never changes, and a re-run in the CI system is noted, not believed.
    """
    run = RunId(known.run_id)
    async with life.store.write() as tx:
        held = await runs.hold(tx, run)
        row = await attempts.external_by_id(tx.session, known.connection, ExternalRunId(known.id))
        await inbox.consume(tx.session, row.connection, ExternalRunId(row.id), until=began, now=tx.now)
        if row.ended_at is not None or (row.seen_at is not None and row.seen_at > began):
            return False
        before = (row.status, row.detail, row.waits_for)
        row.seen_at, row.unseen_since = began, None
        if state is None:
            row.status, row.detail = ExternalStatus.UNKNOWN, "it is no longer there: somebody deleted it"
        elif state.attempt > 1 and row.ci_attempt == 1:
            row.ci_attempt = state.attempt
            tx.audit(
                actor="daytwo", action="external.rerun", subject=f"run:{run}", facts={"attempt": str(state.attempt)}
            )
        if state is not None:
            row.status, row.detail, row.waits_for = state.status, state.detail, state.waits_for
            row.url = state.url or row.url
            await _note_commit(tx, held, row, state)
            if state.status in EXTERNAL_ENDS:
                row.ended_at = tx.now
        if tree is not None and tree.jobs:
            step = await runs.step(tx.session, run, StepPath(row.path))
            step.jobs, step.jobs_at = [job_json(job) for job in tree.jobs], tx.now
        changed = before != (row.status, row.detail, row.waits_for)
        tx.notify(Topic.RUN, run)
        if changed and poke:
            tx.poke(run)
    return changed


async def _note_commit(tx: Tx, run: RunRow, row: ExternalRunRow, state: ExternalState) -> None:
    """Which commit really runs. Another one than was approved is an incident, and is stopped (A3)."""
    first = row.commit is None and state.commit is not None
    row.commit = state.commit or row.commit
    attempt = await attempts.get(tx.session, RunId(row.run_id), StepPath(row.path), AttemptNo(row.no))
    other = other_commit(attempt, row) if attempt is not None else None
    if not first or other is None:
        return
    facts = {"external": row.id, "commit": str(row.commit)}
    tx.audit(actor="daytwo", action="external.other_commit", subject=f"run:{row.run_id}", facts=facts)
    log.error("external.other_commit", run=row.run_id, step=row.path, external=row.id)
    if run.protected and run.cancel_at is None:
        run.cancel_at, run.cancel_reason = tx.now, f"{other} Nobody approved that"


def job_json(job: Job) -> Json:
    """A job as it is kept on the step."""

    def moment(value: datetime | None) -> str | None:
        return value.isoformat() if value else None

    return {
        "id": job.id,
        "name": _storable(job.name),
        "status": job.status,
        "detail": _storable(job.detail),
        "url": job.url,
        "started_at": moment(job.started_at),
        "ended_at": moment(job.ended_at),
        "steps": [
            {
                "number": step.number,
                "name": _storable(step.name),
                "status": step.status,
                "started_at": moment(step.started_at),
                "ended_at": moment(step.ended_at),
            }
            for step in job.steps
        ],
    }


def _storable(text: str) -> str:
    """PostgreSQL takes no null character, and a vendor's name may hold anything."""
    return text.replace("\x00", "\ufffd")


def _ended(tree: JobTree) -> Sequence[Job]:
    return [job for job in tree.jobs if job.status in EXTERNAL_ENDS]


async def _known(life: Life, run: RunId, path: StepPath, no: AttemptNo) -> tuple[AttemptRow, ExternalRunRow, datetime]:
    async with life.store.read() as session:
        attempt = await attempts.get(session, run, path, no)
        assert attempt is not None
        external = await attempts.external_of(session, attempt)
        assert external is not None
        return attempt, external, await life.store.clock.now(session)


async def _unseen(life: Life, run: RunId, known: ExternalRunRow, error: BackendUnreachable | BackendDenied) -> Move:
    """Silence is neither success nor failure: the status is unknown since now, and asked again."""
    log.warning("external.unseen", run=run, external=known.id, error=type(error).__name__)
    async with life.store.write() as tx:
        await runs.hold(tx, run)
        row = await attempts.external_by_id(tx.session, known.connection, ExternalRunId(known.id))
        row.unseen_since = row.unseen_since or tx.now
        tx.notify(Topic.RUN, run)
    pause = error.retry_after if isinstance(error, BackendUnreachable) else None
    return Move(what=What.WAIT, seconds=pause or life.windows.poll_every.total_seconds())
