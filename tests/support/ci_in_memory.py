"""A CI system in memory with a ledger: accepts, loses answers, hides runs, ends them when told."""

import hashlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic import JsonValue

from daytwo_actions.backends.base import (
    Accepted,
    Ambiguous,
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
from daytwo_actions.backends.failures import BackendUnreachable, LogsNotReady, OutputsUnusable
from daytwo_actions.backends.pipelines import ListPage, PipelineInfo, PipelineInput, PipelineInputs, PipelineRemark
from daytwo_actions.backends.tree import Artifact, GateId, GateVerdict, Job, JobStep, JobTree
from daytwo_forms.sources import Listed
from daytwo_store.ids import Corr, Digest, ExternalJobId, ExternalRunId
from daytwo_store.states import EXTERNAL_ENDS, ExternalStatus


@dataclass
class CiInMemory:
    """Implements `Backend`. `ledger` has one entry per execution that really began."""

    ledger: list[FrozenRequest] = field(default_factory=list)
    posts: int = 0
    finds: int = 0
    states: dict[str, ExternalState] = field(default_factory=dict)
    commit: str = "c" * 40
    runs_commit: str | None = None  # what really runs, when the ref moves as it is sent
    marked: bool = True
    by_name: tuple[str, ...] | None = None
    declares: tuple[PipelineInput, ...] | None = None  # None: it takes whatever it is given
    remarks: tuple[PipelineRemark, ...] = ()
    fenced: bool = False
    lasting: bool = True
    nameless: bool = False  # runs lost their names, and the marker with it
    misfits: dict[str, list[str]] = field(default_factory=dict)  # what else does not fit, by run
    lists_all: bool = True
    clockless: bool = False  # its listings do not say when they were made
    down: bool = False
    hidden: bool = False  # runs are not visible in listings
    says: Callable[[str], Sent] = field(default=lambda run: Accepted(id=ExternalRunId(run), url=f"https://ci/{run}"))
    executes: bool = True  # a send that is answered badly still starts the run
    before_send: Callable[[], None] = field(default=lambda: None)
    ends_as: ExternalStatus | None = ExternalStatus.SUCCEEDED  # at once; None: keeps running
    log: bytes | None = b"hello\nworld\n"  # None: it has none yet
    notes: list[str] = field(default_factory=list)
    cancels: list[str] = field(default_factory=list)
    obeys: bool = True
    traits: Traits = field(default_factory=lambda: Traits(kind="memory", title="Memory", live_logs=False))
    left: Mapping[str, JsonValue] | OutputsUnusable | None = None  # as outputs
    left_to_ask: Budget | None = None
    answers: list[tuple[GateId, GateVerdict]] = field(default_factory=list)
    answering: Callable[[], None] = field(default=lambda: None)  # what comes of an answer, after it was carried out
    answer_after: Callable[[], Awaitable[None]] | None = None
    tree: Sequence[Job] | None = None  # of every run; None: one job that is as its run
    strange: frozenset[str] = frozenset()  # of the tree of every run
    ahead: timedelta = timedelta(0)  # of our clock, where somebody moves that
    files: Sequence[Artifact] = ()
    pipeline_texts: dict[str, str] = field(default_factory=dict)  # of the pipeline's file, by commit
    pipeline_reads: int = 0

    async def pipeline_file(self, target: Target, commit: str) -> str:
        self._up()
        self.pipeline_reads += 1
        return self.pipeline_texts[commit]

    def _up(self) -> None:
        if self.down:
            raise BackendUnreachable("The CI system does not answer.")

    async def resolve(self, target: Target) -> Pinned:
        self._up()
        return Pinned(
            target=target,
            project_id="1",
            pipeline_id="7",
            commit=self.commit,
            pipeline_digest=Digest(hashlib.sha256(self.pipeline_texts[self.commit].encode()).hexdigest())
            if self.commit in self.pipeline_texts
            else Digest("d" * 64),
            marked=self.marked,
            by_name=self.by_name,
            fenced=self.fenced,
            lasting=self.lasting,
        )

    def freeze(self, pinned: Pinned, inputs: Mapping[str, JsonValue], corr: Corr) -> FrozenRequest:
        body = json.dumps({"ref": pinned.target.ref, "inputs": {**inputs, "daytwo_run": corr}}).encode()
        return FrozenRequest(
            pinned=pinned,
            corr=corr,
            method="POST",
            path="/dispatches",
            body=body,
            digest=Digest(hashlib.sha256(body).hexdigest()),
        )

    async def find(self, marker: Marker, since: datetime) -> Listing:
        self._up()
        self.finds += 1
        states = [self.states[str(n)] for n, one in enumerate(self.ledger, 1) if one.corr == marker.corr]
        shown = [] if self.hidden or self.nameless else states
        found = [one for one in shown if (one.created_at or since) >= since]
        if not self.marked:
            return Listing(found=[], complete=False, server_time=None)
        bare = [ExternalRunId(str(n)) for n in range(1, len(self.ledger) + 1)] if self.nameless else []
        clock = None if self.clockless else datetime.now(UTC) + self.ahead
        return Listing(found=found, complete=self.lists_all, server_time=clock, unmarked=bare)

    async def recognise(self, marker: Marker, run: ExternalRunId, since: datetime) -> Recognised | None:
        """By its id, however late listings are."""
        self._up()
        state = self.states.get(run)
        if state is None:
            return None
        sent = self.ledger[int(state.id) - 1] if int(state.id) <= len(self.ledger) else None
        shows = self.marked and not self.nameless and sent is not None
        late = [] if (state.created_at or since) >= since else ["it was created at another time"]
        return Recognised(
            state=state,
            title=f"Deploy [{sent.corr}]" if sent is not None and shows else "Deploy",
            marked=bool(shows and sent is not None and sent.corr == marker.corr),
            misfits=[*late, *self.misfits.get(run, [])],
        )

    async def send(self, request: FrozenRequest, *, seconds: float) -> Sent:
        self.posts += 1
        self.before_send()
        self._up()
        known = [n for n, one in enumerate(self.ledger, 1) if self.traits.repeatable and one.corr == request.corr]
        if known:  # its name is taken, by what we sent
            return self.says(str(known[0]))
        if self.executes:
            self.ledger.append(request)
            run = str(len(self.ledger))
            self.states[run] = ExternalState(
                id=ExternalRunId(run),
                attempt=1,
                status=self.ends_as or ExternalStatus.RUNNING,
                detail=str(self.ends_as or "in_progress"),
                url=f"https://ci/{run}",
                commit=self.runs_commit or self.commit,
                created_at=datetime.now(UTC) + self.ahead,
                updated_at=None,
            )
            return self.says(run)
        return self.says("0")

    async def read(self, runs: Sequence[tuple[Target, ExternalRunId]]) -> Sequence[ExternalState | None]:
        self._up()
        return [self.states.get(run) for _, run in runs]

    def end(self, run: str, status: ExternalStatus) -> None:
        self.states[run] = replace(self.states[run], status=status, detail=str(status))

    async def jobs(self, target: Target, run: ExternalRunId) -> JobTree:
        self._up()
        state = self.states[run]
        if self.tree is not None:
            return JobTree(jobs=self.tree, strange=self.strange)
        return JobTree(
            jobs=[
                Job(
                    id=ExternalJobId(f"{run}-1"),
                    name="build",
                    status=state.status,
                    detail=state.detail,
                    url=None,
                    started_at=datetime.now(UTC),
                    ended_at=None,
                    steps=[JobStep(number=1, name="do it", status=state.status, started_at=None, ended_at=None)],
                )
            ]
        )

    async def logs(self, target: Target, run: ExternalRunId, job: ExternalJobId) -> AsyncIterator[bytes]:
        self._up()
        if self.log is None:
            raise LogsNotReady("not yet")
        yield self.log

    async def annotations(self, target: Target, job: ExternalJobId) -> Sequence[str]:
        return self.notes

    async def cancel(self, target: Target, run: ExternalRunId, *, force: bool = False) -> None:
        self._up()
        self.cancels.append("force" if force else "cancel")
        if self.obeys and self.states[run].status not in EXTERNAL_ENDS:
            self.end(run, ExternalStatus.CANCELLED)

    async def outputs(self, target: Target, run: ExternalRunId) -> Mapping[str, JsonValue] | None:
        if isinstance(self.left, OutputsUnusable):
            raise self.left
        return self.left

    async def artifacts(self, target: Target, run: ExternalRunId) -> Sequence[Artifact]:
        return self.files

    async def answer(
        self, target: Target, run: ExternalRunId, gate: GateId, verdict: GateVerdict, *, comment: str
    ) -> None:
        self.answers.append((gate, verdict))
        if self.answer_after is not None:
            await self.answer_after()
        self.answering()

    async def pipelines(self, project: str, *, ref: str | None = None) -> Sequence[PipelineInfo]:
        self._up()
        return [PipelineInfo(pipeline="deploy.yml", title="Deploy")]

    async def parameters(self, target: Target) -> PipelineInputs:
        self._up()
        return PipelineInputs(
            file=target.pipeline,
            inputs=self.declares or (),
            others=self.declares is None,
            marked=self.marked,
            fenced=self.fenced,
            remarks=self.remarks,
        )

    async def names(self, listed: Listed, project: str, *, search: str, cursor: str | None) -> ListPage:
        self._up()
        names = ["main"] if listed == "branches" else ["1.0.0", "1.1.0", "1.2.0", "1.3.0"]
        return ListPage(names=[name for name in names if search in name], next_cursor=None)

    def webhook(self, headers: Mapping[str, str], body: bytes) -> Sequence[Hint]:
        return []

    def budget(self) -> Budget | None:
        return self.left_to_ask

    def close(self) -> None:
        return None


def job(name: str, **more: Any) -> Job:
    """A job that runs, or what else it is told to be."""
    plain = Job(
        id=ExternalJobId(name),
        name=name,
        status=ExternalStatus.RUNNING,
        detail="running",
        url=None,
        started_at=datetime(2026, 1, 1, tzinfo=UTC),
        ended_at=None,
    )
    return replace(plain, **more)


REFUSED = Refused(detail="The CI system said no.")
LOST = Ambiguous(detail="no answer within 10 s")
