"""What the contract suite of the backends does to a CI system, in one line each."""

import asyncio
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from contract_systems import System

from daytwo_actions.backends.base import (
    Accepted,
    Backend,
    ExternalState,
    FrozenRequest,
    Listing,
    Marker,
    Recognised,
    Target,
)
from daytwo_actions.marker import corr
from daytwo_store.ids import AttemptNo, ExternalJobId, ExternalRunId, RunId, StepPath
from daytwo_store.states import ExternalStatus


@dataclass
class Receiver:
    """Takes every webhook: headers and raw bytes."""

    got: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    url: str = ""


@dataclass
class Attempt:
    """An attempt, sealed now: what is needed to send it, find it and follow it."""

    backend: Backend
    request: FrozenRequest
    since: datetime

    @property
    def marker(self) -> Marker:
        return Marker(corr=self.request.corr, pinned=self.request.pinned)

    async def find(self) -> Listing:
        return await self.backend.find(self.marker, self.since)

    async def recognise(self, run: ExternalRunId) -> Recognised | None:
        return await self.backend.recognise(self.marker, run, self.since)

    async def send(self) -> Any:
        return await self.backend.send(self.request, seconds=10)

    async def start(self) -> ExternalRunId:
        sent = await self.send()
        assert isinstance(sent, Accepted), sent
        assert sent.id is not None
        return sent.id

    async def read(self, run: ExternalRunId) -> ExternalState:
        (state,) = await self.backend.read([(self.request.pinned.target, run)])
        assert state is not None
        return state

    async def until(self, run: ExternalRunId, *statuses: ExternalStatus) -> ExternalState:
        deadline = time.monotonic() + 30
        while (state := await self.read(run)).status not in statuses:
            assert time.monotonic() < deadline, state
            await asyncio.sleep(0.1)
        return state


_numbers = iter(range(1, 1000))


async def attempt(backend: Backend, wanted: Target, **inputs: Any) -> Attempt:
    pinned = await backend.resolve(wanted)
    marker = corr(b"k" * 32, RunId(f"r_{next(_numbers)}"), StepPath("ship"), AttemptNo(1))
    given = {"version": "1.0.0"} | inputs if pinned.marked else {}
    since = datetime.now(UTC) - timedelta(seconds=60)
    return Attempt(backend=backend, request=backend.freeze(pinned, given, marker), since=since)


def dispatched(ci: System, one: Attempt) -> list[dict[str, Any]]:
    return [line for line in ci.standin.control.ledger() if ci.marker_of(line) == one.request.corr]


async def log_of(backend: Backend, ci: System, run: ExternalRunId, job: ExternalJobId) -> bytes:
    return b"".join([piece async for piece in backend.logs(ci.deploy, run, job)])
