"""Live pages: what a stream says, when it says it, and how it ends."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from api_house import House, problem
from pydantic import SecretStr, TypeAdapter, ValidationError
from served import served

from daytwo_actions.roles import Role
from daytwo_api.asker import Asker, Scope
from daytwo_api.services.live import Live
from daytwo_api.services.ticks import Pace
from daytwo_api.services.watcher import Still
from daytwo_api.streams import EventStream
from daytwo_api.views.common import Permitted, Person
from daytwo_api.views.locks import KeyView
from daytwo_api.views.runs import LockView, LogBatch, LogLine, RunPermissions, RunView
from daytwo_store.engine import Topic
from daytwo_store.errors import NotFound, Unavailable
from daytwo_store.ids import EntityRef, PrincipalId, RunId
from daytwo_store.listen import Hint, Listener
from daytwo_store.settings import StoreSettings
from daytwo_store.states import ExternalStatus, RunState

pytestmark = pytest.mark.anyio

ANA = Asker(
    principal=PrincipalId("p_1"),
    name="Ana",
    ref=EntityRef("person:ana"),
    groups=frozenset(),
    roles=frozenset({Role.VIEWER}),
    scopes=frozenset(Scope),
    via="session",
)
NO = Permitted(allowed=False)
FAST = Pace(ping=0.1, least=0.01, look_anyway=60)


def view(state: RunState, text: str, **more: object) -> RunView:
    """A run; whatever is not said is empty."""
    given: dict[str, Any] = {
        "id": "r_1",
        "state": state,
        "text": text,
        "requester": Person(id="p_1", name="Ana", ref=None),
        "created_at": datetime(2026, 1, 1, tzinfo=UTC),
        "may": RunPermissions(cancel=NO, withdraw=NO, undo=NO, resume=NO, choose=NO, rerun=NO, resolve=NO, evidence=NO),
        **more,
    }
    for name, declared in RunView.model_fields.items():
        if name not in given and declared.is_required():
            given[name] = empty(TypeAdapter(declared.annotation))
    return RunView(**given)


def empty(shape: TypeAdapter[Any]) -> object:
    for value in (None, "", 0, False, [], {}):
        with contextlib.suppress(ValidationError):
            return shape.validate_python(value, strict=True)
    raise AssertionError(f"say what {shape} should be")


@dataclass
class Run:
    """A run that the test changes, read as `Runs` is."""

    view: RunView = field(default_factory=lambda: view(RunState.RUNNING, "runs"))
    lines: int = 0
    error: Exception | None = None
    reads: int = 0
    asked_by: list[Asker] = field(default_factory=list)

    async def get(self, by: Asker, run: str) -> RunView:
        self.reads += 1
        self.asked_by.append(by)
        if self.error is not None:
            raise self.error
        return self.view

    async def logs(
        self, by: Asker, run: str, *, after: int, limit: int, step: str | None, job: str | None, grep: str
    ) -> LogBatch:
        numbers = range(after + 1, min(self.lines, after + limit) + 1)
        lines = [LogLine(number=number, step="ship", job="build", text="x") for number in numbers]
        return LogBatch(lines=lines, next=numbers[-1] if numbers else after)


@dataclass
class Page:
    """One open page."""

    run: Run
    listener: Listener
    live: Live
    stream: AsyncIterator[Any]

    async def next(self) -> tuple[str, Any, str | None]:
        """Name, data and id of the next event."""
        async with asyncio.timeout(20):
            return read(bytes(await anext(self.stream)))

    async def until(self, name: str) -> Any:
        """The data of the next event of this name."""
        while True:
            event, data, _ = await self.next()
            if event == name:
                return data

    async def rest(self) -> list[str]:
        """Names of all events until the stream ends."""
        names = []
        with contextlib.suppress(StopAsyncIteration):
            while True:
                names.append((await self.next())[0])
        return names

    def hint(self, topic: Topic) -> None:
        self.offer(Hint(topic, "r_1"))

    def offer(self, hint: Hint) -> None:
        for subscription in self.listener._subscriptions:
            subscription.offer(hint)


def read(frame: bytes) -> tuple[str, Any, str | None]:
    fields = dict(line.split(": ", 1) for line in frame.decode().strip().split("\n"))
    return fields.get("event", "retry"), json.loads(fields.get("data", "null")), fields.get("id")


async def still_ana() -> Asker | None:
    return ANA


async def open_page(
    run: Run, pace: Pace = FAST, *, after: int = 0, last: str | None = None, still: Still = still_ana
) -> Page:
    listener = Listener(StoreSettings(url=SecretStr("postgresql://nobody@127.0.0.1:1/none")))
    live = Live(listener, run, pace)
    response = await live.run(ANA, "r_1", last, after, still=still)
    page = Page(run, listener, live, response.body_iterator.__aiter__())
    assert (await page.next())[0] == "retry"
    return page


async def test_a_page_is_told_the_run_then_its_log_then_that_we_are_there() -> None:
    page = await open_page(Run(lines=3))
    name, data, number = await page.next()
    assert (name, data["state"], number) == ("run", "running", None)
    name, data, number = await page.next()
    assert (name, [line["number"] for line in data["lines"]], number) == ("log", [1, 2, 3], "3")
    assert (await page.next())[0] == "ping"
    assert (await page.next())[0] == "ping"


async def test_only_a_change_is_told() -> None:
    page = await open_page(Run())
    await page.until("ping")
    page.hint(Topic.RUN)
    assert (await page.next())[0] == "ping"
    page.run.view = view(RunState.RUNNING, "runs on")
    page.hint(Topic.RUN)
    assert (await page.until("run"))["text"] == "runs on"


async def test_many_hints_are_one_look() -> None:
    page = await open_page(Run(), Pace(ping=10, least=0.3, look_anyway=60))
    await page.until("ping")
    reads = page.run.reads
    page.run.view = view(RunState.RUNNING, "later")
    listening = asyncio.create_task(page.until("run"))
    for _ in range(50):
        page.hint(Topic.RUN)
        await asyncio.sleep(0.005)
    assert (await listening)["text"] == "later"
    assert page.run.reads - reads == 1


async def test_lines_come_as_they_are_kept_in_batches_of_500() -> None:
    page = await open_page(Run())
    await page.until("ping")
    page.run.lines = 1200
    page.hint(Topic.LOG)
    sizes = []
    while sum(sizes) < 1200:
        name, data, number = await page.next()
        if name == "log":
            sizes.append(len(data["lines"]))
            assert number == str(data["next"]) == str(sum(sizes))
    assert sizes == [500, 500, 200]


@pytest.mark.parametrize(
    ("after", "last", "first"), [(0, None, 1), (40, None, 41), (0, "90", 91), (40, "90", 91), (40, "x", 41),
                                  (40, "9" * 40, 41)],
)  # fmt: skip
async def test_who_comes_back_goes_on_where_they_were(after: int, last: str | None, first: int) -> None:
    page = await open_page(Run(lines=100), after=after, last=last)
    assert (await page.until("log"))["lines"][0]["number"] == first


async def test_the_end_comes_after_the_whole_log() -> None:
    page = await open_page(Run())
    await page.until("ping")
    page.run.view, page.run.lines = view(RunState.FAILED, "failed"), 600
    page.hint(Topic.RUN)
    assert [name for name in await page.rest() if name != "ping"] == ["run", "log", "log", "end"]


async def test_the_end_waits_for_a_log_that_is_still_being_fetched() -> None:
    page = await open_page(Run(view=view(RunState.SUCCEEDED, "done", log_pending=True)))
    assert [(await page.next())[0] for _ in range(3)] == ["run", "ping", "ping"]
    page.run.view, page.run.lines = view(RunState.SUCCEEDED, "done"), 3
    page.hint(Topic.RUN)
    assert [name for name in await page.rest() if name != "ping"] == ["run", "log", "end"]


async def test_a_run_that_has_ended_is_told_once() -> None:
    page = await open_page(Run(view=view(RunState.SUCCEEDED, "done"), lines=2))
    assert [(await page.next())[0] for _ in range(3)] == ["run", "log", "end"]
    with pytest.raises(StopAsyncIteration):
        await page.next()


async def test_a_lost_hint_is_made_up_for() -> None:
    page = await open_page(Run(), Pace(ping=0.1, least=0.01, look_anyway=0.3))
    await page.until("ping")
    page.run.view = view(RunState.RUNNING, "unheard")
    assert (await page.until("run"))["text"] == "unheard"


async def test_while_the_database_is_away_the_page_is_told_that_we_are_there() -> None:
    page = await open_page(Run())
    await page.until("ping")
    page.run.error = Unavailable("away")
    page.run.view = view(RunState.SUCCEEDED, "done")
    page.hint(Topic.RUN)
    assert [(await page.next())[0] for _ in range(2)] == ["ping", "ping"]
    page.run.error = None
    assert (await page.until("run"))["text"] == "done"
    assert (await page.next())[0] == "end"


async def test_a_run_that_may_no_longer_be_seen_ends_the_stream_without_end() -> None:
    page = await open_page(Run())
    await page.until("ping")
    page.run.error = NotFound("gone")
    page.hint(Topic.RUN)
    assert set(await page.rest()) <= {"ping"}


async def test_a_stream_lives_only_so_long_and_ends_when_the_process_does() -> None:
    page = await open_page(Run(), Pace(ping=0.05, least=0.01, life=0.2))
    assert (await page.rest())[0] == "run"
    page = await open_page(Run(), Pace(ping=60, least=60))
    await page.until("ping")
    waiting = asyncio.create_task(page.next())
    await asyncio.sleep(0)
    page.live.close()
    with pytest.raises(StopAsyncIteration):
        await waiting


async def test_lists_are_told_to_look_again_without_a_name() -> None:
    listener = Listener(StoreSettings(url=SecretStr("postgresql://nobody@127.0.0.1:1/none")))
    live = Live(listener, Run(), FAST)
    page = Page(Run(), listener, live, (await live.lists(ANA, still_ana)).body_iterator.__aiter__())
    assert [(await page.next())[0] for _ in range(2)] == ["retry", "ping"]
    page.hint(Topic.RUN)
    assert await page.until("runs") == {}
    page.hint(Topic.APPROVAL)
    assert await page.until("approvals") == {}
    listener.wake()
    await page.until("runs")
    assert (await page.next())[0] == "approvals"


async def test_the_page_of_somebody_whose_session_has_ended_is_closed() -> None:
    """S6: within 15 seconds, here 0.2; nothing about the run is told any more."""
    ended = asyncio.Event()

    async def still() -> Asker | None:
        return None if ended.is_set() else ANA

    pace = replace(FAST, ask_again=0.2)
    page = await open_page(Run(), pace, still=still)
    listener = Listener(StoreSettings(url=SecretStr("postgresql://nobody@127.0.0.1:1/none")))
    lists = await Live(listener, Run(), pace).lists(ANA, still)
    hints = Page(Run(), listener, page.live, lists.body_iterator.__aiter__())
    for open_one in (page, hints):
        await open_one.until("ping")
        await open_one.until("ping")
    ended.set()
    for open_one in (page, hints):
        async with asyncio.timeout(20):
            assert set(await open_one.rest()) <= {"ping"}


async def test_a_page_is_read_with_the_groups_that_its_reader_has_by_now() -> None:
    now = replace(ANA, groups=frozenset({"group:sre"}))
    run = Run()

    async def still() -> Asker | None:
        return now

    page = await open_page(run, replace(FAST, ask_again=0.0, look_anyway=0.05), still=still)
    async with asyncio.timeout(20):
        while now not in run.asked_by:
            await page.next()
    page.live.close()


async def test_a_reader_who_takes_nothing_is_cut_off() -> None:
    closed = asyncio.Event()

    async def endless() -> AsyncIterator[bytes]:
        try:
            while True:
                yield b"x"
        finally:
            closed.set()

    async def send(message: Any) -> None:
        if message["type"] == "http.response.body":
            await asyncio.Event().wait()

    async with asyncio.timeout(10):
        await EventStream(endless(), slow_after=0.05).stream_response(send)  # type: ignore[arg-type]  # a generator
    assert closed.is_set()


async def test_over_the_wire_a_page_follows_a_run_to_its_end(house: House) -> None:
    company = house.company
    company.ci.ends_as = None
    listening = asyncio.create_task(house.services.listener.run())
    async with asyncio.timeout(20):
        await house.services.listener.connected.wait()
    run = RunId(await company.ask("ana", "1.1.0", "staging"))
    async with served(house.app) as (address, _):
        cookies = (await house.signed_in("ana")).cookies
        async with httpx.AsyncClient(base_url=address, cookies=dict(cookies.items()), timeout=30) as client:
            problem(await client.get("/api/v1/runs/r_none/events"), 404)
            async with client.stream("GET", f"/api/v1/runs/{run}/events") as answer:
                assert answer.headers["content-type"].startswith("text/event-stream")
                assert answer.headers["x-accel-buffering"] == "no"
                names, states, lines = [], [], 0
                buffer = b""
                async for chunk in answer.aiter_bytes():
                    buffer += chunk
                    *frames, buffer = buffer.split(b"\n\n")
                    for name, data, _ in map(read, frames):
                        names.append(name)
                        if name == "run":
                            states.append(data["state"])
                        if name == "log":
                            lines += len(data["lines"])
                        if name == "ping" and names.count("ping") == 1:
                            await company.drive(run)
                            company.ci.end("1", ExternalStatus.SUCCEEDED)
                            await company.through(run)
    listening.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await listening
    assert names[-1] == "end"
    assert states[0] in ("accepted", "running")
    assert states[-1] == "succeeded"
    assert lines == 2


async def test_the_end_of_the_process_ends_open_pages_at_once(house: House) -> None:
    async with served(house.app) as (address, server):
        cookies = (await house.signed_in("ana")).cookies
        async with (
            httpx.AsyncClient(base_url=address, cookies=dict(cookies.items()), timeout=30) as client,
            client.stream("GET", "/api/v1/events") as answer,
        ):
            pieces = answer.aiter_bytes()
            await anext(pieces)
            server.should_exit = True
            house.services.live.close()
            async with asyncio.timeout(1.5):
                async for _ in pieces:
                    pass


async def test_a_run_that_waits_hears_of_the_queues_of_its_keys() -> None:
    key = KeyView(
        key="shop/staging",
        held=True,
        held_by_run=None,
        hold=None,
        next_hold=None,
        since=None,
        fence=1,
        queued=2,
        text="",
    )
    lock = LockView(
        key="shop/staging",
        keys=[key],
        queue="fifo",
        state="queued",
        fence=None,
        position=2,
        held_by_run=None,
        expected_at=None,
    )
    page = await open_page(Run(view(RunState.WAITING_LOCK, "2 in line", lock=lock)))
    await page.until("ping")
    reads = page.run.reads
    page.run.view = view(RunState.WAITING_LOCK, "1 in line", lock=lock)
    page.offer(Hint(Topic.LOCK, "billing/staging"))
    await page.until("ping")
    assert page.run.reads == reads
    page.offer(Hint(Topic.LOCK, "shop/staging"))
    assert (await page.until("run"))["text"] == "1 in line"
