"""10,000 runs that wait, half of them for an approval and half for a time: what they take, and what others pay for it.

Beside as many bare workflows that wait for a signal, half of them with a timer, on the same server. All of them are
asked for one by one, as people do. Each number is taken with few that wait, and again with all.
"""

import asyncio
import random
import time
import uuid
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final, LiteralString

import httpx
import psycopg
from pydantic import SecretStr
from temporalio.client import Client, WorkflowHandle
from tests.bench import bare_steps
from tests.bench.bare_steps import Given
from tests.bench.beside import Beside
from tests.bench.machine import Memory, cpu, memory
from tests.bench.runbook import ask, asking
from tests.bench.shapes import ASKED, PATIENT
from tests.bench.speed import percentile
from tests.bench.ways import OURS
from tests.chaos.harness.house import WORKER, ChaosHouse

from daytwo_store.engine import Store
from daytwo_store.ids import RunId
from daytwo_store.settings import StoreSettings, Windows
from daytwo_workflows.client import Driver
from daytwo_workflows.contracts import run_workflow_id
from daytwo_workflows.sweeper import Sweeper

BARE_WAIT: Final = "bare: a workflow that waits for a signal"
Deed = Callable[[], Awaitable[None]]
_AT_ONCE: Final = 16
_DAYS: Final = 30
_POKE: Final = 4  # events: the signal, and a workflow task that is scheduled, started and completed
_PATIENCE: Final = 1800.0  # seconds
_ROUNDS: Final = 10  # of the sweeper


@dataclass(frozen=True)
class Cost:
    """Of one, while so many wait. Milliseconds."""

    way: str
    waiting: int
    what: str
    p50: float
    p95: float
    cpu_ms: dict[str, float]


@dataclass(frozen=True)
class Idle:
    """What the house does in a second in which nobody asks anything; and one round of the sweeper."""

    waiting: int
    rows_read: float
    commits: float
    cpu: dict[str, float]  # per cent of a core
    round_p50: float  # milliseconds


@dataclass(frozen=True)
class Made:
    """So many were asked for, until all of them wait. `again`: seconds from a worker that is killed until …"""

    way: str
    waiting: int
    seconds: float
    disk_mb: dict[str, float]
    again_ready: float  # … a decision that is made at once is effective
    again_all: float  # … all were looked at again that somebody has poked meanwhile


@dataclass
class Waiting:
    made: list[Made] = field(default_factory=list)
    costs: list[Cost] = field(default_factory=list)
    idle: list[Idle] = field(default_factory=list)
    memory: dict[str, list[Memory]] = field(default_factory=dict)


@dataclass
class OurWaiting:
    """Runs that wait, by what they wait for."""

    asks: httpx.AsyncClient  # as who asks
    decides: httpx.AsyncClient  # as who decides
    connection: psycopg.AsyncConnection
    client: Client
    driver: Driver
    services: Sequence[str]
    house: ChaosHouse
    name: str = OURS
    runs: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    async def make(self, number: int) -> None:
        service = self.services[number % len(self.services)]
        run = await ask(self.asks, (ASKED, PATIENT)[number % 2], service)
        self.runs.append(run)
        if number % 2 == 0:
            self.asked.append(run)

    async def all_wait(self) -> None:
        """Those that wait for a time have begun to; approvals wait from the moment that they were asked for."""
        query = (
            "SELECT count(*) FROM run LEFT JOIN step ON step.run_id = run.id AND step.path = 'long'"
            " WHERE run.ended_at IS NULL AND (run.state = 'waiting_approval' OR step.state = 'running')"
        )
        await _reached(lambda: _number(self.connection, query), len(self.runs))

    def handle(self, run: str) -> WorkflowHandle[Any, Any]:
        return self.client.get_workflow_handle(run_workflow_id(RunId(run)))

    async def poke(self, run: str) -> None:
        assert await self.driver.drive(RunId(run))

    async def decision(self) -> Deed:
        """One of them, which has been read; the deed waits until its run has ended."""
        run = self.asked.pop()
        self.runs.remove(run)
        shown = (await self.decides.get(f"/runs/{run}")).raise_for_status().json()
        approval = (await self.decides.get(f"/approvals/{shown['approvals'][-1]['id']}")).raise_for_status().json()
        body = {"verdict": "approve", "digest": approval["digest"], "comment": "measured"}
        query: LiteralString = "SELECT count(*) FROM run WHERE id = %s AND ended_at IS NOT NULL"

        async def decide() -> None:
            (await self.decides.post(f"/approvals/{approval['id']}/decision", json=body)).raise_for_status()
            await _reached(lambda: _number(self.connection, query, run), 1)

        return decide

    async def all_poked(self) -> Callable[[], Awaitable[int]]:
        """How many have been looked at since: a look holds the run's row, which leaves its mark there."""
        since = await _number(self.connection, "SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint")
        await _spread(self.poke, self.runs)
        query = "SELECT count(*) FROM run WHERE id = ANY(%s) AND greatest(xmin::text::bigint, xmax::text::bigint) >= %s"
        return lambda: _number(self.connection, query, self.runs, since)

    def stop(self) -> None:
        self.house.take_down(WORKER)

    def start(self) -> None:
        self.house.bring_up(WORKER)


@dataclass
class BareWaiting:
    beside: Beside
    connection: psycopg.AsyncConnection
    client: Client
    name: str = BARE_WAIT
    runs: list[str] = field(default_factory=list)

    async def make(self, number: int) -> None:
        run = f"bare-{uuid.uuid4()}"
        given = Given(run, local=True, days=_DAYS if number % 2 else 0)
        await self.client.start_workflow(bare_steps.BareWait.run, given, id=run, task_queue=bare_steps.QUEUE)
        self.runs.append(run)

    async def all_wait(self) -> None:
        """The last that was begun has had its first task: the queue is taken in order."""
        handle = self.handle(self.runs[-1])
        await _reached(lambda: _length(handle), _POKE)

    def handle(self, run: str) -> WorkflowHandle[Any, Any]:
        return self.client.get_workflow_handle(run)

    async def poke(self, run: str) -> None:
        await self.handle(run).signal(bare_steps.BareWait.poke)

    async def decision(self) -> Deed:
        handle = self.handle(self.runs.pop())

        async def decide() -> None:
            await handle.signal(bare_steps.BareWait.decide)
            await handle.result()

        return decide

    async def all_poked(self) -> Callable[[], Awaitable[int]]:
        since = await _number(self.connection, "SELECT count(*) FROM did WHERE step = 'looked'")
        await _spread(self.poke, self.runs)
        query = "SELECT count(*) - %s FROM did WHERE step = 'looked'"
        return lambda: _number(self.connection, query, since)

    def stop(self) -> None:
        self.beside.kill_worker()

    def start(self) -> None:
        self.beside.start_worker()


async def waiting(
    house: ChaosHouse,
    beside: Beside,
    services: Sequence[str],
    *,
    many: int,
    rounds: int,
    idle: float = 30.0,
    keep: Callable[[Waiting], None] = lambda _: None,
) -> Waiting:
    """First ours, then the bare ones, which pay for what Temporal has of ours already. `keep` is told what there is
    after each part."""
    found = Waiting()
    address = house.house.product.temporal_address
    client = await Client.connect(address)
    few = 2 * rounds + 2
    async with (
        asking(house, "ana") as asks,
        asking(house, "sam") as decides,
        await psycopg.AsyncConnection.connect(house.database_url, autocommit=True) as ours,
        await psycopg.AsyncConnection.connect(beside.database, autocommit=True) as bare,
        _sweeper(house, client) as sweeper,
    ):
        mine = OurWaiting(asks, decides, ours, client, Driver(client), services, house)
        bench = _Bench(house, beside, found, rounds, ours, sweeper, keep)
        await bench.memory("none")
        await bench.made(mine, few)
        await bench.costs(mine)
        await bench.idle(len(mine.runs), seconds=idle)
        await bench.made(mine, many)
        await bench.memory(f"{many:,} runs")
        await bench.costs(mine)
        await bench.idle(len(mine.runs), seconds=idle)
        await bench.again(mine)
        await bench.memory(f"{many:,} runs, all looked at again")
        other = BareWaiting(beside, bare, client)
        await bench.made(other, few)
        await bench.costs(other)
        await bench.made(other, many)
        await bench.memory(f"and {many:,} bare workflows")
        await bench.costs(other)
        await bench.again(other)
    return found


Way = OurWaiting | BareWaiting


@dataclass
class _Bench:
    house: ChaosHouse
    beside: Beside
    found: Waiting
    rounds: int
    connection: psycopg.AsyncConnection
    sweeper: Sweeper
    keep: Callable[[Waiting], None]

    async def made(self, way: Way, many: int) -> None:
        """As many as are missing; kept is what was made last."""
        numbers = range(len(way.runs), many)
        disk, began = await self._disk(), time.monotonic()
        await _spread(way.make, numbers)
        await way.all_wait()
        took = time.monotonic() - began
        grown = {name: (after - disk[name]) / 1e6 for name, after in (await self._disk()).items()}
        self.found.made = [one for one in self.found.made if one.way != way.name]
        self.found.made.append(Made(way.name, len(numbers), took, grown, 0.0, 0.0))

    async def costs(self, way: Way) -> None:
        """Looking at one again, and deciding on one: one after the other, each chosen by chance."""
        chosen = random.Random(6).sample(way.runs, self.rounds)

        async def poke(run: str) -> None:
            handle = way.handle(run)
            before = await _length(handle)
            await way.poke(run)
            await _reached(lambda: _length(handle), before + _POKE)

        await self._cost(way, "looked at again", [partial(poke, run) for run in chosen])
        await self._cost(way, "decided", [await way.decision() for _ in range(self.rounds)])

    async def _cost(self, way: Way, what: str, deeds: Sequence[Deed]) -> None:
        used, took, waiting = self._cpu(), [], len(way.runs)
        for deed in deeds:
            began = time.monotonic()
            await deed()
            took.append(time.monotonic() - began)
        each = {name: 1000 * (after - used[name]) / len(took) for name, after in self._cpu().items()}
        self.found.costs.append(Cost(way.name, waiting, what, percentile(took, 50), percentile(took, 95), each))
        self.keep(self.found)

    async def idle(self, waiting: int, *, seconds: float) -> None:
        reads = "SELECT tup_returned + tup_fetched FROM pg_stat_database WHERE datname = current_database()"
        writes = "SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint"
        await asyncio.sleep(2)  # the counters are published after a second of quiet at the latest
        before = [await _number(self.connection, one) for one in (reads, writes)]
        used = self._cpu()
        await asyncio.sleep(seconds)
        each = {name: 100 * (after - used[name]) / seconds for name, after in self._cpu().items()}
        after = [await _number(self.connection, one) for one in (reads, writes)]
        read, written = ((late - early) / seconds for early, late in zip(before, after, strict=True))
        took = []
        for _ in range(_ROUNDS):
            began = time.monotonic()
            await self.sweeper.sweep()
            took.append(time.monotonic() - began)
        self.found.idle.append(Idle(waiting, read, written, each, percentile(took, 50)))

    async def again(self, way: Way) -> None:
        """The worker is killed; everything is poked; it comes back. Then the same without that, and a decision."""
        way.stop()
        looked = await way.all_poked()
        began = time.monotonic()
        await asyncio.to_thread(way.start)
        await _reached(looked, len(way.runs))
        everything = time.monotonic() - began
        way.stop()
        decide = await way.decision()
        began = time.monotonic()
        await asyncio.gather(asyncio.to_thread(way.start), decide())
        ready = time.monotonic() - began
        [last] = [one for one in self.found.made if one.way == way.name]
        self.found.made.remove(last)
        self.found.made.append(Made(last.way, last.waiting, last.seconds, last.disk_mb, ready, everything))
        self.keep(self.found)

    async def memory(self, when: str) -> None:
        self.found.memory[when] = await asyncio.to_thread(memory, self.house, **self.beside.processes)
        self.keep(self.found)

    def _cpu(self) -> dict[str, float]:
        return cpu(self.house, **self.beside.processes)

    async def _disk(self) -> Mapping[str, int]:
        files = sum(one.stat().st_size for one in (self.house.data / "temporal").rglob("*") if one.is_file())
        size = await _number(self.connection, "SELECT sum(pg_database_size(datname))::bigint FROM pg_database")
        return {"PostgreSQL": size, "Temporal": files}


@asynccontextmanager
async def _sweeper(house: ChaosHouse, client: Client) -> Any:
    """Beside the worker's, with two of which everything is right; to measure its rounds."""
    store = Store(StoreSettings(url=SecretStr(house.database_url)))
    try:
        yield Sweeper(store=store, driver=Driver(client), windows=Windows(), connections=[], name="bench")
    finally:
        await store.close()


async def _spread(do: Callable[[Any], Awaitable[None]], each: Sequence[Any]) -> None:
    left = iter(each)

    async def somebody() -> None:
        for one in left:
            await do(one)

    async with asyncio.TaskGroup() as group:
        for _ in range(_AT_ONCE):
            group.create_task(somebody())


async def _reached(number: Callable[[], Awaitable[int]], goal: int) -> None:
    """Wait until it is so many."""
    async with asyncio.timeout(_PATIENCE):
        while await number() < goal:
            await asyncio.sleep(0.01)


async def _length(handle: WorkflowHandle[Any, Any]) -> int:
    return (await handle.describe()).history_length


async def _number(connection: psycopg.AsyncConnection, query: LiteralString, *given: object) -> int:
    cursor = await connection.execute(query, given)
    row = await cursor.fetchone()
    assert row is not None
    return int(row[0])
