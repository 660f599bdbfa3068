"""The expressions of an action, parsed once per version."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from pydantic import JsonValue

from daytwo_actions.definitions.approval_stage import ApprovalStage
from daytwo_actions.definitions.approvers import OwnerOf, People
from daytwo_actions.definitions.model import Action, Lock, LockQueue
from daytwo_actions.definitions.upsert import Upsert
from daytwo_actions.expressions import Template, names, parse_template
from daytwo_actions.plan.step_program import StepProgram, step_program
from daytwo_actions.plan.steps import undo_path
from daytwo_forms.plain import Schema, plain_schema
from daytwo_forms.schema import spoken


@dataclass(frozen=True, kw_only=True, slots=True)
class UpsertProgram:
    kind: str
    name: Template
    properties: Template
    relations: Template


@dataclass(frozen=True, kw_only=True, slots=True)
class ApprovalProgram:
    when: Template
    stage: ApprovalStage
    people: tuple[Template, ...]  # what is looked for in the catalog
    owners: tuple[Template, ...]  # entities whose owners are asked
    auto: Template | None = None  # the rule that approves it in place of people
    form: Mapping[str, Schema] = field(default_factory=dict)  # what is filled in with the decision


@dataclass(frozen=True, kw_only=True, slots=True)
class LockProgram:
    keys: tuple[Template, ...]
    queue: LockQueue
    priority: Template | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Program:
    action: Action
    approvals: tuple[ApprovalProgram, ...]
    lock: LockProgram | None
    steps: tuple[StepProgram, ...]
    undos: tuple[StepProgram, ...]  # what undoes a step, in the order of the steps
    catalog: tuple[UpsertProgram, ...]
    undo: Template | None

    @classmethod
    def of(cls, action: Action) -> "Program":
        """Parse every expression. The definition was checked when it was registered, so none is wrong."""
        spec = action.spec
        return cls(
            action=action,
            approvals=tuple(approval_program(one) for one in spec.approval),
            lock=_lock(spec.locking) if spec.locking is not None else None,
            steps=tuple(step_program(step) for step in spec.steps),
            undos=tuple(step_program(step.undo, undo_path(step.id)) for step in spec.steps if step.undo is not None),
            catalog=tuple(_upsert(change.upsert) for change in spec.catalog),
            undo=parse_template(spec.undo.inputs) if spec.undo is not None else None,
        )

    def planned(self) -> Iterator[Template]:
        """The templates that the plan is made of (undo is a plan of its own)."""
        for approval in self.approvals:
            yield from (approval.when, *approval.people, *approval.owners)
            if approval.auto is not None:
                yield approval.auto
        if self.lock is not None:
            yield from self.lock.keys
            if self.lock.priority is not None:
                yield self.lock.priority
        for step in (*self.steps, *self.undos):
            yield from step.templates()
        for write in self.catalog:
            yield from (write.name, write.properties, write.relations)

    def undo_reads(self) -> list[str]:
        """The inputs of the previous run that undo needs: `version` for `previous.inputs.version`."""
        if self.undo is None:
            return []
        mentioned = (name.parts for name in names(self.undo))
        return sorted({str(parts[2]) for parts in mentioned if parts[:2] == ("previous", "inputs") and len(parts) > 2})


def read_values(program: Program, context: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """The catalog values that the plan's expressions read, by dotted name: they are sealed with it."""
    found: dict[str, JsonValue] = {}
    for template in program.planned():
        for name in names(template):
            if name.parts[0] == "entity" or (name.parts[0] == "inputs" and len(name.parts) > 2):
                found[name.dotted] = _walk(context, name.parts)
    return found


def _walk(value: object, parts: tuple[str | int, ...]) -> JsonValue:
    for part in parts:
        if isinstance(value, Mapping):
            value = value.get(str(part))
        elif isinstance(value, list) and isinstance(part, int) and part < len(value):
            value = value[part]
        else:
            return None
    return value  # type: ignore[return-value] # the context is plain JSON


def approval_program(stage: ApprovalStage) -> ApprovalProgram:
    return ApprovalProgram(
        when=parse_template(stage.when),
        stage=stage,
        people=tuple(parse_template(entry.people) for entry in stage.from_ if isinstance(entry, People)),
        owners=tuple(parse_template(entry.owner_of) for entry in stage.from_ if isinstance(entry, OwnerOf)),
        auto=parse_template(stage.auto) if stage.auto is not None else None,
        form={
            name: {**plain_schema(one), "title": one.title or spoken(name)}
            for page in stage.form.pages
            for name, one in page.properties.items()
        },
    )


def _lock(lock: Lock) -> LockProgram:
    return LockProgram(
        keys=tuple(parse_template(key) for key in lock.keys),
        queue=lock.queue,
        priority=parse_template(lock.priority) if lock.priority is not None else None,
    )


def _upsert(write: Upsert) -> UpsertProgram:
    return UpsertProgram(
        kind=write.kind,
        name=parse_template(write.name),
        properties=parse_template(write.properties),
        relations=parse_template(write.relations),
    )
