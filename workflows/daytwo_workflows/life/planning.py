"""Making a plan from the database: the same for the dry run, the submission and the check before sending."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from pydantic import JsonValue

from daytwo_actions.allow import entries
from daytwo_actions.backends.base import Pinned
from daytwo_actions.definitions import ActionVersion
from daytwo_actions.definitions.steps.action import CallStep
from daytwo_actions.expressions import has_expression
from daytwo_actions.form import inputs_context
from daytwo_actions.freezes import subject_of
from daytwo_actions.plan.approvers import MOST_ASKED, Wanted, wanted_people
from daytwo_actions.plan.break_glass import NO_GLASS
from daytwo_actions.plan.facts import Facts
from daytwo_actions.plan.model import Plan, PlannedCause, PlannedEditor, PlannedRequester, PlannedResume
from daytwo_actions.plan.program import ApprovalProgram, Program
from daytwo_actions.plan.render import Aim, render, targets
from daytwo_actions.plan.undo_program import Undone, undo_program
from daytwo_actions.policy import may_run, may_see
from daytwo_actions.roles import roles_in, without_roles
from daytwo_catalog.model import Entity, record
from daytwo_forms import ValidInput
from daytwo_store import belonging, entities
from daytwo_store.definitions import Editor, editor_of, not_offered
from daytwo_store.engine import Session
from daytwo_store.entities import EVERYTHING
from daytwo_store.errors import Forbidden, NotFound, Rejected
from daytwo_store.ids import EntityRef, RunId
from daytwo_store.tables import PrincipalRow
from daytwo_workflows.life.callers import caller_of
from daytwo_workflows.life.context import Life
from daytwo_workflows.life.lookups import NOW, Lookups
from daytwo_workflows.life.sources import sources, within
from daytwo_workflows.life.targets import Sealed, with_targets

Json = Mapping[str, JsonValue]


@dataclass(frozen=True, kw_only=True, slots=True)
class Ask:
    """Who asks for what; everything else is looked up."""

    run: RunId
    version: ActionVersion
    requester: PrincipalRow
    entity: EntityRef | None
    inputs: Json  # accepted; entities as refs; none that is secret
    secrets: Mapping[str, str] = field(default_factory=dict)  # their fingerprints
    break_glass: bool = False
    cause: PlannedCause | None = None  # what asks in the requester's name
    parent: RunId | None = None  # of which a step asks
    resumes: PlannedResume | None = None
    undone: Undone | None = None  # it undoes these steps of another run
    sealed: Sealed = field(default_factory=dict)  # what a plan of before has its steps go through
    at: datetime | None = None  # as if it were asked for then; now, if left out
    rules: ActionVersion | None = None  # whose `allow` and approval hold, where that is not `version`: today's


@dataclass(frozen=True, kw_only=True, slots=True)
class Aimed:
    """An ask that is allowed, with what its steps are aimed at: ready to be pinned."""

    program: Program
    facts: Facts
    aims: Sequence[Aim]
    entity: Entity | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Scene:
    """Who asks, about what, as it is now: looked up together, once per decision."""

    belongs: frozenset[str]
    entity: Entity | None
    user: dict[str, JsonValue]

    @property
    def owner(self) -> str | None:
        """The owning group of the entity."""
        return self.entity.owner if self.entity else None

    @property
    def target(self) -> Json | None:
        """The record of the entity."""
        return record(self.entity) if self.entity else None


async def look(
    session: Session,
    version: ActionVersion,
    requester: PrincipalRow,
    entity: EntityRef | None,
    lookups: Lookups = NOW,
) -> Scene:
    """Raises `NotFound`, `Rejected` when the action cannot run on the entity for this person."""
    belongs = await lookups.belongings(session, requester.ref)
    return Scene(
        belongs=belongs,
        entity=await _entity(session, version, entity, belongs, lookups),
        user=await user_record(session, requester, belongs),
    )


async def must_be_seen(
    session: Session,
    version: ActionVersion,
    requester: PrincipalRow,
    entity: EntityRef | None,
    lookups: Lookups = NOW,
) -> None:
    """Raises `NotFound`, with the words for an action that does not exist, when this person may not see this one.

    Asked before anything else: what an answer says about the entity or the inputs would tell that the action exists.
    """
    belongs = await lookups.belongings(session, requester.ref)
    target = await lookups.entity(session, entity, sees=belongs) if entity else None
    see = version.model.spec.allow.see
    if see is not None and has_expression(see):
        see = entries(see, {"user": await user_record(session, requester, belongs), **_about(target)})
    if not may_see(
        see,
        belongs=belongs,
        owner=target.owner if target else None,
        on_entity=entity is not None,
    ):
        raise not_offered(version.name)


def see_that_holds(version: ActionVersion, entity: Entity | None) -> Sequence[str] | None:
    """`allow.see`, when an expression in it that does not ask who looks is true of the entity; None when none is."""
    see = version.model.spec.allow.see
    expressions = [entry for entry in see or () if has_expression(entry)]
    return see if entries(expressions, _about(entity)) else None


def must_be_allowed(
    version: ActionVersion,
    scene: Scene,
    inputs: Json | None = None,
    *,
    caller: str | None = None,
    break_glass: bool = False,
) -> None:
    """Raises `Forbidden` when who asks may not run this action there, or not past its approval.

    `caller`: the action of which a step asks. Without `inputs`, what depends on them is not refused yet: it is asked
    again with them.
    """
    spec = version.model.spec
    if break_glass and spec.break_glass is None:
        raise Rejected(NO_GLASS.format(title=version.model.metadata.title))
    context: dict[str, object] = {"user": scene.user, "run": {"called_by": caller}, **_about(scene.entity)}
    if inputs is not None:
        context["inputs"] = inputs
    allow = spec.break_glass.allow if break_glass and spec.break_glass else spec.allow.run
    answer = may_run(
        entries(allow, context, undecided=inputs is None),
        belongs=scene.belongs,
        owner=scene.owner,
        entity=scene.entity.ref if scene.entity else None,
        action=version.model.metadata.title,
    )
    if not answer.allowed:
        past = " That is about going past its approval." if break_glass else ""
        raise Forbidden(f"{answer.why_not}{past} Nothing was started.")


async def aim(life: Life, session: Session, ask: Ask, scene: Scene | None = None) -> Aimed:
    """What an allowed run's steps are aimed at. Raises `Forbidden`, `NotFound`, `Rejected`: nothing may be sent."""
    scene = scene or await look(session, ask.version, ask.requester, ask.entity)
    context = await context_of(life, session, ask, scene)
    inputs = context["inputs"]
    assert isinstance(inputs, dict)
    today = ask.rules or ask.version
    caller = await caller_of(session, ask.parent)
    must_be_allowed(today, scene, inputs, caller=caller, break_glass=ask.break_glass)
    facts = await _facts(life, session, ask, scene, context)
    program = life.definitions.program(ask.version)
    if ask.undone is not None:
        program = undo_program(program, ask.undone, life.definitions.program(today))
    shown_to = scene.entity.visible_to if scene.entity else ()
    facts = await with_targets(session, program, facts, ask.sealed, sees=scene.belongs, shown_to=shown_to)
    facts = await with_people(session, program.approvals, facts)
    rules = any(one.auto for one in program.approvals)
    facts = replace(facts, frozen=rules and await _frozen(life, session, ask.version, facts))
    return Aimed(program=program, facts=facts, aims=targets(program, facts), entity=scene.entity)


async def facts_of(life: Life, session: Session, ask: Ask) -> Facts:
    """What a part of a plan is made from while its run goes on. Raises what `look` raises."""
    scene = await look(session, ask.version, ask.requester, ask.entity)
    return await _facts(life, session, ask, scene, await context_of(life, session, ask, scene))


async def with_people(session: Session, stages: Sequence[ApprovalProgram], facts: Facts) -> Facts:
    """And who is asked by name."""
    wanted = wanted_people(stages, facts)
    return replace(facts, people=await _people(session, wanted), owners=await _owners(session, wanted))


async def _facts(life: Life, session: Session, ask: Ask, scene: Scene, context: dict[str, JsonValue]) -> Facts:
    return Facts(
        run=ask.run,
        version=ask.version.digest,
        requester=PlannedRequester(issuer=ask.requester.issuer, subject=ask.requester.subject),
        entity=ask.entity,
        owner=scene.owner,
        inputs=ask.inputs,
        context=context,
        now=ask.at or await life.store.clock.now(session),
        secrets=ask.secrets,
        break_glass=ask.break_glass,
        resumes=ask.resumes,
        missing=ask.undone.missing if ask.undone is not None else {},
        editor=_edited(await editor_of(session, ask.version.digest)),
        cause=ask.cause,
        called=await _called(life, session, ask.version),
    )


async def _called(life: Life, session: Session, version: ActionVersion) -> dict[str, str]:
    """Today's versions of the actions that its steps call."""
    steps = [step for step in version.model.spec.steps if isinstance(step, CallStep)]
    names = {call.action for step in steps for call in step.calls.values()}
    return await life.definitions.offered(session, names) if names else {}


def assemble(life: Life, aimed: Aimed, pins: Sequence[Pinned]) -> Plan:
    """The plan of an ask whose targets are pinned."""
    return render(
        aimed.program,
        aimed.facts,
        aimed.aims,
        pins,
        backends=life.backends,
        marker_key=life.marker_key,
        handed=life.handed,
    )


def _edited(editor: Editor | None) -> PlannedEditor | None:
    if editor is None:
        return None
    others = [one for one in map(_edited, editor.others) if one is not None]
    return PlannedEditor(
        person=editor.person, name=editor.name, commit=editor.commit, why_not=editor.why_not, others=others
    )


def _about(entity: Entity | None) -> dict[str, object]:
    return {"entity": record(entity)} if entity else {}


async def _people(session: Session, wanted: Sequence[Wanted]) -> dict[int, list[str]]:
    """Who is asked by name. The definition looks for them, not who asks: whatever that one may see."""
    found: dict[int, list[str]] = {}
    for one in wanted:
        names = found.setdefault(one.stage, [])
        for query in one.queries:
            names += await entities.people_where(session, query, limit=MOST_ASKED + 2)
        for group in one.groups:
            names += await belonging.members(session, group)
    return found


async def _owners(session: Session, wanted: Sequence[Wanted]) -> dict[str, str | None]:
    """The owning groups of other entities, whoever may see those."""
    refs = {ref for one in wanted for ref in one.owners}
    found = await entities.get_many(session, refs, sees=EVERYTHING) if refs else {}
    return {ref: entity.owner for ref, entity in found.items()}


async def _frozen(life: Life, session: Session, version: ActionVersion, facts: Facts) -> bool:
    """Does a freeze or the stop hold, whatever exceptions were granted? Then no rule decides in place of people."""
    if await life.frozen.stopped(session) is not None:
        return True
    subject = subject_of(version, facts.context, undo=False)
    return any(one.held(subject, facts.now) is not None for one in await life.frozen.current(session, facts.now))


async def _entity(
    session: Session, version: ActionVersion, ref: EntityRef | None, belongs: frozenset[str], lookups: Lookups
) -> Entity | None:
    target = version.model.spec.target
    if target is None:
        if ref is not None:
            raise Rejected(f"{version.name} is not about an entity. Leave the entity out. Nothing was started.")
        return None
    if ref is None:
        raise Rejected(f"{version.name} runs on a {target.kind}. Nothing was started. Say on which one.")
    entity = await lookups.entity(session, ref, sees=belongs)
    if entity is None:
        raise NotFound(f"There is no {ref}, or you may not see it. Nothing was started. Look for it in the catalog.")
    if entity.kind != target.kind:
        raise Rejected(
            f"{version.name} runs on entities of the kind {target.kind}, and {ref} is of the kind {entity.kind}. "
            f"Nothing was started. Choose a {target.kind}."
        )
    return entity


async def user_record(session: Session, principal: PrincipalRow, belongs: frozenset[str]) -> dict[str, JsonValue]:
    """`user` of expressions."""
    person = await entities.get(session, principal.ref, sees=EVERYTHING) if principal.ref else None
    return {
        "name": principal.name,
        "ref": principal.ref,
        "email": person.properties.get("email") if person else None,
        "groups": [*sorted(without_roles(belongs) - {principal.ref or ""})],
        "roles": [*sorted(roles_in(belongs))],
    }


async def context_of(life: Life, session: Session, ask: Ask, scene: Scene) -> dict[str, JsonValue]:
    """What the expressions of an ask see."""
    doors = sources(within(session), scene.belongs, life.backends)
    inputs, forms = await inputs_context(ask.version, ValidInput(ask.inputs), doors), ask.version.stage_forms
    if ask.rules is not None and ask.rules.digest != ask.version.digest:  # fields that are asked for today are null
        inputs = {**await inputs_context(ask.rules, ValidInput(ask.inputs), doors), **inputs}
        forms = {**ask.rules.stage_forms, **forms}
    return {
        **({"steps": dict(ask.undone.results)} if ask.undone is not None else {}),
        "inputs": dict(inputs),
        "entity": record(scene.entity) if scene.entity else None,
        "user": scene.user,
        "run": {
            "id": ask.run,
            "url": f"{life.public_url}/runs/{ask.run}",
            "called_by": await caller_of(session, ask.parent),
        },
        "approvals": {stage: dict.fromkeys(form.fields) for stage, form in forms.items()},
    }
