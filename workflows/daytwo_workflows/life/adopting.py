"""A run in the CI system carries the marker of an attempt: it is ours, whatever became of the answer (A1)."""

from typing import Final

import structlog

from daytwo_actions.backends.base import ExternalState, Listing, Marker
from daytwo_actions.backends.failures import BackendDenied, ExternalGone
from daytwo_store import attempts, runs
from daytwo_store.engine import Tx
from daytwo_store.ids import AttemptNo, RunId, StepPath
from daytwo_store.states import AttemptState
from daytwo_store.tables import AttemptRow
from daytwo_workflows.life import requests
from daytwo_workflows.life.context import Life

log = structlog.get_logger()
_ADOPTABLE: Final = frozenset({AttemptState.INTENT, AttemptState.SENT, AttemptState.AMBIGUOUS})


def marker_of(attempt: AttemptRow) -> Marker:
    return Marker(corr=requests.corr_of(attempt), pinned=requests.pinned_of(attempt))


async def adopt(life: Life, attempt: AttemptRow, listing: Listing) -> None:
    """The earliest is ours. More than one means that one request was started twice: the others are stopped first.

    Raises `BackendUnreachable` when they cannot be stopped now; then nothing was written, and it is tried again.
    """
    first, *others = sorted(listing.found, key=lambda state: (state.created_at is None, state.created_at, state.id))
    for other in others:
        await stop_duplicate(life, attempt, other)
    run, path, no = RunId(attempt.run_id), StepPath(attempt.path), AttemptNo(attempt.no)
    async with life.store.write() as tx:
        await runs.hold(tx, run)
        row = await attempts.get(tx.session, run, path, no)
        if row is None or row.state not in _ADOPTABLE:
            return
        if not await attempts.adopt(tx, row, first.id, url=first.url, found=True):
            _another_has_it(tx, row, first)


async def stop_duplicate(life: Life, attempt: AttemptRow, other: ExternalState | str) -> None:
    """An incident: told by the audit, and stopped in the CI system."""
    external = other if isinstance(other, str) else other.id
    log.error("dispatch.duplicate", run=attempt.run_id, step=attempt.path, attempt=attempt.no, external=external)
    target = requests.target_of(attempt)
    outcome = "asked to stop"
    try:
        await life.backend(attempt.connection).cancel(target, requests.external_id(external))
    except ExternalGone:
        outcome = "gone"
    except BackendDenied as denied:
        outcome = denied.detail
    async with life.store.write() as tx:
        await runs.hold(tx, RunId(attempt.run_id))
        tx.audit(
            actor="daytwo",
            action="attempt.duplicate",
            subject=f"run:{attempt.run_id}",
            facts={"step": attempt.path, "attempt": str(attempt.no), "external": external, "outcome": outcome},
        )


def _another_has_it(tx: Tx, row: AttemptRow, first: ExternalState) -> None:
    if row.state == AttemptState.INTENT:
        attempts.settle(tx, row, AttemptState.ABANDONED, note=f"its marker is on run {first.id}, which is another's")
        return
    if row.state == AttemptState.SENT:
        attempts.settle(tx, row, AttemptState.AMBIGUOUS, note=row.note)
    note = f"Run {first.id} carries this attempt's marker, and another attempt was resolved as that run. Look at both."
    attempts.settle(tx, row, AttemptState.HELD, note=note)
