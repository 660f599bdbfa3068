"""What became of an attempt that may have been sent? Look until it is found, or until its absence is proven (A1).

Where the external run's name is ours and unique, the same request is sent again instead of waiting. Otherwise absence
is proven by several complete listings in a row, each made after the moment by which a run that was started must be
visible. Where that cannot be had, a person decides; nothing is ever sent again on a guess.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from daytwo_actions.backends.base import BackendDenied, BackendUnreachable, Listing
from daytwo_store import attempts, externals, runs
from daytwo_store.ids import AttemptNo, ExternalRunId, RunId, StepPath
from daytwo_store.states import AttemptState
from daytwo_store.tables import AttemptRow
from daytwo_workflows.contracts import Move
from daytwo_workflows.life.adopting import SKEW, adopt, marker_of
from daytwo_workflows.life.advance import advance
from daytwo_workflows.life.context import Life
from daytwo_workflows.life.dispatch import ACCEPTED_UNNAMED, Repeat, repeat

log = structlog.get_logger()
_LOOKED_AFTER = timedelta(minutes=2)
_OPEN = frozenset({AttemptState.SENT, AttemptState.AMBIGUOUS})


@dataclass(slots=True)
class _Search:
    """How the look-ups have gone so far. `safe_at` comes from the row, so a worker that begins anew loses no time."""

    safe_at: datetime  # from then on a run that was started must be visible
    misses: int = 0
    repeats: bool = True  # the request may be sent again, where that is harmless
    unmarked: ExternalRunId | None = None  # nobody's run that fits in everything but the marker: it may be this one


async def reconcile(life: Life, run: RunId, path: StepPath, no: AttemptNo, beat: Callable[[], None]) -> Move:
    """Look until the attempt is settled, then say what is next. `beat` is called at every look."""
    attempt, now = await _look_at_row(life, run, path, no)
    looks = 0
    search = _Search(safe_at=now if attempt is None else _safe_at(life, attempt))
    while attempt is not None:
        beat()
        search.safe_at = _safe_at(life, attempt)
        listing = await _look(life, attempt, search, now)
        if listing is not None and listing.found:
            await adopt(life, attempt, listing)
            break
        if await _repeated(life, attempt, search) is Repeat.SETTLED:
            break
        verdict = await _verdict(life, attempt, search, now)
        if verdict is not None:
            await _settle(life, attempt, *verdict)
            break
        pauses = life.windows.look_every
        await asyncio.sleep(pauses[min(looks, len(pauses) - 1)])
        looks += 1
        attempt, now = await _look_at_row(life, run, path, no)
    return await advance(life, run)


def _safe_at(life: Life, attempt: AttemptRow) -> datetime:
    backend = life.backends.get(attempt.connection)
    lag = life.windows.lag(backend.traits.listing_lag if backend is not None else None)
    return attempt.send_by + life.windows.send_total + lag


async def _repeated(life: Life, attempt: AttemptRow, search: _Search) -> Repeat:
    """Send it again where that is harmless. What was not listed before is then no proof of anything any more."""
    backend = life.backends.get(attempt.connection)
    if backend is None or not backend.traits.repeatable or not search.repeats or not _tells(attempt):
        return Repeat.NOT_NOW
    repeated = await repeat(life, RunId(attempt.run_id), StepPath(attempt.path), AttemptNo(attempt.no))
    search.repeats = repeated is not Repeat.REFUSED
    if repeated is not Repeat.NOT_NOW:
        search.misses = 0
    return repeated


async def _look_at_row(life: Life, run: RunId, path: StepPath, no: AttemptNo) -> tuple[AttemptRow | None, datetime]:
    """The attempt while it is open (its sender may still settle it), and the time. Says that somebody works on it."""
    async with life.store.write() as tx:
        row = await runs.hold(tx, run)
        row.next_at = tx.now + _LOOKED_AFTER
        attempt = await attempts.get(tx.session, run, path, no)
        return (attempt if attempt is not None and attempt.state in _OPEN else None), tx.now


async def _look(life: Life, attempt: AttemptRow, search: _Search, now: datetime) -> Listing | None:
    try:
        listing = await life.backend(attempt.connection).find(marker_of(attempt), attempt.intent_at - SKEW)
    except (BackendUnreachable, BackendDenied) as error:
        log.warning("reconcile.cannot_look", run=attempt.run_id, step=attempt.path, error=type(error).__name__)
        search.misses = 0
        return None
    search.unmarked = await _nobodys(life, attempt, listing)
    proves = listing.complete and now >= search.safe_at and _late_enough(listing, search) and not search.unmarked
    search.misses = search.misses + 1 if proves and not listing.found else 0
    return listing


async def _nobodys(life: Life, attempt: AttemptRow, listing: Listing) -> ExternalRunId | None:
    """A run that shows no marker, though its pipeline does, and that no attempt has adopted."""
    async with life.store.read() as session:
        return next(iter(await externals.unknown(session, attempt.connection, listing.unmarked)), None)


def _tells(attempt: AttemptRow) -> bool:
    """Whether something that is not there was never started, or would do no work a second time."""
    pinned = marker_of(attempt).pinned
    return pinned.lasting or pinned.fenced


def _late_enough(listing: Listing, search: _Search) -> bool:
    """The vendor's own clock has to be past the moment too, give or take its whole seconds. No clock is no proof."""
    return listing.server_time is not None and listing.server_time + timedelta(seconds=1) >= search.safe_at


async def _verdict(life: Life, attempt: AttemptRow, search: _Search, now: datetime) -> tuple[AttemptState, str] | None:
    """What can be said by now; None: look again. Nothing stays open for ever: at last a person is asked."""
    if not marker_of(attempt).pinned.marked:
        sent_for_sure_by_now = now >= attempt.send_by + life.windows.send_total
        return (AttemptState.HELD, _NO_MARKER) if sent_for_sure_by_now else None
    if not _tells(attempt):
        return (AttemptState.HELD, _REMOVED_SOON) if now >= search.safe_at else None
    if search.unmarked is not None and now >= search.safe_at and not marker_of(attempt).pinned.fenced:
        return AttemptState.HELD, _may_be(search.unmarked)
    if search.misses >= life.windows.absence_listings:
        return await _absent(life, attempt)
    if now >= search.safe_at + life.windows.give_up_looking:
        return AttemptState.HELD, _CANNOT_LOOK
    return None


_CANNOT_LOOK = (
    "It may have been sent, and the CI system could not be asked completely for too long. Look there for a run with "
    "this marker, then say here whether it ran."
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
    """Proven absent by listings. Where somebody had to approve, a person confirms it before anything is sent again.

    Not so behind a claim fence: should it have started all the same, it is told to end before it does anything.
    """
    async with life.store.read() as session:
        protected = (await runs.peek(session, RunId(attempt.run_id))).protected
    if (attempt.note or "").startswith(ACCEPTED_UNNAMED) and not marker_of(attempt).pinned.fenced:
        return AttemptState.HELD, _not_listed(attempt.note or "")  # a yes counts more than a listing
    times = life.windows.absence_listings
    if protected and not marker_of(attempt).pinned.fenced:
        note = f"{times} complete listings do not show it, so it most likely never started; this action is protected, "
        return AttemptState.HELD, note + "so two people have to confirm that."
    return AttemptState.ABSENT, f"{times} complete listings do not show it: it never started."


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
