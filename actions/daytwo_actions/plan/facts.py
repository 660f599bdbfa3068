"""What a plan is made from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from pydantic import JsonValue

from daytwo_actions.expressions import Missing
from daytwo_actions.plan.model import PlannedCause, PlannedEditor, PlannedRequester, PlannedResume
from daytwo_store.ids import EntityRef, RunId

Json = Mapping[str, JsonValue]


@dataclass(frozen=True, kw_only=True, slots=True)
class FoundTarget:
    """One of what a step goes through. `before`: what stands in the plan of before, where there was one."""

    ref: str
    record: Json | None  # None: it is gone since
    before: Json | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Facts:
    """What a plan is made from. `context` is what expressions see: inputs (entities as records), entity, user, run,
    and `approvals`, where nothing is filled in yet."""

    run: RunId
    version: str  # digest of the definition
    requester: PlannedRequester
    entity: EntityRef | None
    owner: str | None
    inputs: Json  # as they were accepted: entities as refs
    context: Json
    now: datetime
    break_glass: bool = False  # an emergency: past approval
    frozen: bool = False  # a freeze holds: no rule decides in place of people
    editor: PlannedEditor | None = None  # who last changed the action's file
    cause: PlannedCause | None = None  # what asks for it in the requester's name
    fillers: Sequence[str] = ()  # who did tasks of the run or filled in values, where people decide in its middle
    resumes: PlannedResume | None = None
    secrets: Mapping[str, str] = field(default_factory=dict)  # a keyed fingerprint of each, by field
    called: Mapping[str, str] = field(default_factory=dict)  # today's versions of the actions that its steps call
    people: Mapping[int, Sequence[str]] = field(default_factory=dict)  # who is asked by name, by number of the entry
    owners: Mapping[str, str | None] = field(default_factory=dict)  # owning groups of the entities of `owner_of`
    missing: Missing = field(default_factory=dict)  # names that have no value in `context`
    targets: Mapping[str, Sequence[FoundTarget]] = field(default_factory=dict)  # what steps go through, by path
