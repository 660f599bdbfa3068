"""What people do to a run that is under way: withdraw, cancel, resolve. Whether they may is decided by the caller."""

from dataclasses import dataclass, replace
from typing import Literal

from daytwo_actions.backends.base import BackendDenied, BackendUnreachable, Recognising
from daytwo_store import attempts, findings, runs
from daytwo_store.engine import Store, Tx
from daytwo_store.errors import Conflict, Forbidden, Rejected, Unavailable
from daytwo_store.ids import AttemptNo, ExternalRunId, PrincipalId, RunId, StepPath
from daytwo_store.states import RUN_ENDS, AttemptState, RunState, StepState
from daytwo_store.tables import AttemptRow, RunRow
from daytwo_workflows.life import requests
from daytwo_workflows.life.adopting import SKEW, marker_of
from daytwo_workflows.life.context import Life

_UNSENT = frozenset({RunState.ACCEPTED, RunState.WAITING_APPROVAL, RunState.WAITING_WINDOW, RunState.WAITING_LOCK})


async def withdraw(store: Store, run: RunId, *, by: PrincipalId, reason: str) -> None:
    """The requester takes the request back while it waits. Raises `Conflict` when it no longer waits."""
    async with store.write() as tx:
        row = await runs.hold(tx, run)
        if row.state == RunState.WITHDRAWN:
            return
        if row.state not in _UNSENT:
            raise Conflict(
                f"The run is {row.state}, so it cannot be withdrawn any more. To stop a running one, cancel it."
            )
        why = f" ({reason.strip()})" if reason.strip() else ""
        await runs.end(tx, row, RunState.WITHDRAWN, reason=f"Withdrawn{why}. Nothing was sent.", actor=by)
        tx.poke(run)


async def cancel(store: Store, run: RunId, *, by: PrincipalId, reason: str, force: bool) -> None:
    """Ask for a stop. What has not begun ends at once; what runs is `cancelling` until the CI system confirms.

    Raises `Conflict` for a run that has ended.
    """
    async with store.write() as tx:
        row = await runs.hold(tx, run)
        if row.state == RunState.CANCELLED:
            return
        if RunState(row.state) in RUN_ENDS:
            raise Conflict(f"The run has already ended ({row.state}). Nothing was changed.")
        row.cancel_at = row.cancel_at or tx.now
        row.cancel_by = row.cancel_by or by
        row.cancel_reason = row.cancel_reason or reason.strip() or None
        row.cancel_forced = row.cancel_forced or force
        tx.audit(actor=by, action="run.cancel_asked", subject=f"run:{run}", facts={"force": str(force).lower()})
        if RunState(row.state) in _UNSENT:
            why = f" ({row.cancel_reason})" if row.cancel_reason else ""
            await runs.end(
                tx,
                row,
                RunState.CANCELLED,
                reason=f"Cancelled{why} before anything was sent. The catalog was not changed.",
                actor=by,
            )
        elif row.state == RunState.RUNNING:
            runs.move(tx, row, RunState.CANCELLING, reason=row.reason, actor=by)
        tx.poke(run)


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """What a person found out about a held attempt."""

    run: RunId
    path: StepPath
    no: AttemptNo
    outcome: Literal["ran", "did_not_run"]
    external: ExternalRunId | None
    by: PrincipalId
    reason: str


async def resolve(life: Life, finding: Finding) -> bool:
    """Settle a held attempt by what somebody found out. Raises `Conflict`, `Forbidden`, `Rejected`, `Unavailable`.

    Where somebody had to approve, two people other than the requester have to find the same: the answer may send it
    again. False: it is written down, and waits for the second of them.
    """
    async with life.store.read() as session:
        run = await runs.peek(session, finding.run)
        attempt = _held(run, await attempts.get(session, finding.run, finding.path, finding.no))
    if run.protected and run.requester == finding.by:
        raise Forbidden(
            "You asked for this run, so somebody else who may run this action here has to say what happened "
            "(four eyes). Nothing was changed."
        )
    if finding.outcome == "ran":
        finding = replace(finding, external=await _must_be_ours(life, run, attempt, finding.external))
    async with life.store.write() as tx:
        row = await runs.hold(tx, finding.run)
        held = _held(row, await attempts.get(tx.session, finding.run, finding.path, finding.no))
        if row.protected and not await _agreed(tx, held, finding):
            return False
        note = f"resolved by hand: {finding.reason.strip()}"
        if finding.outcome == "did_not_run":
            attempts.settle(tx, held, AttemptState.ABSENT, note=note, actor=finding.by)
        elif finding.external is None or not await attempts.adopt(
            tx, held, finding.external, url=None, found=True, actor=finding.by
        ):
            raise Conflict(f"Run {finding.external} of {held.connection} already belongs to another attempt.")
        step = await runs.step(tx.session, finding.run, finding.path)
        if step.state == StepState.HELD:
            runs.move_step(tx, step, StepState.RUNNING, note=note)
        if row.state == RunState.NEEDS_ATTENTION:
            runs.move(tx, row, RunState.RUNNING, actor=finding.by)
        tx.poke(finding.run)
    return True


async def _agreed(tx: Tx, attempt: AttemptRow, finding: Finding) -> bool:
    """Has somebody else found the same? Each person's newest finding counts."""
    await findings.note(
        tx,
        attempt,
        by=finding.by,
        outcome=finding.outcome,
        external=finding.external if finding.outcome == "ran" else None,
        reason=finding.reason.strip(),
    )
    said = (finding.outcome, finding.external if finding.outcome == "ran" else None)
    return any(
        one.principal != finding.by and (one.outcome, one.external_id) == said
        for one in await findings.of_attempt(tx.session, attempt)
    )


def _held(run: RunRow, attempt: AttemptRow | None) -> AttemptRow:
    """The attempt that waits for an answer. Raises `Conflict`."""
    if RunState(run.state) in RUN_ENDS:
        raise Conflict(f"The run has ended ({run.state}), so no answer is waited for. Nothing was changed.")
    if attempt is None or attempt.state != AttemptState.HELD:
        state = attempt.state if attempt is not None else "not there"
        raise Conflict(f"This attempt does not wait for anybody: it is {state}. Nothing was changed.")
    return attempt


async def _must_be_ours(life: Life, run: RunRow, attempt: AttemptRow, external: ExternalRunId | None) -> ExternalRunId:
    """The run that somebody names carries the marker; where the pipeline shows none, it at least began in time.

    Its id as the CI system has it: of Argo, people know the name alone.
    """
    if external is None:
        raise Rejected("Say which run it was: its id in the CI system. Nothing was changed.")
    backend, marker = life.backend(attempt.connection), marker_of(attempt)
    try:
        found = (await backend.read([(requests.target_of(attempt), external)]))[0]
        listed = (await backend.find(marker, run.created_at - SKEW)).found if marker.pinned.marked else ()
        # A listing may be late; a run that somebody names is asked for by its id, where that can be had.
        known = isinstance(backend, Recognising) and bool(
            await backend.recognise(marker, external, attempt.intent_at - SKEW)
        )
    except BackendUnreachable as error:
        raise Unavailable(f"{error.detail} So it could not be checked, and nothing was changed. Try again.") from error
    except BackendDenied as error:
        raise Rejected(f"{error.detail} Nothing was changed.") from error
    if found is None:
        raise Rejected(f"{attempt.connection} has no run {external} there. Nothing was changed. Look at its address.")
    ours = not marker.pinned.marked or any(one.id == found.id for one in listed) or known
    in_time = found.created_at is None or found.created_at >= attempt.intent_at - SKEW
    if not ours or not in_time:
        raise Rejected(
            f"Run {external} was not started by this attempt: "
            + ("it does not carry its marker. " if not ours else "it is older. ")
            + f"Nothing was changed. Look for the marker {attempt.corr} in the names of the runs."
        )
    return found.id
