"""The truth about what was accepted: one line per accepted pipeline or order, on the disk before the answer leaves.

A pipeline is accepted exactly when its line is durable. Orders are what somebody asked of it later: cancel, play …
"""

import dataclasses
import time
from pathlib import Path
from typing import Any, Literal

from daytwo_standins.gitlab.config import Executor
from daytwo_standins.shared.answers import Effects
from daytwo_standins.shared.durable_lines import DurableLines
from daytwo_standins.shared.files import read_lines

FIRST_PIPELINE_ID = 1_000_000  # the API's ids have 32 bits, and a job's is a thousand times its pipeline's
Verb = Literal["cancel", "cancel_job", "play", "retry", "retry_job", "approve"]


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Accepted:
    """An accepted pipeline. ``received_at`` is wall clock, ``received_monotonic`` is CLOCK_MONOTONIC, both seconds.

    ``run_id`` and ``repository`` are the pipeline's id and the project's path: all stand-ins call them so.
    """

    run_id: int
    iid: int
    repository: str
    source: str
    config_path: str
    ref: str  # short
    tag: bool
    head_sha: str
    inputs: dict[str, Any]  # as they were given
    values: dict[str, Any]  # with defaults
    variables: dict[str, str]
    file_variables: tuple[str, ...]  # those of the type file
    title: str  # workflow:name
    body_sha256: str
    actor: str
    executor: Executor
    effects: Effects
    received_at: float
    received_monotonic: float
    parent: int | None = None
    parent_job: int | None = None  # index of the bridge


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Order:
    """Something that was asked of a pipeline; ``number`` counts them from 1 for each pipeline."""

    run_id: int
    number: int
    verb: Verb
    actor: str
    received_at: float
    job: int = 0  # index
    variables: dict[str, str] = dataclasses.field(default_factory=dict)
    force: bool = False
    status: str = ""  # of an approval
    comment: str = ""


class Ledger:
    """Accepted pipelines and orders, in the order in which they were accepted."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "ledger.jsonl"
        self._lines = DurableLines(self._path)
        self._next = 1 + max((line["run_id"] for line in self.read()), default=FIRST_PIPELINE_ID)

    def read(self) -> list[dict[str, Any]]:
        """All lines."""
        return list(read_lines(self._path))

    def next_id(self) -> int:
        """An id that no pipeline has, over restarts too."""
        self._next += 1
        return self._next - 1

    async def accept(self, accepted: Accepted) -> None:
        """Make a pipeline accepted; one that a bridge starts is no dispatch."""
        kind = "dispatch" if accepted.parent is None else "child"
        await self._lines.append({"kind": kind, **dataclasses.asdict(accepted)})

    async def order(self, order: Order) -> None:
        """Make an order accepted."""
        await self._lines.append({"kind": "order", **dataclasses.asdict(order)})

    def close(self) -> None:
        """Give the file back."""
        self._lines.close()


def accepted_from(line: dict[str, Any]) -> Accepted:
    """A pipeline from its line."""
    facts = {name: value for name, value in line.items() if name != "kind"}
    told = {"executor": Executor(facts["executor"]), "effects": Effects(**facts["effects"])}
    return Accepted(**{**facts, **told, "file_variables": tuple(facts["file_variables"])})


def order_from(line: dict[str, Any]) -> Order:
    """An order from its line."""
    return Order(**{name: value for name, value in line.items() if name != "kind"})


def new_order(run_id: int, number: int, verb: Verb, actor: str, **facts: Any) -> Order:
    """An order that comes now."""
    return Order(run_id=run_id, number=number, verb=verb, actor=actor, received_at=time.time(), **facts)
