"""From a schedule document to a schedule, or every problem in it at its place."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from pydantic import JsonValue, ValidationError

from daytwo_actions.definitions import ActionVersion, faults
from daytwo_actions.definitions.document import Document
from daytwo_actions.definitions.errors import DefinitionRejected, Problem
from daytwo_actions.definitions.load import digest_of
from daytwo_actions.definitions.standing_asks import unfitting_ask
from daytwo_actions.expressions import has_expression
from daytwo_actions.schedules.cron import CronFault
from daytwo_actions.schedules.model import Schedule, ScheduleSpec
from daytwo_actions.schedules.times import TimeFault, Times, times_of, zone_of
from daytwo_forms.pointers import under
from daytwo_store.ids import ActionName

_ANY_DAY: Final = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True, slots=True)
class LoadedSchedule:
    """A checked schedule, as it is stored."""

    model: Schedule
    document: Mapping[str, JsonValue]
    digest: str
    file: str

    @property
    def name(self) -> str:
        return self.model.metadata.name

    @property
    def times(self) -> Times:
        return times_in(self.model.spec)


def schedule_of(document: Document) -> LoadedSchedule:
    """Check one document. Raises `DefinitionRejected` with every problem."""
    try:
        model = Schedule.model_validate(document.value)
    except ValidationError as error:
        raise DefinitionRejected(faults.problems(error, document, Schedule)) from error
    problems = [*_times(model, document), *_expressions(document, dict(model.spec.inputs), "/spec/inputs")]
    if problems:
        raise DefinitionRejected(problems)
    assert isinstance(document.value, dict)
    return LoadedSchedule(model=model, document=document.value, digest=digest_of(document.value), file=document.file)


def restore_schedule(document: Mapping[str, JsonValue]) -> ScheduleSpec | None:
    """What is stored; None when it cannot be read any more."""
    try:
        return Schedule.model_validate(document).spec
    except ValidationError:
        return None


def times_in(spec: ScheduleSpec) -> Times:
    """Raises `CronFault`, `TimeFault`."""
    return times_of(cron=spec.cron, at=spec.at, timezone=spec.timezone)


def unfitting(model: Schedule, document: Document, actions: Mapping[ActionName, ActionVersion]) -> Iterator[Problem]:
    """What does not fit to the actions that there are: it would be found out at night."""
    spec = model.spec
    yield from unfitting_ask(
        document,
        actions,
        action=spec.action,
        on_entity=spec.entity is not None,
        inputs=spec.inputs,
        reason="a schedule keeps none",
    )
    action = actions.get(ActionName(spec.action))
    target = action.model.spec.target if action is not None else None
    if target is not None and spec.entity is not None and not spec.entity.startswith(f"{target.kind}:"):
        yield document.problem("/spec/entity", f"`{spec.action}` runs on entities of the kind {target.kind}")


def as_document(*, name: str, title: str, description: str, owner: str, spec: Mapping[str, JsonValue]) -> Document:
    """A schedule that somebody sends, as if it were a file."""
    value: dict[str, JsonValue] = {
        "apiVersion": "daytwo/v1",
        "kind": "Schedule",
        "metadata": {"name": name, "title": title, "description": description, "owner": owner},
        "spec": dict(spec),
    }
    return Document(file="the schedule", text="", value=value, values={}, keys={})


def _times(model: Schedule, document: Document) -> Iterator[Problem]:
    spec = model.spec
    try:
        zone_of(spec.timezone)
    except TimeFault as error:
        yield document.problem("/spec/timezone", str(error))
        return
    try:
        times = times_in(spec)
    except (CronFault, TimeFault) as error:
        place = "/spec/cron" if spec.cron is not None else "/spec/at" if spec.at is not None else "/spec"
        yield document.problem(place, str(error))
        return
    if spec.cron is not None and times.next(_ANY_DAY) is None:
        yield document.problem("/spec/cron", "This has no time within ten years")


def _expressions(document: Document, value: JsonValue, pointer: str) -> Iterator[Problem]:
    """An input that looks like an expression would be handed on as it is written, which nobody means."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _expressions(document, item, under(pointer, key))
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from _expressions(document, item, under(pointer, number))
    elif isinstance(value, str) and has_expression(value):
        yield document.problem(pointer, "Inputs of a schedule are values, and this is an expression")
