# ruff: noqa: ARG002 - a stand-in is handed what the protocol says, and needs little of it
"""A CI system in memory. What is sent there is made and read again by the real backend of its kind; what becomes of it
says the test."""

import hashlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from pydantic import JsonValue, SecretStr

from daytwo_actions import run_token
from daytwo_actions.action_tests.model import Choices, Outcome, Push
from daytwo_actions.backends.argo.settings import ArgoSettings
from daytwo_actions.backends.base import (
    Accepted,
    Ambiguous,
    Backend,
    Budget,
    ExternalState,
    FrozenRequest,
    Hint,
    Listing,
    Marker,
    Pinned,
    Recognised,
    Refused,
    Sent,
    Target,
    Traits,
)
from daytwo_actions.backends.failures import BackendDenied
from daytwo_actions.backends.github.settings import GitHubSettings
from daytwo_actions.backends.gitlab.settings import GitLabSettings
from daytwo_actions.backends.gitlab.wire.inputs import MARKER_INPUT, MARKER_VARIABLE
from daytwo_actions.backends.pipelines import ListPage, PipelineInfo, PipelineInputs
from daytwo_actions.backends.registry import ConnectionSettings, connect
from daytwo_actions.backends.tree import Artifact, GateId, GateVerdict, Job, JobTree
from daytwo_forms.sources import Listed
from daytwo_store.ids import Corr, Digest, ExternalJobId, ExternalRunId
from daytwo_store.states import EXTERNAL_ENDS, ExternalStatus

Now = Callable[[], Awaitable[datetime]]
Outcomes = Callable[[Corr], Awaitable[Outcome]]  # what becomes of the attempt with this marker
_SOON: Final = timedelta(minutes=1)
_RESERVED: Final = (MARKER_INPUT, MARKER_VARIABLE, run_token.RESERVED)
_NOWHERE: Final = "http://127.0.0.1:1"


@dataclass
class _Run:
    state: ExternalState
    ends_at: datetime | None
    outcome: Outcome
    corr: Corr


def _real(name: str, kind: str) -> Backend:
    """A backend that is never asked for anything but what is pure about it."""
    token = SecretStr("nobody-reads-this")
    settings: ConnectionSettings
    if kind == "github":
        settings = GitHubSettings(name=name, base=_NOWHERE, token=token, login="daytwo")
    elif kind == "gitlab":
        settings = GitLabSettings(name=name, base=_NOWHERE, token=token, login="daytwo")
    else:
        settings = ArgoSettings(name=name, base=_NOWHERE, token=token)
    return connect(settings, observe=lambda *_: None)


@dataclass
class Pipelines:
    """Implements `Backend` for one connection."""

    name: str
    kind: str
    now: Now
    outcomes: Outcomes
    choices: Choices
    runs: dict[str, _Run] = field(default_factory=dict)
    pushes: list[Push] = field(default_factory=list)  # so far
    told: set[str] = field(default_factory=set)  # of which a webhook has told that they have ended

    def __post_init__(self) -> None:
        self._real = _real(self.name, self.kind)

    @property
    def traits(self) -> Traits:
        return self._real.traits

    @property
    def due(self) -> list[datetime]:
        """When something ends by itself."""
        open_ones = (one for one in self.runs.values() if one.state.status not in EXTERNAL_ENDS)
        return [one.ends_at for one in open_ones if one.ends_at is not None]

    def newly_ended(self, now: datetime) -> list[str]:
        """Those that have ended by now, each told once."""
        found = [name for name, one in self.runs.items() if one.ends_at is not None and one.ends_at <= now]
        fresh = [name for name in found if name not in self.told]
        self.told.update(fresh)
        return fresh

    def endless(self, run: str) -> bool:
        """It runs until somebody stops it."""
        one = self.runs.get(run)
        return one is not None and one.ends_at is None and one.state.status not in EXTERNAL_ENDS

    def push(self, push: Push) -> None:
        self.pushes.append(push)

    async def resolve(self, target: Target) -> Pinned:
        known = hashlib.sha256(f"{target.project} {target.pipeline}".encode()).hexdigest()
        here = [one for one in self.pushes if one.project == target.project and target.ref in (one.ref, "")]
        changed = [one for one in here if one.pipeline is not None and target.pipeline in (one.pipeline, "")]
        file = hashlib.sha256(f"{known} {len(changed)}".encode()).hexdigest() if changed else known
        return Pinned(
            target=target,
            project_id=known[:8] if self.kind == "argo" else str(int(known[:6], 16)),
            pipeline_id=str(int(known[6:12], 16)),
            commit="" if self.kind == "argo" else f"{len(here):x}".ljust(40, "c"),
            pipeline_digest=Digest(file),
            marked=True,
            declared=("*",) if self.kind == "gitlab" else (),
            fenced=True,
        )

    def freeze(self, pinned: Pinned, inputs: Mapping[str, JsonValue], corr: Corr) -> FrozenRequest:
        return self._real.freeze(pinned, inputs, corr)

    async def send(self, request: FrozenRequest, *, seconds: float) -> Sent:
        outcome = await self.outcomes(request.corr)
        if outcome.refused is not None:
            return Refused(detail=outcome.refused)
        begun = next((name for name, one in self.runs.items() if one.corr == request.corr), None)
        if begun is None:
            begun = str(len(self.runs) + 1)
            now = await self.now()
            ends = None if outcome.ends == "never" else now + (outcome.after or _SOON)
            state = ExternalState(
                id=ExternalRunId(begun),
                attempt=1,
                status=ExternalStatus.RUNNING,
                detail="in_progress",
                url=f"https://{self.name}.example/runs/{begun}",
                commit=request.pinned.commit or None,
                created_at=now,
                updated_at=now,
            )
            self.runs[begun] = _Run(state=state, ends_at=ends, outcome=outcome, corr=request.corr)
            if outcome.lost:
                return Ambiguous(detail="no answer came in time")
        return Accepted(id=ExternalRunId(begun), url=self.runs[begun].state.url)

    async def find(self, marker: Marker, since: datetime) -> Listing:
        found = [await self._seen(name) for name, one in self.runs.items() if one.corr == marker.corr]
        shown = [one for one in found if one is not None and (one.created_at or since) >= since]
        return Listing(found=shown, complete=True, server_time=await self.now())

    async def recognise(self, marker: Marker, run: ExternalRunId, since: datetime) -> Recognised | None:
        state = await self._seen(run)
        if state is None:
            return None
        early = [] if (state.created_at or since) >= since else ["it was created at another time"]
        return Recognised(state=state, title=run, marked=self.runs[run].corr == marker.corr, misfits=early)

    async def read(self, runs: Sequence[tuple[Target, ExternalRunId]]) -> Sequence[ExternalState | None]:
        return [await self._seen(run) for _, run in runs]

    async def _seen(self, run: str) -> ExternalState | None:
        """Its state by now."""
        one = self.runs.get(run)
        if one is None:
            return None
        if one.state.status not in EXTERNAL_ENDS and one.ends_at is not None and one.ends_at <= await self.now():
            self._end(one, ExternalStatus(one.outcome.ends))
        return one.state

    @staticmethod
    def _end(one: _Run, status: ExternalStatus) -> None:
        one.state = ExternalState(
            id=one.state.id,
            attempt=1,
            status=status,
            detail=str(status),
            url=one.state.url,
            commit=one.state.commit,
            created_at=one.state.created_at,
            updated_at=one.ends_at,
        )

    async def jobs(self, target: Target, run: ExternalRunId) -> JobTree:
        state = self.runs[run].state
        ended = state.updated_at if state.status in EXTERNAL_ENDS else None
        return JobTree(
            jobs=[
                Job(
                    id=ExternalJobId(f"{run}-1"),
                    name="pipeline",
                    status=state.status,
                    detail=state.detail,
                    url=None,
                    started_at=state.created_at,
                    ended_at=ended,
                )
            ]
        )

    async def logs(self, target: Target, run: ExternalRunId, job: ExternalJobId) -> AsyncIterator[bytes]:
        yield (self.runs[run].outcome.log or "nothing").encode() + b"\n"

    async def outputs(self, target: Target, run: ExternalRunId) -> Mapping[str, JsonValue] | None:
        return self.runs[run].outcome.outputs or None

    async def artifacts(self, target: Target, run: ExternalRunId) -> Sequence[Artifact]:
        return []

    async def annotations(self, target: Target, job: ExternalJobId) -> Sequence[str]:
        return []

    async def answer(
        self, target: Target, run: ExternalRunId, gate: GateId, verdict: GateVerdict, *, comment: str
    ) -> None:
        raise BackendDenied("Pipelines of a test have no gates.")

    async def cancel(self, target: Target, run: ExternalRunId, *, force: bool = False) -> None:
        one = self.runs[run]
        if one.state.status not in EXTERNAL_ENDS:
            one.ends_at = await self.now()
            self._end(one, ExternalStatus.CANCELLED)

    async def pipelines(self, project: str, *, ref: str | None = None) -> Sequence[PipelineInfo]:
        return []

    async def parameters(self, target: Target) -> PipelineInputs:
        return PipelineInputs(file=target.pipeline, inputs=(), others=True, marked=True, fenced=True, remarks=())

    async def names(self, listed: Listed, project: str, *, search: str, cursor: str | None) -> ListPage:
        if listed == "pipelines":
            raise BackendDenied("Pipelines are not listed in a test.")
        known: list[str] = getattr(self.choices, listed)
        return ListPage(names=[name for name in known if search in name], next_cursor=None)

    def webhook(self, headers: Mapping[str, str], body: bytes) -> Sequence[Hint]:
        return []

    def budget(self) -> Budget | None:
        return None

    def close(self) -> None:
        self._real.close()


def inputs_in(kind: str, body: bytes) -> dict[str, JsonValue]:
    """The inputs in the bytes of a dispatch, without those that are ours."""
    document = json.loads(body)
    if kind == "github":
        found = dict(document["inputs"])
    elif kind == "gitlab":
        found = dict(document.get("inputs") or {})
        found |= {one["key"]: one["value"] for one in document.get("variables") or []}
    else:
        given = document["workflow"]["spec"]["arguments"]["parameters"]
        found = {one["name"]: one["value"] for one in given}
    return {name: value for name, value in found.items() if name not in _RESERVED}
