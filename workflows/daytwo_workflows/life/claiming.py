"""A run in the CI system asks us: may I work (claim fence, A1), and here is what came of it (report, A4).

Who asks was verified before: by the CI system's own token, or by the token of the attempt. What it says about itself
decides nothing. A claim sets no status and a report neither: those are read from the CI system.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import structlog
from pydantic import JsonValue

from daytwo_actions.backends.base import ExternalState
from daytwo_actions.backends.failures import BackendDenied, BackendUnreachable
from daytwo_actions.backends.wire.ci_token import Caller
from daytwo_actions.outputs import checked
from daytwo_store import attempts, claims, outputs, runs
from daytwo_store.engine import Session, Tx
from daytwo_store.errors import Conflict, DaytwoError, Unauthenticated, Unavailable
from daytwo_store.ids import AttemptNo, Corr, ExternalRunId, RunId, StepPath
from daytwo_store.outputs import OutputsSource
from daytwo_store.states import ATTEMPT_LIVE, RUN_ENDS, RunState, StepState
from daytwo_store.tables import AttemptRow, RunRow
from daytwo_workflows.life.adopting import stop_duplicate
from daytwo_workflows.life.context import Life
from daytwo_workflows.life.finding import listed, recognised
from daytwo_workflows.life.vendor_clock import VendorClock

log = structlog.get_logger()
_STOP_WITHIN: Final = 5.0  # seconds for the CI system to take a request to stop the loser; its job ends by itself too


class ClaimRefused(DaytwoError):
    """The job has to end before it does anything."""

    status = 409
    type = "claim-refused"
    title = "This execution may not work"


@dataclass(frozen=True, kw_only=True, slots=True)
class ByToken:
    """Somebody has the attempt's own token. Which execution it is, and which start of a job, it says itself; which run,
    we know or look up."""

    execution: str
    start: str = ""


Asking = Caller | ByToken


@dataclass(frozen=True, kw_only=True, slots=True)
class Known:
    """The attempt that is asked for, as it was before anything was decided."""

    attempt: AttemptRow
    run: RunRow

    @property
    def where(self) -> tuple[RunId, StepPath, AttemptNo]:
        return RunId(self.attempt.run_id), StepPath(self.attempt.path), AttemptNo(self.attempt.no)


async def known(session: Session, marker: Corr) -> Known | None:
    attempt = await claims.by_marker(session, marker)
    return None if attempt is None else Known(attempt=attempt, run=await runs.peek(session, RunId(attempt.run_id)))


def must_fit(attempt: AttemptRow, asking: Asking) -> None:
    """A verified job of the project, pipeline and ref that the attempt was sent to. Raises `Unauthenticated`."""
    if isinstance(asking, ByToken):
        return
    request = attempt.request
    fits = (
        asking.project_id == request["project_id"]
        and asking.pipeline in (None, request["pipeline"])
        and asking.ref in (None, _short(str(request["ref"])))
    )
    if not fits:
        raise unknown_identity()


def unknown_identity() -> Unauthenticated:
    """The same for an attempt that is not there, a token for another one, and one that is over."""
    return Unauthenticated(
        "No attempt with this marker takes the identity that came with the request. Nothing was done. The job needs "
        "the CI system's token for this very run, made for our address; see docs/how-to/use-the-claim-fence.md."
    )


async def claim(life: Life, before: Known, asking: Asking, job: str) -> Known:
    """Let this job of this execution work, once, and no other execution. `job` is its name, as far as it says.

    Raises `ClaimRefused`, `Unavailable`, `Unauthenticated`.
    """
    external = await external_of(life, before, asking)
    async with life.store.write() as tx:
        run, attempt = await held(tx, before)
        refusal = await refusal_of(tx, run, attempt, asking, external)
        if refusal is None:
            refusal = claims.take(tx, attempt, asking.execution, job=job, start=asking.start)
        if refusal is not None:
            _tell(tx, attempt, asking, refusal)
    if refusal is None:
        return Known(attempt=attempt, run=run)
    log.warning("claim.refused", run=run.id, step=attempt.path, attempt=attempt.no)
    await _stop_loser(life, attempt, asking)
    raise ClaimRefused(f"{refusal} This execution has to end now, before it does anything; nothing else was changed.")


async def report(life: Life, before: Known, asking: Asking, given: Mapping[str, JsonValue]) -> None:
    """Keep what the run says came of it; the last report before the end counts.

    Raises `Conflict`, `Rejected`, `TooLarge`, `Unavailable`.
    """
    masks = await life.masks(RunId(before.run.id), before.attempt.connection, Corr(before.attempt.corr))
    kept = checked(given, secrets=masks)
    external = await external_of(life, before, asking)
    async with life.store.write() as tx:
        run, attempt = await held(tx, before)
        refusal = await refusal_of(tx, run, attempt, asking, external, reporting=True)
        if refusal is None and isinstance(asking, ByToken) and attempt.claimed_by not in (None, asking.execution):
            refusal = f"Another execution has claimed it ({attempt.claimed_by})."
        step = await runs.step(tx.session, RunId(run.id), StepPath(attempt.path))
        if refusal is None and not outputs.keep(tx, step, kept, OutputsSource.REPORT):
            refusal = "The step has ended, and what came before its end is kept."
        if refusal is not None:
            raise Conflict(f"{refusal} The report was not kept.")


async def external_of(life: Life, before: Known, asking: Asking) -> ExternalState | None:
    """The run that asks, as the CI system shows it, while it is not known yet which one is ours.

    The same has to fit as in a look-up. None: it is known already, or this cannot be ours.
    """
    attempt = before.attempt
    if attempt.external_id is not None or attempt.state not in ATTEMPT_LIVE:
        return None
    began = before.run.created_at
    try:
        found = await _recognised(life, attempt, asking.run if isinstance(asking, Caller) else None, began)
    except (BackendUnreachable, BackendDenied) as error:
        raise Unavailable(f"{error.detail} So it is not known yet whether this run is ours. Ask again.") from error
    if found is None and not isinstance(asking, Caller):
        raise Unavailable(f"{attempt.connection} does not list this run yet, so nobody can say whose it is. Ask again.")
    return found


async def _recognised(
    life: Life, attempt: AttemptRow, run: ExternalRunId | None, began: datetime
) -> ExternalState | None:
    """The run if all of a look-up fits; without its id the earliest that does. Raises what a read raises."""
    if run is not None:
        shown = await recognised(life, attempt, run, began)
        return shown.state if shown is not None and shown.ours else None
    found = (await listed(life, attempt, began, VendorClock())).found
    return min(found, key=lambda one: (one.created_at is None, one.created_at, one.id), default=None)


async def held(tx: Tx, before: Known) -> tuple[RunRow, AttemptRow]:
    run, path, no = before.where
    row = await runs.hold(tx, run)
    attempt = await attempts.get(tx.session, run, path, no)
    assert attempt is not None, "an attempt is not removed"
    return row, attempt


async def refusal_of(
    tx: Tx,
    run: RunRow,
    attempt: AttemptRow,
    asking: Asking,
    external: ExternalState | None,
    *,
    reporting: bool = False,
) -> str | None:
    """Why this execution may not go on, in a sentence. Makes its run ours when it was not known which one is."""
    if RunState(run.state) in RUN_ENDS:
        return f"The run {run.id} has ended ({run.state})."
    if run.cancel_at is not None and not reporting:
        return f"The run {run.id} is being stopped."
    if run.lock_taken_at is not None and not reporting:
        return f"The lock of the run {run.id} was taken away, and somebody else may have it."
    if attempt.state not in ATTEMPT_LIVE:
        return f"This attempt is {attempt.state}, so it is not the one that counts."
    if isinstance(asking, Caller) and asking.attempt > 1:
        return "Somebody re-ran it in the CI system; whoever wants it again asks for a new run here."
    if attempt.external_id is None and (external is None or not await _adopt(tx, run, attempt, external)):
        return "This run was not started by this attempt, or another attempt was resolved as it."
    if isinstance(asking, Caller) and asking.run != attempt.external_id:
        return f"The run that counts is {attempt.external_id}."
    known_run = await attempts.external_of(tx.session, attempt)
    if known_run is not None and known_run.ended_at is not None and not reporting:
        return f"The run {attempt.external_id} has ended in the CI system ({known_run.status})."
    planned = attempt.request["commit"]
    if isinstance(asking, Caller) and run.protected and asking.commit not in (None, planned):
        return f"It runs commit {str(asking.commit)[:12]}, and {str(planned)[:12]} was approved."
    return None


async def _adopt(tx: Tx, run: RunRow, attempt: AttemptRow, external: ExternalState) -> bool:
    """It is found by its own call, before any listing showed it; also when a person was being asked."""
    if not await attempts.adopt(tx, attempt, external.id, url=external.url or None, found=True):
        return False
    step = await runs.step(tx.session, RunId(run.id), StepPath(attempt.path))
    if step.state == StepState.HELD:
        runs.move_step(tx, step, StepState.RUNNING, note="its run has called us")
    if run.state == RunState.NEEDS_ATTENTION:
        runs.move(tx, run, RunState.RUNNING)
    tx.poke(RunId(run.id))
    return True


def _tell(tx: Tx, attempt: AttemptRow, asking: Asking, why: str) -> None:
    tx.audit(
        actor="daytwo",
        action="claim.refused",
        subject=f"run:{attempt.run_id}",
        facts={"step": attempt.path, "attempt": str(attempt.no), "execution": asking.execution, "why": why},
    )


async def _stop_loser(life: Life, attempt: AttemptRow, asking: Asking) -> None:
    """A second run of one dispatch is stopped in the CI system too. A re-run of ours ends by itself, and a run that
    somebody else started with our marker is theirs."""
    if not isinstance(asking, Caller) or asking.run == attempt.external_id:
        return
    try:
        async with asyncio.timeout(_STOP_WITHIN):
            if await _recognised(life, attempt, asking.run, attempt.intent_at) is not None:
                await stop_duplicate(life, attempt, asking.run)
    except (BackendUnreachable, BackendDenied, TimeoutError) as error:
        log.warning("claim.loser_not_stopped", run=attempt.run_id, error=type(error).__name__)


def _short(ref: str) -> str:
    return ref.removeprefix("refs/heads/").removeprefix("refs/tags/")
