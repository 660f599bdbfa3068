"""What undoing has against a definition: what cannot be undone, and what an undo may name."""

from collections.abc import Iterator
from datetime import timedelta

from daytwo_actions.definitions.document import Document
from daytwo_actions.definitions.durations import format_duration, parse_duration
from daytwo_actions.definitions.errors import Problem
from daytwo_actions.definitions.model import Action
from daytwo_actions.definitions.steps.action import CallStep
from daytwo_actions.definitions.steps.common import Effect, StepBase
from daytwo_actions.definitions.steps.kinds import KINDS, kind_of
from daytwo_actions.definitions.steps.temporary import OWNER, Temporary, TemporaryStep
from daytwo_actions.definitions.steps.undo import UNDO_KINDS


def undo_problems(action: Action, document: Document) -> Iterator[Problem]:
    spec = action.spec
    for number, step in enumerate(spec.steps):
        yield from _of_step(step, f"/spec/steps/{number}/undo", document)
    yield from _temporary(action, document)
    if spec.on_error != "stop" and not any(step.undo for step in spec.steps):
        message = f"`on_error: {spec.on_error}`, and no step says how it is undone"
        yield document.problem("/spec/on_error", message, "Add an `undo` to the steps that can be undone.")


def _temporary(action: Action, document: Document) -> Iterator[Problem]:
    """What is temporary is taken back in any case, and by what the plan holds."""
    spec = action.spec
    number = next((at for at, step in enumerate(spec.steps) if kind_of(step) == "temporary"), None)
    if number is None:
        return
    pointer = f"/spec/steps/{number}"
    step = spec.steps[number]
    extend = step.with_.extend if isinstance(step, TemporaryStep) else None
    lasts = _written(step.with_) if isinstance(step, TemporaryStep) else None
    if extend is not None and lasts is not None and lasts >= extend.most:
        message = f"It lasts {format_duration(lasts)} by itself, so its end could not be moved"
        advice = "Make `most` longer, or leave `extend` out."
        yield document.problem(f"{pointer}/with/extend/most", message, advice)
    if extend is not None and OWNER in extend.from_ and spec.target is None:
        message = "`owner` is the owning group of the target, and this action has no `target`"
        yield document.problem(f"{pointer}/with/extend/from", message, "Name a group.")
    if spec.on_error != "undo":
        message = "What is temporary is taken back whatever happens, so this action has `on_error: undo`"
        yield document.problem(pointer, message, "Add it to `spec`.")
    if spec.steps[number].may_not_run:
        message = "What is temporary has neither `if` nor `on_error: continue`: else nothing would take it back"
        yield document.problem(pointer, message)
    for at, one in enumerate(spec.steps):
        if one.undo is not None and kind_of(one.undo) == "http" and one.undo.effect is None:
            message = "What is temporary is taken back until that succeeds, and a request that says nothing is `once`"
            advice = "Give the undo an `effect`: `idempotent`, `checkable`, or `once` where that is meant."
            yield document.problem(f"/spec/steps/{at}/undo", message, advice, at_key=True)
    if spec.catalog:
        message = "What is temporary is over when the run ends, so nothing is written into the catalog then"
        advice = "Write it by a step of the kind `catalog`, with its `undo`."
        yield document.problem("/spec/catalog", message, advice, at_key=True)


def _written(lasts: Temporary) -> timedelta | None:
    """How long it lasts, where that is written out; what is wrong with it is told elsewhere."""
    try:
        return parse_duration(lasts.for_)
    except ValueError:
        return None


def _of_step(step: StepBase, pointer: str, document: Document) -> Iterator[Problem]:
    undo = step.undo
    if undo is None:
        return
    if isinstance(step, CallStep):
        message = f"What `{step.id}` calls is a run with an undo of its own"
        advice = "Take the `undo` out, and give one to the action that is called."
        yield document.problem(pointer, message, advice, at_key=True)
    if step.does is Effect.READ:
        message = f"`{step.id}` changes nothing, so there is nothing to undo"
        yield document.problem(pointer, message, "Take the `undo` out.", at_key=True)
    if undo.uses in KINDS and undo.uses not in UNDO_KINDS:
        message = f"A step of the kind `{undo.uses}` undoes nothing"
        advice = f"It is one of {', '.join(sorted(UNDO_KINDS))}, or the name of a connection."
        yield document.problem(f"{pointer}/uses", message, advice)
    elif kind_of(undo) == "http" and undo.does is Effect.READ:
        yield document.problem(pointer, "A request that only reads undoes nothing", "Choose a method that changes.")
