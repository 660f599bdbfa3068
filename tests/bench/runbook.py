"""Runbooks of many cheap steps: how many steps a second, how long one takes, and what it costs, beside bare workflows.

So many people at once (`at_once`) each ask for a run, wait until it has ended, and ask for the next one.
"""

import asyncio
import time
import uuid
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import pairwise, product
from typing import Any, Final, Protocol

import httpx
import psycopg
from temporalio.client import Client
from tests.bench import bare_steps
from tests.bench.bare_steps import Given
from tests.bench.beside import Beside
from tests.bench.machine import cpu
from tests.bench.shapes import ROW, STEPS
from tests.bench.speed import percentile
from tests.bench.ways import OURS
from tests.chaos.harness.house import ChaosHouse
from tests.chaos.harness.person import Journal, Person

BARE_STEPS: Final = "bare: an activity a step"
BARE_LOCAL: Final = "bare: a local activity a step"
_SAMPLE: Final = 10  # runs whose histories are looked at
_IDLE: Final = 10.0  # seconds that the house is watched doing nothing


@dataclass(frozen=True)
class Runbook:
    """Per step, if not said otherwise. Milliseconds.

    `step`: between the ends of two steps of a run that follow each other, by the times in the database; those that end
    in one transaction have one time. The first counts from the wish. `run`: from the wish to the last of its steps.
    """

    shape: str
    way: str
    at_once: int
    runs: int
    steps_per_second: float
    step_mean: float
    step_p50: float
    step_p95: float
    run_p50: float
    run_p95: float
    events: float
    commits: float
    cpu_ms: dict[str, float]


class StepWay(Protocol):
    name: str

    async def play(self, shape: str, service: str) -> str:
        """Ask for one and wait for its end; its id."""

    async def ends(self, runs: Sequence[str]) -> Mapping[str, Sequence[float]]:
        """When its steps have ended, in seconds since the epoch, by run."""

    async def workflows(self, run: str) -> Sequence[str]:
        """Ids of all that it had."""


class OurSteps:
    """The API asks, the row says that it has ended."""

    name = OURS

    def __init__(self, http: httpx.AsyncClient, connection: psycopg.AsyncConnection) -> None:
        self._http = http
        self._connection = connection
        self._open: dict[str, asyncio.Future[str]] = {}

    async def play(self, shape: str, service: str) -> str:
        run = await ask(self._http, shape, service)
        self._open[run] = asyncio.get_running_loop().create_future()
        if (state := await self._open[run]) != "succeeded":
            raise RuntimeError(f"run {run} of {shape} has {state}")
        return run

    async def look(self) -> None:
        """Until cancelled, for all of them at once: fifty looks a second at most."""
        query = "SELECT id, state || coalesce(': ' || reason, '') FROM run WHERE id = ANY(%s) AND ended_at IS NOT NULL"
        while True:
            await asyncio.sleep(0.02)
            cursor = await self._connection.execute(query, [list(self._open)])
            for run, state in await cursor.fetchall():
                self._open.pop(run).set_result(state)

    async def ends(self, runs: Sequence[str]) -> Mapping[str, Sequence[float]]:
        """`foreach` only joins others, and is none of the steps that are counted."""
        cursor = await self._connection.execute(
            "SELECT coalesce(run.parent_run, run.id), extract(epoch FROM step.ended_at) FROM step"
            " JOIN run ON run.id = step.run_id"
            " WHERE (run.id = ANY(%(runs)s) OR run.parent_run = ANY(%(runs)s)) AND step.kind <> 'foreach'",
            {"runs": list(runs)},
        )
        return _grouped(await cursor.fetchall())

    async def workflows(self, run: str) -> Sequence[str]:
        cursor = await self._connection.execute("SELECT id FROM run WHERE %(run)s IN (id, parent_run)", {"run": run})
        return [f"run-{one}" for (one,) in await cursor.fetchall()]


class BareSteps:
    def __init__(self, client: Client, connection: psycopg.AsyncConnection, *, local: bool) -> None:
        self.name = BARE_LOCAL if local else BARE_STEPS
        self._client = client
        self._connection = connection
        self._local = local

    async def play(self, shape: str, service: str) -> str:
        run = f"bare-{uuid.uuid4()}"
        of = bare_steps.BareRow.run if shape == ROW else bare_steps.BareSpread.run
        given = Given(run, self._local)
        await self._client.execute_workflow(of, given, id=run, task_queue=bare_steps.QUEUE)
        return run

    async def ends(self, runs: Sequence[str]) -> Mapping[str, Sequence[float]]:
        cursor = await self._connection.execute(
            "SELECT split_part(run, '/', 1), extract(epoch FROM at) FROM did WHERE split_part(run, '/', 1) = ANY(%s)",
            [list(runs)],
        )
        return _grouped(await cursor.fetchall())

    async def workflows(self, run: str) -> Sequence[str]:
        cursor = await self._connection.execute(
            "SELECT DISTINCT run FROM did WHERE split_part(run, '/', 1) = %s", [run]
        )
        return [str(one) for (one,) in await cursor.fetchall()]


async def ask(http: httpx.AsyncClient, action: str, service: str) -> str:
    """A run of an action that asks for nothing; its id."""
    body = {"entity": f"service:{service}", "inputs": {}}
    headers = {"Idempotency-Key": f"bench-{uuid.uuid4()}"}
    answer = await http.post(f"/actions/{action}/runs", json=body, headers=headers)
    if answer.status_code != httpx.codes.ACCEPTED:
        raise RuntimeError(f"a run was not accepted: {answer.text}")
    return str(answer.json()["id"])


@asynccontextmanager
async def asking(house: ChaosHouse, name: str) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the API as somebody, with as many connections as are asked for."""
    person = Person.sign_in(house.page, name, Journal())
    headers = {"Authorization": person.authorization}
    person.close()
    limits = httpx.Limits(max_connections=64, max_keepalive_connections=64)
    address = f"{house.page}/api/v1"
    async with httpx.AsyncClient(base_url=address, headers=headers, timeout=60, trust_env=False, limits=limits) as http:
        yield http


async def runbooks(
    house: ChaosHouse,
    beside: Beside,
    services: Sequence[str],
    *,
    runs: int,
    at_once: Sequence[int],
    repeat: int = 1,
    keep: Callable[[Sequence[Runbook]], None] = lambda _: None,
) -> list[Runbook]:
    """The ways in turn, for each shape and each number at once; of several rounds each is given.

    `keep` is told what there is after each of them.
    """
    client = await Client.connect(house.house.product.temporal_address)
    found: list[Runbook] = []
    async with (
        asking(house, "ana") as http,
        await psycopg.AsyncConnection.connect(house.database_url, autocommit=True) as ours,
        await psycopg.AsyncConnection.connect(beside.database, autocommit=True) as bare,
    ):
        mine = OurSteps(http, ours)
        looking = asyncio.create_task(mine.look())
        ways: list[StepWay] = [mine, *(BareSteps(client, bare, local=local) for local in (False, True))]
        bench = _Bench(house, beside, client, services, await _idle_commits(ours))
        try:
            for shape in STEPS:
                for way in ways:
                    await way.play(shape, services[0])  # warms up
                for many, _, way in product(at_once, range(repeat), ways):
                    found.append(await bench.measured(way, shape, runs=runs, at_once=many))
                    keep(found)
        finally:
            looking.cancel()
    return found


@dataclass(frozen=True)
class _Bench:
    house: ChaosHouse
    beside: Beside
    client: Client
    services: Sequence[str]
    idle: float  # commits a second that the house makes by itself

    async def measured(self, way: StepWay, shape: str, *, runs: int, at_once: int) -> Runbook:
        begun: dict[str, float] = {}
        numbers = iter(range(runs))

        async def somebody() -> None:
            for number in numbers:
                wish = time.time()
                begun[await way.play(shape, self.services[number % len(self.services)])] = wish

        async with await psycopg.AsyncConnection.connect(self.house.database_url, autocommit=True) as connection:
            before, used, began = await _commits(connection), self._cpu(), time.monotonic()
            async with asyncio.TaskGroup() as group:
                for _ in range(min(at_once, runs)):
                    group.create_task(somebody())
            took = time.monotonic() - began
            commits = await _commits(connection) - before - self.idle * took
        steps = runs * STEPS[shape]
        each = {name: 1000 * (after - used[name]) / steps for name, after in self._cpu().items()}
        ends = await way.ends(list(begun))
        _must_be_whole(way, shape, ends, runs)
        lines = [[wish, *sorted(ends[run])] for run, wish in begun.items()]
        between = [after - before for line in lines for before, after in pairwise(line)]
        whole = [line[-1] - line[0] for line in lines]
        return Runbook(
            shape=shape,
            way=way.name,
            at_once=at_once,
            runs=runs,
            steps_per_second=steps / took,
            step_mean=1000 * sum(between) / steps,
            step_p50=percentile(between, 50),
            step_p95=percentile(between, 95),
            run_p50=percentile(whole, 50),
            run_p95=percentile(whole, 95),
            events=await self._events(way, list(begun)[:_SAMPLE]) / STEPS[shape],
            commits=commits / steps,
            cpu_ms=each,
        )

    def _cpu(self) -> dict[str, float]:
        return cpu(self.house, **self.beside.processes)

    async def _events(self, way: StepWay, runs: Sequence[str]) -> float:
        """Of a run, with all that it called, and with the short workflow that a poke after its end begins."""
        events = 0
        for run in runs:
            for name in await way.workflows(run):
                await self.client.get_workflow_handle(name).result()
                async for one in self.client.list_workflows(f"WorkflowId = '{name}'"):
                    events += one.history_length
        return events / len(runs)


def _must_be_whole(way: StepWay, shape: str, ends: Mapping[str, Sequence[float]], runs: int) -> None:
    odd = {len(each) for each in ends.values()} - {STEPS[shape]}
    if odd or len(ends) != runs:
        raise RuntimeError(f"{way.name}, {shape}: {len(ends)} of {runs} runs, some with {odd} steps")


def _grouped(rows: Sequence[tuple[Any, ...]]) -> Mapping[str, Sequence[float]]:
    found: dict[str, list[float]] = defaultdict(list)
    for run, at in rows:
        found[run].append(float(at))
    return found


async def _commits(connection: psycopg.AsyncConnection) -> int:
    """Transactions that have written, on the whole server."""
    cursor = await connection.execute("SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint")
    row = await cursor.fetchone()
    assert row is not None
    return int(row[0])


async def _idle_commits(connection: psycopg.AsyncConnection) -> float:
    before = await _commits(connection)
    await asyncio.sleep(_IDLE)
    return (await _commits(connection) - before) / _IDLE
