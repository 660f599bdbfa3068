"""The truth about what was accepted: one line per accepted dispatch, on the disk before the answer leaves.

A dispatch is accepted exactly when its line is durable. Lines that are ready together share one fsync.
"""

import asyncio
import dataclasses
import json
import os
import time
from pathlib import Path
from typing import Any, BinaryIO

from daytwo_standins.github.config import Executor
from daytwo_standins.github.files import drop_torn_line, read_lines, sync_folder, write_all

FIRST_RUN_ID = 20_000_000_000


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Effects:
    """What a fault does to one run for as long as it exists."""

    invisible_until: float = 0.0  # listings do not show it before (wall clock)
    hide_marker: bool = False
    deleted: bool = False
    never_finish: bool = False


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Accepted:
    """An accepted dispatch. ``received_at`` is wall clock, ``received_monotonic`` is CLOCK_MONOTONIC, both seconds."""

    run_id: int
    run_number: int
    repository: str
    workflow: str  # path of the file
    workflow_name: str
    ref: str  # full, as refs/heads/main
    head_sha: str
    inputs: dict[str, str]
    title: str
    group: str  # concurrency group, empty for none
    cancel_in_progress: bool
    body_sha256: str
    actor: str
    executor: Executor
    effects: Effects
    received_at: float
    received_monotonic: float


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Rerun:
    """An accepted request to run something again."""

    run_id: int
    attempt: int
    actor: str
    failed_only: bool
    received_at: float


class DurableLines:
    """A file of JSON lines; ``append`` returns when the line cannot be lost any more."""

    def __init__(self, path: Path) -> None:
        drop_torn_line(path)
        self._file: BinaryIO = path.open("ab", buffering=0)
        sync_folder(path.parent)
        self._waiting: list[tuple[bytes, asyncio.Future[None]]] = []
        self._flusher: asyncio.Task[None] | None = None

    async def append(self, record: dict[str, Any]) -> None:
        """Write a line and wait until it is on the disk.

        Raises:
            OSError: it could not be written, and is not there.
        """
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((json.dumps(record, ensure_ascii=False).encode() + b"\n", done))
        if self._flusher is None or self._flusher.done():
            self._flusher = asyncio.create_task(self._flush())  # its own task: a request that is given up stops nothing
        await done

    async def _flush(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting, []
            try:
                await asyncio.to_thread(self._write, b"".join(line for line, _ in batch))
            except OSError as error:
                _settle(batch, error)
            else:
                _settle(batch, None)

    def _write(self, lines: bytes) -> None:
        size = os.fstat(self._file.fileno()).st_size
        try:
            write_all(self._file, lines)
            os.fsync(self._file.fileno())
        except OSError:
            os.ftruncate(self._file.fileno(), size)  # what is refused must not be found after a restart
            raise

    def close(self) -> None:
        """Give the file back."""
        self._file.close()


def _settle(batch: list[tuple[bytes, asyncio.Future[None]]], error: OSError | None) -> None:
    for _, done in batch:
        if done.done():
            continue
        if error is None:
            done.set_result(None)
        else:
            done.set_exception(error)


class Ledger:
    """Accepted dispatches and re-runs, in the order in which they were accepted."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "ledger.jsonl"
        self._lines = DurableLines(self._path)
        self._next = 1 + max((line["run_id"] for line in self.read()), default=FIRST_RUN_ID)

    def read(self) -> list[dict[str, Any]]:
        """All lines."""
        return list(read_lines(self._path))

    def next_run_id(self) -> int:
        """An id that no run has, over restarts too."""
        self._next += 1
        return self._next - 1

    async def accept(self, accepted: Accepted) -> None:
        """Make a dispatch accepted."""
        await self._lines.append({"kind": "dispatch", **dataclasses.asdict(accepted)})

    async def accept_rerun(self, rerun: Rerun) -> None:
        """Make a re-run accepted."""
        await self._lines.append({"kind": "rerun", **dataclasses.asdict(rerun)})

    def close(self) -> None:
        """Give the file back."""
        self._lines.close()


def accepted_from(line: dict[str, Any]) -> Accepted:
    """A dispatch from its line."""
    facts = {name: value for name, value in line.items() if name != "kind"}
    return Accepted(
        **{**facts, "executor": Executor(facts["executor"]), "effects": Effects(**facts["effects"])},
    )


def rerun_from(line: dict[str, Any]) -> Rerun:
    """A re-run from its line."""
    return Rerun(**{name: value for name, value in line.items() if name != "kind"})


def monotonic() -> float:
    """CLOCK_MONOTONIC in seconds: comparable between processes of one machine."""
    return time.clock_gettime(time.CLOCK_MONOTONIC)
