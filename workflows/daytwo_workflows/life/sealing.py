"""Sealing the intent (first step of A1): everything that allowed the run is checked again, then the bytes are written.

The plan is made once more from today's catalog, definition, group memberships and CI system. If it is the same, its
bytes are sealed. If not: what nobody had to approve is planned anew; what was approved is void, and asked for again
with the difference shown.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Final

import structlog
from pydantic import JsonValue

from daytwo_actions.backends.base import FrozenRequest, Pinned, Target
from daytwo_actions.marker import corr
from daytwo_actions.plan.difference import Change
from daytwo_actions.plan.holes import Answers, filled_inputs, fits, told_filled
from daytwo_actions.plan.model import Plan, digest_of
from daytwo_actions.plan.steps import PlannedPin, PlannedStep
from daytwo_actions.plan.working_out import INPUT
from daytwo_store import approvals, attempts, definitions, freezes, locks, runs
from daytwo_store.attempts import Intent
from daytwo_store.engine import Session, Tx
from daytwo_store.errors import Conflict, DaytwoError, Rejected
from daytwo_store.ids import ActionName, AttemptNo, Digest, RunId, StepPath
from daytwo_store.keyring import UnknownKey
from daytwo_store.states import ApprovalState, AttemptState, RunState, StepState
from daytwo_store.tables import AttemptRow, RunRow, StepRow
from daytwo_workflows.life import agreements, locking, midway, requests, standing, step_rows
from daytwo_workflows.life.asked_by import asked
from daytwo_workflows.life.asking_again import CHANGED, ask_again, give_back
from daytwo_workflows.life.claim_attempt import lapsed
from daytwo_workflows.life.context import Life
from daytwo_workflows.life.drifting import drifted
from daytwo_workflows.life.filling import answers_of
from daytwo_workflows.life.leases import is_lease, lasts
from daytwo_workflows.life.planning import Aimed, aim, assemble
from daytwo_workflows.life.secret_inputs import fingerprints_of
from daytwo_workflows.life.steps.approval import sealed_at
from daytwo_workflows.life.steps.failing import fail
from daytwo_workflows.life.window import shut

log = structlog.get_logger()
_ROUNDS: Final = 3  # of pinning, when targets keep changing meanwhile


Write = Callable[[Life, Tx, RunRow, StepPath, AttemptNo], Awaitable[AttemptRow]]


async def seal(
    life: Life, run: RunId, path: StepPath, no: AttemptNo, *, write: Write | None = None
) -> AttemptRow | None:
    """The sealed attempt, or None when the run has moved elsewhere (the caller asks what is next). `write`: what is
    written at last; a dispatch when left out.

    Raises `BackendUnreachable` and `BackendDenied` from pinning, `UnknownKey` while a secret input cannot be opened.
    """
    async with life.store.read() as session:
        existing = await attempts.get(session, run, path, no)
        row = await runs.peek(session, run)
        begun = await attempts.begun(session, run)
        now = await life.store.clock.now(session)
        fresh = _just_planned(life, row, now)
    if existing is not None and not lapsed(life, existing, now):
        return existing if existing.state == AttemptState.INTENT else None
    plan = Plan.model_validate_json(row.plan)
    targets = [(step.uses, step.target) for step in plan.aimed]
    own = plan.step(path).path
    # What has begun is not looked at again, nor what comes later: that is when its own turn has come.
    known = {step.path: step.pin() for step in plan.aimed if fresh or (begun and step.path != own)}
    for _ in range(_ROUNDS):
        pins = await _pins(life, targets, [known.get(step.path) for step in plan.aimed])
        async with life.store.write() as tx:
            row = await runs.hold(tx, run)
            if row.state != RunState.RUNNING or row.cancel_at is not None:
                return None
            again = await attempts.get(tx.session, run, path, no)
            if again is not None and not lapsed(life, again, tx.now):
                return again if again.state == AttemptState.INTENT else None
            sealed = await _seal(life, tx, row, path, no, pins, write or _write)
        if not isinstance(sealed, list):
            return sealed
        targets = sealed  # what the steps are aimed at has changed: those have to be pinned
    return None


def _just_planned(life: Life, row: RunRow, now: datetime) -> bool:
    """Whether what its plan has read of the CI system is as good as read now: nobody had to approve, so it is new."""
    return not row.protected and now - row.created_at < life.windows.fresh_plan


async def _pins(life: Life, targets: Sequence[tuple[str, Target]], known: Sequence[Pinned | None]) -> list[Pinned]:
    async def pin(uses: str, target: Target, before: Pinned | None) -> Pinned:
        return before if before is not None and before.target == target else await life.backend(uses).resolve(target)

    every = zip(targets, known, strict=True)
    return list(await asyncio.gather(*(pin(uses, target, before) for (uses, target), before in every)))


async def _seal(
    life: Life, tx: Tx, row: RunRow, path: StepPath, no: AttemptNo, pins: Sequence[Pinned], write: Write
) -> AttemptRow | list[tuple[str, Target]] | None:
    """The sealed attempt; the targets to be pinned instead when they have changed; None when the run went elsewhere."""
    before = Plan.model_validate_json(row.plan)
    if (await runs.step(tx.session, RunId(row.id), path)).undoes is not None:
        return await _seal_undo(life, tx, row, path, no, before, pins, write)
    try:
        await _undo_still_right(tx.session, row)
        secrets = await fingerprints_of(life, tx.session, RunId(row.id))
        aimed = await _aim_again(life, tx.session, row, secrets)
        wanted = [(one.step.uses, one.target) for one in aimed.aims]
        if [target for _, target in wanted] != [pinned.target for pinned in pins]:
            return wanted
        after = assemble(life, aimed, pins)
        after, found = await drifted(tx.session, row, path, before, after)
        changes = found + await standing.no_longer(tx.session, row)
    except UnknownKey:
        raise  # its secrets cannot be opened by this process: tried again, and nothing is lost
    except DaytwoError as error:
        log.info("run.refused", run=row.id, error=error.type)
        await refuse(tx, row, path, f"{error.detail} It was checked again right before sending.")
        return None
    if not await locking.held(tx, row):
        return None
    if changes and not await _goes_on(tx, row, path, before, after, changes):
        return None
    if await _given_up(tx, row, path, no) or await shut(life, tx, row, aimed):
        return None
    await _note_previous(tx, row, aimed)
    if not step_rows.as_planned(after, await runs.step(tx.session, RunId(row.id), path)):
        await refuse(tx, row, path, "What would be sent is not what stands in the plan.")
        return None
    try:
        return await write(life, tx, row, path, no)
    except DaytwoError as error:
        await refuse(tx, row, path, error.detail)
        return None


async def _seal_undo(
    life: Life,
    tx: Tx,
    row: RunRow,
    path: StepPath,
    no: AttemptNo,
    plan: Plan,
    pins: Sequence[Pinned],
    write: Write,
) -> AttemptRow | None:
    """What takes back what this run has done was approved with it, and is done whoever has left since: what was granted
    to somebody who is gone is what has to be taken back. Where it is sent to has to be what it was, where somebody had
    to approve, or what somebody has agreed to since; of what was there for a time its pipeline has to be, and whatever
    else was pushed into that repository does not put off its end (docs/decisions/0044)."""
    own = plan.step(path).path
    moved = [(one, now) for one, now in zip(plan.aimed, pins, strict=True) if one.path == own and one.pin() != now]
    step = await runs.step(tx.session, RunId(row.id), path)
    for one, now in moved:
        ends = lasts(plan) and agreements.only_pushed(one, now)
        if row.protected and not ends and not agreements.agreed(step, now):
            fail(tx, step, agreements.ask(step, one, now))
            return None
        if row.protected and ends:
            facts = {"step": path, "from": one.pinned.commit, "to": now.commit, "sha256": now.pipeline_digest}
            tx.audit(actor="daytwo", action="undo.ref_moved", subject=f"run:{row.id}", facts=facts)
        write = partial(_write, pinned=now)
    await freezes.read_locked(tx.session)  # nobody stops everything before this transaction has ended
    if await freezes.stopped(tx.session) is not None or not await locking.held(tx, row):
        return None  # its next move is to wait
    try:
        return await write(life, tx, row, path, no)
    except DaytwoError as error:
        fail(tx, step, f"{error.detail} {path} was not sent.")
        return None


async def _given_up(tx: Tx, row: RunRow, path: StepPath, no: AttemptNo) -> bool:
    """Was it sealed before, and given up since the plan is another one now? The next one has a number of its own."""
    written = await attempts.get(tx.session, RunId(row.id), path, no)
    return written is not None and written.state != AttemptState.INTENT


async def _goes_on(tx: Tx, row: RunRow, path: StepPath, before: Plan, after: Plan, changes: Sequence[Change]) -> bool:
    """What to do about a plan that is another one now: plan anew what nobody has approved, and ask again else."""
    run = RunId(row.id)
    first = after.approval is not None or bool(await standing.of_run(tx.session, run))  # before the run, that is
    decided = await midway.live(tx.session, run)
    if await attempts.begun(tx.session, run) or await midway.acted_on(tx.session, run, decided):
        if first or decided or after.keys != before.keys:
            names = ", ".join(change.name for change in changes[:5])
            step = await runs.step(tx.session, run, path)
            fail(tx, step, f"What was planned has changed since the run began ({names}): {path} was not sent.")
            return False
        await _replan(tx, row, after)
        return await _still_begun(tx, row, path)
    before_keys = locks.keys_of(row)
    again = False
    if first:
        await ask_again(tx, row, after, changes)
    else:
        again = await midway.void(tx, row, note=CHANGED)
        await midway.give_up_sealed(tx, row, note=CHANGED)
        await _replan(tx, row, after)
    if again and row.state == RunState.RUNNING and locks.keys_of(row) == before_keys:
        return False  # its steps ask anew, with the lock
    if row.state != RunState.RUNNING or locks.keys_of(row) != before_keys:
        await give_back(tx, row, before_keys)
        return False
    return await _still_begun(tx, row, path)


async def _still_begun(tx: Tx, row: RunRow, path: StepPath) -> bool:
    """False: what it was filled with stems from the plan before, so it begins anew."""
    return (await runs.step(tx.session, RunId(row.id), path)).state == StepState.RUNNING


async def refuse(tx: Tx, row: RunRow, path: StepPath, detail: str) -> None:
    """End a run whose step may not be sent. What earlier steps did is not denied."""
    if await attempts.begun(tx.session, RunId(row.id)):
        step = await runs.step(tx.session, RunId(row.id), path)
        fail(tx, step, f"{detail} {path} was not sent; what the steps before it did stays.")
        return
    await runs.end(tx, row, RunState.REFUSED, reason=f"{detail} Nothing was sent.")


async def _undo_still_right(session: Session, row: RunRow) -> None:
    """An undo that waited would roll back what somebody brought out meanwhile. Raises `Conflict`."""
    if row.undo_of is None or row.lock_key is None:
        return
    undone = await runs.peek(session, RunId(row.undo_of))
    if is_lease(undone):  # what was there for a time is taken back, whatever came after it
        return
    keys = locks.keys_of(row)
    later = await runs.succeeded_after(session, keys, undone.ended_at) if undone.ended_at else None
    if later is not None:
        raise Conflict(
            f"It was to undo run {undone.id}, but run {later.id} has changed {locking.named(row)} since. "
            "Undo that one, or run the action anew."
        )


async def _aim_again(life: Life, session: Session, row: RunRow, secrets: Mapping[str, str]) -> Aimed:
    await definitions.must_be_offered(session, ActionName(row.action))
    return await aim(life, session, await asked(life, session, row, secrets=secrets))


async def _replan(tx: Tx, row: RunRow, after: Plan) -> None:
    before = Plan.model_validate_json(row.plan)
    text = after.canonical()
    row.plan, row.digest = text, digest_of(text)
    row.protected = row.protected or midway.gated(after)
    locking.plan_locks(row, after)
    await step_rows.renew(tx, before, after)
    tx.audit(actor="daytwo", action="run.replanned", subject=f"run:{row.id}", facts={"digest": row.digest})


async def _note_previous(tx: Tx, row: RunRow, aimed: Aimed) -> None:
    """What was there before is read under the lock: nobody can change it any more (docs/decisions/0002)."""
    if row.lock_key is None or row.previous_run is not None:
        return
    names = aimed.program.undo_reads() or sorted(row.inputs)
    previous = await runs.previous_under_lock(
        tx.session, locks.keys_of(row), before=tx.now, names=names, run=RunId(row.id)
    )
    row.previous_run = previous.id if previous else None


async def _write(
    life: Life, tx: Tx, row: RunRow, path: StepPath, no: AttemptNo, pinned: Pinned | None = None
) -> AttemptRow:
    """`pinned`: what its target is now, where that is not what stands in the plan."""
    plan = Plan.model_validate_json(row.plan)
    planned = plan.dispatch(path)
    if pinned is not None:
        planned = planned.model_copy(update={"pinned": PlannedPin.of(pinned), "request": None})
    step = await runs.step(tx.session, RunId(row.id), path)
    await _must_be_approved(tx, row, step)
    answers = await answers_of(tx.session, RunId(row.id))
    filled = _filled(plan, planned, step.given or {}, answers)
    request = _request(life, plan, planned, path, filled=filled, no=no)
    return await attempts.seal(
        tx,
        Intent(
            run=RunId(row.id),
            path=path,
            no=no,
            corr=request.corr,
            connection=planned.uses,
            request=requests.as_json(request),
            body=request.body,
            digest=request.digest,
            filled=told_filled(planned, filled),
        ),
        send_by=life.windows.send_by,
    )


async def _must_be_approved(tx: Tx, row: RunRow, step: StepRow) -> None:
    """What a protected step got from others was approved as it is: else `Conflict`."""
    if not (step.data and step.data.get("asks")):
        return
    approval = await approvals.newest(tx.session, RunId(row.id), StepPath(step.path))
    now = sealed_at(row, step, await runs.steps(tx.session, RunId(row.id)))
    approved = approval is not None and approval.state == ApprovalState.APPROVED
    if not approved or approval is None or approval.digest != digest_of(now.canonical()):
        raise Conflict("What was approved at this step is not what would be sent now.")


def _filled(plan: Plan, step: PlannedStep, given: Mapping[str, JsonValue], answers: Answers) -> dict[str, JsonValue]:
    """What the holes of a request are by now: from results of earlier steps, and from what approvers filled in, which
    is compared with what the plan leaves open. Raises `Rejected`.
    """
    assert given.keys() == step.late.keys(), "all holes are filled, and nothing else"
    if (why := fits(plan, answers)) is not None:
        raise Rejected(f"What was filled in is not what was approved: {why}.")
    late = {key.removeprefix(INPUT): value for key, value in given.items()}
    return {**{name: filled_inputs(plan, step, answers)[name] for name in step.holes}, **late}


def _request(
    life: Life, plan: Plan, step: PlannedStep, path: StepPath, *, filled: Mapping[str, JsonValue], no: AttemptNo
) -> FrozenRequest:
    """The bytes of this attempt. The first one's are in the plan, unless it has holes, which are filled by now; a later
    one's are frozen with its own marker. Raises `BackendDenied`.
    """
    marker = corr(life.marker_key, RunId(plan.run), path, no)
    if no > 1 or step.request is None or path != step.path:
        given = {**step.inputs, **filled, **life.handed(step.uses, marker)}
        return life.backends[step.uses].freeze(step.pin(), given, marker)
    return FrozenRequest(
        pinned=step.pin(),
        corr=marker,
        method=step.request.method,
        path=step.request.path,
        body=step.request.body.encode(),
        digest=Digest(step.request.sha256),
    )
