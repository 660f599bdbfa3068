"""What became of an attempt that may have been sent? Look until it is found, or until its absence is proven (A1).

Absence is proven by several complete listings in a row, each made after the moment by which a run that was started must
be visible. Where that cannot be had, a person decides; nothing is ever sent again on a guess.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from daytwo_actions.backends.base import BackendDenied, BackendUnreachable, Listing
from daytwo_store import attempts, runs
from daytwo_store.ids import AttemptNo, RunId, StepPath
from daytwo_store.states import AttemptState
from daytwo_store.tables import AttemptRow
from daytwo_workflows.contracts import Move
from daytwo_workflows.life.advance import advance
from daytwo_workflows.life.context import Life
from daytwo_workflows.life.dispatch import SKEW, marker_of, record_found

log = structlog.get_logger()
_OPEN = frozenset({AttemptState.SENT, AttemptState.AMBIGUOUS})


@dataclass(slots=True)
class _Search:
    """How the look-ups have gone so far."""

    safe_at: datetime  # from then on a run that was started must be visible
    misses: int = 0
    failing_since: datetime | None = None


async def reconcile(life: Life, run: RunId, path: StepPath, no: AttemptNo, beat: Callable[[], None]) -> Move:
    """Look until the attempt is settled, then say what is next. `beat` is called at every look."""
    attempt, now = await _look_at_row(life, run, path, no)
    if attempt is None:
        return await advance(life, run)
    search = _Search(safe_at=attempt.send_by + life.windows.send_total + life.windows.listing_lag)
    looks = 0
    while attempt is not None:
        beat()
        listing = await _look(life, attempt, search, now)
        if listing is not None and listing.found:
            await _adopt(life, run, path, no, listing)
            break
        if _absent(life, search):
            await _settle_absent(life, run, path, no)
            break
        if search.failing_since is not None and now - search.failing_since >= life.windows.give_up_looking:
            await _settle(life, run, path, no, AttemptState.HELD, _CANNOT_LOOK)
            break
        pauses = life.windows.look_every
        await asyncio.sleep(pauses[min(looks, len(pauses) - 1)])
        looks += 1
        attempt, now = await _look_at_row(life, run, path, no)
    return await advance(life, run)


_CANNOT_LOOK = (
    "It may have been sent, and the CI system could not be asked for too long. Look there for a run with this marker, "
    "then say here whether it ran."
)


async def _look_at_row(life: Life, run: RunId, path: StepPath, no: AttemptNo) -> tuple[AttemptRow | None, datetime]:
    """The attempt while it is open (its sender may still settle it), and the time."""
    async with life.store.read() as session:
        attempt = await attempts.get(session, run, path, no)
        now = await life.store.clock.now(session)
    return (attempt if attempt is not None and attempt.state in _OPEN else None), now


async def _look(life: Life, attempt: AttemptRow, search: _Search, now: datetime) -> Listing | None:
    try:
        listing = await life.backends[attempt.connection].find(marker_of(attempt), attempt.intent_at - SKEW)
    except (BackendUnreachable, BackendDenied) as error:
        log.warning("reconcile.cannot_look", run=attempt.run_id, step=attempt.path, error=type(error).__name__)
        search.failing_since = search.failing_since or now
        search.misses = 0
        return None
    search.failing_since = None
    proves = listing.complete and now >= search.safe_at and _late_enough(listing, search)
    search.misses = search.misses + 1 if proves and not listing.found else 0
    return listing


def _late_enough(listing: Listing, search: _Search) -> bool:
    """The vendor's own clock has to be past the moment too, give or take its whole seconds."""
    return listing.server_time is None or listing.server_time + timedelta(seconds=1) >= search.safe_at


def _absent(life: Life, search: _Search) -> bool:
    return search.misses >= life.windows.absence_listings


async def _adopt(life: Life, run: RunId, path: StepPath, no: AttemptNo, listing: Listing) -> None:
    """The earliest is ours; more than one means that the vendor started one request twice: that is an incident."""
    first, *others = sorted(listing.found, key=lambda state: (state.created_at is None, state.created_at, state.id))
    await record_found(life, run, path, no, first)
    for other in others:
        log.error("dispatch.duplicate", run=run, step=path, attempt=no, external=other.id)
        async with life.store.write() as tx:
            await runs.hold(tx, run)
            attempt = await attempts.get(tx.session, run, path, no)
            assert attempt is not None
            tx.audit(
                actor="daytwo",
                action="attempt.duplicate",
                subject=f"run:{run}",
                facts={"step": path, "attempt": str(no), "external": other.id},
            )
        await life.backends[attempt.connection].cancel(marker_of(attempt).pinned.target, other.id)


async def _settle_absent(life: Life, run: RunId, path: StepPath, no: AttemptNo) -> None:
    """Proven absent by listings. Where somebody had to approve, a person confirms it before anything is sent again."""
    async with life.store.read() as session:
        attempt = await attempts.get(session, run, path, no)
        assert attempt is not None
        row = await runs.peek(session, run)
    times = life.windows.absence_listings
    if not marker_of(attempt).pinned.marked:
        note = "It may have been sent, and the pipeline shows no marker to find it by. Look for it in the CI system, "
        await _settle(life, run, path, no, AttemptState.HELD, note + "then say here whether it ran.")
    elif row.protected:
        note = f"{times} complete listings do not show it, so it most likely never started; this action is protected, "
        await _settle(life, run, path, no, AttemptState.HELD, note + "so a person has to confirm that.")
    else:
        note = f"{times} complete listings do not show it: it never started."
        await _settle(life, run, path, no, AttemptState.ABSENT, note)


async def _settle(life: Life, run: RunId, path: StepPath, no: AttemptNo, state: AttemptState, note: str) -> None:
    async with life.store.write() as tx:
        await runs.hold(tx, run)
        attempt = await attempts.get(tx.session, run, path, no)
        if attempt is None or attempt.state not in _OPEN:
            return  # its sender, or somebody else, was faster
        if attempt.state == AttemptState.SENT and state is not AttemptState.ABSENT:
            attempts.settle(tx, attempt, AttemptState.AMBIGUOUS, note=attempt.note)
        attempts.settle(tx, attempt, state, note=note, certain=False)
