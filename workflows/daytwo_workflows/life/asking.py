"""Somebody asks for a run: form → policy → plan → one transaction. The dry run is the same without the last step."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from pydantic import JsonValue

from daytwo_actions.definitions import ActionVersion
from daytwo_actions.form import accept_inputs, without_secrets
from daytwo_actions.plan.model import Plan, PlannedResume
from daytwo_actions.plan.render import pin
from daytwo_actions.plan.undo_program import Undone
from daytwo_store import principals, runs
from daytwo_store.engine import Session, Tx
from daytwo_store.errors import Conflict, Rejected
from daytwo_store.ids import Digest, EntityRef, PrincipalId, RunId, StepPath, TokenId, new_run_id
from daytwo_store.run_visibility import Onlooker
from daytwo_store.states import RUN_ENDS, RunState
from daytwo_store.tables import RunRow
from daytwo_workflows.life.accept import Submission, accept, earlier
from daytwo_workflows.life.asked_digest import digest_of_ask
from daytwo_workflows.life.callers import caller_of
from daytwo_workflows.life.causes import Cause, handed_on
from daytwo_workflows.life.context import Life
from daytwo_workflows.life.going_on import must_go_on
from daytwo_workflows.life.locking import must_be_free, rejects
from daytwo_workflows.life.people import belongings
from daytwo_workflows.life.planning import (
    Aimed,
    Ask,
    aim,
    assemble,
    look,
    must_be_allowed,
    must_be_seen,
    see_that_holds,
)
from daytwo_workflows.life.resumable import between, must_be_resumable
from daytwo_workflows.life.secret_inputs import fingerprints, must_be_collectable
from daytwo_workflows.life.sources import sources, within
from daytwo_workflows.life.targets import Sealed, sealed_in
from daytwo_workflows.life.undo import UNDECLARED, why_not_undoable
from daytwo_workflows.life.undo_answers import undo_answers
from daytwo_workflows.life.undone import to_undo, undone_of

Json = Mapping[str, JsonValue]


@dataclass(frozen=True, kw_only=True, slots=True)
class Wish:
    """What somebody asks for, as it was sent."""

    action: str
    requester: PrincipalId
    token: TokenId | None
    entity: EntityRef | None
    inputs: Json = field(repr=False)  # secret ones too
    version: str | None  # of the definition that the form was filled for
    undo_of: RunId | None = None
    rerun_of: RunId | None = None
    called_by: tuple[RunId, StepPath] | None = None  # a step of a run asks, in the name of who asked for that
    resumes: PlannedResume | None = None
    undone: tuple[Digest, Undone] | None = None  # it undoes these steps, by the definition of then
    comment: str | None = None  # why, for who decides and for the record
    break_glass: bool = False  # an emergency: past approval
    cause: Cause | None = None  # what asks in the requester's name; none: they do it themselves
    at: datetime | None = None  # of a dry run: as if it were asked for then


@dataclass(frozen=True, kw_only=True, slots=True)
class Planned:
    plan: Plan
    aimed: Aimed
    version: ActionVersion
    see_held: Sequence[str] | None
    secrets: Mapping[str, str] = field(repr=False)  # by field, in clear


@dataclass(frozen=True, kw_only=True, slots=True)
class Intended:
    """What is planned as far as it can be without asking a CI system."""

    aimed: Aimed
    version: ActionVersion
    see_held: Sequence[str] | None
    secrets: Mapping[str, str] = field(repr=False)  # by field, in clear


@dataclass(frozen=True, slots=True)
class Accepted:
    run: RunRow
    repeated: bool


async def plan(life: Life, wish: Wish) -> Planned:
    """Everything that the run would do. Raises what the policy, the form and the CI system have against it."""
    meant = await intend(life, wish, new_run_id(), await _sealed_then(life, wish))
    must_be_collectable(life, meant.aimed)
    pins = await pin(meant.aimed.aims, life.backends)
    return Planned(
        plan=assemble(life, meant.aimed, pins),
        aimed=meant.aimed,
        version=meant.version,
        see_held=meant.see_held,
        secrets=meant.secrets,
    )


async def intend(life: Life, wish: Wish, run: RunId, sealed: Sealed) -> Intended:
    """The same without the CI system, but for its choices. Raises what the policy and the form have against it.

    In this order: may it be seen, may it be run, is what was filled in right. So nobody learns anything about an
    action, or what it would accept, that they may not run.
    """
    parent = wish.called_by[0] if wish.called_by is not None else None
    async with life.store.read() as session:
        today = version = await life.definitions.current(session, wish.action)
        if wish.undone is not None:  # its steps are those of then, and who may do that, and approves it, is of today
            version = await life.definitions.of_run(session, wish.undone[0])
        requester = (await principals.by_ids(session, [wish.requester]))[wish.requester]
        await must_be_seen(session, today, requester, wish.entity, life.lookups)
        scene = await look(session, version, requester, wish.entity, life.lookups)
        caller = await caller_of(session, parent)
    must_be_allowed(today, scene, caller=caller, break_glass=wish.break_glass)
    _must_be_the_same(wish, version)
    accepted = await accept_inputs(
        version,
        entity=scene.target,
        user=scene.user,
        answers=wish.inputs,
        sources=sources(life.store.read, scene.belongs, life.lookups.lists(life.backends)),
    )
    inputs, given = without_secrets(version.form, accepted)
    ask = Ask(
        run=run,
        version=version,
        requester=requester,
        entity=wish.entity,
        inputs=inputs,
        secrets=fingerprints(life, run, given),
        break_glass=wish.break_glass,
        cause=wish.cause.planned if wish.cause is not None else None,
        parent=parent,
        resumes=wish.resumes,
        sealed=sealed,
        undone=wish.undone[1] if wish.undone is not None else None,
        rules=today if wish.undone is not None else None,
        at=wish.at,
    )
    async with life.store.read() as session:
        return Intended(
            aimed=await aim(life, session, ask, scene),
            version=version,
            see_held=see_that_holds(today, scene.entity),
            secrets=given,
        )


async def _sealed_then(life: Life, wish: Wish) -> Sealed:
    """What the run that it resumes went through: it goes on with that, whatever the catalog has by now."""
    if wish.resumes is None:
        return {}
    async with life.store.read() as session:
        old = await runs.peek(session, RunId(wish.resumes.run))
    return sealed_in(Plan.model_validate_json(old.plan))


async def start(life: Life, wish: Wish, key: str) -> Accepted:
    """Accept a run: after this it is in the database, whatever dies. The same key again gives the same run."""
    if wish.break_glass and not wish.comment:
        raise Rejected("Say why it cannot wait for its approval: everybody will read it. Nothing was started.")
    asked: dict[str, JsonValue] = {
        "action": wish.action,
        "entity": wish.entity,
        "inputs": dict(wish.inputs),
        "undo_of": wish.undo_of,
        "comment": wish.comment,
    }
    body = digest_of_ask(life, {**asked, "break_glass": True} if wish.break_glass else asked)
    return await repeated(life, key, wish.requester, body) or await accept_wish(life, wish, key, body)


async def undo(
    life: Life, run: RunRow, requester: PrincipalId, token: TokenId | None, *, comment: str | None, key: str
) -> Accepted:
    """Accept the run that brings back what was there before another one. Raises `Conflict` when that is not possible.

    The key comes first: who repeats a request because the answer was lost gets that answer, although by now the run
    is being undone already.
    """
    body = digest_of_ask(life, {"undo": run.id, "comment": comment})
    before = await repeated(life, key, requester, body)
    return before or await accept_wish(life, await undo_wish(life, run, requester, token, comment), key, body)


async def rerun(
    life: Life, run: RunRow, requester: PrincipalId, token: TokenId | None, *, comment: str | None, key: str
) -> Accepted:
    """Accept a run with the same inputs, by today's definition: whoever has to approve it is asked again.

    Raises `Conflict` when the old one has not ended.
    """
    body = digest_of_ask(life, {"rerun": run.id, "comment": comment})
    before = await repeated(life, key, requester, body)
    if before is None and RunState(run.state) not in RUN_ENDS:
        raise Conflict(f"The run has not ended (it is {run.state}). Nothing was started. Wait for it, or stop it.")
    wish = Wish(
        action=run.action,
        requester=requester,
        token=token,
        entity=EntityRef(run.entity) if run.entity else None,
        inputs=run.inputs,
        version=None,
        rerun_of=RunId(run.id),
        comment=comment,
        cause=handed_on(run),
    )
    return before or await accept_wish(life, wish, key, body)


async def repeated(life: Life, key: str, requester: PrincipalId, body: str) -> Accepted | None:
    async with life.store.read() as session:
        before = await earlier(session, key, requester, body)
    return None if before is None else Accepted(before, repeated=True)


async def accept_wish(life: Life, wish: Wish, key: str, body: str, *, old: Plan | None = None) -> Accepted:
    """`old`: the plan of the run that it resumes; who approves is shown what is different."""
    planned = await plan(life, wish)
    drift = between(old, planned.plan) if old is not None else ()
    submission = Submission(
        plan=planned.plan,
        requester=wish.requester,
        token=wish.token,
        key=key,
        body_sha256=body,
        visible_to=planned.aimed.entity.visible_to if planned.aimed.entity else (),
        see_held=planned.see_held,
        undo_of=wish.undo_of,
        rerun_of=wish.rerun_of,
        called_by=wish.called_by,
        resume_of=RunId(wish.resumes.run) if wish.resumes else None,
        drift=drift,
        comment=wish.comment,
        secrets=planned.secrets,
        cause=wish.cause,
    )
    async with life.store.write() as tx:
        await runs.serialise_key(tx, wish.requester, key)
        before = await earlier(tx.session, key, wish.requester, body)
        if before is not None:
            return Accepted(before, repeated=True)
        if wish.called_by is not None:
            await must_go_on(tx, planned.plan, *wish.called_by)
        if wish.undo_of is not None:
            await _must_be_undoable(tx, wish.undo_of, wish.requester)
        if wish.resumes is not None:
            await must_be_resumable(tx, wish.resumes)
        if rejects(planned.plan) and wish.undo_of is None:
            await must_be_free(tx.session, planned.plan, await _onlooker(tx.session, wish.requester))
        return Accepted(await accept(tx, life.keys.ring, submission), repeated=False)


async def _must_be_undoable(tx: Tx, run: RunId, requester: PrincipalId) -> None:
    """Asked again while the run's row is held: of two that want to undo it at once, one does."""
    refused = await why_not_undoable(tx.session, await runs.hold(tx, run), await _onlooker(tx.session, requester))
    if refused is not None:
        raise Conflict(f"{refused} Nothing was started.")


async def _onlooker(session: Session, requester: PrincipalId) -> Onlooker:
    person = (await principals.by_ids(session, [requester]))[requester]
    return Onlooker(belongs=await belongings(session, person.ref), principal=requester)


async def undo_wish(
    life: Life, run: RunRow, requester: PrincipalId, token: TokenId | None, comment: str | None = None
) -> Wish:
    """The wish that brings back what was there before a run. Raises `Conflict` when that is not possible."""
    async with life.store.read() as session:
        refused = await why_not_undoable(session, run, await _onlooker(session, requester))
        if refused is not None:
            raise Conflict(f"{refused} Nothing was started.")
        version = await life.definitions.of_run(session, Digest(run.version))
        if version.model.spec.undo is None:
            return await _undo_of_steps(session, run, requester, token, comment)
        people = await principals.by_ids(session, [requester])
        previous = await runs.peek(session, RunId(str(run.previous_run)))
        ask = Ask(
            run=RunId(run.id),
            version=version,
            requester=people[requester],
            entity=EntityRef(run.entity) if run.entity else None,
            inputs=run.inputs,
        )
        scene = await look(session, version, ask.requester, ask.entity)
        aimed = await aim(life, session, ask, scene)
        doors = sources(within(session), scene.belongs, life.backends)
        inputs = await undo_answers(version, aimed, scene, previous, doors)
    if inputs is None:
        raise Conflict(f"{UNDECLARED} Nothing was started.")
    return Wish(
        action=run.action,
        requester=requester,
        token=token,
        entity=EntityRef(run.entity) if run.entity else None,
        inputs=inputs,
        version=None,
        undo_of=RunId(run.id),
        comment=comment,
        cause=handed_on(run, previous),
    )


async def _undo_of_steps(
    session: Session, run: RunRow, requester: PrincipalId, token: TokenId | None, comment: str | None
) -> Wish:
    """What its steps have done, the last first."""
    paths = [step.path for step in await to_undo(session, run)]
    return Wish(
        action=run.action,
        requester=requester,
        token=token,
        entity=EntityRef(run.entity) if run.entity else None,
        inputs=run.inputs,
        version=None,
        undo_of=RunId(run.id),
        undone=(Digest(run.version), await undone_of(session, run, paths)),
        comment=comment,
        cause=handed_on(run),
    )


def _must_be_the_same(wish: Wish, version: ActionVersion) -> None:
    if wish.version is not None and wish.version != version.digest:
        raise Conflict(
            f"The definition of {version.name} has changed since you opened the form. Nothing was started. "
            "Open the form again; your answers are kept."
        )
