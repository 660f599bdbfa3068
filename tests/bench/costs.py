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
from temporalio.client import Client
from tests.chaos.harness.house import ChaosHouse, until
from tests.chaos.harness.person import Journal, Person

_IDLE = 10.0  # seconds that the house is watched doing nothing


@dataclass(frozen=True)
class Costs:
    """Of one run, on average; what the idle house does meanwhile is taken off."""

    kind: str
    events: float
    payload_bytes: float
    commits: float
    rollbacks: float  # reads end with one
    ci_calls: float
    ci_calls_by_operation: dict[str, float]


@dataclass(frozen=True)
class _Counters:
    at: float
    commits: int
    rollbacks: int
    calls: Counter[str]


async def costs(house: ChaosHouse, service: str, *, environment: str, runs: int) -> Costs:
    """Runs one after the other, from the wish to the end."""
    ana, sam = (Person.sign_in(house.page, name, Journal()) for name in ("ana", "sam"))
    first = await asyncio.to_thread(_counted, house)
    await asyncio.sleep(_IDLE)
    before = await asyncio.to_thread(_counted, house)
    ids = [await asyncio.to_thread(_play, (ana, sam), service, environment) for _ in range(runs)]
    after = await asyncio.to_thread(_counted, house)
    ana.close()
    sam.close()
    client = await Client.connect(house.house.product.temporal_address)
    histories = [await _history(client, run) for run in ids]
    idle = (after.at - before.at) / (before.at - first.at)

    def each(name: str) -> float:
        mine = getattr(after, name) - getattr(before, name)
        return float(mine - idle * (getattr(before, name) - getattr(first, name))) / runs

    calls = {
        name: (after.calls[name] - before.calls[name] - idle * (before.calls[name] - first.calls[name])) / runs
        for name in sorted(after.calls)
        if after.calls[name] > before.calls[name]
    }
    return Costs(
        kind="approved" if environment == "production" else "plain",
        events=sum(events for events, _ in histories) / runs,
        payload_bytes=sum(size for _, size in histories) / runs,
        commits=each("commits"),
        rollbacks=each("rollbacks"),
        ci_calls=sum(calls.values()),
        ci_calls_by_operation={name: round(count, 2) for name, count in calls.items()},
    )


def _play(people: tuple[Person, Person], service: str, environment: str) -> str:
    ana, sam = people
    run = ana.submit(service, environment, note="costs")
    if environment == "production":
        sam.decide(run).raise_for_status()
    until(lambda: ana.run(run)["ended_at"] is not None, "the run to end", every=0.5)
    return run


def _counted(house: ChaosHouse) -> _Counters:
    time.sleep(2)  # PostgreSQL's backends publish their counters after a second of quiet at the latest
    with psycopg.connect(house.database_url, autocommit=True) as connection:
        row = connection.execute(
            "SELECT xact_commit, xact_rollback FROM pg_stat_database WHERE datname = current_database()"
        ).fetchone()
    assert row is not None
    with house.control() as control:
        calls = Counter(str(line["operation"]) for line in control.requests())
    return _Counters(time.monotonic(), row[0], row[1], calls)


async def _history(client: Client, run: str) -> tuple[int, int]:
    history = await client.get_workflow_handle(f"run-{run}").fetch_history()
    size = sum(len(payload.data) for event in history.events for payload in _payloads(event))
    return len(history.events), size


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
