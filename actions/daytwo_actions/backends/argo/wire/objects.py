"""Workflows and their nodes as Argo shows them; what we read of the schemas `io.argoproj.workflow.v1alpha1.*`.

The server sends null for times and maps that are not set, though its description says text and objects.
"""

from datetime import datetime
from typing import Annotated, Final

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, JsonValue
from pydantic.alias_generators import to_camel

from daytwo_actions.backends.argo.wire.names import RunName

LABEL_RUN: Final = "daytwo.io/run"  # the marker, so that one request lists many runs
LABEL_BODY: Final = "daytwo.io/body"  # what was asked for, see `creation.py`
_ARCHIVING: Final = "workflows.argoproj.io/workflow-archiving-status"
_POD_NAMES: Final = "workflows.argoproj.io/pod-name-format"

_Number = Annotated[int | None, BeforeValidator(lambda value: int(value) if isinstance(value, str) else value)]
_Words = Annotated[str, BeforeValidator(lambda value: "" if value is None else value)]
_Moment = Annotated[AwareDatetime | None, Field(strict=False)]
_Labels = Annotated[dict[str, str], BeforeValidator(lambda value: {} if value is None else value)]


def _no_nulls(value: object) -> object:
    return [] if value is None else value


class Vendor(BaseModel):
    # Names must be text and states too; what we do not know is ignored.
    model_config = ConfigDict(strict=True, frozen=True, alias_generator=to_camel)


class Metadata(Vendor):
    name: str = Field(min_length=1)
    namespace: _Words = ""
    uid: _Words = ""
    labels: _Labels = {}
    annotations: _Labels = {}
    creation_timestamp: _Moment = None
    resource_version: _Words = ""
    generation: _Number = None

    @property
    def run(self) -> RunName:
        return RunName(self.name, self.uid or None)

    @property
    def names_pods_by_template(self) -> bool:
        return self.annotations.get(_POD_NAMES) == "v2"


class Parameter(Vendor):
    name: str
    value: JsonValue = None  # text; a template may have a number there
    default: JsonValue = None
    enum: Annotated[list[JsonValue], BeforeValidator(_no_nulls)] = []
    description: str | None = None
    value_from: JsonValue = None
    global_name: str | None = None


class Artifact(Vendor):
    name: str
    deleted: bool | None = None


class _Holder(Vendor):
    parameters: Annotated[list[Parameter], BeforeValidator(_no_nulls)] = []


class Outputs(_Holder):
    artifacts: Annotated[list[Artifact], BeforeValidator(_no_nulls)] = []


class Arguments(_Holder):
    artifacts: JsonValue = None


class TemplateRef(Vendor):
    name: str = ""
    template: str = ""
    cluster_scope: bool | None = None


class Node(Vendor):
    id: str
    name: str
    display_name: _Words = ""
    type: _Words = ""
    phase: _Words = ""
    message: _Words = ""
    template_name: _Words = ""
    template_ref: TemplateRef | None = None
    children: Annotated[list[str], BeforeValidator(_no_nulls)] = []  # what comes after it, by their ids
    boundary_id: _Words = Field(default="", alias="boundaryID")
    started_at: _Moment = None
    finished_at: _Moment = None
    outputs: Outputs | None = None

    @property
    def template(self) -> str:
        return self.template_ref.template if self.template_ref else self.template_name

    @property
    def waits(self) -> bool:
        """A suspend node that somebody can answer now."""
        return self.type == "Suspend" and self.phase == "Running"


class _PodPolicy(Vendor):
    pod_gc: JsonValue = Field(default=None, alias="podGC")  # when pods are deleted before their workflow is


class Spec(_PodPolicy):
    model_config = ConfigDict(extra="allow")  # kept to be told: what else stands there was not asked for

    arguments: Arguments | None = None
    workflow_template_ref: TemplateRef | None = None
    shutdown: str | None = None
    suspend: bool | None = None


class Status(Vendor):
    phase: _Words = ""
    message: _Words = ""
    started_at: _Moment = None
    finished_at: _Moment = None
    nodes: Annotated[dict[str, Node], BeforeValidator(lambda value: {} if value is None else value)] = {}
    outputs: Outputs | None = None
    stored_workflow_template_spec: _PodPolicy | None = None


class Workflow(Vendor):
    metadata: Metadata
    spec: Spec = Spec()
    status: Status = Status()
    archived: bool = False  # set by us: it is no longer alive
    told_at: datetime | None = None  # set by us: the server's clock (HTTP Date) when it answered

    @property
    def root(self) -> Node | None:
        """The node of the entrypoint, which has the workflow's own name."""
        return next((node for node in self.status.nodes.values() if node.name == self.metadata.name), None)

    @property
    def began(self) -> datetime | None:
        return self.metadata.creation_timestamp

    @property
    def keeps_pods(self) -> bool:
        """Whether the pods of nodes that have ended are there for as long as it is."""
        stored = self.status.stored_workflow_template_spec
        persisted = self.archived or self.metadata.labels.get(_ARCHIVING) == "Persisted"
        return not (persisted or self.spec.pod_gc or (stored is not None and stored.pod_gc))


class _ListMeta(Vendor):
    # `continue` is a word of Python.
    more: _Words = Field(default="", alias="continue")


class WorkflowList(Vendor):
    """The server sends null in place of an empty list."""

    metadata: _ListMeta = _ListMeta()
    items: Annotated[list[Workflow], BeforeValidator(_no_nulls)] = []
