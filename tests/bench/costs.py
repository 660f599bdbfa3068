"""What one run costs the others: commits of the database, calls to the CI system, events and bytes in Temporal."""

import asyncio
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import psycopg
from google.protobuf.message import Message
from temporalio.api.common.v1 import Payload
from temporalio.client import Client, WorkflowExecutionStatus
from tests.bench.speed import calls
from tests.chaos.harness.house import ChaosHouse
from tests.chaos.harness.person import Journal, Person
from tests.chaos.harness.stage import Stage

_IDLE = 10.0  # seconds that the house is watched doing nothing


@dataclass(frozen=True)
class Costs:
    """Of one run, on average; what the idle house does meanwhile is taken off.

    `writes` are transactions that wrote (they have an xid), savepoints among them; `statements` are all that PostgreSQL
    counts as committed, and a read outside a transaction is one.
    """

    kind: str
    events: float
    payload_bytes: float
    writes: float
    statements: float
    ci_calls: float
    ci_calls_by_operation: dict[str, float]


@dataclass(frozen=True)
class _Counters:
    at: float
    writes: int
    statements: int
    calls: Counter[str]


async def costs(house: ChaosHouse, service: str, *, environment: str, runs: int) -> Costs:
    """Runs one after the other, from the wish until their workflows are over. The service is one of `slow`."""
    ana, ben, sam = (Person.sign_in(house.page, name, Journal()) for name in ("ana", "ben", "sam"))
    stage = Stage(house, Journal(), ana, ben, sam)
    client = await Client.connect(house.house.product.temporal_address)
    first = await asyncio.to_thread(_counted, house)
    await asyncio.sleep(_IDLE)
    before = await asyncio.to_thread(_counted, house)
    ids = []
    for number in range(runs):
        run = await asyncio.to_thread(_play, stage, service, environment, f"costs-{environment}-{number}-")
        await _over(client, run)
        ids.append(run)
    after = await asyncio.to_thread(_counted, house)
    histories = [await _history(client, run) for run in ids]
    for person in (ana, ben, sam):
        person.close()
    return _each(environment, runs, (first, before, after), histories)


def _each(environment: str, runs: int, counters: tuple[_Counters, ...], histories: list[tuple[int, int]]) -> Costs:
    first, before, after = counters
    idle = (after.at - before.at) / (before.at - first.at)

    def each(name: str) -> float:
        mine = getattr(after, name) - getattr(before, name)
        return float(mine - idle * (getattr(before, name) - getattr(first, name))) / runs

    asked = {
        name: (after.calls[name] - before.calls[name] - idle * (before.calls[name] - first.calls[name])) / runs
        for name in sorted(after.calls)
        if after.calls[name] > before.calls[name]
    }
    return Costs(
        kind="approved" if environment == "production" else "plain",
        events=sum(events for events, _ in histories) / runs,
        payload_bytes=sum(size for _, size in histories) / runs,
        writes=each("writes"),
        statements=each("statements"),
        ci_calls=sum(asked.values()),
        ci_calls_by_operation={name: round(count, 2) for name, count in asked.items()},
    )


def _play(stage: Stage, service: str, environment: str, note: str) -> str:
    run = stage.ana.submit(service, environment, note=note)
    if environment == "production":
        stage.sam.decide(run).raise_for_status()
    stage.wait_dispatched(note)
    stage.finish(note, log=[f"line {number}" for number in range(100)])
    return run


async def _over(client: Client, run: str) -> None:
    """Until its workflow has closed."""
    async with asyncio.timeout(120):
        while (await client.get_workflow_handle(f"run-{run}").describe()).status == WorkflowExecutionStatus.RUNNING:
            await asyncio.sleep(0.2)


def _counted(house: ChaosHouse) -> _Counters:
    time.sleep(2)  # PostgreSQL's backends publish their counters after a second of quiet at the latest
    with psycopg.connect(house.database_url, autocommit=True) as connection:
        row = connection.execute(
            "SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint, xact_commit"
            " FROM pg_stat_database WHERE datname = current_database()"
        ).fetchone()
    assert row is not None
    return _Counters(time.monotonic(), row[0], row[1], calls(house))


async def _history(client: Client, run: str) -> tuple[int, int]:
    """Events and bytes of all workflows that the run had: a poke after its end starts another, short one."""
    events, size = 0, 0
    async for one in client.list_workflows(f"WorkflowId = 'run-{run}'"):
        history = await client.get_workflow_handle(one.id, run_id=one.run_id).fetch_history()
        events += len(history.events)
        size += sum(len(payload.data) for event in history.events for payload in _payloads(event))
    return events, size


def _payloads(message: Message) -> Iterator[Payload]:
    if isinstance(message, Payload):
        yield message
        return
    for field, value in message.ListFields():
        if field.message_type is None:
            continue
        for one in _values(field, value):
            if isinstance(one, Message):
                yield from _payloads(one)


def _values(field: Any, value: Any) -> list[Any]:
    if field.message_type.GetOptions().map_entry:
        return list(value.values())
    return list(value) if field.is_repeated else [value]
