"""The contract of a backend, every method, against the stand-in with runs that `act` really executes."""

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from daytwo_actions.backends.base import (
    Accepted,
    Ambiguous,
    Backend,
    BackendDenied,
    BackendUnreachable,
    ExternalGone,
    ExternalState,
    FrozenRequest,
    Listing,
    LogsNotReady,
    Marker,
    Refused,
    Target,
    WebhookRefused,
)
from daytwo_actions.backends.github.settings import GitHubSettings
from daytwo_actions.backends.registry import connect as connect_backend
from daytwo_actions.marker import corr
from daytwo_standins.github.testing import RunningStandin, make_repository, start_standin
from daytwo_store.ids import AttemptNo, ExternalJobId, ExternalRunId, RunId, StepPath
from daytwo_store.states import EXTERNAL_ENDS, ExternalStatus

pytestmark = pytest.mark.anyio

TOKEN, READER, SECRET = "token-of-the-bot", "token-of-the-reader", "secret of the webhook"
DEPLOY = """\
name: Deploy
run-name: "Deploy ${{ inputs.version }} [${{ inputs.daytwo_run }}]"
on:
  workflow_dispatch:
    inputs:
      version: {type: string, required: true}
      graceful: {type: boolean, default: false}
      seconds: {type: number, default: 0}
      daytwo_run: {type: string, default: ''}
jobs:
  test:
    runs-on: ubuntu-latest
    steps:
      - name: Say what came
        env: {VERSION: "${{ inputs.version }}", GRACEFUL: "${{ inputs.graceful }}"}
        run: echo "version=$VERSION graceful=$GRACEFUL"
      - name: Fail for 1.2.0
        env: {VERSION: "${{ inputs.version }}"}
        run: |
          if [ "$VERSION" = 1.2.0 ]; then echo "::error::the setting CART_URL is missing"; exit 3; fi
  ship:
    needs: test
    runs-on: ubuntu-latest
    steps:
      - name: Take a while
        env: {SECONDS_TO_WAIT: "${{ inputs.seconds }}"}
        run: sleep "$SECONDS_TO_WAIT"
"""
PLAIN = "name: Plain\non:\n  workflow_dispatch:\njobs:\n  one:\n    runs-on: ubuntu-latest\n    steps: [{run: echo}]\n"
FILES = {".github/workflows/deploy.yml": DEPLOY, ".github/workflows/plain.yml": PLAIN}


@dataclass
class Receiver:
    """Takes every webhook: headers and raw bytes."""

    got: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    url: str = ""


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    received = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            received.got.append((dict(self.headers), self.rfile.read(int(self.headers["content-length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    received.url = f"http://127.0.0.1:{server.server_address[1]}/hook"
    yield received
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="module")
def commits(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    path = tmp_path_factory.mktemp("repositories") / "shop"
    history = [({"VERSION": "1.0.0\n", **FILES}, "1.0.0"), ({"VERSION": "1.2.0\n"}, "1.2.0")]
    return path, make_repository(path, history)


@pytest.fixture(scope="module")
def running(
    tmp_path_factory: pytest.TempPathFactory, commits: tuple[Path, list[str]], receiver: Receiver
) -> Iterator[RunningStandin]:
    repositories = [
        {"full_name": "acme/shop", "path": commits[0]},
        {"full_name": "acme/instant", "path": commits[0], "executor": "instant"},
    ]
    tokens = [
        {"login": "acme-bot", "token": TOKEN, "type": "Bot"},
        {"login": "reader", "token": READER, "permissions": ["read"]},
    ]
    folder = tmp_path_factory.mktemp("standin")
    webhook = {"url": receiver.url, "secret": SECRET}
    with start_standin(folder, repositories, tokens=tokens, webhook=webhook) as standin:
        yield standin


@pytest.fixture
def standin(running: RunningStandin) -> Iterator[RunningStandin]:
    yield running
    running.control.clear_faults()


def settings(standin: RunningStandin, **given: Any) -> GitHubSettings:
    usual = {"name": "github", "base": standin.url, "token": SecretStr(TOKEN), "webhook_secrets": (SecretStr(SECRET),)}
    return GitHubSettings(**(usual | given))


@pytest.fixture
async def backend(standin: RunningStandin) -> AsyncIterator[Backend]:
    opened = connect_backend(settings(standin), observe=lambda *_: None)
    yield opened
    opened.close()


def target(**change: str) -> Target:
    return Target(**({"project": "acme/shop", "pipeline": "deploy.yml", "ref": "main"} | change))


@dataclass
class Attempt:
    """An attempt, sealed now: what is needed to send it, find it and follow it."""

    backend: Backend
    request: FrozenRequest
    since: datetime

    @property
    def marker(self) -> Marker:
        return Marker(corr=self.request.corr, pinned=self.request.pinned)

    async def find(self) -> Listing:
        return await self.backend.find(self.marker, self.since)

    async def send(self) -> Any:
        return await self.backend.send(self.request, seconds=10)

    async def start(self) -> ExternalRunId:
        sent = await self.send()
        assert isinstance(sent, Accepted), sent
        assert sent.id is not None
        return sent.id

    async def read(self, run: ExternalRunId) -> ExternalState:
        (state,) = await self.backend.read([(self.request.pinned.target, run)])
        assert state is not None
        return state

    async def until(self, run: ExternalRunId, *statuses: ExternalStatus) -> ExternalState:
        deadline = time.monotonic() + 30
        while (state := await self.read(run)).status not in statuses:
            assert time.monotonic() < deadline, state
            await asyncio.sleep(0.1)
        return state


_numbers = iter(range(1, 1000))


async def attempt(backend: Backend, wanted: Target | None = None, **inputs: Any) -> Attempt:
    pinned = await backend.resolve(wanted or target())
    marker = corr(b"k" * 32, RunId(f"r_{next(_numbers)}"), StepPath("ship"), AttemptNo(1))
    given = {"version": "1.0.0"} | inputs if pinned.marked else {}
    since = datetime.now(UTC) - timedelta(seconds=60)
    return Attempt(backend=backend, request=backend.freeze(pinned, given, marker), since=since)


def dispatched(standin: RunningStandin, one: Attempt) -> list[dict[str, Any]]:
    return [line for line in standin.control.ledger() if line["inputs"].get("daytwo_run") == one.request.corr]


async def test_a_target_is_pinned(backend: Backend, commits: tuple[Path, list[str]]) -> None:
    pinned = await backend.resolve(target())
    assert (pinned.commit, pinned.marked) == (commits[1][-1], True)
    assert (await backend.resolve(target(ref="1.0.0"))).commit == commits[1][0]
    assert (await backend.resolve(target(pipeline="plain.yml"))).marked is False


@pytest.mark.parametrize(
    "change", [{"project": "acme/none"}, {"pipeline": "none.yml"}, {"ref": "none"}, {"ref": "refs/tags/main"}]
)
async def test_a_target_that_is_not_there_is_denied(backend: Backend, change: dict[str, str]) -> None:
    with pytest.raises(BackendDenied):
        await backend.resolve(target(**change))


async def test_the_same_commit_costs_one_request(backend: Backend, standin: RunningStandin) -> None:
    await backend.resolve(target())
    before = len(standin.control.requests())
    await backend.resolve(target())
    assert [line["operation"] for line in standin.control.requests()[before:]] == ["get_ref"]


def told(backend: Backend, receiver: Receiver, run: ExternalRunId) -> set[str]:
    """The events about a run that have arrived, each verified."""
    hints = [hint for headers, body in list(receiver.got) for hint in backend.webhook(headers, body)]
    return {hint.event for hint in hints if hint.run == run}


async def test_a_run_from_its_dispatch_to_its_log(
    backend: Backend, standin: RunningStandin, receiver: Receiver
) -> None:
    one = await attempt(backend, version="1.0.0", graceful=True)
    absent = await one.find()
    assert (list(absent.found), absent.complete) == ([], True)
    assert absent.server_time is not None

    run = await one.start()
    (line,) = dispatched(standin, one)
    assert (str(line["run_id"]), line["body_sha256"], line["actor"]) == (run, one.request.digest, "acme-bot")
    assert line["head_sha"] == one.request.pinned.commit

    state = await one.until(run, *EXTERNAL_ENDS)
    assert (state.status, state.detail, state.attempt) == (ExternalStatus.SUCCEEDED, "completed, success", 1)
    assert state.commit == one.request.pinned.commit
    assert state.url.startswith(standin.url.rpartition(":")[0])
    listing = await one.find()
    assert [found.id for found in listing.found] == [run]
    assert listing.complete

    tree = await backend.jobs(target(), run)
    assert [(job.name, job.status) for job in tree.jobs] == [
        ("test", ExternalStatus.SUCCEEDED),
        ("ship", ExternalStatus.SUCCEEDED),
    ]
    assert "Say what came" in [step.name for step in tree.jobs[0].steps]
    log = b"".join([piece async for piece in backend.logs(target(), run, tree.jobs[0].id)])
    assert b"version=1.0.0 graceful=true" in log

    deadline = time.monotonic() + 15
    while not {"workflow_run.requested", "workflow_run.completed", "workflow_job.completed"} <= told(
        backend, receiver, run
    ):
        assert time.monotonic() < deadline, told(backend, receiver, run)
        await asyncio.sleep(0.05)
    headers, body = receiver.got[0]
    with pytest.raises(WebhookRefused):
        backend.webhook(headers, body + b" ")


async def test_a_run_that_fails_says_where(backend: Backend) -> None:
    one = await attempt(backend, version="1.2.0")
    run = await one.start()
    assert (await one.until(run, *EXTERNAL_ENDS)).status is ExternalStatus.FAILED
    jobs = {job.name: job for job in (await backend.jobs(target(), run)).jobs}
    assert (jobs["test"].status, jobs["ship"].status) == (ExternalStatus.FAILED, ExternalStatus.SKIPPED)
    failed = [step.name for step in jobs["test"].steps if step.status is ExternalStatus.FAILED]
    assert failed == ["Fail for 1.2.0"]
    log = b"".join([piece async for piece in backend.logs(target(), run, jobs["test"].id)])
    assert b"##[error]the setting CART_URL is missing" in log


async def test_cancelling_reaches_the_run_and_is_no_error_afterwards(backend: Backend) -> None:
    one = await attempt(backend, seconds=60)
    run = await one.start()
    await one.until(run, ExternalStatus.RUNNING)
    last = (await backend.jobs(target(), run)).jobs[-1]
    with pytest.raises(LogsNotReady):
        [piece async for piece in backend.logs(target(), run, last.id)]
    await backend.cancel(target(), run)
    assert (await one.until(run, *EXTERNAL_ENDS)).status is ExternalStatus.CANCELLED
    await backend.cancel(target(), run)
    with suppress(ExternalGone):  # force-cancel of an ended run: 409
        await backend.cancel(target(), run, force=True)


async def test_many_runs_are_read_in_one_request(backend: Backend, standin: RunningStandin) -> None:
    instant = target(project="acme/instant")
    attempts = [await attempt(backend, instant) for _ in range(4)]
    ids = [await one.start() for one in attempts]
    before = len(standin.control.requests())
    states = await backend.read([(instant, run) for run in reversed(ids)])
    assert [state and state.id for state in states] == list(reversed(ids))
    assert [line["operation"] for line in standin.control.requests()[before:]] == ["list_runs"]


async def test_what_was_deleted_is_gone(backend: Backend) -> None:
    gone = ExternalRunId("999999999999")
    assert list(await backend.read([(target(), gone)])) == [None]
    with pytest.raises(ExternalGone):
        await backend.jobs(target(), gone)
    with pytest.raises(ExternalGone):
        await backend.cancel(target(), gone)
    with pytest.raises(LogsNotReady):
        [piece async for piece in backend.logs(target(), gone, ExternalJobId("999999999999"))]


async def test_names_of_branches_and_tags(backend: Backend) -> None:
    branches = await backend.names("branches", "acme/shop", search="", cursor=None)
    assert (list(branches.names), branches.next_cursor) == (["main"], None)
    page = await backend.names("tags", "acme/shop", search="", cursor=None)
    assert (set(page.names), page.next_cursor) == ({"1.0.0", "1.2.0"}, None)
    assert list((await backend.names("tags", "acme/shop", search="1.2", cursor=None)).names) == ["1.2.0"]
    assert list((await backend.names("tags", "acme/shop", search="2.0", cursor=None)).names) == ["1.2.0"]
    with pytest.raises(BackendDenied):
        await backend.names("tags", "acme/none", search="", cursor=None)


async def test_a_workflow_without_the_marker_is_dispatched_and_cannot_be_looked_up(backend: Backend) -> None:
    one = await attempt(backend, target(project="acme/instant", pipeline="plain.yml"))
    run = await one.start()
    assert (await one.read(run)).status is ExternalStatus.SUCCEEDED
    listing = await one.find()
    assert (list(listing.found), listing.complete) == ([], False)


async def test_inputs_that_the_workflow_does_not_take_are_refused(backend: Backend, standin: RunningStandin) -> None:
    one = await attempt(backend, unheard_of="x")
    sent = await one.send()
    assert isinstance(sent, Refused)
    assert sent.retry_after is None
    assert dispatched(standin, one) == []


async def test_a_token_that_may_only_read_is_refused(standin: RunningStandin) -> None:
    reader = connect_backend(settings(standin, token=SecretStr(READER)), observe=lambda *_: None)
    one = await attempt(reader)
    sent = await one.send()
    reader.close()
    assert isinstance(sent, Refused)
    assert "Actions: write" in sent.detail
    assert dispatched(standin, one) == []


async def test_a_wrong_token_is_denied(standin: RunningStandin) -> None:
    stranger = connect_backend(settings(standin, token=SecretStr("wrong")), observe=lambda *_: None)
    with pytest.raises(BackendDenied, match="credential"):
        await stranger.resolve(target())
    stranger.close()


INSTANT = Target(project="acme/instant", pipeline="deploy.yml", ref="main")
AFTER_ACCEPT: list[dict[str, Any]] = [
    {"status": {"code": 502, "when": "after"}},
    {"status": {"code": 500, "when": "after"}},
    {"reset": {"when": "after"}},
    {"reset": {"when": "mid_body"}},
    {"truncate": {"n": 20}},
    {"garbage": {"body": "<html>"}},
]


@pytest.mark.parametrize("fault", AFTER_ACCEPT, ids=lambda fault: next(iter(fault)))
async def test_what_was_accepted_without_saying_so_is_found_and_was_sent_once(
    fault: dict[str, Any], backend: Backend, standin: RunningStandin
) -> None:
    one = await attempt(backend, INSTANT)
    standin.control.add_fault({"match": {"operation": "dispatch", "times": 1}, **fault})
    assert isinstance(await one.send(), Ambiguous)
    (line,) = dispatched(standin, one)
    assert [found.id for found in (await one.find()).found] == [str(line["run_id"])]


@pytest.mark.parametrize("fault", [{"status": {"code": 503}}, {"reset": {"when": "before"}}], ids=["status", "reset"])
async def test_what_was_not_accepted_is_in_doubt_until_a_complete_listing_lacks_it(
    fault: dict[str, Any], backend: Backend, standin: RunningStandin
) -> None:
    one = await attempt(backend, INSTANT)
    standin.control.add_fault({"match": {"operation": "dispatch", "times": 1}, **fault})
    assert isinstance(await one.send(), Ambiguous)
    listing = await one.find()
    assert (list(listing.found), listing.complete) == ([], True)
    assert dispatched(standin, one) == []


async def test_an_answer_that_comes_too_late_is_in_doubt_and_found(backend: Backend, standin: RunningStandin) -> None:
    one = await attempt(backend, INSTANT)
    standin.control.add_fault(
        {"match": {"operation": "dispatch", "times": 1}, "timeout": {"seconds": 1.5, "when": "after"}}
    )
    assert isinstance(await backend.send(one.request, seconds=0.5), Ambiguous)
    assert len((await one.find()).found) == 1
    assert len(dispatched(standin, one)) == 1


@pytest.mark.parametrize("code", [403, 429])
async def test_a_rate_limit_is_told(code: int, backend: Backend, standin: RunningStandin) -> None:
    one = await attempt(backend, INSTANT)
    standin.control.add_fault(
        {"match": {"operation": "dispatch", "times": 1}, "retry_after": {"seconds": 7, "code": code}}
    )
    sent = await one.send()
    assert isinstance(sent, Refused)
    assert sent.retry_after == 7.0
    assert dispatched(standin, one) == []


@pytest.mark.parametrize("code", [301, 302, 307, 308])
async def test_a_redirection_is_not_followed(code: int, backend: Backend, standin: RunningStandin) -> None:
    one = await attempt(backend, INSTANT)
    url = f"{standin.url}{one.request.path}?again"
    standin.control.add_fault({"match": {"operation": "dispatch", "times": 1}, "redirect": {"code": code, "url": url}})
    assert isinstance(await one.send(), Ambiguous)
    assert dispatched(standin, one) == []


async def test_a_listing_that_lags_shows_it_later(backend: Backend, standin: RunningStandin) -> None:
    one = await attempt(backend, INSTANT)
    standin.control.add_fault({"match": {"run": one.request.corr}, "lag": {"seconds": 1.0}})
    await one.start()
    assert list((await one.find()).found) == []
    deadline = time.monotonic() + 15
    while not (await one.find()).found:
        assert time.monotonic() < deadline
        await asyncio.sleep(0.1)


async def test_another_ones_run_with_our_marker_is_not_adopted(standin: RunningStandin, backend: Backend) -> None:
    one = await attempt(backend, INSTANT)
    await one.start()
    other = connect_backend(settings(standin, login="somebody-else"), observe=lambda *_: None)
    listing = await other.find(one.marker, one.since)
    other.close()
    assert (list(listing.found), listing.complete) == ([], False)


async def test_while_it_is_down_nothing_is_concluded(backend: Backend, standin: RunningStandin) -> None:
    one = await attempt(backend, INSTANT)
    standin.kill()
    try:
        sent = await one.send()
        assert isinstance(sent, Refused)
        assert sent.retry_after is not None
        with pytest.raises(BackendUnreachable):
            await one.find()
        with pytest.raises(BackendUnreachable):
            await backend.read([(INSTANT, ExternalRunId("1"))])
    finally:
        standin.start()
    assert await one.start()
    assert len(dispatched(standin, one)) == 1
