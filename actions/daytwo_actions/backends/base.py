"""A CI system, seen from here: the door that every backend implements, in our words.

Nothing vendor-shaped passes it. `wire.py` of a backend is pure, `backend.py` sends, `settings.py` says where.
A backend never retries a write, never follows a redirect with a credential, and gives up at the deadline that it is
given.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, auto
from typing import Protocol

from pydantic import JsonValue

from daytwo_actions.backends.pipelines import ListPage, PipelineInfo, PipelineInputs
from daytwo_actions.backends.tree import Artifact, GateId, GateVerdict, JobTree
from daytwo_forms.sources import Listed
from daytwo_store.ids import Corr, Digest, ExternalJobId, ExternalRunId
from daytwo_store.states import ExternalStatus


@dataclass(frozen=True, kw_only=True, slots=True)
class Traits:
    """What a kind of CI system can do, where the life of a run or a text for people depends on it."""

    kind: str  # "github"
    title: str  # as people call it: "GitHub"
    live_logs: bool  # a job's log can be read while the job runs; otherwise only after its end
    requests_per_hour: int | None = None  # that it allows at least, or that we take it to allow; None: nobody counts
    by_the_hour: bool = True  # its own limits are of an hour; else of a shorter time, and say nothing of an hour
    # The name of the external run is ours and unique there: sending the same frozen request again cannot start a
    # second one, so an ambiguous send is settled by sending again (A1, Argo).
    repeatable: bool = False
    listing_lag: timedelta | None = None  # how long a run may stay invisible in listings; None: as the settings say


@dataclass(frozen=True, kw_only=True, slots=True)
class Target:
    """What a step names: design §5, the keys mean the same on every backend."""

    project: str  # repository "owner/name", project path, namespace
    pipeline: str  # workflow file name "deploy.yml", template name; empty where there is nothing to name
    ref: str  # branch or tag name; empty where there are none


@dataclass(frozen=True, kw_only=True, slots=True)
class Pinned:
    """A target as it is right now; part of the plan, compared again in the transaction that seals a dispatch."""

    target: Target
    project_id: str  # the vendor's id, so that a renamed and re-created repository is not the same
    pipeline_id: str
    commit: str  # what the ref points at
    pipeline_digest: Digest  # of the pipeline file at that commit
    marked: bool  # the pipeline carries our marker where a listing shows it
    # The inputs that go by their own names when the pipeline takes the others packed into one (`pipelines.PACK`);
    # None: nothing is packed.
    by_name: tuple[str, ...] | None = None
    # The inputs that the pipeline declares, where others go in another way (GitLab: as variables). "*": all do.
    declared: tuple[str, ...] = ()
    fenced: bool = False  # each job asks us before it works (claim fence): a second execution does no work
    # A run that has ended stays there long enough to be found. Otherwise one that is not there may have run all the
    # same, and its name is free again: no absence is proven, and nothing is sent a second time under it.
    lasting: bool = True
    # What the pipeline takes from elsewhere, with the SHA-256 of what it was: the commit does not hold it still, so it
    # is read again before it is sent ("ci.yml of acme/ci at main, sha256 0f…").
    held: tuple[str, ...] = ()
    # What it takes from elsewhere that was not read here, in words: what was approved does not cover it.
    loose: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class FrozenRequest:
    """The bytes of one dispatch. `digest` is the SHA-256 of `body`; what is sent is checked against it."""

    pinned: Pinned
    corr: Corr
    method: str
    path: str  # below the connection's base address
    body: bytes
    digest: Digest


@dataclass(frozen=True, kw_only=True, slots=True)
class Marker:
    """Everything that must fit before a run found in a listing is adopted as ours (A1; case R18)."""

    corr: Corr
    pinned: Pinned


@dataclass(frozen=True, kw_only=True, slots=True)
class ExternalState:
    """A run of the CI system as read from it. `detail` has the vendor's own words for `status`."""

    id: ExternalRunId
    attempt: int  # counts re-runs made in the CI system; 1 is ours
    status: ExternalStatus
    detail: str
    url: str
    commit: str | None
    created_at: datetime | None
    updated_at: datetime | None
    waits_for: str | None = None  # "waits in GitHub for …", when the CI system itself waits
    strange: frozenset[str] = frozenset()  # words of the vendor's that no table here has: "state exploded"


@dataclass(frozen=True, kw_only=True, slots=True)
class Accepted:
    """The vendor started a run. `id` is None when it did not say which (204): look it up by the marker.

    `proven`: that the run is the one that was asked for was seen, and not only said. `doubt`: why the id that was said
    is not taken, as "it named run 17, which is not there".
    """

    id: ExternalRunId | None
    url: str | None
    proven: bool = False
    doubt: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Refused:
    """The vendor said no before doing anything, or nothing ever left this machine: not executed, for certain.

    `retry_after` (seconds) is set when it asked to be asked again later (rate limits, connection refused). `unsent`:
    the vendor was not asked at all, so this is no try.
    """

    detail: str
    retry_after: float | None = None
    unsent: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Ambiguous:
    """It may have happened: 5xx, time-out or reset after the first byte, an answer that makes no sense.

    `hold` is set when asking again would settle nothing: the name that was to be ours is somebody else's (Argo 409
    with a foreign digest). A person has to look at once.
    """

    detail: str
    hold: bool = False


Sent = Accepted | Refused | Ambiguous


@dataclass(frozen=True, kw_only=True, slots=True)
class Listing:
    """The answer of a look-up. Absence may be concluded from a `complete` one only, and by `server_time`."""

    found: Sequence[ExternalState]
    complete: bool
    server_time: datetime | None  # the vendor's clock (HTTP Date) when it answered
    unmarked: Sequence[ExternalRunId] = ()  # fits in everything, and shows no marker at all: it may be the one


@dataclass(frozen=True, kw_only=True, slots=True)
class Recognised:
    """One run that was asked for by its id, held against an attempt."""

    state: ExternalState
    title: str  # as people see it in a listing
    marked: bool  # it shows the marker
    misfits: Sequence[str] = ()  # what else does not fit, as sentences without a full stop: "somebody else started it"
    server_time: datetime | None = None  # the vendor's clock (HTTP Date) when it answered

    @property
    def ours(self) -> bool:
        """All of a look-up fits (A1)."""
        return self.marked and not self.misfits


class Part(Enum):
    """What a webhook is about that does not tell of a whole run's end, where that says how soon a look is worth it."""

    ANY = auto()
    BEGINS = auto()  # something was queued or has begun: whoever does not have the run open needs no look
    ENDS = auto()  # a job has ended: its log is to be had, and the end of all of it may follow in a moment


@dataclass(frozen=True, kw_only=True, slots=True)
class Hint:
    """What a verified webhook tells: look at this run. It proves nothing (webhooks wake, reads prove)."""

    delivery: str
    project_id: str
    run: ExternalRunId
    event: str  # "workflow_run.completed"
    final: bool = False  # it says that the run has ended: looked at once
    part: Part = Part.ANY
    goes_on: bool = False  # it says that the run, or a job of it, has not ended: of one that had, somebody re-ran it


@dataclass(frozen=True, kw_only=True, slots=True)
class Budget:
    """What the CI system still allows this connection to ask, as its last answers said. Times are of our own clock."""

    limit: int | None  # requests of a whole period; None: not told
    remaining: int | None  # requests left in this period; None: not told
    resets_at: datetime | None  # the next period begins
    held_until: datetime | None  # it has asked us to wait: nothing is read or sent before that; None: nothing held


class Backend(Protocol):
    """A configured connection to a CI system."""

    @property
    def traits(self) -> Traits: ...

    async def resolve(self, target: Target) -> Pinned:
        """What the target is right now. Raises `BackendUnreachable`, `BackendDenied`."""
        ...

    def freeze(self, pinned: Pinned, inputs: Mapping[str, JsonValue], corr: Corr) -> FrozenRequest:
        """The exact bytes of a dispatch. Pure. Raises `BackendDenied` for inputs that the vendor cannot take."""
        ...

    async def find(self, marker: Marker, since: datetime) -> Listing:
        """Runs that carry the marker and fit in actor, project, pipeline, ref and time (not before `since`)."""
        ...

    async def recognise(self, marker: Marker, run: ExternalRunId, since: datetime) -> Recognised | None:
        """One run by its id, checked as `find` checks those of a listing, however late listings are.

        None: this credential can see no such run. Raises what a read raises.
        """
        ...

    async def send(self, request: FrozenRequest, *, seconds: float) -> Sent:
        """Send once, within `seconds` in all, counted from the call and checked right before the bytes go out."""
        ...

    async def read(self, runs: Sequence[tuple[Target, ExternalRunId]]) -> Sequence[ExternalState | None]:
        """The state of each run in the order asked; None for one that is gone. One listing serves many runs."""
        ...

    async def jobs(self, target: Target, run: ExternalRunId) -> JobTree:
        """The jobs and their steps, child pipelines included. Raises `ExternalGone` and what a read raises."""
        ...

    def logs(self, target: Target, run: ExternalRunId, job: ExternalJobId) -> AsyncIterator[bytes]:
        """The raw log of a job from its first byte, in pieces; of a running one (`live_logs`) what there is by now.

        Raises `LogsNotReady`.
        """
        ...

    async def outputs(self, target: Target, run: ExternalRunId) -> Mapping[str, JsonValue] | None:
        """What an ended run left as its results, or None when it left none.

        Raises `OutputsUnusable`, `ExternalGone` and what a read raises.
        """
        ...

    async def artifacts(self, target: Target, run: ExternalRunId) -> Sequence[Artifact]:
        """Files that the run left in the CI system; never their content. Raises what a read raises."""
        ...

    async def answer(
        self, target: Target, run: ExternalRunId, gate: GateId, verdict: GateVerdict, *, comment: str
    ) -> None:
        """Answer a gate that `jobs` said is `answerable`: play, resume, approve, or stop. Once; never retried.

        Raises `GateClosed`, `ExternalGone` and what a read raises.
        """
        ...

    async def annotations(self, target: Target, job: ExternalJobId) -> Sequence[str]:
        """What the CI system itself says went wrong with a job: all there is when a job ended without a log."""
        ...

    async def cancel(self, target: Target, run: ExternalRunId, *, force: bool = False) -> None:
        """Ask for cancellation; asking for one that has ended already is not an error. Raises `ExternalGone`."""
        ...

    async def pipelines(self, project: str, *, ref: str | None = None) -> Sequence[PipelineInfo]:
        """What can be dispatched in a project, and what cannot and why. Raises what `resolve` raises."""
        ...

    async def parameters(self, target: Target) -> PipelineInputs:
        """A pipeline's own inputs, and what is worth a warning about it. Raises what `resolve` raises.

        An empty `ref` is the project's default branch, an empty `pipeline` the project's only one, where there is such.
        """
        ...

    async def names(self, listed: Listed, project: str, *, search: str, cursor: str | None) -> ListPage:
        """Names for a form's choices, a page at a time or searched.

        Raises `BackendUnreachable`, and `BackendDenied` also for what this kind of CI system does not list.
        """
        ...

    def webhook(self, headers: Mapping[str, str], body: bytes) -> Sequence[Hint]:
        """Verify a delivery on its raw bytes. Raises `WebhookRefused`."""
        ...

    def budget(self) -> Budget | None:
        """What is left of the vendor's rate limit; None when it has told nothing yet. Asks nothing.

        A connection that was asked to wait obeys by itself: reads raise `BackendUnreachable` and sends are `Refused`,
        both with `retry_after`, before anything has left.
        """
        ...

    def close(self) -> None: ...
