"""An attempt's run in the CI system, by its marker or its id, from when on its clock makes a look necessary (A1)."""

from datetime import datetime

from daytwo_actions.backends.base import Listing, Recognised
from daytwo_store import runs
from daytwo_store.ids import ExternalRunId, RunId, StepPath
from daytwo_store.tables import AttemptRow
from daytwo_workflows.life.adopting import marker_of
from daytwo_workflows.life.context import Life
from daytwo_workflows.life.steps.search import search_of
from daytwo_workflows.life.vendor_clock import VendorClock


async def listed(life: Life, attempt: AttemptRow, began: datetime, clock: VendorClock) -> Listing:
    """What carries the attempt's marker and began at `began` by our clock or later; tells `clock` what is seen of it.

    Raises `BackendUnreachable`, `BackendDenied`.
    """
    backend, marker = life.backend(attempt.connection), marker_of(attempt)
    async with life.store.read() as session:
        now = await life.store.clock.now(session)
    listing = await backend.find(marker, clock.since(began))
    if clock.learn(now, listing.server_time) and not listing.found:
        listing = await backend.find(marker, clock.since(began))
    return listing


async def recognised(life: Life, attempt: AttemptRow, run: ExternalRunId, began: datetime) -> Recognised | None:
    """One run by its id, held against the attempt. Raises `BackendUnreachable`, `BackendDenied`."""
    backend, marker = life.backend(attempt.connection), marker_of(attempt)
    async with life.store.read() as session:
        now = await life.store.clock.now(session)
        step = await runs.step(session, RunId(attempt.run_id), StepPath(attempt.path))
    clock = search_of(step, attempt.no).clock()
    shown = await backend.recognise(marker, run, clock.since(began))
    if shown is not None and clock.learn(now, shown.server_time) and shown.misfits:
        shown = await backend.recognise(marker, run, clock.since(began))
    return shown
