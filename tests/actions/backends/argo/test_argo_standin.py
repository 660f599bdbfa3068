"""What only Argo has, against the stand-in with workflows that really run; the rest is in the contract suite."""

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import aclosing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import JsonValue, SecretStr

from daytwo_actions.backends.argo.settings import ArgoSettings
from daytwo_actions.backends.base import (
    Accepted,
    Ambiguous,
    Backend,
    ExternalState,
    FrozenRequest,
    Marker,
    Refused,
    Target,
)
from daytwo_actions.backends.failures import BackendUnreachable, GateClosed
from daytwo_actions.backends.registry import connect
from daytwo_actions.backends.some import Streaming
from daytwo_actions.backends.tree import GateVerdict, Job
from daytwo_actions.marker import corr
from daytwo_standins.argo.testing import RunningStandin, start_standin
from daytwo_store.ids import AttemptNo, ConnectionName, ExternalRunId, RunId, StepPath
from daytwo_store.states import EXTERNAL_ENDS

pytestmark = pytest.mark.anyio

TOKEN, READER = "token-of-the-bot", "token-of-the-reader"
TEMPLATES = """\
apiVersion: argoproj.io/v1alpha1
kind: WorkflowTemplate
metadata: {name: deploy}
spec:
  entrypoint: main
  arguments:
    parameters:
    - {name: version, description: what to deploy}
    - {name: note, default: ""}
    - {name: where, default: staging, enum: [staging, production]}
  templates:
  - name: main
    inputs: {parameters: [{name: version}, {name: note}]}
    outputs: {parameters: [{name: shipped, valueFrom: {parameter: "{{steps.ship.outputs.parameters.said}}"}}]}
    steps:
    - - {name: test, template: say, arguments: {parameters: [{name: text, value: "testing"}]}}
    - - name: ship
        template: say
        arguments: {parameters: [{name: text, value: "{{inputs.parameters.note}}"}]}
  - name: say
    inputs: {parameters: [{name: text}]}
    outputs: {parameters: [{name: said, valueFrom: {path: /tmp/said.txt}}]}
    script:
      image: any
      command: [sh]
      env: [{name: TEXT, value: "{{inputs.parameters.text}}"}]
      source: |
        printf '%s' "$TEXT" > /tmp/said.txt
        printf '%s\\n' "$TEXT"
---
apiVersion: argoproj.io/v1alpha1
kind: WorkflowTemplate
metadata: {name: gated}
spec:
  entrypoint: main
  templates:
  - name: main
    steps:
    - - {name: approve, template: approve}
    - - {name: go, template: go}
  - {name: approve, suspend: {}}
  - name: go
    container: {image: any, command: [echo], args: [gone]}
---
apiVersion: argoproj.io/v1alpha1
kind: WorkflowTemplate
metadata: {name: waiting}
spec:
  entrypoint: main
  arguments: {parameters: [{name: gate}, {name: code, value: "0"}]}
  templates:
  - name: main
    script:
      image: any
      command: [sh]
      env: [{name: GATE, value: "{{workflow.parameters.gate}}"}]
      source: |
        echo began
        until [ -e "$GATE" ]; do sleep 0.05; done
        echo ended
        exit {{workflow.parameters.code}}
---
apiVersion: argoproj.io/v1alpha1
kind: WorkflowTemplate
metadata: {name: flaky}
spec:
  entrypoint: main
  arguments: {parameters: [{name: mended}]}
  templates:
  - name: main
    steps: [[{name: good, template: good}], [{name: bad, template: bad}]]
  - {name: good, container: {image: any, command: ["true"]}}
  - {name: bad, script: {image: any, command: [sh], source: "sleep 0.1; test -e '{{workflow.parameters.mended}}'"}}
"""
SHARED = """\
apiVersion: argoproj.io/v1alpha1
kind: ClusterWorkflowTemplate
metadata: {name: shared}
spec:
  entrypoint: main
  arguments: {parameters: [{name: text}]}
  templates:
  - {name: main, container: {image: any, command: [echo], args: ["shared {{workflow.parameters.text}}"]}}
"""


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStandin]:
    with start_standin(
        tmp_path_factory.mktemp("argo"),
        {"shop": {"all.yaml": TEMPLATES}, "quick": {"all.yaml": TEMPLATES}},
        cluster={"shared.yaml": SHARED},
        namespace_settings={"quick": {"executor": "instant"}},
        tokens=[
            {"login": "bot", "token": TOKEN},
            {"login": "reader", "token": READER, "permissions": ["read"]},
        ],
        settings={"keep_alive": 1},
    ) as running:
        yield running


@pytest.fixture
def standin(running: RunningStandin) -> Iterator[RunningStandin]:
    yield running
    running.control.clear_faults()


@pytest.fixture
def backend(standin: RunningStandin) -> Backend:
    return backend_of(standin)


def backend_of(standin: RunningStandin, *, token: str = TOKEN, **settings: Any) -> Backend:
    chosen = ArgoSettings(name=ConnectionName("argo"), base=standin.url, token=SecretStr(token), **settings)
    return connect(chosen, observe=lambda *_: None)


@dataclass
class Sent:
    """One attempt: how it was pinned and frozen."""

    backend: Backend
    target: Target
    request: FrozenRequest
    began: datetime

    @property
    def marker(self) -> Marker:
        return Marker(corr=self.request.corr, pinned=self.request.pinned)

    async def send(self) -> ExternalRunId:
        sent = await self.backend.send(self.request, seconds=10)
        assert isinstance(sent, Accepted), sent
        assert sent.id is not None
        return sent.id

    async def state(self, run: ExternalRunId) -> ExternalState:
        (state,) = await self.backend.read([(self.target, run)])
        assert state is not None
        return state

    async def jobs(self, run: ExternalRunId) -> dict[str, Job]:
        return {job.name: job for job in (await self.backend.jobs(self.target, run)).jobs}

    async def until(self, run: ExternalRunId, fits: Callable[[ExternalState], bool]) -> ExternalState:
        deadline = time.monotonic() + 30
        while not fits(state := await self.state(run)):
            assert time.monotonic() < deadline, state
            await asyncio.sleep(0.05)
        return state

    async def ended(self, run: ExternalRunId) -> ExternalState:
        return await self.until(run, lambda state: state.status in EXTERNAL_ENDS)

    async def log(self, run: ExternalRunId, job: str) -> str:
        pieces = self.backend.logs(self.target, run, (await self.jobs(run))[job].id)
        return b"".join([piece async for piece in pieces]).decode()


_numbers = iter(range(10_000))


async def attempt(backend: Backend, pipeline: str = "deploy", project: str = "shop", **inputs: JsonValue) -> Sent:
    target = Target(project=project, pipeline=pipeline, ref="")
    pinned = await backend.resolve(target)
    marker = corr(b"k" * 32, RunId(f"r_{next(_numbers)}"), StepPath("ship"), AttemptNo(1))
    request = backend.freeze(pinned, {"version": "1.10"} | inputs if pipeline == "deploy" else inputs, marker)
    return Sent(backend, target, request, datetime.now(UTC) - timedelta(seconds=1))


async def test_a_run_from_its_template_to_its_results(backend: Backend) -> None:
    note = "two\nlines, \"quoted\" 'so' $(date) `id` \\ { } ä 漢 🚀"
    one = await attempt(backend, note=note)
    before = await backend.find(one.marker, one.began)
    assert (before.found, before.complete) == ((), True)
    run = await one.send()
    state = await one.ended(run)
    assert (state.status, state.attempt, state.id) == ("succeeded", 1, run)
    (found,) = (await backend.find(one.marker, one.began)).found
    assert found.id == run
    jobs = await one.jobs(run)
    assert {name: job.kind.value for name, job in jobs.items()} == {
        f"dt-{one.request.corr}": "group", "[0]": "group", "[1]": "group", "test": "job", "ship": "job",
    }  # fmt: skip
    assert jobs["ship"].parent == jobs["[1]"].id
    assert await one.log(run, "test") == "testing\n"
    assert await one.log(run, "ship") == f"{note}\n"
    assert await backend.outputs(one.target, run) == {"shipped": note}


async def test_sixty_thousand_characters_arrive(backend: Backend) -> None:
    note = "".join(chr(33 + number % 90) for number in range(60_000)).replace("{", "(")
    one = await attempt(backend, note=note)
    run = await one.send()
    assert (await one.ended(run)).status == "succeeded"
    assert await one.log(run, "ship") == f"{note}\n"


async def test_the_same_request_again_starts_nothing(backend: Backend, standin: RunningStandin) -> None:
    one = await attempt(backend, project="quick")
    first = await one.send()
    assert await one.send() == first
    assert await one.send() == first
    assert len([line for line in standin.control.ledger() if one.request.corr in str(line)]) == 1


AFTER_ACCEPT: list[dict[str, Any]] = [
    {"status": {"code": 502, "when": "after"}},
    {"garbage": {"body": "<html>gateway</html>"}},
]


@pytest.mark.parametrize("fault", AFTER_ACCEPT, ids=lambda fault: next(iter(fault)))
async def test_a_lost_answer_is_settled_by_sending_again(
    fault: dict[str, Any], backend: Backend, standin: RunningStandin
) -> None:
    one = await attempt(backend, project="quick")
    standin.control.add_fault({"match": {"operation": "dispatch", "times": 1}, **fault})
    sent = await backend.send(one.request, seconds=1.5)
    assert isinstance(sent, Ambiguous)
    assert not sent.hold
    run = await one.send()
    (found,) = (await backend.find(one.marker, one.began)).found
    assert found.id == run
    assert len([line for line in standin.control.ledger() if one.request.corr in str(line)]) == 1


async def test_what_the_template_does_not_take_is_refused(backend: Backend) -> None:
    for wrong in (await attempt(backend, where="nowhere"), await attempt(backend, "cluster/shared")):
        sent = await backend.send(wrong.request, seconds=5)
        assert isinstance(sent, Refused), sent
        assert sent.retry_after is None
        listing = await backend.find(wrong.marker, wrong.began)
        assert (listing.found, listing.complete) == ((), True)


async def test_a_template_of_the_cluster(backend: Backend) -> None:
    one = await attempt(backend, "cluster/shared", text="by all")
    run = await one.send()
    assert (await one.ended(run)).status == "succeeded"
    assert await one.log(run, f"dt-{one.request.corr}") == "shared by all\n"


async def test_a_gate_is_answered_either_way(backend: Backend) -> None:
    for verdict, end in ((GateVerdict.GO, "succeeded"), (GateVerdict.STOP, "failed")):
        one = await attempt(backend, "gated")
        run = await one.send()
        state = await one.until(run, lambda state: state.status == "waiting")
        assert state.waits_for == "somebody to resume approve"
        gate = (await one.jobs(run))["approve"].gate
        assert gate is not None
        await backend.answer(one.target, run, gate.id, verdict, comment="said so")
        assert (await one.ended(run)).status == end
        with pytest.raises(GateClosed):
            await backend.answer(one.target, run, gate.id, verdict, comment="")
        if verdict is GateVerdict.STOP:
            assert "said so" in (await one.jobs(run))["approve"].detail


async def test_a_log_grows_while_its_pod_runs(backend: Backend, tmp_path: Path) -> None:
    one = await attempt(backend, "waiting", gate=str(tmp_path / "gate"))
    run = await one.send()
    name = f"dt-{one.request.corr}"
    await one.until(run, lambda state: state.status == "running")
    deadline = time.monotonic() + 20
    while (name not in await one.jobs(run)) or (await one.jobs(run))[name].status == "queued":
        assert time.monotonic() < deadline
        await asyncio.sleep(0.05)
    while (said := await one.log(run, name)) != "began\n":
        assert time.monotonic() < deadline, said
        await asyncio.sleep(0.05)
    (tmp_path / "gate").touch()
    assert (await one.ended(run)).status == "succeeded"
    assert await one.log(run, name) == "began\nended\n"


@pytest.mark.parametrize("force", [False, True])
async def test_stopping(backend: Backend, tmp_path: Path, force: bool) -> None:
    one = await attempt(backend, "waiting", gate=str(tmp_path / "gate"))
    run = await one.send()
    await one.until(run, lambda state: state.status == "running")
    await backend.cancel(one.target, run, force=force)
    assert (await one.ended(run)).status == "cancelled"
    await backend.cancel(one.target, run)  # once more does no harm


async def test_a_retry_in_argo_is_seen_as_one(backend: Backend, standin: RunningStandin, tmp_path: Path) -> None:
    one = await attempt(backend, "flaky", mended=str(tmp_path / "mended"))
    run = await one.send()
    first = await one.ended(run)
    assert (first.status, first.attempt) == ("failed", 1)
    (tmp_path / "mended").touch()
    await asyncio.sleep(1.0)  # times in Argo are whole seconds
    assert by_hand(standin, "PUT", f"/api/v1/workflows/shop/dt-{one.request.corr}/retry") == 200
    second = await one.until(run, lambda state: state.status == "succeeded")
    assert second.attempt == 2


async def test_a_deleted_workflow_is_found_in_the_archive(backend: Backend, standin: RunningStandin) -> None:
    one = await attempt(backend, project="quick")
    run = await one.send()
    await one.ended(run)
    assert by_hand(standin, "DELETE", f"/api/v1/workflows/quick/dt-{one.request.corr}") == 200
    assert (await one.state(run)).status == "succeeded"
    assert (await one.jobs(run)).keys()
    listing = await backend.find(one.marker, one.began)
    assert [found.id for found in listing.found] == [run]


def by_hand(standin: RunningStandin, method: str, path: str) -> int:
    """What somebody does in Argo itself; the status of the answer."""
    headers = {"Authorization": f"Bearer {TOKEN}"}
    return httpx.request(method, f"{standin.url}{path}", headers=headers, json={}).status_code


async def test_the_stream_tells_of_changes_and_outlives_the_server(backend: Backend, standin: RunningStandin) -> None:
    assert isinstance(backend, Streaming)
    told: asyncio.Queue[tuple[str, bool]] = asyncio.Queue()

    async def listen() -> None:
        while True:
            try:
                async with aclosing(backend.listen(["quick", "shop"])) as hints:  # type: ignore[type-var]
                    async for hint in hints:
                        await told.put((str(hint.run), hint.final))
            except BackendUnreachable:
                await asyncio.sleep(0.05)

    async def until_final(run: ExternalRunId) -> None:
        async with asyncio.timeout(20):
            while await told.get() != (run, True):
                pass

    listening = asyncio.create_task(listen())
    try:
        for _ in range(2):
            one = await attempt(backend, project="quick")
            await until_final(await one.send())
            standin.kill()
            standin.start()
    finally:
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)


async def test_what_can_be_started(backend: Backend) -> None:
    found = {one.pipeline: one.why_not for one in await backend.pipelines("shop")}
    assert found == {"deploy": None, "gated": None, "waiting": None, "flaky": None, "cluster/shared": None}
    inputs = await backend.parameters(Target(project="shop", pipeline="deploy", ref=""))
    assert [(one.name, one.required, list(one.options)) for one in inputs.inputs] == [
        ("version", True, []),
        ("note", False, []),
        ("where", False, ["staging", "production"]),
    ]
    assert set((await backend.names("namespaces", "", search="", cursor=None)).names) == {"quick", "shop"}
    assert (await backend.names("pipelines", "shop", search="gat", cursor=None)).names == ["gated"]
