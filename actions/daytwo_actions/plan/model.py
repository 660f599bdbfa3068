"""What a plan holds. Its canonical JSON (RFC 8785) is what people approve, its SHA-256 the digest (design §2, §6)."""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Literal

import rfc8785
from pydantic import BaseModel, ConfigDict, JsonValue

from daytwo_actions.backends.base import Pinned, Target
from daytwo_actions.backends.pipelines import packed_names
from daytwo_store.errors import Rejected
from daytwo_store.ids import Digest
from daytwo_store.terms import DEFAULT, Terms

Json = Mapping[str, JsonValue]


class Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class PlannedAction(Part):
    name: str
    version: str  # digest of the definition


class PlannedRequester(Part):
    issuer: str
    subject: str


class PlannedTarget(Part):
    """The entity that the run is about. Of it only what was read and its owner are sealed: a sync voids nothing."""

    ref: str
    owner: str | None


class PlannedStage(Part):
    """A stage that opens when the one before it is approved."""

    needed_from: list[str]
    count: int
    expires_in: int  # seconds, from when it opens
    again: bool = False
    terms: Terms = DEFAULT
    rule: str | None = None  # the expression that approves this stage in place of people


class PlannedApproval(Part):
    """The first stage, which opens at once, and those that follow."""

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
            loose=list(pinned.loose),
        )


class PlannedRequest(Part):
    """The first attempt's bytes as they will be sent; a later attempt differs in its marker alone."""

    method: str
    path: str
    body: str
    sha256: str


class PlannedStep(Part):
    path: str
    uses: str
    project: str
    pipeline: str
    ref: str
    pinned: PlannedPin
    inputs: dict[str, JsonValue]
    timeout: int  # seconds
    secrets: list[str] = []  # that its pipeline may collect once, by name
    request: PlannedRequest

    @property
    def target(self) -> Target:
        return Target(project=self.project, pipeline=self.pipeline, ref=self.ref)

    @property
    def packed(self) -> tuple[str, ...]:
        """Inputs that travel together in one, as JSON."""
        return packed_names(self.inputs, self.pinned.by_name)

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
            loose=tuple(self.pinned.loose),
        )


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


class Plan(Part):
    v: Literal[1] = 1
    run: str
    action: PlannedAction
    requester: PlannedRequester
    entity: PlannedTarget | None
    inputs: dict[str, JsonValue]
    secrets: dict[str, str] = {}  # of each secret input a keyed fingerprint: another value is another plan
    read: dict[str, JsonValue]  # the catalog values that expressions read, by their dotted names
    lock: str | PlannedLock | None  # text: one key, first come, first served
    approval: PlannedApproval | None
    break_glass: PlannedBreakGlass | None = None
    steps: list[PlannedStep]
    catalog: list[PlannedWrite]

    @property
    def locking(self) -> PlannedLock | None:
        """`lock` in its long form."""
        return PlannedLock(keys=[self.lock], queue="fifo") if isinstance(self.lock, str) else self.lock

    @property
    def keys(self) -> list[str]:
        """The keys that it needs, sorted."""
        return self.locking.keys if self.locking else []

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
