"""Sealing the intent (first step of A1): everything that allowed the run is checked again, then the bytes are written.

The plan is made once more from today's catalog, definition, group memberships and CI system. If it is the same, its
bytes are sealed. If not: what nobody had to approve is planned anew; what was approved is void, and asked for again
with the difference shown.
"""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Final

import structlog

from daytwo_actions.backends.base import FrozenRequest, Pinned, Target
from daytwo_actions.marker import corr
from daytwo_actions.plan.difference import drift
from daytwo_actions.plan.model import Plan, digest_of
from daytwo_store import attempts, definitions, locks, principals, runs
from daytwo_store.attempts import Intent
from daytwo_store.engine import Session, Tx
from daytwo_store.errors import Conflict, DaytwoError
from daytwo_store.ids import ActionName, AttemptNo, Digest, EntityRef, RunId, StepPath
from daytwo_store.keyring import UnknownKey
from daytwo_store.states import AttemptState, RunState
from daytwo_store.tables import AttemptRow, RunRow
from daytwo_workflows.life import locking, requests, standing
from daytwo_workflows.life.asking_again import ask_again, give_back
from daytwo_workflows.life.context import Life
from daytwo_workflows.life.planning import Aimed, Ask, aim, assemble
from daytwo_workflows.life.secret_inputs import fingerprints_of
from daytwo_workflows.life.step import fail
from daytwo_workflows.life.window import shut

log = structlog.get_logger()
_ROUNDS: Final = 3  # of pinning, when targets keep changing meanwhile


async def seal(life: Life, run: RunId, path: StepPath, no: AttemptNo) -> AttemptRow | None:
    """The sealed attempt, or None when the run has moved elsewhere (the caller asks what is next).

    Raises `BackendUnreachable` and `BackendDenied` from pinning, `UnknownKey` while a secret input cannot be opened.
    """
    async with life.store.read() as session:
        existing = await attempts.get(session, run, path, no)
        row = await runs.peek(session, run)
    if existing is not None:
        return existing if existing.state == AttemptState.INTENT else None
    targets = [(step.uses, step.target) for step in Plan.model_validate_json(row.plan).steps]
    for _ in range(_ROUNDS):
        pins = await _pins(life, targets)
        async with life.store.write() as tx:
            row = await runs.hold(tx, run)
            if row.state != RunState.RUNNING or row.cancel_at is not None:
                return None
            again = await attempts.get(tx.session, run, path, no)
            if again is not None:
                return again if again.state == AttemptState.INTENT else None
            sealed = await _seal(life, tx, row, path, no, pins)
        if not isinstance(sealed, list):
            return sealed
        targets = sealed  # what the steps are aimed at has changed: those have to be pinned
    return None


async def _pins(life: Life, targets: Sequence[tuple[str, Target]]) -> list[Pinned]:
    return list(await asyncio.gather(*(life.backend(uses).resolve(target) for uses, target in targets)))


async def _seal(
    life: Life, tx: Tx, row: RunRow, path: StepPath, no: AttemptNo, pins: Sequence[Pinned]
) -> AttemptRow | list[tuple[str, Target]] | None:
    """The sealed attempt; the targets to be pinned instead when they have changed; None when the run went elsewhere."""
    before = Plan.model_validate_json(row.plan)
    try:
        await _undo_still_right(tx.session, row)
        secrets = await fingerprints_of(life, tx.session, RunId(row.id))
        aimed = await _aim_again(life, tx.session, row, secrets)
        wanted = [(one.step.uses, one.target) for one in aimed.aims]
        if [target for _, target in wanted] != [pinned.target for pinned in pins]:
            return wanted
        after = assemble(life, aimed, pins)
        changes = drift(before, after) + await standing.no_longer(tx.session, row)
    except UnknownKey:
        raise  # its secrets cannot be opened by this process: tried again, and nothing is lost
    except DaytwoError as error:
        log.info("run.refused", run=row.id, error=error.type)
        await refuse(tx, row, path, f"{error.detail} It was checked again right before sending.")
        return None
    if not await locking.held(tx, row):
        return None
    if changes and await attempts.begun(tx.session, RunId(row.id)):
        names = ", ".join(change.name for change in changes[:5])
        step = await runs.step(tx.session, RunId(row.id), path)
        await fail(tx, row, step, f"What was planned has changed since the run began ({names}): {path} was not sent.")
        return None
    if changes:
        before_keys = locks.keys_of(row)
        if row.protected or after.approval is not None:
            await ask_again(tx, row, after, changes)
        else:
            _replan(tx, row, after)
        if row.state != RunState.RUNNING or locks.keys_of(row) != before_keys:
            await give_back(tx, row, before_keys)
            return None
    if await shut(life, tx, row, aimed):
        return None
    await _note_previous(tx, row, aimed)
    return await _write(life, tx, row, path, no)


async def refuse(tx: Tx, row: RunRow, path: StepPath, detail: str) -> None:
    """End a run whose step may not be sent. What earlier steps did is not denied."""
    if await attempts.begun(tx.session, RunId(row.id)):
        step = await runs.step(tx.session, RunId(row.id), path)
        await fail(tx, row, step, f"{detail} {path} was not sent; what the steps before it did stays.")
        return
    await runs.end(tx, row, RunState.REFUSED, reason=f"{detail} Nothing was sent.")


async def _undo_still_right(session: Session, row: RunRow) -> None:
    """An undo that waited would roll back what somebody brought out meanwhile. Raises `Conflict`."""
    if row.undo_of is None or row.lock_key is None:
        return
    undone = await runs.peek(session, RunId(row.undo_of))
    keys = locks.keys_of(row)
    later = await runs.succeeded_after(session, keys, undone.ended_at) if undone.ended_at else None
    if later is not None:
        raise Conflict(
            f"It was to undo run {undone.id}, but run {later.id} has changed {locking.named(row)} since. "
            "Undo that one, or run the action anew."
        )


async def _aim_again(life: Life, session: Session, row: RunRow, secrets: Mapping[str, str]) -> Aimed:
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
            secrets=secrets,
            break_glass=row.break_glass,
        ),
    )


def _replan(tx: Tx, row: RunRow, after: Plan) -> None:
    text = after.canonical()
    row.plan, row.digest = text, digest_of(text)
    locking.plan_locks(row, after)
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
        return life.backends[step.uses].freeze(step.pin(), {**step.inputs, **life.handed(step.uses, marker)}, marker)
    return FrozenRequest(
        pinned=step.pin(),
        corr=marker,
        method=step.request.method,
        path=step.request.path,
        body=step.request.body.encode(),
        digest=Digest(step.request.sha256),
    )
