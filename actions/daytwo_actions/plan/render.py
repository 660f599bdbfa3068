"""From checked inputs to a plan: everything rendered, nothing sent.

Two steps, because the CI system is asked in between: `targets` says what has to be pinned, `render` puts the plan
together. Given the same definition, inputs, catalog and pins, both give the same answer: that is how drift is found.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from pydantic import JsonValue

from daytwo_actions.backends.base import Backend, Pinned, Target
from daytwo_actions.backends.failures import BackendDenied, BackendUnreachable
from daytwo_actions.definitions.steps.common import Effect
from daytwo_actions.definitions.steps.kinds import DISPATCH
from daytwo_actions.expressions import Evaluator, Template
from daytwo_actions.marker import corr
from daytwo_actions.plan.approvers import filled_in, planned_approval
from daytwo_actions.plan.break_glass import broken_glass
from daytwo_actions.plan.evaluating import evaluated
from daytwo_actions.plan.facts import Facts
from daytwo_actions.plan.holes import planned_hole
from daytwo_actions.plan.locking import planned_lock
from daytwo_actions.plan.model import (
    Plan,
    PlannedAction,
    PlannedApproval,
    PlannedBreakGlass,
    PlannedLock,
    PlannedTarget,
    PlannedWrite,
)
from daytwo_actions.plan.program import Program, UpsertProgram, read_values
from daytwo_actions.plan.step_program import INPUT, StepProgram, stages_named
from daytwo_actions.plan.steps import Planned, PlannedHole, PlannedKind, PlannedPin, PlannedRequest, PlannedStep
from daytwo_actions.plan.working_out import common, planned_kind, text_of
from daytwo_store.errors import Rejected, Unavailable
from daytwo_store.ids import AttemptNo, Corr, StepPath

Json = Mapping[str, JsonValue]
Handed = Callable[[str, Corr], Json]


@dataclass(frozen=True, kw_only=True, slots=True)
class Aim:
    """What one step is going to ask for."""

    step: StepProgram
    target: Target
    inputs: dict[str, JsonValue]
    holes: dict[str, PlannedHole]  # inputs that approvers fill


def targets(program: Program, facts: Facts) -> list[Aim]:
    """What each step is aimed at. Raises `Rejected` when an expression cannot be worked out: nothing is sent."""
    evaluator = Evaluator(missing=facts.missing)
    left = filled_in(program.approvals, facts)
    every = (*program.steps, *program.undos)
    return [_aim(step, evaluator, facts, left) for step in every if step.kind == DISPATCH]


async def pin(aims: Sequence[Aim], backends: Mapping[str, Backend]) -> list[Pinned]:
    """Ask each CI system what the targets are right now. Raises `Rejected`, `Unavailable`."""
    return [await _pin(aim, backends) for aim in aims]


@dataclass(frozen=True, kw_only=True, slots=True)
class Outline:
    """What of a plan is known without asking a CI system."""

    approval: PlannedApproval | None
    break_glass: PlannedBreakGlass | None
    lock: str | PlannedLock | None
    others: Mapping[str, PlannedKind]  # steps that start nothing in a CI system, by their path
    catalog: list[PlannedWrite]


def outlined(program: Program, facts: Facts) -> Outline:
    """Pure. Raises `Rejected`."""
    evaluator = Evaluator(missing=facts.missing)
    asked, glass = planned_approval(program.approvals, evaluator, facts), None
    if facts.break_glass:
        asked, glass = broken_glass(program.action, asked, facts)
    every = (*program.steps, *program.undos)
    return Outline(
        approval=asked,
        break_glass=glass,
        lock=planned_lock(program.lock, evaluator, facts),
        others={step.path: planned_kind(step, evaluator, facts) for step in every if step.kind != DISPATCH},
        catalog=[_write(write, evaluator, facts) for write in program.catalog],
    )


def render(
    program: Program,
    facts: Facts,
    aims: Sequence[Aim],
    pins: Sequence[Pinned],
    *,
    backends: Mapping[str, Backend],
    marker_key: bytes,
    handed: Handed,
) -> Plan:
    """Put the plan together. Pure. Raises `Rejected`.

    `handed` gives what an attempt gets as inputs from us, besides those of its step.
    """
    evaluator = Evaluator(missing=facts.missing)
    aimed = {aim.step.path: (aim, pinned) for aim, pinned in zip(aims, pins, strict=True)}
    outline = outlined(program, facts)

    def planned(step: StepProgram) -> Planned:
        if step.path in aimed:
            return _dispatch(*aimed[step.path], evaluator, facts, backends[step.uses], marker_key, handed)
        return outline.others[step.path]

    return Plan(
        run=facts.run,
        action=PlannedAction(name=program.action.metadata.name, version=facts.version, editor=facts.editor),
        requester=facts.requester,
        cause=facts.cause,
        entity=PlannedTarget(ref=facts.entity, owner=facts.owner) if facts.entity else None,
        inputs=dict(facts.inputs),
        secrets=dict(facts.secrets),
        read=read_values(program, facts.context),
        lock=outline.lock,
        approval=outline.approval,
        break_glass=outline.break_glass,
        steps=[planned(step) for step in program.steps],
        on_error=program.action.spec.on_error,
        undo=[planned(step) for step in program.undos],
        stays=_stays(program),
        resumes=facts.resumes,
        catalog=outline.catalog,
    )


def _stays(program: Program) -> list[str]:
    """Steps that change something and do not say how that is undone; where no step says it, none is named."""
    if not program.undos:
        return []
    return [one.path for one in program.steps if one.step.undo is None and one.step.does is not Effect.READ]


def undo_inputs(program: Program, facts: Facts, previous: Json | None) -> dict[str, JsonValue] | None:
    """The inputs of the run that brings back what was there before, or None when there is nothing to bring back."""
    if program.undo is None or previous is None:
        return None
    given = Evaluator().evaluate(program.undo, {**facts.context, "previous": dict(previous)})
    assert isinstance(given, dict)
    return {**facts.inputs, **given}


def _aim(step: StepProgram, evaluator: Evaluator, facts: Facts, left: Collection[str]) -> Aim:
    where = f"step {step.path}"
    inputs: dict[str, JsonValue] = {}
    for key, template in step.early.items():
        if key.startswith(INPUT):
            inputs[key.removeprefix(INPUT)] = evaluated(evaluator, template, facts, f"the inputs of {where}")
    holes: dict[str, PlannedHole] = {}
    for name, (template, source) in step.holes.items():
        if stages_named(template).isdisjoint(left):
            inputs[name] = evaluated(evaluator, template, facts, f"the input {name} of {where}")
        else:
            holes[name] = planned_hole(template, source, facts.context, left)
    return Aim(
        step=step,
        target=Target(
            project=text_of(evaluator, step.early["project"], facts, f"project of {where}"),
            pipeline=_optional(evaluator, step.early.get("pipeline"), facts, f"pipeline of {where}"),
            ref=_optional(evaluator, step.early.get("ref"), facts, f"ref of {where}"),
        ),
        inputs=inputs,
        holes=holes,
    )


async def _pin(aim: Aim, backends: Mapping[str, Backend]) -> Pinned:
    backend = backends.get(aim.step.uses)
    if backend is None:
        raise Rejected(
            f"Step {aim.step.path} uses the connection {aim.step.uses}, which is not configured here. Nothing was "
            f"started. Configured are: {', '.join(sorted(backends)) or 'none'}."
        )
    try:
        return await backend.resolve(aim.target)
    except BackendUnreachable as error:
        raise Unavailable(
            f"{error.detail} What would run cannot be pinned down without it, so nothing was started. Try again."
        ) from error
    except BackendDenied as error:
        raise Rejected(f"{error.detail} Nothing was started.") from error


def _dispatch(
    aim: Aim,
    pinned: Pinned,
    evaluator: Evaluator,
    facts: Facts,
    backend: Backend,
    marker_key: bytes,
    handed: Handed,
) -> PlannedStep:
    assert pinned.target == aim.target, "a step is sent where it was pinned, and nowhere else"
    marker = corr(marker_key, facts.run, StepPath(aim.step.path), AttemptNo(1))
    request = None
    if not aim.step.late and not aim.holes:
        try:
            request = backend.freeze(pinned, {**aim.inputs, **handed(aim.step.uses, marker)}, marker)
        except BackendDenied as error:
            raise Rejected(f"{error.detail} Nothing was started.") from error
    return PlannedStep(
        **common(aim.step, evaluator, facts),
        project=aim.target.project,
        pipeline=aim.target.pipeline,
        ref=aim.target.ref,
        pinned=PlannedPin.of(pinned),
        inputs=aim.inputs,
        holes=aim.holes,
        secrets=[name for name in aim.step.secrets if name in facts.secrets or "." in name],
        request=PlannedRequest.of(request) if request is not None else None,
    )


def _write(write: UpsertProgram, evaluator: Evaluator, facts: Facts) -> PlannedWrite:
    name = text_of(evaluator, write.name, facts, f"the name of the {write.kind}")
    where = f"the {write.kind} {name}"
    properties = evaluated(evaluator, write.properties, facts, f"the properties of {where}")
    relations = evaluated(evaluator, write.relations, facts, f"the relations of {where}")
    assert isinstance(properties, dict)
    assert isinstance(relations, dict)
    return PlannedWrite(
        kind=write.kind,
        name=name,
        properties=properties,
        relations={key: _refs(value) for key, value in relations.items() if value is not None},
    )


def _refs(value: JsonValue) -> list[str]:
    return [str(item) for item in value] if isinstance(value, list) else [str(value)]


def _optional(evaluator: Evaluator, template: Template | None, facts: Facts, where: str) -> str:
    """Nothing when it was left out; an expression that comes out as nothing is refused all the same."""
    return "" if template is None else text_of(evaluator, template, facts, where)
