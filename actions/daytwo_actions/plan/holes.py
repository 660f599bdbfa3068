"""What a sealed plan leaves open: inputs that name what approvers fill in.

A hole is the template as it was written, with the value of everything else that it names, so that what is sent follows
from the plan and the answers alone. What an answer may be is sealed with its stage. Pure.
"""

from collections.abc import Collection, Mapping
from typing import Any, Final

from pydantic import JsonValue

from daytwo_actions.expressions import Evaluator, ExpressionError, Template, names, parse_template
from daytwo_actions.plan.model import Plan
from daytwo_actions.plan.step_program import APPROVALS, INPUT, stages_named
from daytwo_actions.plan.steps import Planned, PlannedHole, PlannedStep
from daytwo_forms.plain import validator
from daytwo_store.errors import Rejected

FILLING: Final = frozenset({APPROVALS, "steps"})
Answers = Mapping[str, Mapping[str, JsonValue]]  # by id of the stage and by field


def planned_hole(
    template: Template, source: JsonValue, context: Mapping[str, object], left: Collection[str]
) -> PlannedHole:
    """`left` are the stages that are going to be asked; what others would have filled in is null."""
    given: dict[str, JsonValue] = {}
    for name in names(template):
        if name.parts[0] == APPROVALS:
            if str(name.parts[1]) not in left:
                given[name.dotted] = None
            continue
        try:
            given[name.dotted] = _found(context, name.parts)
        except LookupError:
            continue  # it is not there when the hole is filled either, so `default` says what it is
    return PlannedHole(value=source, given=given)


def fits(plan: Plan, answers: Answers) -> str | None:
    """Why these answers are not what the plan leaves room for; None when they are."""
    asked = plan.asks
    for stage, filled in answers.items():
        for name, value in filled.items():
            schema = asked.get(stage, {}).get(name)
            if schema is None:
                return f"the plan leaves no room for {name} of the stage {stage}"
            if not validator(dict(schema)).is_valid(value):
                return f"{name} of the stage {stage} is not what the plan lets it be"
    return None


def filled_inputs(plan: Plan, step: PlannedStep, answers: Answers) -> dict[str, JsonValue]:
    """The inputs of a step as they are sent. Raises `Rejected` when a hole cannot be filled with these answers."""
    evaluator = Evaluator()
    found = dict(step.inputs)
    for name, hole in step.holes.items():
        template = parse_template(hole.value)
        missing = sorted((stages_named(template) & plan.asks.keys()) - answers.keys())
        if missing:
            raise Rejected(f"The input {name} of {step.path} waits for what the stage {missing[0]} fills in.")
        try:
            found[name] = evaluator.evaluate(template, _context(plan, hole, template, answers))
        except ExpressionError as error:
            raise Rejected(
                f"The input {name} of {step.path} cannot be worked out with what was filled in: {error.detail}"
            ) from error
    return found


def told_filled(step: Planned, filled: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """What the holes of a step have become, as it is kept: each value, and the names that it came from."""
    return {name: {"value": value, "from": [*sources_of(_written(step, name))]} for name, value in filled.items()}


def sources_of(value: JsonValue) -> list[str]:
    """What fills a hole that is written so, by dotted name: results of steps, and what approvers fill in."""
    return sorted(name.dotted for name in names(parse_template(value)) if name.parts[0] in FILLING)


def _written(step: Planned, name: str) -> JsonValue:
    if isinstance(step, PlannedStep):
        return step.holes[name].value if name in step.holes else step.late[f"{INPUT}{name}"]
    return step.late[name]


def waits_for(plan: Plan, step: PlannedStep) -> frozenset[str]:
    """The stages that fill the holes of a step."""
    named = [stages_named(parse_template(hole.value)) for hole in step.holes.values()]
    return frozenset[str]().union(*named) & plan.asks.keys()


def _context(plan: Plan, hole: PlannedHole, template: Template, answers: Answers) -> dict[str, Any]:
    context: dict[str, Any] = {}
    for name in sorted(names(template), key=lambda one: len(one.parts)):
        if name.dotted in hole.given:
            _put(context, name.parts, hole.given[name.dotted])
    filled = context.setdefault(APPROVALS, {})
    for stage, fields in plan.asks.items():
        filled[stage] = {name: answers.get(stage, {}).get(name) for name in fields}
    return context


def _put(context: dict[str, Any], parts: tuple[str | int, ...], value: JsonValue) -> None:
    *way, last = parts
    place: Any = context
    for part in way:
        place = place.setdefault(part, {}) if isinstance(place, dict) else None
    if isinstance(place, dict):  # else a shorter name has put the whole of it there
        place.setdefault(last, value)


def _found(value: object, parts: tuple[str | int, ...]) -> JsonValue:
    """Raises `LookupError`."""
    for part in parts:
        value = _member(value, part)
    return value  # type: ignore[return-value] # the context is plain JSON


def _member(value: object, part: str | int) -> object:
    if isinstance(value, Mapping) and isinstance(part, str):
        return value[part]
    if isinstance(value, list) and isinstance(part, int):
        return value[part]
    raise LookupError(part)
