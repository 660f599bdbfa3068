"""I9: nothing grows without bound. What processes take, how long answers take, what Temporal's histories come to."""

import asyncio
import contextlib
import threading
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import psutil
from temporalio.client import Client
from temporalio.service import RPCError
from tests.chaos.harness.person import Journal

_EVERY: Final = 0.5  # seconds between two looks at the processes
MB: Final = 1_000_000


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Of one case. The house is one for all of them, so memory is what it comes to and not what it grows by."""

    rss: int = 600 * MB  # of the API or the worker, at any moment
    logs: int = 50 * MB  # that our processes write meanwhile
    files: int = 400 * MB  # that Temporal's file and the database grow by
    events: int = 2_000  # of the history of one execution
    usual_events: int = 300  # of nine in ten: budgets (120) are of runs that nobody has disturbed
    p99: float = 10.0  # seconds until the API has answered
    usual: float = 5.0  # … of nine in ten


USUAL: Final = Limits()


@dataclass(frozen=True, kw_only=True)
class Samples:
    """What was seen since a case began."""

    rss: Mapping[str, int] = field(default_factory=dict)  # the most, by process
    grown: Mapping[str, int] = field(default_factory=dict)  # bytes, by what grows
    events: Mapping[str, int] = field(default_factory=dict)  # by workflow execution
    seconds: Sequence[float] = ()  # that each request was waited for that was answered


def bounded(samples: Samples, limits: Limits) -> Iterator[str]:
    for name, most in samples.rss.items():
        if most > limits.rss:
            yield f"{name} took {most / MB:.0f} MB of memory; {limits.rss / MB:.0f} are allowed"
    for name, size in samples.grown.items():
        allowed = limits.logs if name == "logs" else limits.files
        if size > allowed:
            yield f"{name} grew by {size / MB:.0f} MB; {allowed / MB:.0f} are allowed"
    for name, count in samples.events.items():
        if count > limits.events:
            yield f"the history of {name} has {count} events; {limits.events} are allowed"
    usual = percentile(list(samples.events.values()), 90)
    if usual > limits.usual_events:
        yield f"nine in ten histories have up to {usual:.0f} events; {limits.usual_events} are allowed"
    for which, most_seconds in ((90, limits.usual), (99, limits.p99)):
        took = percentile(samples.seconds, which)
        if took > most_seconds:
            yield f"{which} % of {len(samples.seconds)} answers took up to {took:.1f} s; {most_seconds:.1f} are allowed"


def percentile(values: Sequence[float], which: int) -> float:
    """0 of none."""
    return sorted(values)[min(len(values) - 1, len(values) * which // 100)] if values else 0.0


class Sampler:
    """Looks at the processes from the side as long as it is open. `pids` are looked up each time: they are killed."""

    def __init__(self, pids: Mapping[str, Path], folders: Mapping[str, Path], journal: Journal) -> None:
        self._pids = pids
        self._folders = folders
        self._journal = journal
        self._most: dict[str, int] = {}
        self._sizes: dict[str, int] = {}
        self._heard = 0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, name="samples", daemon=True)
        self.begin()
        self._thread.start()

    def begin(self) -> None:
        """Another case."""
        self._most = {}
        self._sizes = {name: _size(folder) for name, folder in self._folders.items()}
        self._heard = len(self._journal.seconds)

    def samples(self, events: Mapping[str, int]) -> Samples:
        grown = {name: _size(folder) - self._sizes[name] for name, folder in self._folders.items()}
        return Samples(rss=dict(self._most), grown=grown, events=events, seconds=self._journal.seconds[self._heard :])

    def close(self) -> None:
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._over.wait(_EVERY):
            for name, file in self._pids.items():
                with contextlib.suppress(OSError, ValueError, psutil.Error):
                    rss = psutil.Process(int(file.read_text())).memory_info().rss
                    self._most[name] = max(rss, self._most.get(name, 0))


def _size(folder: Path) -> int:
    """Bytes of all files below; what vanishes meanwhile counts as nothing."""
    total = 0
    for path in folder.rglob("*"):
        with contextlib.suppress(OSError):
            total += path.lstat().st_size if path.is_file() else 0
    return total


def histories(address: str, runs: Collection[str], *, seconds: float = 20) -> dict[str, int]:
    """Events of the newest execution of each run; those that Temporal knows nothing of (any more) are left out."""
    return asyncio.run(_histories(address, runs, time.monotonic() + seconds))


async def _histories(address: str, runs: Collection[str], until: float) -> dict[str, int]:
    client = await Client.connect(address)
    found: dict[str, int] = {}
    for run in runs:
        if time.monotonic() > until:
            break
        with contextlib.suppress(RPCError):
            found[f"run-{run}"] = (await client.get_workflow_handle(f"run-{run}").describe()).history_length
    return found
