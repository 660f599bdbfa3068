"""What a run of a CI system consists of: jobs, their steps, what waits for a person there, and files that it left."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final, NewType

from daytwo_store.ids import ExternalJobId
from daytwo_store.states import ExternalStatus

WARNING: Final = "warning: "  # so begins a note that tells of no failure

GateId = NewType("GateId", str)  # theirs, opaque: given by `jobs`, taken by `answer`


class JobKind(StrEnum):
    JOB = "job"  # something that executes, with a log of its own
    GROUP = "group"  # jobs that belong together: a child pipeline, a DAG, a list of parallel nodes; it has no log
    GATE = "gate"  # nothing but a place to wait


class GateKind(StrEnum):
    """What somebody has to do for a run to go on, in the CI system or from here."""

    MANUAL_JOB = "manual_job"  # GitLab: a job that somebody plays
    DEPLOYMENT = "deployment"  # GitLab: a protected environment's approvals
    ENVIRONMENT = "environment"  # GitHub: an environment's required reviewers, or its wait timer
    SUSPEND = "suspend"  # Argo: a suspend node


class GateVerdict(StrEnum):
    GO = "go"  # play, approve, resume
    STOP = "stop"  # reject, stop


@dataclass(frozen=True, kw_only=True, slots=True)
class ExternalGate:
    """Where a run waits in the CI system for somebody."""

    id: GateId
    kind: GateKind
    title: str  # the vendor's name of it: "production", "approve"
    waits_for: str  # for people, without the vendor's name: "a review by group:sre", "somebody to play it"
    url: str | None
    verdicts: frozenset[GateVerdict]  # what this connection's credential can answer; empty: only there


@dataclass(frozen=True, kw_only=True, slots=True)
class JobStep:
    number: int
    name: str
    status: ExternalStatus
    started_at: datetime | None
    ended_at: datetime | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Job:
    id: ExternalJobId
    name: str
    status: ExternalStatus
    detail: str
    url: str | None
    started_at: datetime | None
    ended_at: datetime | None
    steps: Sequence[JobStep] = ()
    kind: JobKind = JobKind.JOB
    parent: ExternalJobId | None = None  # the group that it is in
    gate: ExternalGate | None = None
    notes: Sequence[str] = ()  # what the CI system itself says went wrong with it; may hold what has to be masked


@dataclass(frozen=True, kw_only=True, slots=True)
class JobTree:
    """Every node once, a group before what is in it, otherwise in the vendor's order."""

    jobs: Sequence[Job]
    strange: frozenset[str] = frozenset()  # words of the vendor's that no table here has: "node type Teapot"


@dataclass(frozen=True, kw_only=True, slots=True)
class Artifact:
    """A file that a run left in the CI system."""

    name: str
    size: int | None  # bytes
    url: str | None  # where a person gets it
    expires_at: datetime | None
    expired: bool = False
