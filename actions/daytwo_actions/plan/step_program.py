"""The expressions of one step, parsed once: what is known when the plan is made, and what comes from earlier steps."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from pydantic import JsonValue

from daytwo_actions.definitions.steps.common import StepBase
from daytwo_actions.definitions.steps.dispatch import DispatchStep
from daytwo_actions.definitions.steps.kinds import DISPATCH, kind_of
from daytwo_actions.expressions import Template, names, parse_template

APPROVALS: Final = "approvals"
INPUT: Final = "inputs."  # before the name of an input of a dispatch
_LATER: Final = frozenset({"steps", "response", "secrets", "item"})  # names that a plan does not know yet


@dataclass(frozen=True, kw_only=True, slots=True)
class StepProgram:
    """`early` and `late` are by key of `with`; the inputs of a dispatch one by one, as `inputs.version`."""

    step: StepBase
    path: str
    condition: Template | None
    early: Mapping[str, Template]
    late: Mapping[str, JsonValue]  # as it is written
    holes: Mapping[str, tuple[Template, JsonValue]] = field(default_factory=dict)  # inputs that approvers fill, by name

    @property
    def uses(self) -> str:
        return self.step.uses

    @property
    def kind(self) -> str:
        return kind_of(self.step)

    @property
    def secrets(self) -> tuple[str, ...]:
        """Fields that its pipeline may collect."""
        return tuple(self.step.secrets) if isinstance(self.step, DispatchStep) else ()

    @property
    def knows(self) -> bool:
        """Is its `if` known when the plan is made?"""
        return self.condition is None or not later(self.condition)

    def templates(self) -> Iterator[Template]:
        """Everything that is worked out for this step once, now or later."""
        if self.condition is not None:
            yield self.condition
        yield from self.early.values()
        yield from (template for template, _ in self.holes.values())
        yield from (parse_template(text) for key, text in self.late.items() if key not in self.step.kept)


def step_program(step: StepBase, path: str | None = None) -> StepProgram:
    """`path`: its own, where that is not its id."""
    early: dict[str, Template] = {}
    late: dict[str, JsonValue] = {}
    holes: dict[str, tuple[Template, JsonValue]] = {}
    for key, value in _parts(step):
        template = parse_template(value)
        if stages_named(template):
            holes[key.removeprefix(INPUT)] = (template, value)
        elif key in step.kept or later(template):
            late[key] = value
        else:
            early[key] = template
    condition = parse_template(step.if_) if step.if_ is not None else None
    return StepProgram(step=step, path=path or step.id, condition=condition, early=early, late=late, holes=holes)


def stages_named(template: Template) -> frozenset[str]:
    """The stages whose answers a template needs."""
    return frozenset(str(name.parts[1]) for name in names(template) if name.parts[0] == APPROVALS)


def later(template: Template) -> bool:
    return any(name.parts[0] in _LATER for name in names(template))


def _parts(step: StepBase) -> Iterator[tuple[str, JsonValue]]:
    given: dict[str, JsonValue] = step.what.model_dump(by_alias=True, mode="json", exclude_none=True)
    if kind_of(step) != DISPATCH:
        yield from given.items()
        return
    inputs = given.pop("inputs")
    assert isinstance(inputs, dict)
    yield from ((key, value) for key, value in given.items() if value != "")
    yield from ((f"{INPUT}{name}", value) for name, value in inputs.items())
