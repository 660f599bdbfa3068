"""What only some kinds of CI system can do, beside `Backend`: asked for by `isinstance`."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from daytwo_actions.backends.base import Hint, Target
from daytwo_actions.backends.tree import GateId, GateVerdict
from daytwo_store.ids import ExternalRunId


@dataclass(frozen=True, kw_only=True, slots=True)
class Question:
    """The CI system asks us whether a run may go on at a gate, as a verified webhook tells. It may be anybody's run."""

    delivery: str
    project_id: str
    project: str  # as a step names it
    run: ExternalRunId
    gate: GateId


@runtime_checkable
class Asking(Protocol):
    """A backend whose CI system asks us before a run goes on (GitHub: a custom deployment protection rule)."""

    def questions(self, headers: Mapping[str, str], body: bytes) -> Sequence[Question]:
        """What a delivery asks. Raises `WebhookRefused`."""
        ...

    async def reply(self, question: Question, verdict: GateVerdict, *, comment: str) -> None:
        """Answer it, once; never retried. Raises `GateClosed` and what a read raises."""
        ...


@runtime_checkable
class Streaming(Protocol):
    """A backend that tells of changes by a stream of its own, in place of webhooks."""

    def listen(self, projects: Sequence[str]) -> AsyncIterator[Hint]:
        """Hints of changes in these projects as they happen, until the stream ends. Raises `BackendUnreachable`."""
        ...


@runtime_checkable
class Showing(Protocol):
    """A backend whose pipeline files can be read as they were at any commit."""

    async def pipeline_file(self, target: Target, commit: str) -> str:
        """The file's text. Raises what a read raises."""
