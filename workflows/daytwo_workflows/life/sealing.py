"""Sealing the intent (first step of A1): everything that allowed the run is checked again, then the bytes are written.

The plan is made once more from today's catalog, definition, group memberships and CI system. If it is the same, its
bytes are sealed. If not: what nobody had to approve is planned anew; what was approved is void, and asked for again
with the difference shown.
"""

import asyncio
from collections.abc import Sequence

import structlog

from daytwo_actions.backends.base import BackendDenied, FrozenRequest, Pinned
from daytwo_actions.marker import corr
from daytwo_actions.plan.difference import Change, drift
from daytwo_actions.plan.model import Plan, digest_of
from daytwo_store import approvals, attempts, definitions, locks, principals, runs
from daytwo_store.attempts import Intent
from daytwo_store.engine import Session, Tx
from daytwo_store.errors import DaytwoError
from daytwo_store.ids import ActionName, ApprovalId, AttemptNo, Digest, EntityRef, LockKey, RunId, StepPath
from daytwo_store.states import ApprovalState, AttemptState, RunState, StepState, Verdict
from daytwo_store.tables import AttemptRow, RunRow
from daytwo_workflows.life import requests
from daytwo_workflows.life.context import Life
from daytwo_workflows.life.people import belongings
from daytwo_workflows.life.planning import Aimed, Ask, aim, assemble
from daytwo_workflows.life.step import fail

log = structlog.get_logger()


async def seal(life: Life, run: RunId, path: StepPath, no: AttemptNo) -> AttemptRow | None:
    """The sealed attempt, or None when the run has moved elsewhere (the caller asks what is next).

    Raises `BackendUnreachable` and `BackendDenied` from pinning.
    """
    async with life.store.read() as session:
        existing = await attempts.get(session, run, path, no)
        row = await runs.peek(session, run)
    if existing is not None:
        return existing if existing.state == AttemptState.INTENT else None
    pins = await _pins(life, Plan.model_validate_json(row.plan))
    async with life.store.write() as tx:
        row = await runs.hold(tx, run)
        if row.state != RunState.RUNNING or row.cancel_at is not None:
            return None
        again = await attempts.get(tx.session, run, path, no)
        if again is not None:
            return again if again.state == AttemptState.INTENT else None
        return await _seal(life, tx, row, path, no, pins)


async def _pins(life: Life, plan: Plan) -> list[Pinned]:
    missing = {step.uses for step in plan.steps} - life.backends.keys()
    if missing:
        raise BackendDenied(f"The connection {min(missing)} is no longer configured here.")
    return list(await asyncio.gather(*(life.backends[step.uses].resolve(step.target) for step in plan.steps)))


async def _seal(
    life: Life, tx: Tx, row: RunRow, path: StepPath, no: AttemptNo, pins: Sequence[Pinned]
) -> AttemptRow | None:
    before = Plan.model_validate_json(row.plan)
    try:
        aimed = await _aim_again(life, tx.session, row)
        after = assemble(life, aimed, pins)
        changes = drift(before, after) + await _approvers_gone(tx.session, row)
    except DaytwoError as error:
        log.info("run.refused", run=row.id, error=error.type)
        await runs.end(tx, row, RunState.REFUSED, reason=f"{error.detail} It was checked again right before sending.")
        return None
    if row.lock_key is not None and not await _has_lock(tx, row):
        return None
    if changes and await _begun(tx.session, row):
        names = ", ".join(change.name for change in changes[:5])
        step = await runs.step(tx.session, RunId(row.id), path)
        await fail(tx, row, step, f"What was planned has changed since the run began ({names}): {path} was not sent.")
        return None
    if changes:
        old_key = row.lock_key
        if row.protected or after.approval is not None:
            await _ask_again(tx, row, after, changes)
        else:
            _replan(tx, row, after)
        if row.state != RunState.RUNNING or row.lock_key != old_key:
            await _give_back(tx, row, old_key)
            return None
    await _note_previous(tx, row, aimed)
    return await _write(life, tx, row, path, no)


async def _has_lock(tx: Tx, row: RunRow) -> bool:
    return row.fence is not None and await locks.holds(tx.session, LockKey(str(row.lock_key)), RunId(row.id), row.fence)


async def _begun(session: Session, row: RunRow) -> bool:
    """Has anything been started, by this step or one before it?"""
    return any(attempt.external_id is not None for attempt in await attempts.of_run(session, RunId(row.id)))


async def _give_back(tx: Tx, row: RunRow, key: str | None) -> None:
    await tx.session.flush()
    row.fence = None
    if key is not None:
        await locks.release(tx, LockKey(key), RunId(row.id))


async def _aim_again(life: Life, session: Session, row: RunRow) -> Aimed:
    requester = (await principals.by_ids(session, [row.requester]))[row.requester]
    version = await life.definitions.of_run(session, Digest(row.version))
    await definitions.must_be_offered(session, ActionName(row.action))
    return await aim(
        life,
        session,
        Ask(
            run=RunId(row.id),
            version=version,
            requester=requester,
            entity=EntityRef(row.entity) if row.entity else None,
            inputs=row.inputs,
        ),
    )


async def _approvers_gone(session: Session, row: RunRow) -> list[Change]:
    """Those who approved have to be entitled still."""
    if not row.protected:
        return []
    approval = await approvals.newest(session, RunId(row.id))
    if approval is None or approval.state != ApprovalState.APPROVED:
        return [Change("approval", "approved", approval.state if approval else None)]
    decided = [one for one in await approvals.decisions(session, [approval.id]) if one.verdict == Verdict.APPROVE]
    people = await principals.by_ids(session, [one.principal for one in decided])
    gone = [one for one in decided if one.group not in await belongings(session, people[one.principal].ref)]
    if len(decided) - len(gone) >= approval.count:
        return []
    return [Change(f"approval of {people[one.principal].name}", f"member of {one.group}", "no longer") for one in gone]


async def _ask_again(tx: Tx, row: RunRow, after: Plan, changes: Sequence[Change]) -> None:
    """The approval is void: a new one, for the plan as it is now, that shows what changed. The place is given up."""
    old = await approvals.newest(tx.session, RunId(row.id))
    text = after.canonical()
    row.plan, row.digest, row.protected, row.lock_key = text, digest_of(text), True, after.lock
    if old is not None:
        approvals.settle(tx, old, ApprovalState.SUPERSEDED)
    assert after.approval is not None or old is not None
    await approvals.ask(
        tx,
        approvals.Asked(
            run=RunId(row.id),
            digest=digest_of(text),
            document=text,
            needed_from=after.approval.needed_from if after.approval else (old.needed_from if old else []),
            count=after.approval.count if after.approval else (old.count if old else 1),
            expires_at=after.approval.expires_at if after.approval else (old.expires_at if old else tx.now),
            supersedes=ApprovalId(old.id) if old else None,
            drift=[change.as_json() for change in changes],
        ),
    )
    for step in await runs.steps(tx.session, RunId(row.id)):
        if step.state == StepState.RUNNING:
            step.note = "asked for approval again, because something changed"
    runs.move(
        tx,
        row,
        RunState.WAITING_APPROVAL,
        reason="What was approved has changed before it was sent, so it is asked for again. Nothing was sent.",
    )


def _replan(tx: Tx, row: RunRow, after: Plan) -> None:
    text = after.canonical()
    row.plan, row.digest, row.lock_key = text, digest_of(text), after.lock
    tx.audit(actor="daytwo", action="run.replanned", subject=f"run:{row.id}", facts={"digest": row.digest})


async def _note_previous(tx: Tx, row: RunRow, aimed: Aimed) -> None:
    """What was there before is read under the lock: nobody can change it any more (docs/decisions/0002)."""
    if row.lock_key is None or row.previous_run is not None:
        return
    names = aimed.program.undo_reads() or sorted(row.inputs)
    previous = await runs.previous_under_lock(
        tx.session, LockKey(row.lock_key), before=tx.now, names=names, run=RunId(row.id)
    )
    row.previous_run = previous.id if previous else None


async def _write(life: Life, tx: Tx, row: RunRow, path: StepPath, no: AttemptNo) -> AttemptRow:
    request = _request(life, row, path, no)
    return await attempts.seal(
        tx,
        Intent(
            run=RunId(row.id),
            path=path,
            no=no,
            corr=request.corr,
            connection=next(step.uses for step in Plan.model_validate_json(row.plan).steps if step.path == path),
            request=requests.as_json(request),
            body=request.body,
            digest=request.digest,
        ),
        send_by=life.windows.send_by,
    )


def _request(life: Life, row: RunRow, path: StepPath, no: AttemptNo) -> FrozenRequest:
    """The bytes of this attempt: the first one's are in the plan, a later one's are frozen with its own marker."""
    step = next(step for step in Plan.model_validate_json(row.plan).steps if step.path == path)
    marker = corr(life.marker_key, RunId(row.id), path, no)
    if no > 1:
        return life.backends[step.uses].freeze(step.pin(), step.inputs, marker)
    return FrozenRequest(
        pinned=step.pin(),
        corr=marker,
        method=step.request.method,
        path=step.request.path,
        body=step.request.body.encode(),
        digest=Digest(step.request.sha256),
    )
