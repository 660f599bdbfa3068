"""What steps have to do with each other: who needs whom, whose results are named, what may be repeated."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from daytwo_actions.definitions import shapes
from daytwo_actions.definitions.connections import key_problems
from daytwo_actions.definitions.document import Document
from daytwo_actions.definitions.durations import format_duration
from daytwo_actions.definitions.errors import Problem
from daytwo_actions.definitions.model import Action
from daytwo_actions.definitions.steps.check import CheckStep
from daytwo_actions.definitions.steps.common import Effect, StepBase
from daytwo_actions.definitions.steps.dispatch import DispatchStep
from daytwo_actions.definitions.steps.graph import before, needed
from daytwo_actions.definitions.steps.kinds import KINDS, kind_of
from daytwo_actions.definitions.steps.until import Until
from daytwo_actions.expressions import Name, did_you_mean, parse_template, surely

RESERVED_STEPS: Final = (
    "approval",
    "task",
    "input",
    "http",
    "check",
    "wait",
    "lock",
    "parallel",
    "foreach",
    "action",
    "catalog",
    "notify",
    "temporary",
)
MARKER_INPUT: Final = "daytwo_run"  # carries the marker of an attempt; a definition that set it could forge one
_INSTEAD: Final = {
    "lock": "Put the steps into an action that has the `lock`, and call it: `uses: action`.",
    "parallel": "Give steps the same `needs`: they go on side by side.",
}
_AIMED: Final = ("with/project", "with/pipeline", "with/ref")  # what is started has to be known when it is approved


def step_problems(action: Action, document: Document, connections: Mapping[str, str] | None) -> Iterator[Problem]:
    """`connections`: by name, of which kind each is; None: not known here."""
    steps = action.spec.steps
    needs = needed(steps)
    for number, step in enumerate(steps):
        pointer = f"/spec/steps/{number}"
        if step.id in [other.id for other in steps[:number]]:
            yield document.problem(f"{pointer}/id", f"There is a step `{step.id}` before; an id is used once")
            continue
        yield from _needs(step, pointer, needs, document)
        yield from _repeating(step, pointer, document)
        if step.undo is not None:
            yield from _repeating(step.undo, f"{pointer}/undo", document)
        if isinstance(step.undo, DispatchStep):
            yield from _dispatch(step.undo, f"{pointer}/undo", document, connections)
        if step.if_ is False:
            yield document.problem(f"{pointer}/if", f"`{step.id}` can never run", "Take the step out.")
        yield from _times(step, pointer, document)
        if isinstance(step, DispatchStep):
            yield from _dispatch(step, pointer, document, connections)
            if step.protected and not action.spec.approval:
                message = "`protected` asks those of `approval` again, and this action has none"
                yield document.problem(f"{pointer}/protected", message, "Add an `approval`.", at_key=True)


def _needs(step: StepBase, pointer: str, needs: Mapping[str, Sequence[str]], document: Document) -> Iterator[Problem]:
    for place, other in enumerate(step.needs or ()):
        if other == step.id:
            yield document.problem(f"{pointer}/needs/{place}", f"`{step.id}` cannot need itself", "Take it out.")
        elif other not in needs:
            advice = did_you_mean(other, needs)
            yield document.problem(f"{pointer}/needs/{place}", f"There is no step `{other}`", advice)
        elif step.id in before(other, needs):
            message = f"`{step.id}` needs `{other}`, and `{other}` needs `{step.id}`: neither would ever begin"
            yield document.problem(f"{pointer}/needs/{place}", message, "Break the circle.")


def _repeating(step: StepBase, pointer: str, document: Document) -> Iterator[Problem]:
    for key, why in step.ignores.items():
        if getattr(step, key):
            yield document.problem(f"{pointer}/{key}", why, f"Leave `{key}` out.", at_key=True)
    if step.effect is not None and step.effect not in step.effects:
        can = ", ".join(step.effects)
        message = f"A step of the kind `{kind_of(step)}` cannot be `{step.effect}`"
        yield document.problem(f"{pointer}/effect", message, f"It is one of: {can}.")
    elif step.retry is not None and step.does is Effect.ONCE:
        message = "A step that is `once` is never repeated by itself"
        yield document.problem(
            f"{pointer}/retry", message, "Leave `retry` out, or say why twice is harmless.", at_key=True
        )


def _times(step: StepBase, pointer: str, document: Document) -> Iterator[Problem]:
    if isinstance(step.what, Until):
        for key, fault in step.what.faults():
            yield document.problem(f"{pointer}/with/{key}", fault)
    stable = step.with_.stable if isinstance(step, CheckStep) else None
    if stable is not None and stable >= step.limit:
        message = (
            f"It has to hold for {format_duration(stable)}, and the step fails after {format_duration(step.limit)}"
        )
        yield document.problem(f"{pointer}/with/stable", message, "Give it a longer `timeout`.")


def _dispatch(
    step: DispatchStep, pointer: str, document: Document, connections: Mapping[str, str] | None
) -> Iterator[Problem]:
    if step.uses in _INSTEAD:
        yield document.problem(f"{pointer}/uses", f"There is no kind of step `{step.uses}`", _INSTEAD[step.uses])
    elif connections is not None and step.uses not in connections:
        near = did_you_mean(step.uses, [*connections, *KINDS])
        yield document.problem(f"{pointer}/uses", f"There is no connection `{step.uses}`", near)
    elif connections is not None:
        yield from key_problems(step, pointer, connections[step.uses], document)
    if MARKER_INPUT in step.with_.inputs:
        message = f"The input `{MARKER_INPUT}` is ours: the run is recognised by it in the CI system"
        yield document.problem(f"{pointer}/with/inputs/{MARKER_INPUT}", message, at_key=True)


class StepNames:
    """What `steps.…` may be in an expression of one step."""

    def __init__(self, steps: Sequence[StepBase]) -> None:
        self._steps = {step.id: step for step in steps}
        self._order = list(steps)
        self._needs = needed(steps)

    def shape(self, number: int, *, undo: bool = False) -> shapes.Shape:
        own = self._order[number].id
        earlier = before(own, self._needs) | ({own} if undo else set())
        return shapes.Members({one: _results(self._steps[one]) for one in earlier if one in self._steps})

    def fault(self, name: Name, number: int, key: str) -> tuple[int, str, str] | None:
        """Index of the part, what is wrong, what to do. `key`: where in the step it stands: `if`, `with/ref`."""
        step, undo = self._order[number], key.startswith("undo/")
        if len(name.parts) < 2:
            return 0, "`steps` alone cannot be used", "Name a result, as in `steps.build.outputs.version`."
        other = self._steps.get(str(name.parts[1]))
        if other is None:
            advice = did_you_mean(str(name.parts[1]), self._steps) or "Known are the steps before."
            return 1, f"There is no step `{name.parts[1]}`", advice
        if other is step and not undo:
            return 1, f"`{step.id}` has no results before it has ended", "Name a step before it."
        if other is not step and other.id not in before(step.id, self._needs):
            advice = f"Write `needs: [{other.id}]`."
            return 1, f"`{other.id}` need not have ended when `{step.id}` begins", advice
        doing = step.undo if undo else step
        if isinstance(doing, DispatchStep) and key.removeprefix("undo/").startswith(_AIMED):
            advice = "Results of steps may be given as `inputs`."
            return 0, "What is started has to be known when the run is approved", advice
        named = "outputs" in name.parts[2:3] and other is not step and not name.optional
        if named and other.may_not_run and not _minded(step, other):
            why = "has an `if`" if other.if_ is not None else "may fail and the run goes on"
            asks = f"steps.{other.id}.state == 'succeeded'"
            advice = f"Give this step an `if`, as ${{{{ {asks} }}}}, or say with `default` what is meant instead."
            return 1, f"`{other.id}` {why}, so it may have no results when `{step.id}` begins", advice
        return None


def _minded(step: StepBase, other: StepBase) -> bool:
    """Does a step begin only where the other one has succeeded? Or wherever that runs, whose failure ends the run?"""
    if not isinstance(step.if_, str):
        return False
    if step.if_ == other.if_ and other.on_error == "fail":
        return True
    return (("steps", other.id, "state"), "succeeded") in surely(parse_template(step.if_))


def _results(step: StepBase) -> shapes.Shape:
    outputs = {name: shapes.of_value(value) for name, value in step.leaves.items()}
    return shapes.Members({"state": shapes.TEXT, "outputs": shapes.Members(outputs)})
