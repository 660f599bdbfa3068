"""Algorithm A1: seal the intent → look up by marker → claim → send once → write down what came of it.

Every function is safe to call twice and by two workers at once: the rows decide who goes on. Whatever kills a worker in
here, the next one finds an attempt in a state that says what may have happened.
"""

import hashlib
import time
from datetime import timedelta

import structlog

from daytwo_actions.backends.base import (
    Accepted,
    Ambiguous,
    Backend,
    BackendDenied,
    BackendUnreachable,
    FrozenRequest,
    Listing,
    Refused,
    Sent,
)
from daytwo_store import attempts, locks, runs
from daytwo_store.engine import Topic, Tx
from daytwo_store.ids import AttemptNo, LockKey, RunId, StepPath
from daytwo_store.states import AttemptState, RunState
from daytwo_store.tables import AttemptRow, RunRow
from daytwo_workflows.contracts import Move, What
from daytwo_workflows.life import requests
from daytwo_workflows.life.adopting import SKEW, adopt, marker_of, stop_duplicate
from daytwo_workflows.life.advance import advance, advance_within
from daytwo_workflows.life.context import Life
from daytwo_workflows.life.sealing import refuse, seal

log = structlog.get_logger()
_PAUSE = 15.0  # seconds before asking again when the CI system gave no hint


async def dispatch(life: Life, run: RunId, path: StepPath, no: AttemptNo) -> Move:
    """Bring the attempt from nothing, or from INTENT, as far as it goes now; then say what is next."""
    try:
        attempt = await seal(life, run, path, no)
        if attempt is None:
            return await advance(life, run)
        backend = life.backend(attempt.connection)
        listing = await _look(life, backend, attempt)
        if listing.found:
            await adopt(life, attempt, listing)
            return await advance(life, run)
    except BackendUnreachable as error:
        return await _later(life, run, path, error)
    except BackendDenied as error:
        await _refuse(life, run, path, no, error.detail)
        return await advance(life, run)
    deadline = time.monotonic() + life.windows.send_total.total_seconds()  # counted from before the claim
    if await _claim(life, run, path, no):
        return await _send(life, backend, attempt, deadline)
    return await advance(life, run)


async def _look(life: Life, backend: Backend, attempt: AttemptRow) -> Listing:
    """Look before every send, the first one too, and as far back as the run itself.

    So a database that was restored to before the send finds what was sent. Where the CI system has too many runs to
    list that far, from the intent on; where it cannot list those, nothing is sent. Raises `BackendUnreachable`.
    """
    async with life.store.read() as session:
        since = (await runs.peek(session, RunId(attempt.run_id))).created_at
    marker = marker_of(attempt)
    listing = await backend.find(marker, since - SKEW)
    if listing.complete or listing.found or not marker.pinned.marked:
        return listing
    listing = await backend.find(marker, attempt.intent_at - SKEW)
    if listing.complete or listing.found:
        return listing
    raise BackendUnreachable(
        f"{attempt.connection} could not list its runs completely, so it is not known whether this one was started."
    )


async def _claim(life: Life, run: RunId, path: StepPath, no: AttemptNo) -> bool:
    """INTENT → SENT in a transaction of its own. Too late, stopped, or without the lock: given up, nothing was sent."""
    async with life.store.write() as tx:
        row = await runs.hold(tx, run)
        attempt = await attempts.get(tx.session, run, path, no)
        if attempt is None or attempt.state != AttemptState.INTENT:
            return False
        gone = await _lost(tx, row)
        if row.state != RunState.RUNNING or row.cancel_at is not None or gone:
            attempts.settle(tx, attempt, AttemptState.ABANDONED, note=gone or "stopped before it was sent")
            return False
        if tx.now > attempt.send_by - life.windows.send_margin:
            attempts.settle(tx, attempt, AttemptState.ABANDONED, note="its time had passed before it was sent")
            return False
        row.reason = (await runs.step(tx.session, run, path)).note = None  # what was waited for is over
        return await attempts.claim(tx, attempt, sender=life.sender)


async def _lost(tx: Tx, row: RunRow) -> str | None:
    if row.lock_key is None:
        return None
    held = row.fence is not None and await locks.holds(tx.session, LockKey(row.lock_key), RunId(row.id), row.fence)
    return None if held else "the lock was taken away before it was sent"


async def _send(life: Life, backend: Backend, attempt: AttemptRow, deadline: float) -> Move:
    request = requests.frozen_of(attempt)
    if hashlib.sha256(request.body).hexdigest() != attempt.digest:
        raise AssertionError("the stored bytes are not the sealed ones: nothing is sent")
    sent = await _answer(backend, request, deadline)
    log.info(
        "dispatch.answered",
        run=attempt.run_id,
        step=attempt.path,
        attempt=attempt.no,
        answer=type(sent).__name__.lower(),
    )
    return await _record(life, attempt, sent)


async def _answer(backend: Backend, request: FrozenRequest, deadline: float) -> Sent:
    seconds = deadline - time.monotonic()
    if seconds <= 0:  # this process was paused: what is sent now might be sent after somebody proved it absent
        return Refused(detail="its time was over before it could be sent", retry_after=1.0)
    try:
        return await backend.send(request, seconds=seconds)
    except Exception as error:  # noqa: BLE001 - whatever went wrong in there, the bytes may have left
        return Ambiguous(detail=f"sending broke off ({type(error).__name__})")


async def _record(life: Life, sealed: AttemptRow, sent: Sent) -> Move:
    """Write the answer down, if the attempt is still ours. A late one changes nothing; a late start is an incident."""
    run, path, no = RunId(sealed.run_id), StepPath(sealed.path), AttemptNo(sealed.no)
    async with life.store.write() as tx:
        row = await runs.hold(tx, run)
        attempt = await attempts.get(tx.session, run, path, no)
        assert attempt is not None, "a claimed attempt is not removed"
        ours = attempt.state == AttemptState.SENT
        if ours:
            await _settle(tx, attempt, sent)
        move = await advance_within(life, tx, row)
    if not ours:
        log.warning("dispatch.late_answer", run=run, step=path, attempt=no)
        if isinstance(sent, Accepted) and sent.id is not None and sent.id != attempt.external_id:
            await stop_duplicate(life, sealed, sent.id)
    return move


async def _settle(tx: Tx, attempt: AttemptRow, sent: Sent) -> None:
    match sent:
        case Accepted(id=external, url=url) if external is not None:
            if not await attempts.adopt(tx, attempt, external, url=url, found=False):
                note = f"the answer named run {external}, which is another's"
                attempts.settle(tx, attempt, AttemptState.AMBIGUOUS, note=note)
        case Accepted():
            attempts.settle(tx, attempt, AttemptState.AMBIGUOUS, note="accepted, but not under which id")
        case Refused(detail=detail, retry_after=None):
            attempts.settle(tx, attempt, AttemptState.REJECTED, note=detail)
        case Refused(detail=detail, retry_after=seconds):
            retry_at = tx.now + timedelta(seconds=seconds or _PAUSE)
            attempts.settle(tx, attempt, AttemptState.REJECTED, note=detail, retry_at=retry_at)
        case Ambiguous(detail=detail):
            attempts.settle(tx, attempt, AttemptState.AMBIGUOUS, note=detail)


async def _refuse(life: Life, run: RunId, path: StepPath, no: AttemptNo, detail: str) -> None:
    """The CI system says no to what is planned: the run ends, this step was not sent."""
    async with life.store.write() as tx:
        row = await runs.hold(tx, run)
        attempt = await attempts.get(tx.session, run, path, no)
        if attempt is not None:
            if attempt.state != AttemptState.INTENT:
                return
            attempts.settle(tx, attempt, AttemptState.ABANDONED, note=detail)
        if row.state == RunState.RUNNING and row.cancel_at is None:
            await refuse(tx, row, path, detail)


async def _later(life: Life, run: RunId, path: StepPath, error: BackendUnreachable) -> Move:
    """The CI system does not answer: nothing is sent without a look, so wait."""
    seconds = error.retry_after or life.windows.poll_every.total_seconds()
    async with life.store.write() as tx:
        row = await runs.hold(tx, run)
        if row.state == RunState.RUNNING:
            row.reason = f"{error.detail} Nothing was sent yet; it is tried again by itself."
            (await runs.step(tx.session, run, path)).note = row.reason
            tx.notify(Topic.RUN, run)
        row.next_at = tx.now + timedelta(seconds=seconds)
    return Move(what=What.WAIT, seconds=seconds)
