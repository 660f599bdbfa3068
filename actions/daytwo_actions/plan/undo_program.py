"""The program of a run that undoes the steps of another one: what was sealed in that one's plan, with its values.

Nothing of it is worked out anew but where each thing is sent, and what was to come from the results of steps, which are
known by now.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from pydantic import JsonValue

from daytwo_actions.definitions.steps.common import StepBase
from daytwo_actions.expressions import Missing, Template, constant, names, parse_template
from daytwo_actions.plan.program import Program
from daytwo_actions.plan.step_program import INPUT, StepProgram
from daytwo_actions.plan.steps import Planned, PlannedStep


@dataclass(frozen=True, kw_only=True, slots=True)
class Undone:
    """What is undone of a run. `steps`: what undoes it, as planned there, in the order in which it is done. `results`:
    what expressions see of its steps; `missing`: the results among them that there are not."""

    run: str
    steps: Sequence[Planned]
    results: Mapping[str, JsonValue]
    missing: Missing


def undo_program(program: Program, undone: Undone, today: Program) -> Program:
    """The same lock, and the approval of `today`, which somebody may have tightened since; nothing else of it. Nobody
    fills anything in: the values are those of then."""
    models = {one.path: one.step for one in program.undos}
    steps = tuple(_step(models[planned.path], planned) for planned in undone.steps)
    approvals = tuple(replace(one, form={}) for one in today.approvals)
    return replace(program, approvals=approvals, steps=steps, undos=(), catalog=(), undo=None)


def _step(model: StepBase, planned: Planned) -> StepProgram:
    early: dict[str, Template] = {key: constant(value) for key, value in _given(planned).items()}
    late: dict[str, JsonValue] = {}
    for key, text in planned.late.items():
        template = parse_template(text)
        if key in model.kept or any(name.parts[0] == "secrets" for name in names(template)):
            late[key] = text
        else:
            early[key] = template
    return StepProgram(step=model, path=planned.path, condition=None, early=early, late=late)


def _given(planned: Planned) -> Mapping[str, JsonValue]:
    if not isinstance(planned, PlannedStep):
        return planned.given
    aim = {"project": planned.project, "pipeline": planned.pipeline, "ref": planned.ref}
    return {
        **{key: value for key, value in aim.items() if value},
        **{f"{INPUT}{name}": value for name, value in planned.inputs.items()},
    }
