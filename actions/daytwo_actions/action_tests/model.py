"""A test file: the shape of every key. How it is played: docs/reference/action-test-files.md."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, JsonValue, WithJsonSchema, model_validator

from daytwo_actions.definitions.durations import Duration
from daytwo_actions.definitions.model import ActionId
from daytwo_forms.fields import ConnectionId, Line, Text, Vocabulary

Ref = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]*:[^\s:]+$", max_length=200, description="as service:shop")]
Person = Annotated[str, Field(pattern=r"^person:[^\s:]+$", max_length=200, description="as person:ana")]
StepName = Annotated[
    str,
    Field(
        pattern=r"^([a-z][a-z0-9-]*/)?[a-z][a-z0-9_.]*$",
        max_length=200,
        description="a step, as ship; what undoes it, ship.undo; of an action that is called, restart/ship",
    ),
]
Values = dict[str, JsonValue]


def _moment(value: object) -> datetime:
    try:
        found = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise ValueError("A time is written with its zone, as 2026-03-02T09:00:00Z")
    return found


Moment = Annotated[
    datetime, BeforeValidator(_moment), WithJsonSchema({"type": "string", "examples": ["2026-03-02T09:00:00Z"]})
]


class GivenEntity(Vocabulary):
    """An entity that is there besides those of the company's files, or what is different about one of them."""

    ref: Ref
    title: Line | None = None
    owner: Ref | None = None
    properties: Values = {}
    relations: dict[str, list[Ref]] = {}


class Outcome(Vocabulary):
    """What becomes of one start of a pipeline."""

    ends: Literal["succeeded", "failed", "cancelled", "never"] = Field(
        default="succeeded", description="never: it runs until somebody stops it"
    )
    after: Duration | None = Field(default=None, description="how long it runs; a minute when left out")
    outputs: Values = {}
    log: Text = ""
    refused: Line | None = Field(default=None, description="the CI system says no, with these words: nothing began")
    lost: bool = Field(default=False, description="it began, and no answer came: it is found by its marker")


class Answer(Vocabulary):
    """What a service answers. `when` says to what; the first that fits is taken, and the last one for good."""

    method: Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"] | None = None
    path: Line | None = Field(default=None, description="the whole path; left out: any")
    status: Annotated[int, Field(ge=100, le=599)] = 200
    body: JsonValue = None
    times: Annotated[int, Field(ge=1, le=1000)] | None = Field(default=None, description="so often; then the next one")
    lost: bool = Field(default=False, description="it was sent, and no answer came")


class Choices(Vocabulary):
    """What a connection lists, for fields whose choices come from there."""

    branches: list[Line] = ["main"]
    tags: list[Line] = []
    environments: list[Line] = []
    namespaces: list[Line] = []


class Earlier(Vocabulary):
    """A run that succeeded before. Who asked for it, and about what, is as in the test unless it is said here."""

    action: ActionId
    user: Person | None = None
    entity: Ref | None = None
    answers: Values = {}
    approved_by: Person | None = Field(default=None, description="who gives every approval that it asks for")
    pipelines: dict[StepName, Outcome | list[Outcome]] = Field(
        default={}, description="what became of its own; one that is not named succeeded"
    )


class Given(Vocabulary):
    """Before somebody asks. What a test leaves out is taken from the file's own `given`."""

    user: Person | None = None
    entity: Ref | None = None
    clock: Moment | None = Field(default=None, description="2026-01-12T09:00:00Z, a Monday, when left out")
    answers: Values | None = None
    comment: Line | None = None
    entities: list[GivenEntity] | None = None
    before: Annotated[list[Earlier], Field(max_length=20)] | None = Field(
        default=None, description="runs that succeeded before, the oldest first; an undo goes back to the last of them"
    )
    pipelines: dict[StepName, Outcome | list[Outcome]] | None = Field(
        default=None, description="by step; of several outcomes each start takes the next, and the last one for good"
    )
    services: dict[ConnectionId, list[Answer]] | None = None
    choices: dict[ConnectionId, Choices] | None = None


class Deciding(Vocabulary):
    by: Person
    comment: Line = ""
    answers: Values | None = Field(default=None, description="what is filled in with it")
    refused: Line | None = Field(default=None, description="it is refused, and what is said has these words in it")


class Doing(Vocabulary):
    step: StepName
    by: Person
    answers: Values = {}
    words: Line = ""
    refused: Line | None = None


class Stopping(Vocabulary):
    by: Person
    reason: Line = "not wanted any more"
    refused: Line | None = None


class Lasting(Vocabulary):
    step: StepName
    by: Person
    lasts: Duration | None = Field(default=None, alias="for", description="counted from now; of `extend` only")
    refused: Line | None = None


class Event(Vocabulary):
    source: ConnectionId
    key: Line
    payload: Values = {}


class Push(Vocabulary):
    """Somebody pushes into the repository of pipelines. What is started by a tag stays as it is."""

    project: Line
    ref: Line = Field(default="main", description="the branch")
    pipeline: Line | None = Field(
        default=None, description="the pipeline whose file is another one by it; left out: something else is"
    )


class CatalogState(Vocabulary):
    """What of an entity has to be so; what is not named may be anything."""

    title: Line | None = None
    owner: Ref | None = None
    properties: Values = {}
    relations: dict[str, list[Ref]] = {}


class Request(Vocabulary):
    """One dispatch as it was sent, read again from its bytes. What is left out may be anything."""

    step: StepName
    connection: ConnectionId | None = None
    project: Line | None = None
    pipeline: Line | None = None
    ref: Line | None = None
    inputs: Values | None = Field(default=None, description="all of them, without those that are reserved")


class Call(Vocabulary):
    """One request to a service as it was sent."""

    service: ConnectionId
    method: Line | None = None
    path: Line | None = None
    body: JsonValue = None
    headers: dict[str, Line] = {}


class Stage(Vocabulary):
    asked: list[Line] = Field(alias="from")
    count: int = 1


class Told(Vocabulary):
    """One notification, among others."""

    notice: Line
    to: list[Line] | None = Field(default=None, description="refs of people and groups")
    text: Line | None = Field(default=None, description="words that stand in what a `notify` step says")


class CalledRun(Vocabulary):
    action: ActionId
    entity: Ref | None = None
    state: Line | None = None
    inputs: Values | None = None


class Expect(Vocabulary):
    """What has to be so. What is left out is not looked at."""

    refused: Line | None = Field(default=None, description="nobody gets a run, and what is said has these words in it")
    fields: list[Line] | None = Field(default=None, description="the fields that are shown, in their order")
    options: dict[str, list[JsonValue]] | None = Field(default=None, description="the first choices of a field")
    may_run: bool | None = None
    approvers: list[Stage] | None = Field(default=None, description="the stages of the plan, in their order")
    lock: list[Line] | None = Field(default=None, description="the keys")
    state: Line | None = None
    reason: Line | None = Field(default=None, description="words that stand in it")
    steps: dict[StepName, Line] | None = Field(default=None, description="their states, of those that are named")
    requests: list[Request] | None = Field(default=None, description="all that were sent, in their order")
    calls: list[Call] | None = Field(default=None, description="all requests to services that are no GET")
    outputs: dict[StepName, Values] | None = None
    notifications: list[Told] | None = None
    catalog: dict[Ref, CatalogState | None] | None = Field(default=None, description="null: it is not there")
    runs: list[CalledRun] | None = Field(default=None, description="those that it has called, in their order")


class Do(Vocabulary):
    """One thing that happens. After it, and what comes of it, the next one happens."""

    approve: Deciding | None = None
    reject: Deciding | None = None
    complete: Doing | None = Field(default=None, description="a task or an input is done")
    give_up: Doing | None = Field(default=None, description="a task cannot be done")
    cancel: Stopping | None = None
    undo: Stopping | None = Field(default=None, description="of the run; what follows is about the run that undoes it")
    extend: Lasting | None = None
    give_back: Lasting | None = None
    event: Event | None = None
    push: Push | None = None
    passes: Duration | None = Field(default=None, alias="pass", description="so much time goes by")
    expect: Expect | None = None

    @model_validator(mode="after")
    def _is_one(self) -> "Do":
        if sum(getattr(self, name) is not None for name in type(self).model_fields) != 1:
            raise ValueError("Each entry is one thing that happens")
        return self


class ActionTest(Vocabulary):
    name: Line
    given: Given = Given()
    do: list[Do] = []
    expect: Expect = Expect()


class TestsMetadata(Vocabulary):
    title: Line = ""
    description: Text = ""


class TestsSpec(Vocabulary):
    action: ActionId
    company: list[Line] = Field(
        default=["."], min_length=1, max_length=20, description="folders with actions and catalog, from this file"
    )
    connections: dict[ConnectionId, Literal["github", "gitlab", "argo"]] = Field(
        default={}, description="of which kind each is; `github`, `gitlab` and `argo` are what they are called"
    )
    given: Given = Given()
    tests: list[ActionTest] = Field(min_length=1, max_length=500)


class ActionTests(Vocabulary):
    """Tests of one action."""

    api_version: Literal["daytwo/v1"] = Field(alias="apiVersion")
    kind: Literal["ActionTests"]
    metadata: TestsMetadata = TestsMetadata()
    spec: TestsSpec
