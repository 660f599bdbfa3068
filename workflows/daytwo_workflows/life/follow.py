"""Following an external run: read its state and job tree, keep its logs, ask it to stop. Reads prove, webhooks wake."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Final

import structlog

from daytwo_actions.backends.base import Backend
from daytwo_actions.backends.failures import (
    BackendDenied,
    BackendHeld,
    BackendUnreachable,
    ExternalGone,
    OutputsUnusable,
)
from daytwo_actions.backends.tree import Artifact, JobTree
from daytwo_actions.outputs import checked
from daytwo_store import attempts, outputs, runs
from daytwo_store.engine import Topic
from daytwo_store.errors import DaytwoError
from daytwo_store.ids import AttemptNo, ExternalRunId, RunId, StepPath
from daytwo_store.keyring import UnknownKey
from daytwo_store.outputs import OutputsSource
from daytwo_store.states import AttemptState
from daytwo_store.tables import AttemptRow, ExternalRunRow
from daytwo_workflows.contracts import Move
from daytwo_workflows.life import requests
from daytwo_workflows.life.advance import advance, advance_within
from daytwo_workflows.life.context import Life
from daytwo_workflows.life.keep_logs import keep_logs
from daytwo_workflows.life.looking import look
from daytwo_workflows.life.putting_off import put_off_of
from daytwo_workflows.life.trees import artifacts_json, storable, tree_json
from daytwo_workflows.life.vendor_words import words_of

log = structlog.get_logger()
_AT_ONCE: Final = timedelta(seconds=5)


async def read(life: Life, run: RunId, path: StepPath, no: AttemptNo) -> Move:
    """Read the external run once, and its jobs; then say what is next."""
    attempt, external, began = await _known(life, run, path, no)
    try:
        ended = await look(life, attempt, external, began=began)
    except (BackendUnreachable, BackendDenied) as error:
        return await _unseen(life, run, external, error)
    if ended is not None:
        # What a run left is mostly there at once. What is not, or is long, is collected with signs of life.
        with suppress(BackendUnreachable, BackendDenied, ExternalGone):
            left = await _keep(life, attempt, ended, _no_beat, last=False, within=_AT_ONCE)
            if left is not None:
                return await _collected(life, attempt, ended, left)
    return await advance(life, run)


async def collect(life: Life, run: RunId, path: StepPath, no: AttemptNo, beat: Callable[[], None]) -> Move:
    """The external run has ended: keep its job tree and its logs, then say what is next."""
    attempt, external, began = await _known(life, run, path, no)
    tree: JobTree | None = None
    left: Sequence[Artifact] | None = ()
    try:
        tree = await life.backend(attempt.connection).jobs(requests.target_of(attempt), ExternalRunId(external.id))
        waited = began - (external.ended_at or began)
        left = await _keep(life, attempt, tree, beat, last=waited >= life.windows.log_patience)
        if left is None:
            later = max(life.windows.settle_with_logs, waited / 2)  # ever less often
            return await put_off_of(life, run, path, later.total_seconds())
    except ExternalGone:
        tree, left = None, ()
    except (BackendUnreachable, BackendDenied) as error:
        patient = began - (external.ended_at or began) < life.windows.give_up_looking
        if patient or isinstance(error, BackendHeld):
            return await _unseen(life, run, external, error)
        log.warning("logs.given_up", run=run, step=path, error=type(error).__name__)
        tree, left = None, ()
    return await _collected(life, attempt, tree, left)


async def _keep(
    life: Life,
    attempt: AttemptRow,
    tree: JobTree,
    beat: Callable[[], None],
    *,
    last: bool,
    within: timedelta | None = None,
) -> Sequence[Artifact] | None:
    """Keep results and logs; the files that it left, or None when a log may still come. Raises what a read raises."""
    backend = life.backend(attempt.connection)
    await _keep_outputs(life, backend, attempt)
    if not await keep_logs(life, backend, attempt, tree.jobs, beat, last=last, within=within):
        return None
    return await backend.artifacts(requests.target_of(attempt), requests.run_of(attempt))


async def _collected(life: Life, attempt: AttemptRow, tree: JobTree | None, left: Sequence[Artifact]) -> Move:
    """All of it is kept, or given up: say what is next."""
    run, path = RunId(attempt.run_id), StepPath(attempt.path)
    words = await words_of(life, attempt)
    async with life.store.write() as tx:
        held = await runs.hold(tx, run)
        row = await attempts.external_of(tx.session, attempt)
        assert row is not None
        row.collected_at = tx.now
        row.artifacts = artifacts_json(left, words)
        step = await runs.step(tx.session, run, path)
        if tree is not None:
            step.jobs, step.jobs_at = tree_json(path, tree, words=words), tx.now
        tx.notify(Topic.RUN, run)
        return await advance_within(life, tx, held)


def _no_beat() -> None:
    """Nobody waits for a sign of life of short work."""


async def _keep_outputs(life: Life, backend: Backend, attempt: AttemptRow) -> None:
    """Results that the run left in the CI system, unless it has reported them itself. Kept before the run settles."""
    run, path = RunId(attempt.run_id), StepPath(attempt.path)
    async with life.store.read() as session:
        if (await runs.step(session, run, path)).outputs is not None:
            return
    try:
        found = await backend.outputs(requests.target_of(attempt), requests.run_of(attempt))
        if found is None:
            return
        masks = await life.masks(run, attempt.connection, requests.corr_of(attempt))
        kept = checked(found, secrets=masks)
    except UnknownKey:
        raise  # asked again: what cannot be masked is not kept
    except OutputsUnusable as unusable:
        await _say_unusable(life, attempt, str(unusable))
        return
    except DaytwoError as refused:
        await _say_unusable(life, attempt, refused.detail)
        return
    async with life.store.write() as tx:
        await runs.hold(tx, run)
        now = await attempts.get(tx.session, run, path, AttemptNo(attempt.no))
        if now is not None and now.state == AttemptState.FAILED:
            return  # the next try has begun meanwhile, and the results are to be its own
        outputs.keep(tx, await runs.step(tx.session, run, path), kept, OutputsSource.ARTIFACT)


async def _say_unusable(life: Life, attempt: AttemptRow, why: str) -> None:
    """People who look for the results are told why there are none. How the run ended is not affected."""
    note = f"It left results that were not kept: {storable(why)}"
    run, path, no = RunId(attempt.run_id), StepPath(attempt.path), AttemptNo(attempt.no)
    log.warning("outputs.unusable", run=run, step=path, why=why)
    async with life.store.write() as tx:
        await runs.hold(tx, run)
        row = await attempts.get(tx.session, run, path, no)
        assert row is not None, "an attempt is not removed"
        if note not in (row.note or ""):
            row.note = f"{row.note}. {note}" if row.note else note
        tx.notify(Topic.RUN, run)


async def cancel(life: Life, run: RunId, path: StepPath, no: AttemptNo, *, force: bool) -> Move:
    """Ask the CI system to stop the external run; whether it did is read afterwards.

    Urgent as it may be, it waits like all else when the connection was told to: it would be refused, and counted.
    """
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
        (await runs.step(tx.session, run, path)).note = (
            f"{error.detail} It could not be asked to stop yet; it is tried again by itself. Whoever cannot wait "
            "stops it in the CI system."
        )
        tx.notify(Topic.RUN, run)
    pause = error.retry_after if isinstance(error, BackendUnreachable) else None
    return await put_off_of(life, run, path, min(pause or 5.0, life.windows.cancel_by.total_seconds() / 4))


async def _known(life: Life, run: RunId, path: StepPath, no: AttemptNo) -> tuple[AttemptRow, ExternalRunRow, datetime]:
    async with life.store.read() as session:
        attempt = await attempts.get(session, run, path, no)
        assert attempt is not None
        external = await attempts.external_of(session, attempt)
        assert external is not None
        return attempt, external, await life.store.clock.now(session)


async def _unseen(life: Life, run: RunId, known: ExternalRunRow, error: BackendUnreachable | BackendDenied) -> Move:
    """Silence is neither success nor failure: the status is unknown since now, and asked again. Who was not asked at
    all, since the connection waits, is not silent."""
    if isinstance(error, BackendHeld) and error.retry_after is not None:
        return await put_off_of(life, run, StepPath(known.path), error.retry_after)
    log.warning("external.unseen", run=run, external=known.id, error=type(error).__name__)
    async with life.store.write() as tx:
        await runs.hold(tx, run)
        row = await attempts.external_by_id(tx.session, known.connection, ExternalRunId(known.id))
        row.unseen_since = row.unseen_since or tx.now
        tx.notify(Topic.RUN, run)
    pause = error.retry_after if isinstance(error, BackendUnreachable) else None
    return await put_off_of(life, run, StepPath(known.path), pause or life.windows.poll_every.total_seconds())
