"""The truth about what was accepted: one line per workflow, on the disk before the answer leaves."""

import dataclasses
from pathlib import Path
from typing import Any

from daytwo_standins.argo.config import Executor
from daytwo_standins.shared.answers import Effects
from daytwo_standins.shared.durable_lines import DurableLines
from daytwo_standins.shared.files import read_lines


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Accepted:
    """An accepted workflow. ``received_at`` is wall clock, ``received_monotonic`` is CLOCK_MONOTONIC, both seconds."""

    uid: str
    namespace: str
    name: str
    template: str  # "WorkflowTemplate/deploy", "ClusterWorkflowTemplate/deploy", empty when it brings its own
    inputs: dict[str, str]  # every parameter with its value
    title: str  # namespace, name and labels: what fault rules search
    manifest: dict[str, Any]  # metadata and spec as they were accepted
    spec: dict[str, Any]  # made whole
    stored_templates: dict[str, Any]
    body_sha256: str
    actor: str
    executor: Executor
    effects: Effects
    received_at: float
    received_monotonic: float

    @property
    def labels(self) -> dict[str, str]:
        """Its labels when it was accepted."""
        return dict(self.manifest["metadata"].get("labels") or {})


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Rerun:
    """An accepted request to go on with a failed workflow."""

    uid: str
    attempt: int
    actor: str
    received_at: float


class Ledger:
    """Accepted workflows, retries and deletions, in the order in which they were accepted."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "ledger.jsonl"
        self._lines = DurableLines(self._path)

    def read(self) -> list[dict[str, Any]]:
        """All lines."""
        return list(read_lines(self._path))

    async def accept(self, accepted: Accepted) -> None:
        """Make a workflow accepted."""
        await self._lines.append({"kind": "dispatch", **dataclasses.asdict(accepted)})

    async def accept_rerun(self, rerun: Rerun) -> None:
        """Make a retry accepted."""
        await self._lines.append({"kind": "rerun", **dataclasses.asdict(rerun)})

    async def delete(self, uid: str, *, archived: bool, at: float) -> None:
        """Make a deletion last; ``archived``: the archive has it."""
        await self._lines.append({"kind": "delete", "uid": uid, "archived": archived, "received_at": at})

    def close(self) -> None:
        """Give the file back."""
        self._lines.close()


def accepted_from(line: dict[str, Any]) -> Accepted:
    """An accepted workflow from its line."""
    facts = {name: value for name, value in line.items() if name != "kind"}
    return Accepted(**{**facts, "executor": Executor(facts["executor"]), "effects": Effects(**facts["effects"])})
