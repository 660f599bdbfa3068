"""Somebody asks for a run: form → policy → plan → one transaction. The dry run is the same without the last step."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

import rfc8785
from pydantic import JsonValue

from daytwo_actions.definitions import ActionVersion
from daytwo_actions.form import accept_inputs
from daytwo_actions.plan.model import Plan
from daytwo_actions.plan.render import pin, undo_inputs
from daytwo_store import principals, runs
from daytwo_store.errors import Conflict, Rejected
from daytwo_store.ids import Digest, EntityRef, PrincipalId, RunId, TokenId, new_run_id
from daytwo_store.tables import RunRow
from daytwo_workflows.life.accept import Submission, accept, earlier
from daytwo_workflows.life.context import Life
from daytwo_workflows.life.planning import Aimed, Ask, aim, assemble, look
from daytwo_workflows.life.sources import sources
from daytwo_workflows.life.undo import why_not_undoable

Json = Mapping[str, JsonValue]


@dataclass(frozen=True, kw_only=True, slots=True)
class Wish:
    """What somebody asks for, as it was sent."""

    action: str
    requester: PrincipalId
    token: TokenId | None
    entity: EntityRef | None
    inputs: Json
    version: str | None  # of the definition that the form was filled for
    undo_of: RunId | None = None
    comment: str | None = None  # why, for who decides and for the record


@dataclass(frozen=True, kw_only=True, slots=True)
class Planned:
    plan: Plan
    aimed: Aimed
    version: ActionVersion


@dataclass(frozen=True, slots=True)
class Accepted:
    run: RunRow
    repeated: bool


async def plan(life: Life, wish: Wish) -> Planned:
    """Everything that the run would do. Raises what the form, the policy and the CI system have against it."""
    async with life.store.read() as session:
        version = await life.definitions.current(session, wish.action)
        _must_be_the_same(wish, version)
        requester = (await principals.by_ids(session, [wish.requester]))[wish.requester]
        scene = await look(session, version, requester, wish.entity)
    inputs = await accept_inputs(
        version,
        entity=scene.target,
        user=scene.user,
        answers=wish.inputs,
        sources=sources(life.store.read, scene.belongs, life.backends),
    )
    ask = Ask(run=new_run_id(), version=version, requester=requester, entity=wish.entity, inputs=inputs)
    async with life.store.read() as session:
        aimed = await aim(life, session, ask, scene)
    pins = await pin(aimed.aims, life.backends)
    return Planned(plan=assemble(life, aimed, pins), aimed=aimed, version=version)


async def start(life: Life, wish: Wish, key: str) -> Accepted:
    """Accept a run: after this it is in the database, whatever dies. The same key again gives the same run."""
    body = _body_digest(wish)
    async with life.store.read() as session:
        before = await earlier(session, key, wish.requester, body)
    if before is not None:
        return Accepted(before, repeated=True)
    planned = await plan(life, wish)
    submission = Submission(
        plan=planned.plan,
        requester=wish.requester,
        token=wish.token,
        key=key,
        body_sha256=body,
        visible_to=planned.aimed.entity.visible_to if planned.aimed.entity else (),
        undo_of=wish.undo_of,
        comment=wish.comment,
    )
    async with life.store.write() as tx:
        await runs.serialise_key(tx, wish.requester, key)
        before = await earlier(tx.session, key, wish.requester, body)
        if before is not None:
            return Accepted(before, repeated=True)
        return Accepted(await accept(tx, submission), repeated=False)


async def undo_wish(
    life: Life, run: RunRow, requester: PrincipalId, token: TokenId | None, comment: str | None = None
) -> Wish:
    """The wish that brings back what was there before a run. Raises `Conflict` when that is not possible."""
    async with life.store.read() as session:
        refused = await why_not_undoable(session, run)
        if refused is not None:
            raise Conflict(f"{refused} Nothing was started.")
        version = await life.definitions.of_run(session, Digest(run.version))
        people = await principals.by_ids(session, [requester])
        previous = await runs.peek(session, RunId(str(run.previous_run)))
        aimed = await aim(
            life,
            session,
            Ask(
                run=RunId(run.id),
                version=version,
                requester=people[requester],
                entity=EntityRef(run.entity) if run.entity else None,
                inputs=run.inputs,
            ),
        )
    inputs = undo_inputs(aimed.program, aimed.facts, {"inputs": previous.inputs, "run": previous.id})
    if inputs is None:
        raise Conflict("The action does not say how it is undone. Nothing was started.")
    return Wish(
        action=run.action,
        requester=requester,
        token=token,
        entity=EntityRef(run.entity) if run.entity else None,
        inputs=inputs,
        version=None,
        undo_of=RunId(run.id),
        comment=comment,
    )


def _must_be_the_same(wish: Wish, version: ActionVersion) -> None:
    if wish.version is not None and wish.version != version.digest:
        raise Conflict(
            f"The definition of {version.name} has changed since you opened the form. Nothing was started. "
            "Open the form again; your answers are kept."
        )


def _body_digest(wish: Wish) -> str:
    asked = {
        "action": wish.action,
        "entity": wish.entity,
        "inputs": dict(wish.inputs),
        "undo_of": wish.undo_of,
    }
    try:
        return hashlib.sha256(rfc8785.dumps(asked)).hexdigest()
    except (rfc8785.CanonicalizationError, ValueError, RecursionError) as error:
        raise Rejected(
            "The inputs hold something that JSON cannot carry exactly, such as a number beyond 2^53. Nothing was "
            "started. Send it as text."
        ) from error
