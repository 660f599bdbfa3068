"""What a plan holds of each step. What has a hole, because its value comes from an earlier step, stands there as it is
written: with the inputs and the schema of the results that it names, it says what it can become.
"""

from abc import abstractmethod
from collections.abc import Mapping
from typing import Annotated, Final, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Discriminator,
    JsonValue,
    SerializationInfo,
    SerializerFunctionWrapHandler,
    Tag,
    model_serializer,
)

from daytwo_actions.backends.base import FrozenRequest, Pinned, Target
from daytwo_actions.backends.pipelines import packed_names
from daytwo_store.ids import Digest, StepPath

# What stands in a plan only where it is not as usual: so a plan of one dispatch is as it always was, byte for byte.
_ONLY_WHERE_UNUSUAL: Final = frozenset(
    {"needs", "runs", "when", "late", "outputs", "retry", "effect", "on_error", "protected", "holes"}
)


def undo_path(step: str) -> StepPath:
    """Of what undoes a step. Tried again by a person, it is another path: `ship.undo.2`."""
    return StepPath(f"{step}.undo")


def is_undo(path: str) -> bool:
    """Ids of steps hold no dot."""
    return path.endswith(".undo")


class Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class PlannedPin(Part):
    """What `project`, `pipeline` and `ref` were when the plan was made."""

    project_id: str
    pipeline_id: str
    commit: str
    pipeline_digest: str
    marked: bool
    by_name: list[str] | None = None
    declared: list[str] = []
    fenced: bool = False
    lasting: bool = True
    held: list[str] = []
    loose: list[str] = []

    @classmethod
    def of(cls, pinned: Pinned) -> "PlannedPin":
        return cls(
            project_id=pinned.project_id,
            pipeline_id=pinned.pipeline_id,
            commit=pinned.commit,
            pipeline_digest=pinned.pipeline_digest,
            marked=pinned.marked,
            by_name=None if pinned.by_name is None else list(pinned.by_name),
            declared=list(pinned.declared),
            fenced=pinned.fenced,
            lasting=pinned.lasting,
            held=list(pinned.held),
            loose=list(pinned.loose),
        )


class PlannedRequest(Part):
    """The first attempt's bytes as they will be sent; a later attempt differs in its marker alone."""

    method: str
    path: str
    body: str
    sha256: str

    @classmethod
    def of(cls, request: FrozenRequest) -> "PlannedRequest":
        return cls(method=request.method, path=request.path, body=request.body.decode(), sha256=request.digest)


class PlannedHole(Part):
    """An input that an approver fills. Nothing else is open: the rest of what it names is given."""

    value: JsonValue  # the template, as it was written
    given: dict[str, JsonValue]  # by dotted name


class PlannedRetry(Part):
    """How often it is tried in all after known failures, and the seconds between."""

    attempts: int
    wait: int


class PlannedAny(Part):
    """What every kind has."""

    path: str
    uses: str
    timeout: int  # seconds
    needs: list[str] | None = None  # None: the one before it
    runs: bool = True  # false: its `if` came out as false, and it is skipped
    when: str | None = None  # its `if`, where that names results of steps
    late: dict[str, JsonValue] = {}  # keys of `with` (`inputs.version`) that are worked out when it begins
    outputs: dict[str, JsonValue] = {}  # JSON Schema of each result that later steps may name
    retry: PlannedRetry | None = None
    effect: str | None = None  # None: what is usual for its kind
    on_error: Literal["fail", "continue"] = "fail"
    protected: bool = False  # what it gets late is approved again

    @property
    @abstractmethod
    def kind(self) -> str:
        """As in `definitions/steps/kinds.py`."""

    @property
    def asks(self) -> bool:
        """Has something to be worked out when its turn comes?"""
        return not self.runs or self.when is not None or bool(self.late)

    @model_serializer(mode="wrap")
    def _short(self, write: SerializerFunctionWrapHandler, _: SerializationInfo) -> Mapping[str, JsonValue]:
        whole: dict[str, JsonValue] = write(self)
        usual = type(self).model_fields
        return {
            key: value
            for key, value in whole.items()
            if key not in _ONLY_WHERE_UNUSUAL or getattr(self, key) != usual[key].default
        }


class PlannedStep(PlannedAny):
    """A dispatch."""

    project: str
    pipeline: str
    ref: str
    pinned: PlannedPin
    inputs: dict[str, JsonValue]
    holes: dict[str, PlannedHole] = {}  # inputs that approvers fill
    secrets: list[str] = []  # that its pipeline may collect once, by name
    request: PlannedRequest | None  # None: some of its inputs are late, or filled by approvers

    @property
    def kind(self) -> str:
        return "dispatch"

    @property
    def target(self) -> Target:
        return Target(project=self.project, pipeline=self.pipeline, ref=self.ref)

    @property
    def packed(self) -> tuple[str, ...]:
        """Inputs that travel together in one, as JSON."""
        return packed_names({**self.inputs, **dict.fromkeys(self.holes, "")}, self.pinned.by_name)

    def pin(self) -> Pinned:
        return Pinned(
            target=self.target,
            project_id=self.pinned.project_id,
            pipeline_id=self.pinned.pipeline_id,
            commit=self.pinned.commit,
            pipeline_digest=Digest(self.pinned.pipeline_digest),
            marked=self.pinned.marked,
            by_name=None if self.pinned.by_name is None else tuple(self.pinned.by_name),
            declared=tuple(self.pinned.declared),
            fenced=self.pinned.fenced,
            lasting=self.pinned.lasting,
            held=tuple(self.pinned.held),
            loose=tuple(self.pinned.loose),
        )


class PlannedKind(PlannedAny):
    """A step of one of the other kinds, which `uses` names."""

    given: dict[str, JsonValue]  # its `with`, as far as it is known

    @property
    def kind(self) -> str:
        return self.uses


def _which(value: object) -> str:
    other = "given" in value if isinstance(value, dict) else isinstance(value, PlannedKind)
    return "(kind)" if other else "(dispatch)"


Planned = Annotated[
    Annotated[PlannedStep, Tag("(dispatch)")] | Annotated[PlannedKind, Tag("(kind)")], Discriminator(_which)
]
