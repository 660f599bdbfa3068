"""An App, environments, results, re-runs and an Enterprise Server, against the stand-in with runs that really run."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from pydantic import SecretStr

from daytwo_actions.backends.base import Accepted, Backend, ExternalState, FrozenRequest, Marker, Refused, Target
from daytwo_actions.backends.failures import BackendDenied, BackendUnreachable, GateClosed, OutputsUnusable
from daytwo_actions.backends.github.settings import GitHubSettings
from daytwo_actions.backends.registry import connect as connect_backend
from daytwo_actions.backends.tree import GateVerdict, Job, JobKind
from daytwo_actions.marker import corr
from daytwo_standins.github.testing import RunningStandin, make_repository, start_standin
from daytwo_store.ids import AttemptNo, ExternalRunId, RunId, StepPath
from daytwo_store.states import EXTERNAL_ENDS, ExternalStatus

pytestmark = pytest.mark.anyio

DEPLOY = """\
name: Deploy
run-name: "Deploy [${{ inputs.daytwo_run }}]"
on:
  workflow_dispatch:
    inputs:
      where: {type: environment, required: true}
      daytwo_run: {type: string, default: ''}
jobs:
  deploy:
    runs-on: ubuntu-latest
    environment: ${{ inputs.where }}
    steps:
      - env: {WHERE: "${{ inputs.where }}"}
        run: printf '{"where":"%s","attempt":%s}' "$WHERE" "$GITHUB_RUN_ATTEMPT" > result.json
      - uses: actions/upload-artifact@v4
        with: {name: daytwo-result, path: result.json}
"""
WRONG = ("bomb", "traversal", "symlink", "garbage", "expired")
_numbers = iter(range(1, 1000))


@pytest.fixture(scope="module")
def pem() -> str:
    key = rsa.generate_private_key(65537, 2048)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("repositories") / "shop"
    make_repository(path, [({".github/workflows/deploy.yml": DEPLOY}, None)])
    return path


@pytest.fixture(scope="module")
def standin(tmp_path_factory: pytest.TempPathFactory, shop: Path, pem: str) -> Iterator[RunningStandin]:
    environments = ["staging", {"name": "production", "reviewers": ["ada"]}]
    repositories = [
        {"full_name": "acme/shop", "path": shop, "environments": environments},
        *({"full_name": f"acme/{kind}", "path": shop, "archives": kind} for kind in WRONG),
    ]
    installation = {"id": 88, "account": "acme"}
    settings = {"apps": [{"id": 4711, "slug": "acme-deploy", "key": pem, "installations": [installation]}]}
    tokens = [{"login": "ada", "token": "token-of-ada"}]
    folder = tmp_path_factory.mktemp("standin")
    with start_standin(folder, repositories, tokens=tokens, settings=settings) as running:
        yield running


Connect = Callable[..., Backend]


@pytest.fixture
async def connect() -> AsyncIterator[Connect]:
    opened: list[Backend] = []

    def start(base: str, **given: Any) -> Backend:
        settings = GitHubSettings.model_validate({"name": "github", "base": base} | given)
        opened.append(connect_backend(settings, observe=lambda *_: None))
        return opened[-1]

    yield start
    for one in opened:
        one.close()


@pytest.fixture
def app(connect: Connect, standin: RunningStandin, pem: str) -> Backend:
    return connect(standin.url, app={"id": "4711", "private_key": SecretStr(pem)})


@pytest.fixture
def ada(connect: Connect, standin: RunningStandin) -> Backend:
    return connect(standin.url, token=SecretStr("token-of-ada"))


def target(project: str = "acme/shop") -> Target:
    return Target(project=project, pipeline="deploy.yml", ref="main")


class Attempt:
    """One dispatch and what became of it."""

    def __init__(self, backend: Backend, wanted: Target) -> None:
        self.backend = backend
        self.target = wanted
        self.run = ExternalRunId("")
        self.marker: Marker | None = None
        self.frozen: FrozenRequest | None = None

    async def send(self, where: str) -> Any:
        pinned = await self.backend.resolve(self.target)
        marker = corr(b"k" * 32, RunId(f"r_{next(_numbers)}"), StepPath("ship"), AttemptNo(1))
        self.marker = Marker(corr=marker, pinned=pinned)
        self.frozen = self.backend.freeze(pinned, {"where": where}, marker)
        return await self.again()

    async def again(self) -> Any:
        assert self.frozen is not None
        return await self.backend.send(self.frozen, seconds=10)

    async def start(self, where: str) -> "Attempt":
        sent = await self.send(where)
        assert isinstance(sent, Accepted), sent
        self.run = sent.id or await self.found()
        return self

    async def found(self) -> ExternalRunId:
        assert self.marker is not None
        (only,) = (await self.backend.find(self.marker, datetime.now(UTC) - timedelta(seconds=60))).found
        return only.id

    async def state(self) -> ExternalState:
        (state,) = await self.backend.read([(self.target, self.run)])
        assert state is not None
        return state

    async def ended(self) -> ExternalState:
        deadline = time.monotonic() + 60
        while (state := await self.state()).status not in EXTERNAL_ENDS:
            assert time.monotonic() < deadline, state
            await asyncio.sleep(0.1)
        return state

    async def gate(self, backend: Backend) -> Job:
        (gate,) = [job for job in (await backend.jobs(self.target, self.run)).jobs if job.kind is JobKind.GATE]
        return gate


def by_hand(standin: RunningStandin) -> httpx.AsyncClient:
    """What people do in GitHub themselves."""
    headers = {"authorization": "token token-of-ada"}
    return httpx.AsyncClient(base_url=standin.url, trust_env=False, headers=headers)


async def answer(backend: Backend, one: Attempt, verdict: GateVerdict) -> None:
    gate = (await one.gate(backend)).gate
    assert gate is not None
    assert verdict in gate.verdicts
    await backend.answer(one.target, one.run, gate.id, verdict, comment="looked at it")


async def test_an_app_dispatches_waits_and_takes_the_results(
    app: Backend, ada: Backend, standin: RunningStandin
) -> None:
    one = await Attempt(app, target()).start("production")
    state = await one.state()
    assert (state.status, state.waits_for) == (ExternalStatus.WAITING, "a review of production by ada")
    assert await one.found() == one.run  # as acme-deploy[bot], which nobody has told it
    gate = await one.gate(app)
    assert (gate.name, gate.url) == ("production", f"{standin.url}/acme/shop/actions/runs/{one.run}")
    assert gate.gate is not None
    assert gate.gate.verdicts == frozenset()  # an App is never a reviewer
    with pytest.raises(BackendDenied, match="Only a required reviewer"):
        await app.answer(target(), one.run, gate.gate.id, GateVerdict.GO, comment="")
    standin.restart()  # which knows the App's token no more
    await answer(ada, one, GateVerdict.GO)
    assert (await one.ended()).status is ExternalStatus.SUCCEEDED
    with pytest.raises(GateClosed):
        await ada.answer(target(), one.run, gate.gate.id, GateVerdict.GO, comment="")
    assert await app.outputs(target(), one.run) == {"where": "production", "attempt": 1}
    (artifact,) = await app.artifacts(target(), one.run)
    assert (artifact.name, artifact.expired) == ("daytwo-result", False)
    assert [job.kind for job in (await app.jobs(target(), one.run)).jobs] == [JobKind.JOB]


async def test_a_rejection_ends_the_run(app: Backend, ada: Backend) -> None:
    one = await Attempt(app, target()).start("production")
    await answer(ada, one, GateVerdict.STOP)
    assert (await one.ended()).status is ExternalStatus.FAILED
    (job,) = (await app.jobs(target(), one.run)).jobs
    assert "rejected by ada" in (await app.annotations(target(), job.id))[0]
    assert await app.outputs(target(), one.run) is None


async def test_what_somebody_runs_again_is_seen_and_changes_nothing(app: Backend, standin: RunningStandin) -> None:
    one = await Attempt(app, target()).start("staging")
    first = await one.ended()
    jobs = await app.jobs(target(), one.run)
    async with by_hand(standin) as client:
        run = f"/repos/acme/shop/actions/runs/{one.run}"
        assert (await client.post(f"{run}/rerun")).status_code == 201
        again = await one.state()
        assert (again.status, again.attempt) == (first.status, 2)
        deadline = time.monotonic() + 60
        while (await client.get(run)).json()["status"] != "completed":
            assert time.monotonic() < deadline
            await asyncio.sleep(0.1)
        assert (await client.get(f"{run}/artifacts")).json()["total_count"] >= 1
    assert await app.jobs(target(), one.run) == jobs
    assert (await one.state()).attempt == 2


async def test_archives_that_nobody_should_trust_change_nothing(app: Backend) -> None:
    attempts = [await Attempt(app, target(f"acme/{kind}")).start("staging") for kind in WRONG]
    said = {}
    for kind, one in zip(WRONG, attempts, strict=True):
        assert (await one.ended()).status is ExternalStatus.SUCCEEDED
        with pytest.raises(OutputsUnusable) as unusable:
            await app.outputs(one.target, one.run)
        said[kind] = str(unusable.value)
    assert "more than 1000000 bytes" in said["bomb"]
    assert "no result.json at its top" in said["traversal"]
    assert "not a plain file" in said["symlink"]
    assert "not a zip archive" in said["garbage"]
    assert "has expired" in said["expired"]


async def test_a_disabled_workflow_is_said_before_and_refused_after_the_plan(
    app: Backend, standin: RunningStandin, connect: Connect
) -> None:
    one = Attempt(app, target("acme/bomb"))
    pinned = await app.resolve(one.target)
    frozen = app.freeze(pinned, {"where": "staging"}, corr(b"k" * 32, RunId("r_x"), StepPath("ship"), AttemptNo(1)))
    async with by_hand(standin) as client:
        path = "/repos/acme/bomb/actions/workflows/deploy.yml"
        assert (await client.put(f"{path}/disable")).status_code == 204
        refused = await app.send(frozen, seconds=10)
        assert isinstance(refused, Refused)
        assert (refused.retry_after, "enable it there" in refused.detail) == (None, True)
        with pytest.raises(BackendDenied, match="disabled_manually in GitHub"):
            await connect(standin.url, token=SecretStr("token-of-ada")).resolve(one.target)
        assert (await client.put(f"{path}/enable")).status_code == 204


async def test_environments_are_listed(app: Backend) -> None:
    page = await app.names("environments", "acme/shop", search="", cursor=None)
    assert list(page.names) == ["staging", "production"]


@pytest.mark.parametrize("status", [400, 422])
async def test_an_enterprise_server_is_dispatched_by_the_marker(
    status: int, connect: Connect, tmp_path: Path, shop: Path
) -> None:
    repositories = [{"full_name": "acme/shop", "path": shop, "executor": "instant"}]
    settings = {"enterprise": {"refuses_details": status}}
    tokens = [{"login": "ada", "token": "token-of-ada"}]
    with start_standin(tmp_path, repositories, tokens=tokens, settings=settings) as running:
        backend = connect(f"{running.url}/api/v3", token=SecretStr("token-of-ada"), max_inputs=10)
        one = Attempt(backend, target())
        assert await one.send("staging") == Accepted(id=None, url=None)
        assert await one.found()
        assert await Attempt(backend, target()).send("staging") == Accepted(id=None, url=None)
        posts = [line["status"] for line in running.control.requests("dispatch")]
        assert posts == [status, 204, 204]  # refused once, and remembered
        assert len(running.control.ledger()) == 2


async def _ask_on(backend: Backend) -> None:
    for number in range(20):
        await backend.names("tags", "acme/shop", search=f"v{number}", cursor=None)


async def test_a_used_up_limit_is_obeyed_to_the_second(connect: Connect, tmp_path: Path, shop: Path) -> None:
    """Held back before GitHub has to refuse anything, and asked again as soon as the next period has begun."""
    repositories = [{"full_name": "acme/shop", "path": shop, "executor": "instant"}]
    settings = {"rate_limit": 12, "rate_limit_seconds": 4}
    tokens = [{"login": "ada", "token": "token-of-ada"}]
    with start_standin(tmp_path, repositories, tokens=tokens, settings=settings) as running:
        backend = connect(running.url, token=SecretStr("token-of-ada"))
        one = await Attempt(backend, target()).start("staging")
        with pytest.raises(BackendUnreachable) as held:
            await _ask_on(backend)
        asked = len(running.control.requests())
        budget = backend.budget()
        assert budget is not None
        assert (budget.limit, budget.remaining) == (12, 0)
        assert budget.held_until is not None
        refused = await one.again()
        assert isinstance(refused, Refused)
        assert refused.retry_after is not None
        assert len(running.control.requests()) == asked
        assert held.value.retry_after is not None
        assert held.value.retry_after <= 5.0
        await asyncio.sleep(refused.retry_after)
        assert isinstance(await one.again(), Accepted)
        statuses = [line["status"] for line in running.control.requests()]
        assert 403 not in statuses
        assert len(running.control.ledger()) == 2
