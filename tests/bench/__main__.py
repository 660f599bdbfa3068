"""`make bench`, or `python -m tests.bench [--only latency …] [--runs 500] [--json FILE]`.

Everything is measured on one house with the windows of production, the stand-in's executor `instant`, beside a bare
Temporal workflow on the same server. Run it on a machine that does nothing else.
"""

import argparse
import asyncio
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from tests.bench import shapes
from tests.bench.beside import Beside
from tests.bench.costs import costs
from tests.bench.inbox import after_a_crash, inbox
from tests.bench.kept import Kept
from tests.bench.machine import described, memory, startups
from tests.bench.page import NO_CHROMIUM, chromium, views
from tests.bench.polling import Size, polling
from tests.bench.report import tables
from tests.bench.runbook import Runbook, runbooks
from tests.bench.speed import latency, throughput
from tests.bench.waiting import Waiting, waiting
from tests.bench.ways import Way, three_ways
from tests.chaos.harness.house import ChaosHouse
from tests.chaos.harness.yard import lay_out, services

MEASURES = (
    *("startup", "memory", "latency", "costs", "throughput", "runbook", "waiting"),
    *("inbox", "page", "polling"),
)
OF_STEPS = frozenset({"runbook", "waiting"})
IN_THE_HOUSE = OF_STEPS | {"memory", "latency", "costs", "throughput", "inbox", "page"}
COUNTS = {"fast": 500, "slow": 1, "real": 1, "bare": 1}


def main() -> int:
    given = _arguments()
    os.environ["DAYTWO_SPECS"] = ""  # the stand-in holding each answer against its description is not to be measured
    numbers = Kept(
        Path(given.json),
        date=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        commit=_commit(),
        command=" ".join(["python", "-m", "tests.bench", *sys.argv[1:]]),
        machine=described(),
    )
    if "page" in given.only and not chromium():
        numbers["left_out"] = NO_CHROMIUM
        _say(NO_CHROMIUM)
        given.only = [one for one in given.only if one != "page"]
    if "startup" in given.only:
        numbers["startup"] = [asdict(one) for one in startups()]
    with tempfile.TemporaryDirectory(prefix="dt-bench-") as folder:
        if "polling" in given.only:
            sizes = [Size(seconds=given.minutes * 60, newer=newer) for newer in (0, 300)]
            measured = [asyncio.run(polling(Path(folder) / f"polling-{size.newer}", size)) for size in sizes]
            numbers["polling"] = [asdict(one) for one in measured]
        if IN_THE_HOUSE & set(given.only):
            yard = lay_out(Path(folder) / "yard", COUNTS)
            shapes.write(yard)
            with ChaosHouse.plan(Path(folder) / "data", yard, profile="default", proxied=False) as house:
                asyncio.run(_measure(house, given, numbers))
                if OF_STEPS & set(given.only):
                    _steps(house, given, numbers)
                if "page" in given.only:
                    _say("the page in Chromium")
                    numbers["page"] = asdict(views(house, services("fast", COUNTS)[0]))
                if "inbox" in given.only:  # the last, because it kills everything
                    _say("10,000 pending approvals")
                    names = services("fast", COUNTS)
                    measured_inbox = inbox(house, names, rounds=given.rounds * 2, decisions=given.rounds * 2)
                    numbers["inbox"] = [asdict(one) for one in measured_inbox]
                    numbers["after_a_crash"] = after_a_crash(house, names[-1])
    sys.stdout.write(f"\n{tables(numbers)}\n\nAll numbers: {given.json}\n")
    return 0


async def _measure(house: ChaosHouse, given: argparse.Namespace, numbers: Kept) -> None:
    names = services("fast", COUNTS)
    idle = memory(house)
    if set(given.only).isdisjoint(IN_THE_HOUSE - OF_STEPS - {"inbox", "page"}):
        return
    async with three_ways(house) as ways:
        if "latency" in given.only:
            _say("latency: one at a time")
            measured = await latency(house, ways, names, rounds=given.rounds)
            numbers["latency"] = [asdict(one) for one in measured]
        if "throughput" in given.only:
            numbers["throughput"] = await _throughput(house, ways, names, given)
    if "costs" in given.only:
        _say("costs of a run")
        kinds = [await costs(house, "slow-01", environment=one, runs=10) for one in ("staging", "production")]
        numbers["costs"] = [asdict(one) for one in kinds]
    if "memory" in given.only:
        found = {"idle": idle, "after the load": memory(house)}
        numbers["memory"] = {name: [asdict(one) for one in each] for name, each in found.items()}


def _steps(house: ChaosHouse, given: argparse.Namespace, numbers: Kept) -> None:
    names = services("fast", COUNTS)
    with Beside.of(house) as beside:
        if "runbook" in given.only:
            _say("runbooks: many steps")
            much = {"runs": given.runbooks, "at_once": given.at_once, "repeat": given.repeat}
            asyncio.run(runbooks(house, beside, names, **much, keep=partial(_keep, numbers, "runbook")))
        if "waiting" in given.only:
            _say(f"{given.waiting:,} runs that wait")
            much = {"many": given.waiting, "rounds": min(given.rounds, given.waiting // 4)}
            asyncio.run(waiting(house, beside, names, **much, keep=partial(_keep, numbers, "waiting")))


def _keep(numbers: Kept, name: str, found: Waiting | Sequence[Runbook]) -> None:
    numbers[name] = asdict(found) if isinstance(found, Waiting) else [asdict(one) for one in found]


async def _throughput(
    house: ChaosHouse, ways: Sequence[Way], names: Sequence[str], given: argparse.Namespace
) -> list[dict[str, Any]]:
    """In turn, and three times over: a shared machine is never twice the same."""
    found = []
    for number in range(given.repeat):
        for way in ways:
            _say(f"throughput: {way.name}, {number + 1} of {given.repeat}")
            one = await throughput(house, way, names, runs=given.runs, at_once=32, label=f"load-{number}")
            found.append(asdict(one))
    return found


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description="Measure, beside a bare workflow.")
    parser.add_argument("--only", nargs="+", choices=MEASURES, default=MEASURES, help="what to measure")
    parser.add_argument("--rounds", type=int, default=50, help="runs one at a time")
    parser.add_argument("--runs", type=int, default=500, help="runs of one load")
    parser.add_argument("--minutes", type=float, default=5.0, help="of following 1,000 pipelines, twice")
    parser.add_argument("--repeat", type=int, default=3, help="loads of each way")
    parser.add_argument("--runbooks", type=int, default=100, help="runbooks of each load")
    parser.add_argument("--at-once", type=int, nargs="+", default=[1, 8, 32], help="how many runbooks go on at once")
    parser.add_argument("--waiting", type=int, default=10_000, help="runs that wait")
    parser.add_argument("--json", default="bench.json", help="file for all numbers")
    return parser.parse_args()


def _commit() -> str:
    done = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False)
    return done.stdout.strip() or "unknown"


def _say(line: str) -> None:
    sys.stderr.write(f"{line} …\n")


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    os._exit(code)  # Temporal's native threads sometimes abort an orderly exit
