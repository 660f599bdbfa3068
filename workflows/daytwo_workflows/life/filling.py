"""What approvers fill in: the form of a stage as it is resolved for one of them, and the requests that it completes.

The form is that of the run's version of the action, resolved for who fills it in; `inputs` and `entity` are those of
the run as they are now.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from pydantic import JsonValue

from daytwo_actions.backends.failures import BackendDenied
from daytwo_actions.definitions import ActionVersion
from daytwo_actions.form import accept_asked
from daytwo_actions.marker import corr
from daytwo_actions.plan.holes import Answers, filled_inputs, fits, waits_for
from daytwo_actions.plan.model import Plan
from daytwo_actions.voices import voice
from daytwo_forms.schema import FormSchema
from daytwo_forms.sources import Sources
from daytwo_store import approvals, principals, runs
from daytwo_store.engine import Session
from daytwo_store.errors import Forbidden, Rejected
from daytwo_store.ids import AttemptNo, Digest, EntityRef, PrincipalId, RunId, StepPath
from daytwo_store.states import ApprovalState, Verdict
from daytwo_store.tables import ApprovalRow, RunRow
from daytwo_workflows.life import standing
from daytwo_workflows.life.callers import parent_of
from daytwo_workflows.life.context import Life
from daytwo_workflows.life.decide import Decision, first_filled
from daytwo_workflows.life.people import belongings, voter
from daytwo_workflows.life.planning import Ask, context_of, look, user_record
from daytwo_workflows.life.sources import sources


@dataclass(frozen=True, kw_only=True, slots=True)
class Ground:
    """All that resolving a form on the way needs."""

    version: ActionVersion
    form: FormSchema
    context: Mapping[str, object]
    sources: Sources


async def ground(life: Life, session: Session, row: ApprovalRow, run: RunRow, who: PrincipalId) -> Ground:
    """Raises `Rejected` for a stage without a form, and what looking at the run's target raises."""
    version = await life.definitions.of_run(session, Digest(run.version))
    if not row.asks or row.name is None or row.name not in version.stage_forms:
        raise Rejected("This stage has nothing to be filled in.")
    form = version.stage_forms[row.name]
    return await ground_of(life, session, run, who, version=version, form=form, names=("inputs", "run"))


async def ground_of(
    life: Life,
    session: Session,
    run: RunRow,
    who: PrincipalId,
    *,
    version: ActionVersion,
    form: FormSchema,
    names: Collection[str],
    more: Mapping[str, object] | None = None,
) -> Ground:
    """A form that is resolved for this person. `names`: what of the run its expressions see, besides the entity."""
    people = await principals.by_ids(session, {run.requester, who})
    ask = Ask(
        run=RunId(run.id),
        version=version,
        requester=people[run.requester],
        entity=EntityRef(run.entity) if run.entity else None,
        inputs=run.inputs,
        parent=parent_of(run),
    )
    scene = await look(session, version, people[run.requester], ask.entity)
    belongs = await belongings(session, people[who].ref)
    seen = await context_of(life, session, ask, scene)
    context: dict[str, object] = {
        **{name: seen[name] for name in names},
        "user": await user_record(session, people[who], belongs),
        **(more or {}),
    }
    if seen["entity"] is not None:
        context["entity"] = seen["entity"]
    return Ground(version=version, form=form, context=context, sources=sources(life.store.read, belongs, life.backends))


async def filled_in(life: Life, decision: Decision) -> Decision:
    """The decision with what it fills in, checked. What speaks against the decision itself is left to `decide`.

    Raises `InputRejected` with every fault, `ChoicesUnavailable`, `Rejected` when a request could not be made of it.
    """
    async with life.store.read() as session:
        row = await approvals.get(session, decision.approval)
        if row is None or not _to_be_filled(row, decision):
            return decision
        run = await runs.peek(session, RunId(row.run_id))
        counted = await approvals.decisions(session, [row.id])
        if first_filled(counted) is not None or any(one.principal == decision.principal for one in counted):
            return decision
        await must_have_a_voice(life, session, row, run, decision.principal)
        here = await ground(life, session, row, run, decision.principal)
        before = await answers_of(session, RunId(run.id))
    filled = await accept_asked(here.form, context=here.context, answers=decision.answers or {}, sources=here.sources)
    must_be_makeable(life, Plan.model_validate_json(row.document), {**before, str(row.name): filled})
    return replace(decision, filled=filled)


def _to_be_filled(row: ApprovalRow, decision: Decision) -> bool:
    open_ = row.state == ApprovalState.PENDING and row.digest == decision.digest
    return open_ and bool(row.asks) and decision.verdict is Verdict.APPROVE and decision.answers is not None


async def must_have_a_voice(life: Life, session: Session, row: ApprovalRow, run: RunRow, who: PrincipalId) -> None:
    """Raises `Forbidden`: choices are shown to those who may decide, and to nobody else."""
    stages = (await approvals.stages(session, [row]))[row.id]
    counted = await approvals.decisions(session, [stage.id for stage in stages])
    people = await standing.people_of(session, [run], counted, who)
    now = await life.store.clock.now(session)
    human = await voter(session, people[who], entries=row.needed_from, now=now, approval=row.id)
    found = voice(human, standing.question(row, run, stages, counted, people))
    if isinstance(found, str):
        raise Forbidden(f"{found} Nothing was decided.")


async def answers_of(session: Session, run: RunId) -> dict[str, dict[str, JsonValue]]:
    """What was filled in for a run, by stage: what counts of what was asked last."""
    return await answers_to(session, await standing.of_run(session, run))


async def answers_to(session: Session, asked: Sequence[ApprovalRow]) -> dict[str, dict[str, JsonValue]]:
    """The same of these stages of one approval."""
    stages = {stage.id: stage for stage in asked}
    found: dict[str, dict[str, JsonValue]] = {}
    for one in await approvals.decisions(session, list(stages)):
        name = stages[one.approval_id].name
        if one.answers is not None and one.verdict == Verdict.APPROVE and name is not None:
            found.setdefault(name, dict(one.answers))
    return found


def must_be_makeable(life: Life, plan: Plan, answers: Answers) -> None:
    """Every request whose holes these answers fill can be made. Raises `Rejected`: nothing was decided."""
    why = fits(plan, answers)
    if why is not None:
        raise Rejected(f"This cannot be filled in: {why}. Nothing was decided. Open the approval again.")
    for step in plan.dispatches:
        if not step.holes or step.late or not waits_for(plan, step) <= answers.keys():
            continue
        marker = corr(life.marker_key, RunId(plan.run), StepPath(step.path), AttemptNo(1))
        try:
            inputs = filled_inputs(plan, step, answers)
            life.backend(step.uses).freeze(step.pin(), {**inputs, **life.handed(step.uses, marker)}, marker)
        except (Rejected, BackendDenied) as error:
            raise Rejected(f"{error.detail} Nothing was decided. Fill in something else, or reject it.") from error
