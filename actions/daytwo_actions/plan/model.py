"""What a plan holds. Its canonical JSON (RFC 8785) is what people approve, its SHA-256 the digest (design §2, §6)."""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Final, Literal

import rfc8785
from pydantic import JsonValue, SerializationInfo, SerializerFunctionWrapHandler, model_serializer

from daytwo_actions.plan.steps import Part, Planned, PlannedStep, undo_path
from daytwo_store.errors import Rejected
from daytwo_store.ids import Digest
from daytwo_store.terms import DEFAULT, Terms

Json = Mapping[str, JsonValue]
# What stands in a plan only where it is not as usual.
_WHERE_UNUSUAL: Final = frozenset({"at", "results", "filled", "on_error", "undo", "stays", "resumes", "cause"})


class PlannedEditor(Part):
    """Who last changed the action's file."""

    others: list["PlannedEditor"] = []  # whose changes stand there as well, where they were merged

    person: str | None = None  # ref; they do not approve
    name: str | None = None
    commit: str | None = None
    why_not: str | None = None  # why the person is not known, as a part of a sentence

    @model_serializer(mode="wrap")
    def _short(self, write: SerializerFunctionWrapHandler, _: SerializationInfo) -> Mapping[str, JsonValue]:
        """Where nothing was merged it is as it always was, byte for byte."""
        whole: dict[str, JsonValue] = write(self)
        return {key: value for key, value in whole.items() if key != "others" or value}

    @property
    def people(self) -> list[str]:
        """The refs of all who are known."""
        return sorted({one.person for one in (self, *self.others) if one.person is not None})


class PlannedAction(Part):
    name: str
    version: str  # digest of the definition
    editor: PlannedEditor | None = None  # None: nobody looked


class PlannedRequester(Part):
    issuer: str
    subject: str


class PlannedCause(Part):
    """What asks for the run in the requester's name, and the people who wrote what it asks for: they do not approve."""

    kind: Literal["schedule", "trigger", "run"]  # a run: it calls this one, or this one repeats or undoes it
    name: str
    writers: list[str] = []


class PlannedTarget(Part):
    """The entity that the run is about. Of it only what was read and its owner are sealed: a sync voids nothing."""

    ref: str
    owner: str | None


Fields = dict[str, dict[str, JsonValue]]  # JSON Schema of each answer, by field


class PlannedStage(Part):
    """A stage that opens when the one before it is approved."""

    id: str | None = None
    form: Fields = {}  # what is filled in with the decision
    needed_from: list[str]
    count: int
    expires_in: int  # seconds, from when it opens
    again: bool = False
    terms: Terms = DEFAULT
    rule: str | None = None  # the expression that approves this stage in place of people


class PlannedApproval(Part):
    """The first stage, which opens at once, and those that follow."""

    id: str | None = None
    form: Fields = {}
    needed_from: list[str]
    count: int
    expires_at: datetime
    terms: Terms = DEFAULT
    then: list[PlannedStage] = []
    rule: str | None = None  # as in a later stage


class PlannedBreakGlass(Part):
    """An emergency: the stages that are passed over, and who confirms in their place. None: nobody does."""

    second: str | None
    past: list[PlannedStage]


class PlannedWrite(Part):
    """One entity as the run will leave it in the catalog when it has succeeded."""

    kind: str
    name: str
    properties: dict[str, JsonValue]
    relations: dict[str, list[str]]

    @property
    def ref(self) -> str:
        return f"{self.kind}:{self.name}"


class PlannedLock(Part):
    """Several keys, or another order than first come, first served."""

    keys: list[str]  # sorted, each once
    queue: str
    priority: int = 0


class PlannedResume(Part):
    """It goes on where another run ended. Of the rest of its steps it does whatever they say."""

    run: str
    done: dict[str, dict[str, JsonValue]]  # steps that are carried over, with what they had left
    said: dict[str, str] = {}  # of steps of which nobody knew: what a person has said, `done` or `again`
    items: dict[str, list[str]] = {}  # of a `foreach` that is done again: the keys of what had succeeded, and is not

    @model_serializer(mode="wrap")
    def _short(self, write: SerializerFunctionWrapHandler, _: SerializationInfo) -> Mapping[str, JsonValue]:
        """Without items it is as it always was, byte for byte."""
        whole: dict[str, JsonValue] = write(self)
        return {key: value for key, value in whole.items() if key != "items" or value}


class Plan(Part):
    v: Literal[1] = 1
    run: str
    action: PlannedAction
    requester: PlannedRequester
    cause: PlannedCause | None = None  # none: a person or a program has asked
    entity: PlannedTarget | None
    inputs: dict[str, JsonValue]
    secrets: dict[str, str] = {}  # of each secret input a keyed fingerprint: another value is another plan
    read: dict[str, JsonValue]  # the catalog values that expressions read, by their dotted names
    lock: str | PlannedLock | None  # text: one key, first come, first served
    approval: PlannedApproval | None
    break_glass: PlannedBreakGlass | None = None
    steps: list[Planned]
    catalog: list[PlannedWrite]
    # What becomes of it when it fails or is cancelled, where a step can be undone: what undoes it, by `ship.undo`, and
    # the steps that change something and cannot be undone.
    on_error: Literal["stop", "undo", "ask"] = "stop"
    undo: list[Planned] = []
    stays: list[str] = []
    resumes: PlannedResume | None = None
    # Of what is approved in the middle of a run, besides the plan: the step that asks, and what is known by then.
    at: str | None = None
    results: dict[str, JsonValue] = {}  # of earlier steps, by their path
    filled: dict[str, JsonValue] = {}  # what the holes of that step have become

    @model_serializer(mode="wrap")
    def _short(self, write: SerializerFunctionWrapHandler, _: SerializationInfo) -> Mapping[str, JsonValue]:
        """A plan without what is new since is as it always was, byte for byte."""
        whole: dict[str, JsonValue] = write(self)
        usual = type(self).model_fields
        return {key: value for key, value in whole.items() if key not in _WHERE_UNUSUAL or value != usual[key].default}

    @property
    def writers(self) -> list[str]:
        """The people who wrote a part of what is done here, as far as they are known."""
        editor = self.action.editor.people if self.action.editor is not None else []
        return sorted({*editor, *(self.cause.writers if self.cause is not None else ())})

    @property
    def dispatches(self) -> list[PlannedStep]:
        """Those steps that start something in a CI system."""
        return [step for step in self.steps if isinstance(step, PlannedStep)]

    @property
    def aimed(self) -> list[PlannedStep]:
        """All that may be started in a CI system, to undo something too: what is pinned."""
        return [step for step in (*self.steps, *self.undo) if isinstance(step, PlannedStep)]

    def dispatch(self, path: str) -> PlannedStep:
        found = self.step(path)
        assert isinstance(found, PlannedStep), "only dispatches are sent to CI systems"
        return found

    def step(self, path: str) -> Planned:
        """By its path; of what undoes a step also by the path of a later try."""
        found = next((step for step in self.steps if step.path == path), None)
        return found or next(step for step in self.undo if path == step.path or path.startswith(f"{step.path}."))

    def undo_of(self, path: str) -> Planned | None:
        """What undoes a step."""
        return next((step for step in self.undo if step.path == undo_path(path)), None)

    @property
    def locking(self) -> PlannedLock | None:
        """`lock` in its long form."""
        return PlannedLock(keys=[self.lock], queue="fifo") if isinstance(self.lock, str) else self.lock

    @property
    def keys(self) -> list[str]:
        """The keys that it needs, sorted."""
        return self.locking.keys if self.locking else []

    @property
    def asks(self) -> Mapping[str, Fields]:
        """What approvers fill in, by stage."""
        first = self.approval
        stages: list[PlannedApproval | PlannedStage] = [first, *first.then] if first is not None else []
        return {stage.id: stage.form for stage in stages if stage.id is not None and stage.form}

    def canonical(self) -> str:
        """RFC 8785. Raises `Rejected` for a number that JSON cannot carry exactly."""
        try:
            return rfc8785.dumps(self.model_dump(mode="json")).decode()
        except rfc8785.CanonicalizationError as error:
            raise Rejected(
                f"The inputs cannot be written down exactly: {error}. Nothing was started. "
                "Send very large numbers as text."
            ) from error


def digest_of(text: str) -> Digest:
    return Digest(hashlib.sha256(text.encode()).hexdigest())
