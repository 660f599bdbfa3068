"""How long from the wish until the CI system has the request, and how many runs a second."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import quantiles
from typing import Any

from tests.bench.machine import cpu
from tests.bench.ways import Way, now
from tests.chaos.harness.house import ChaosHouse


@dataclass(frozen=True)
class Latency:
    """Milliseconds. `received`: from before the wish is sent until the stand-in has read the POST."""

    way: str
    received_best: float  # of all rounds: what other work on the machine disturbs least
    received_p50: float
    received_p95: float
    taken_p50: float  # until the wish is answered
    ended_p50: float


async def latency(house: ChaosHouse, ways: Sequence[Way], services: Sequence[str], *, rounds: int) -> list[Latency]:
    """One at a time, the ways in turn, so that whatever else the machine does meets all of them."""
    taken: dict[str, list[float]] = defaultdict(list)
    ended: dict[str, list[float]] = defaultdict(list)
    asked: dict[str, tuple[str, float]] = {}
    for number in range(-3, rounds):  # the first three warm up
        for way in ways:
            note, began = f"latency-{way.name}-{number}-", now()
            await way.begin(note, services[number % len(services)])
            answered = now()
            await way.ended()
            if number >= 0:
                asked[note] = (way.name, began)
                taken[way.name].append(answered - began)
                ended[way.name].append(now() - began)
            await way.quiet()
    received = _received(house, asked)
    return [
        Latency(
            way.name,
            received_best=1000 * min(received[way.name]),
            received_p50=percentile(received[way.name], 50),
            received_p95=percentile(received[way.name], 95),
            taken_p50=percentile(taken[way.name], 50),
            ended_p50=percentile(ended[way.name], 50),
        )
        for way in ways
    ]


def _received(house: ChaosHouse, asked: dict[str, tuple[str, float]]) -> dict[str, list[float]]:
    found: dict[str, list[float]] = defaultdict(list)
    for line in ledger(house):
        if line["inputs"]["note"] in asked:
            name, began = asked[line["inputs"]["note"]]
            found[name].append(line["received_monotonic"] - began)
    return found


@dataclass(frozen=True)
class Throughput:
    way: str
    runs: int
    dispatched_per_second: float  # until the stand-in had the last POST
    ended_per_second: float
    cpu_ms: dict[str, float]  # of each process, for one run
    ci_calls: dict[str, float]  # for one run


async def throughput(
    house: ChaosHouse, way: Way, services: Sequence[str], *, runs: int, at_once: int, label: str
) -> Throughput:
    """`at_once` wishes are under way at a time; the clock stops when the last run has ended."""
    notes = iter([f"{label}-{way.name}-{number}-" for number in range(runs)])
    numbers = iter(range(runs))
    asked, used, began = calls(house), cpu(house, **way.processes), now()

    async def ask() -> None:
        for note in notes:
            await way.begin(note, services[next(numbers) % len(services)])

    async with asyncio.TaskGroup() as group:
        for _ in range(at_once):
            group.create_task(ask())
    await way.ended()
    over = now()
    sent = [
        line["received_monotonic"]
        for line in ledger(house)
        if line["inputs"]["note"].startswith(f"{label}-{way.name}-")
    ]
    if len(sent) != runs:
        raise RuntimeError(f"{way.name}: {runs} runs, {len(sent)} dispatches")
    each = {name: 1000 * (after - used[name]) / runs for name, after in cpu(house, **way.processes).items()}
    await way.quiet()
    calls_each = {name: count / runs for name, count in (calls(house) - asked).items()}
    return Throughput(way.name, runs, runs / (max(sent) - began), runs / (over - began), each, calls_each)


def calls(house: ChaosHouse) -> Counter[str]:
    """Requests that the stand-in has had, by operation."""
    with house.control() as control:
        return Counter(str(line["operation"]) for line in control.requests())


def ledger(house: ChaosHouse) -> list[dict[str, Any]]:
    with house.control() as control:
        return control.ledger()


def percentile(values: Sequence[float], which: int) -> float:
    """In milliseconds."""
    return 1000 * (values[0] if len(values) == 1 else quantiles(values, n=100, method="inclusive")[which - 1])
