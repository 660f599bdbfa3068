"""The truth about what was accepted: one line per accepted dispatch, on the disk before the answer leaves.

A dispatch is accepted exactly when its line is durable.
"""

import dataclasses
from pathlib import Path
from typing import Any

from daytwo_standins.github.config import Executor
from daytwo_standins.shared.answers import Effects
from daytwo_standins.shared.durable_lines import DurableLines
from daytwo_standins.shared.files import read_lines

FIRST_RUN_ID = 20_000_000_000


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Gated:
    """A job that names an environment."""

    key: str
    name: str
    environment: str


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
    gated: tuple[Gated, ...] = ()


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Rerun:
    """An accepted request to run something again."""

    run_id: int
    attempt: int
    actor: str
    failed_only: bool
    received_at: float


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
    gated = tuple(Gated(**one) for one in facts.get("gated", ()))
    effects = Effects(**facts["effects"])
    return Accepted(**{**facts, "executor": Executor(facts["executor"]), "effects": effects, "gated": gated})


def rerun_from(line: dict[str, Any]) -> Rerun:
    """A re-run from its line."""
    return Rerun(**{name: value for name, value in line.items() if name != "kind"})
