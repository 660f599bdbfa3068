"""Steps that call a service: whether it is there, what may be sent to it, and what its effect needs."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Final

from daytwo_actions.definitions.document import Document
from daytwo_actions.definitions.errors import Problem
from daytwo_actions.definitions.model import Action
from daytwo_actions.definitions.steps.check import CheckStep, Get
from daytwo_actions.definitions.steps.common import Effect, StepBase
from daytwo_actions.definitions.steps.http import HttpStep, Request
from daytwo_actions.definitions.steps.wait import WaitStep
from daytwo_actions.expressions import Name, did_you_mean
from daytwo_actions.services.address import path_fault
from daytwo_actions.services.headers import header_fault

Services = Mapping[str, Collection[str]]
_ALONE: Final = "Write it alone, as ${{ secrets.name }}, with other text around it if need be."


def step_number(pointer: str) -> int:
    """Of a pointer below `/spec/steps/3`."""
    return int(pointer.split("/")[3])


def is_undo(pointer: str) -> bool:
    """Of a pointer below `/spec/steps/3`: does it stand in the step's `undo`?"""
    return pointer.split("/")[4:5] == ["undo"]


def step_at(steps: Sequence[StepBase], pointer: str) -> StepBase:
    """The step, or the undo, that a place belongs to."""
    step = steps[step_number(pointer)]
    return step.undo if is_undo(pointer) and step.undo is not None else step


def service_problems(
    action: Action, document: Document, services: Services | None, tokens: Collection[str]
) -> Iterator[Problem]:
    """None: which services there are is not known here. `tokens`: those that have a token of their own."""
    for pointer, step in deeds(action.spec.steps):
        if isinstance(step, HttpStep):
            yield from _service(step.with_.service, f"{pointer}/with/service", document, services)
            yield from _effect(step, pointer, document)
            yield from _sent(step.with_, f"{pointer}/with", document, tokens)
            if step.with_.probe is not None:
                yield from _path(step.with_.probe.path, f"{pointer}/with/probe/path", document)
        elif isinstance(step, CheckStep) and step.with_.get is not None:
            yield from _service(step.with_.get.service, f"{pointer}/with/get/service", document, services)
            yield from _sent(step.with_.get, f"{pointer}/with/get", document, tokens)


def source_problems(action: Action, document: Document, sources: Collection[str] | None) -> Iterator[Problem]:
    """None: which sources of events there are is not known here."""
    for number, step in enumerate(action.spec.steps):
        event = step.with_.event if isinstance(step, WaitStep) else None
        if event is not None and sources is not None and event.source not in sources:
            advice = did_you_mean(event.source, sources) or "An administrator adds it under `events` in the settings."
            pointer = f"/spec/steps/{number}/with/event/source"
            yield document.problem(pointer, f"There is no source of events `{event.source}`", advice)


def deeds(steps: Sequence[StepBase]) -> Iterator[tuple[str, StepBase]]:
    """Every step, and every undo of one, with its pointer."""
    for number, step in enumerate(steps):
        yield f"/spec/steps/{number}", step
        if step.undo is not None:
            yield f"/spec/steps/{number}/undo", step.undo


def service_secret(name: Name, step: StepBase, services: Services | None) -> tuple[int, str, str] | None:
    """What is wrong with a secret that an expression names: index of the part, message, advice."""
    start, end = name.spans[0][0], name.spans[-1][1]
    if not (name.text[:start].rstrip().endswith("${{") and name.text[end:].lstrip().startswith("}}")):
        return 1, "A secret cannot be part of a longer expression", _ALONE
    if services is None or not isinstance(step, HttpStep):
        return None
    allowed = services.get(step.with_.service, ())
    if name.parts[1] not in allowed:
        near = did_you_mean(str(name.parts[1]), allowed)
        advice = near or f"An administrator names it under `services.{step.with_.service}.secrets` in the settings."
        return 1, f"`{name.parts[1]}` may not be sent to `{step.with_.service}`", advice
    return None


def _service(name: str, pointer: str, document: Document, services: Services | None) -> Iterator[Problem]:
    if services is not None and name not in services:
        advice = did_you_mean(name, services) or "An administrator adds it under `services` in the settings."
        yield document.problem(pointer, f"There is no service `{name}`", advice)


def _sent(asked: Request | Get, pointer: str, document: Document, tokens: Collection[str]) -> Iterator[Problem]:
    """Where it goes, and its headers."""
    yield from _path(asked.path, f"{pointer}/path", document)
    token = asked.service in tokens
    for name in asked.headers:
        if (fault := header_fault(name, token=token)) is not None:
            yield document.problem(f"{pointer}/headers/{_escaped(name)}", fault, "Leave it out.", at_key=True)
    if isinstance(asked, Request) and (fault := header_fault(asked.key, token=token)) is not None:
        yield document.problem(f"{pointer}/key", fault, "Choose another one.")


def _path(path: str, pointer: str, document: Document) -> Iterator[Problem]:
    """What is written; what its expressions become is looked at again before it is sent."""
    written, hole, _ = path.partition("${{")
    fault = path_fault(written) if written or not hole else None
    if fault is not None:
        advice = "Write it as /api/items/${{ inputs.name | urlencode }}."
        yield document.problem(pointer, f"A path {fault}", advice)


def _escaped(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")


def _effect(step: HttpStep, pointer: str, document: Document) -> Iterator[Problem]:
    reads = step.with_.method in ("GET", "HEAD")
    if step.does is Effect.READ and not reads:
        message = f"A {step.with_.method} is no `read`"
        advice = "Say `idempotent`, `checkable` or `once`."
        yield document.problem(f"{pointer}/effect", message, advice)
    if step.does is Effect.CHECKABLE and step.with_.probe is None:
        message = "A request is `checkable` by its `probe`, and this has none"
        yield document.problem(f"{pointer}/with", message, "Add a `probe`, or choose another `effect`.", at_key=True)
    if reads and step.with_.body is not None:
        yield document.problem(f"{pointer}/with/body", f"A {step.with_.method} has no body", at_key=True)
