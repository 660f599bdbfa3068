"""What became of an attempt that may have been sent? Look until it is found, or until its absence is proven (A1).

Where the external run's name is ours and unique, the same request is sent again instead of waiting. Otherwise absence
is proven by several complete listings in a row, each made after the moment by which a run that was started must be
visible. Where that cannot be had, a person decides; nothing is ever sent again on a guess.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

import structlog

from daytwo_actions.backends.base import Listing
from daytwo_actions.backends.failures import BackendDenied, BackendHeld, BackendUnreachable
from daytwo_actions.definitions.steps.common import Effect
from daytwo_actions.plan.model import Plan
from daytwo_store import attempts, externals, runs
from daytwo_store.ids import AttemptNo, ExternalRunId, RunId, StepPath
from daytwo_store.states import AttemptState
from daytwo_store.tables import AttemptRow
from daytwo_workflows.contracts import Move
from daytwo_workflows.life.adopting import adopt, marker_of
from daytwo_workflows.life.advance import advance, advance_within
from daytwo_workflows.life.context import Life
from daytwo_workflows.life.dispatch import ACCEPTED_UNNAMED, Repeat, repeat
from daytwo_workflows.life.finding import listed
from daytwo_workflows.life.lateness import lacked, note_lateness
from daytwo_workflows.life.steps.search import Search, keep, search_of

log = structlog.get_logger()
_LOOKED_AFTER = timedelta(minutes=2)
_RAREST = timedelta(minutes=2)
_OPEN = frozenset({AttemptState.SENT, AttemptState.AMBIGUOUS})


async def reconcile(life: Life, run: RunId, path: StepPath, no: AttemptNo, beat: Callable[[], None]) -> Move:
    """Look once. What it tells is written down, with the time of the next look; then say what is next in this run.

    So a search, which can take minutes, holds up no other branch. `beat` is called before each thing that takes time.
    """
    found = await _open_attempt(life, run, path, no)
    if found is None:
        return await advance(life, run)
    attempt, search, now = found
    beat()
    listing, wait = await _look(life, attempt, search, now)
    if listing is not None and listing.found:
        await note_lateness(life, attempt, search, listing, now)
        await adopt(life, attempt, listing)
        return await advance(life, run)
    beat()
    if await _repeated(life, attempt, search) is Repeat.SETTLED:
        return await advance(life, run)
    verdict = await _verdict(life, attempt, search, now)
    if verdict is not None:
        await _settle(life, attempt, *verdict)
    return await _go_on(life, attempt, search, wait)


async def _go_on(life: Life, attempt: AttemptRow, search: Search, wait: timedelta) -> Move:
    """How the search stands is kept; if the attempt was settled by this look, nobody asks for it any more. `wait`: at
    least so long until the next one."""
    run = RunId(attempt.run_id)
    async with life.store.write() as tx:
        row = await runs.hold(tx, run)
        step = await runs.step(tx.session, run, StepPath(attempt.path))
        keep(tx, step, search, pause=max(_pause(life, attempt, search, tx.now), wait))
        return await advance_within(life, tx, row)


def _pause(life: Life, attempt: AttemptRow, search: Search, now: datetime) -> timedelta:
    """Until the next look. The longer it lasts, the rarer where a look can prove nothing: before the run has to be
    listed, up to that moment, and where listings cannot be had.

    For each look is eleven events in Temporal's history, and a question to a CI system that has trouble. While absence
    is being proven, A1 names the pauses.
    """
    pauses = life.windows.look_every
    usual = timedelta(seconds=pauses[min(search.looks, len(pauses) - 1)])
    safe_at = _safe_at(life, attempt)
    if search.misses:
        return usual
    if now < safe_at:
        return min(max(usual, (now - attempt.intent_at) / 2), safe_at - now)
    left = max(safe_at + life.windows.give_up_looking - now, timedelta(0))
    return max(usual, min((now - attempt.intent_at) / 4, _RAREST, left))


def _safe_at(life: Life, attempt: AttemptRow) -> datetime:
    return attempt.send_by + life.windows.send_total + life.listing_lag(attempt.connection)


async def _repeated(life: Life, attempt: AttemptRow, search: Search) -> Repeat:
    """Send it again where that is harmless. What was not listed before is then no proof of anything any more."""
    backend = life.backends.get(attempt.connection)
    if backend is None or not backend.traits.repeatable or not search.repeats or not _tells(attempt):
        return Repeat.NOT_NOW
    repeated = await repeat(life, RunId(attempt.run_id), StepPath(attempt.path), AttemptNo(attempt.no))
    search.repeats = repeated is not Repeat.REFUSED
    if repeated is not Repeat.NOT_NOW:
        search.misses = 0
    return repeated


async def _open_attempt(
    life: Life, run: RunId, path: StepPath, no: AttemptNo
) -> tuple[AttemptRow, Search, datetime] | None:
    """The attempt, how looking for it has gone, and the time. None when it is settled (its sender may do that, too),
    or was looked for just now. Says that somebody works on it."""
    async with life.store.write() as tx:
        row = await runs.hold(tx, run)
        row.next_at = tx.now + _LOOKED_AFTER
        attempt = await attempts.get(tx.session, run, path, no)
        search = search_of(await runs.step(tx.session, run, path), no)
        if attempt is None or attempt.state not in _OPEN or not search.over(tx.now):
            return None
        return attempt, search, tx.now


async def _look(life: Life, attempt: AttemptRow, search: Search, now: datetime) -> tuple[Listing | None, timedelta]:
    """What is listed, or None; and how long the CI system asks to be left alone."""
    clock = search.clock()
    try:
        listing = await listed(life, attempt, attempt.intent_at, clock)
    except (BackendUnreachable, BackendDenied) as error:
        log.warning("reconcile.cannot_look", run=attempt.run_id, step=attempt.path, error=type(error).__name__)
        search.misses = 0
        told = error.retry_after if isinstance(error, BackendHeld) else None
        return None, timedelta(seconds=told or 0.0)
    safe_at = _safe_at(life, attempt)
    search.unmarked = await _nobodys(life, attempt, listing)
    search.saw(clock)
    late = now >= safe_at and clock.reached(listing.server_time, safe_at)
    proves = listing.complete and late and clock.readable and not search.unmarked
    search.misses = search.misses + 1 if proves and not listing.found else 0
    if not listing.found:
        lacked(search, listing, now)
    return listing, timedelta(0)


async def _nobodys(life: Life, attempt: AttemptRow, listing: Listing) -> ExternalRunId | None:
    """A run that shows no marker, though its pipeline does, and that no attempt has adopted."""
    async with life.store.read() as session:
        return next(iter(await externals.unknown(session, attempt.connection, listing.unmarked)), None)


def _tells(attempt: AttemptRow) -> bool:
    """Whether something that is not there was never started, or would do no work a second time."""
    pinned = marker_of(attempt).pinned
    return pinned.lasting or pinned.fenced


async def _verdict(life: Life, attempt: AttemptRow, search: Search, now: datetime) -> tuple[AttemptState, str] | None:
    """What can be said by now; None: look again. Nothing stays open for ever: at last a person is asked."""
    safe_at = _safe_at(life, attempt)
    if not marker_of(attempt).pinned.marked:
        sent_for_sure_by_now = now >= attempt.send_by + life.windows.send_total
        return (AttemptState.HELD, _NO_MARKER) if sent_for_sure_by_now else None
    if not _tells(attempt):
        return (AttemptState.HELD, _REMOVED_SOON) if now >= safe_at else None
    if search.unmarked is not None and now >= safe_at and not marker_of(attempt).pinned.fenced:
        return AttemptState.HELD, _may_be(ExternalRunId(search.unmarked))
    if search.misses >= life.windows.absence_listings:
        return await _absent(life, attempt)
    # After an outage of ours that was longer than this, it can be asked again, and a few more looks settle it.
    if now >= safe_at + life.windows.give_up_looking and not search.misses:
        return AttemptState.HELD, _SLOW_CLOCK if search.clock().slow else _CANNOT_LOOK
    return None


_CANNOT_LOOK = (
    "It may have been sent, and the CI system could not be asked completely for too long. Look there for a run with "
    "this marker, then say here whether it ran."
)
_SLOW_CLOCK = (
    "It may have been sent, and the clock of the CI system is far behind, or its answers are old ones: no list from "
    "there was of a time at which the run had to be in it. Look there for a run with this marker, then say here "
    "whether it ran, and have that clock set."
)
_NO_MARKER = (
    "It may have been sent, and the pipeline shows no marker to find it by. Look for it in the CI system, then say "
    "here whether it ran. To have it found next time, put the marker into the pipeline's run-name."
)
_REMOVED_SOON = (
    "It may have been sent, and what has ended is removed there so soon that a run which is not there may have been "
    "and gone. Find out from what it does whether it ran, then say so here. To have this settled by itself next time, "
    "let the pipeline keep its ended runs for an hour at least (Argo: ttlStrategy), or ask first (claim fence)."
)


def _may_be(run: ExternalRunId) -> str:
    return (
        f"It may have been sent: the run {run} began there at that time and shows no marker, as its pipeline should. "
        "Look whether it is this one, then say here whether it ran. The run-name of the pipeline may have changed."
    )


def _not_listed(note: str) -> str:
    doubt = note.removeprefix(ACCEPTED_UNNAMED).removeprefix(": ") or "not as which run"
    return (
        f"The CI system said that it has started it, and {doubt}; no listing shows it. It may have been deleted there. "
        "Look there for a run with this marker, then say here whether it ran."
    )


async def _absent(life: Life, attempt: AttemptRow) -> tuple[AttemptState, str]:
    """Proven absent by listings. Where somebody had to approve, or the step is declared `once`, a person confirms it
    before anything is sent again.

    Not so behind a claim fence: should it have started all the same, it is told to end before it does anything.
    """
    times = life.windows.absence_listings
    proven = AttemptState.ABSENT, f"{times} complete listings do not show it: it never started."
    if marker_of(attempt).pinned.fenced:
        return proven
    if (attempt.note or "").startswith(ACCEPTED_UNNAMED):
        return AttemptState.HELD, _not_listed(attempt.note or "")  # a yes counts more than a listing
    note = f"{times} complete listings do not show it, so it most likely never started; "
    async with life.store.read() as session:
        run = await runs.peek(session, RunId(attempt.run_id))
    if run.protected:
        return AttemptState.HELD, note + "this action is protected, so two people have to confirm that."
    if Plan.model_validate_json(run.plan).step(attempt.path).effect == Effect.ONCE:
        return AttemptState.HELD, note + "this step is declared `once`, so somebody has to confirm that."
    return proven


async def _settle(life: Life, open_attempt: AttemptRow, state: AttemptState, note: str) -> None:
    run = RunId(open_attempt.run_id)
    async with life.store.write() as tx:
        await runs.hold(tx, run)
        attempt = await attempts.get(tx.session, run, StepPath(open_attempt.path), AttemptNo(open_attempt.no))
        if attempt is None or attempt.state not in _OPEN:
            return  # its sender, or somebody else, was faster
        if attempt.send_by != open_attempt.send_by:
            return  # somebody sends it again at this moment
        if attempt.state == AttemptState.SENT and state is not AttemptState.ABSENT:
            attempts.settle(tx, attempt, AttemptState.AMBIGUOUS, note=attempt.note)
        attempts.settle(tx, attempt, state, note=note)
