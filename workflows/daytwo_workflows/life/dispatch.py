"""Algorithm A1: seal the intent → look up by marker → claim → send once → write down what came of it.

Every function is safe to call twice and by two workers at once: the rows decide who goes on. Whatever kills a worker in
here, the next one finds an attempt in a state that says what may have happened.
"""

import hashlib
import time
from dataclasses import replace
from datetime import timedelta
from enum import Enum, auto

import structlog

from daytwo_actions import run_token
from daytwo_actions.backends.base import Accepted, Ambiguous, Backend, FrozenRequest, Listing, Refused, Sent
from daytwo_actions.backends.failures import BackendDenied, BackendUnreachable
from daytwo_store import attempts, connections, freezes, runs
from daytwo_store.engine import Topic, Tx
from daytwo_store.ids import AttemptNo, Digest, RunId, StepPath
from daytwo_store.states import AttemptState, RunState
from daytwo_store.tables import AttemptRow
from daytwo_workflows.contracts import Move
from daytwo_workflows.life import requests
from daytwo_workflows.life.adopting import adopt, marker_of, stop_duplicate
from daytwo_workflows.life.advance import advance, advance_within
from daytwo_workflows.life.claim_attempt import claim, lost
from daytwo_workflows.life.confirming import Shown, confirmed
from daytwo_workflows.life.context import Life
from daytwo_workflows.life.finding import listed
from daytwo_workflows.life.noting import note_first
from daytwo_workflows.life.putting_off import put_off
from daytwo_workflows.life.sealing import refuse, seal
from daytwo_workflows.life.steps.search import Search, begin
from daytwo_workflows.life.steps.spreading import spread
from daytwo_workflows.life.vendor_clock import VendorClock
from daytwo_workflows.life.vendor_words import words_of

log = structlog.get_logger()
ACCEPTED_UNNAMED = "accepted, but not under which id"  # so begins the note of an attempt that has to be found
_PAUSE = 15.0  # seconds before asking again when the CI system gave no hint


async def dispatch(life: Life, run: RunId, path: StepPath, no: AttemptNo) -> Move:
    """Bring the attempt from nothing, or from INTENT, as far as it goes now; then say what is next."""
    try:
        attempt = await seal(life, run, path, no)
        if attempt is None:
            return await advance(life, run)
        backend = life.backend(attempt.connection)
        listing = await _look(life, attempt)
        if listing.found:
            await adopt(life, attempt, listing)
            return await advance(life, run)
    except BackendUnreachable as error:
        return await _later(life, run, path, error)
    except BackendDenied as error:
        if error.credential and (move := await _mended_later(life, run, path, error)) is not None:
            return move
        await _refuse(life, run, path, no, error.detail)
        return await advance(life, run)
    deadline = time.monotonic() + life.windows.send_total.total_seconds()  # counted from before the claim
    if await claim(life, attempt):
        return await _send(life, backend, attempt, deadline)
    return await advance(life, run)


async def _look(life: Life, attempt: AttemptRow) -> Listing:
    """Look before every send, the first one too, and as far back as the run itself.

    So a database that was restored to before the send finds what was sent. Where the CI system has too many runs to
    list that far, from the intent on; where it cannot list those, nothing is sent. How wrong the clock there is, is
    written down, as what is asked after the send is held against it. Raises `BackendUnreachable`.
    """
    async with life.store.read() as session:
        began = (await runs.peek(session, RunId(attempt.run_id))).created_at
    clock = VendorClock(least=None)
    listing = await listed(life, attempt, began, clock)
    if not (listing.complete or listing.found) and marker_of(attempt).pinned.marked:
        listing = await listed(life, attempt, attempt.intent_at, clock)
        if not (listing.complete or listing.found):
            raise BackendUnreachable(
                f"{attempt.connection} could not list its runs completely, so it is not known whether this one was "
                "started."
            )
    if clock.wrong:
        search = Search(no=attempt.no)
        search.saw(clock)
        async with life.store.write() as tx:
            run = await runs.hold(tx, RunId(attempt.run_id))
            begin(await runs.step(tx.session, RunId(run.id), StepPath(attempt.path)), search)
    return listing


class Repeat(Enum):
    """What sending the very same request again has brought."""

    SETTLED = auto()
    OPEN = auto()  # it was sent, and no answer settles it
    NOT_NOW = auto()  # it may not be sent again now, or ever
    REFUSED = auto()  # it was not carried out this time, and would not be the next; whether the first was is not said


async def repeat(life: Life, run: RunId, path: StepPath, no: AttemptNo) -> Repeat:
    """Send the frozen request of an open attempt again, where its name is ours and unique (`Traits.repeatable`).

    Never once an external id is known, never for a run that is to stop or has lost its lock, never while everything is
    stopped or the connection was told to wait, and never later than `repeat_for` after the intent: the object that bore
    the name could have been cleared away by then.
    """
    deadline = time.monotonic() + life.windows.send_total.total_seconds()  # counted from before the claim
    attempt = await _claim_again(life, run, path, no)
    if attempt is None:
        return Repeat.NOT_NOW
    sent = await _answer(life.backend(attempt.connection), _sealed(life, attempt), deadline)
    log.info("dispatch.repeated", run=run, step=path, attempt=no, answer=type(sent).__name__.lower())
    if isinstance(sent, Refused):
        return Repeat.OPEN if sent.retry_after is not None else Repeat.REFUSED
    if not (sent.id if isinstance(sent, Accepted) else sent.hold):
        return Repeat.OPEN
    async with life.store.write() as tx:
        await runs.hold(tx, run)
        row = await attempts.get(tx.session, run, path, no)
        if row is not None and row.state in _OPEN:
            await _settle(tx, row, sent)
    return Repeat.SETTLED


_OPEN = frozenset({AttemptState.SENT, AttemptState.AMBIGUOUS})


async def _claim_again(life: Life, run: RunId, path: StepPath, no: AttemptNo) -> AttemptRow | None:
    """The attempt if it may be sent again now; its absence cannot be proven before that has come to an end."""
    windows = life.windows
    async with life.store.write() as tx:
        row = await runs.hold(tx, run)
        attempt = await attempts.get(tx.session, run, path, no)
        if attempt is None or attempt.state not in _OPEN or attempt.external_id is not None:
            return None
        if row.state != RunState.RUNNING or row.cancel_at is not None or await lost(tx, row):
            return None
        if tx.now + windows.send_total > attempt.intent_at + windows.repeat_for:
            return None
        if await connections.held(tx.session, attempt.connection, now=tx.now) is not None:
            return None  # before anything says that it was sent again
        await freezes.read_locked(tx.session)
        if await freezes.stopped(tx.session) is not None:
            return None  # if the first has not arrived, this would start it
        attempt.send_by = max(attempt.send_by, tx.now)  # its bytes leave within send_total from now
        facts = {"step": path, "attempt": str(no), "digest": attempt.digest}
        tx.audit(actor="daytwo", action="attempt.repeated", subject=f"run:{run}", facts=facts)
        return attempt


async def _send(life: Life, backend: Backend, attempt: AttemptRow, deadline: float) -> Move:
    sent = await _answer(backend, _sealed(life, attempt), deadline)
    shown: Shown | None = None
    if isinstance(sent, Accepted) and sent.id is not None and not sent.proven:
        sent, shown = await confirmed(life, attempt, sent, sent.id)
    log.info(
        "dispatch.answered",
        run=attempt.run_id,
        step=attempt.path,
        attempt=attempt.no,
        answer=type(sent).__name__.lower(),
    )
    return await _record(life, attempt, sent, shown)


def _sealed(life: Life, attempt: AttemptRow) -> FrozenRequest:
    """The approved bytes; where they name the attempt's token by its SHA-256, the token itself stands there now."""
    request = requests.frozen_of(attempt)
    if hashlib.sha256(request.body).hexdigest() != attempt.digest:
        raise AssertionError("the stored bytes are not the sealed ones: nothing is sent")
    if not life.token_key:
        return request
    body = run_token.filled(request.body, life.token(attempt.connection, request.corr))
    return replace(request, body=body, digest=Digest(hashlib.sha256(body).hexdigest()))


async def _answer(backend: Backend, request: FrozenRequest, deadline: float) -> Sent:
    seconds = deadline - time.monotonic()
    if seconds <= 0:  # this process was paused: what is sent now might be sent after somebody proved it absent
        return Refused(detail="its time was over before it could be sent", retry_after=1.0, unsent=True)
    try:
        return await backend.send(request, seconds=seconds)
    except Exception as error:  # noqa: BLE001 - whatever went wrong in there, the bytes may have left
        return Ambiguous(detail=f"sending broke off ({type(error).__name__})")


async def _record(life: Life, sealed: AttemptRow, sent: Sent, shown: Shown | None) -> Move:
    """Write the answer down, if the attempt is still ours. A late one changes nothing; a late start is an incident.

    `shown` is the first state of the run, so that nothing has to be read again for it.
    """
    run, path, no = RunId(sealed.run_id), StepPath(sealed.path), AttemptNo(sealed.no)
    words = await words_of(life, sealed) if shown is not None else None
    async with life.store.write() as tx:
        row = await runs.hold(tx, run)
        attempt = await attempts.get(tx.session, run, path, no)
        assert attempt is not None, "a claimed attempt is not removed"
        ours = attempt.state == AttemptState.SENT
        if ours:
            await _settle(tx, attempt, sent)
            external = await attempts.external_of(tx.session, attempt) if shown is not None else None
            if external is not None and shown is not None and words is not None:
                await note_first(life, tx, row, external, shown.state, words, began=shown.began)
        move = await advance_within(life, tx, row)
    if not ours:
        log.warning("dispatch.late_answer", run=run, step=path, attempt=no)
        if isinstance(sent, Accepted) and sent.id is not None and sent.proven and sent.id != attempt.external_id:
            await stop_duplicate(life, sealed, sent.id)
    return move


async def _settle(tx: Tx, attempt: AttemptRow, sent: Sent) -> None:
    match sent:
        case Accepted(id=external, url=url) if external is not None:
            if not await attempts.adopt(tx, attempt, external, url=url, found=False):
                _stays_open(tx, attempt, f"the answer named run {external}, which is another's")
        case Accepted(doubt=doubt):
            _stays_open(tx, attempt, f"{ACCEPTED_UNNAMED}: {doubt}" if doubt else ACCEPTED_UNNAMED)
        case Refused(detail=detail, retry_after=None):
            attempts.settle(tx, attempt, AttemptState.REJECTED, note=detail)
        case Refused(detail=detail, retry_after=seconds, unsent=unsent):
            retry_at = tx.now + timedelta(seconds=seconds or _PAUSE)
            state = AttemptState.ABANDONED if unsent else AttemptState.REJECTED
            attempts.settle(tx, attempt, state, note=detail, retry_at=retry_at)
        case Ambiguous(detail=detail, hold=hold):
            _stays_open(tx, attempt, detail)
            if hold:  # an incident: the name that was to be ours is somebody else's
                log.error("dispatch.foreign", run=attempt.run_id, step=attempt.path, attempt=attempt.no)
                attempts.settle(tx, attempt, AttemptState.HELD, note=detail)


def _stays_open(tx: Tx, attempt: AttemptRow, note: str) -> None:
    if attempt.state == AttemptState.SENT:
        attempts.settle(tx, attempt, AttemptState.AMBIGUOUS, note=note)


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


async def _mended_later(life: Life, run: RunId, path: StepPath, error: BackendDenied) -> Move | None:
    """The credential was revoked: who did that may put in the next one, so wait, for a while. None: long enough."""
    async with life.store.read() as session:
        step, now = await runs.step(session, run, path), await life.store.clock.now(session)
        began = step.started_at or (await runs.peek(session, run)).started_at or now
    if now - began > life.windows.give_up_looking:
        return None
    return await _later(life, run, path, BackendUnreachable(error.detail))


async def _later(life: Life, run: RunId, path: StepPath, error: BackendUnreachable) -> Move:
    """The CI system does not answer: nothing is sent without a look, so wait."""
    seconds = error.retry_after or life.windows.poll_every.total_seconds()
    if error.retry_after:
        seconds += spread(run, timedelta(seconds=error.retry_after)).total_seconds()
    async with life.store.write() as tx:
        row = await runs.hold(tx, run)
        if row.state == RunState.RUNNING:
            row.reason = f"{error.detail} Nothing was sent yet; it is tried again by itself."
            (await runs.step(tx.session, run, path)).note = row.reason
            tx.notify(Topic.RUN, run)
        return await put_off(life, tx, row, path, seconds)
