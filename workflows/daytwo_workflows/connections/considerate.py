"""A connection that asked one process to wait is left alone by all of them, to the second (R14).

Stands before every backend, so that nothing which asks a CI system goes past it: what a run does, what is planned, what
a form lists, what is cancelled. What a vendor says of its limits is written down with the call in which it was said.
"""

import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Final, cast

import structlog

from daytwo_actions.backends.base import Backend, FrozenRequest, Refused, Sent
from daytwo_actions.backends.failures import BackendHeld
from daytwo_store import connections
from daytwo_store.connections import Allowance
from daytwo_store.engine import Store
from daytwo_store.errors import DaytwoError
from daytwo_workflows.connections.passing_on import passing_on

log = structlog.get_logger()
_PAUSE: Final = 5.0  # seconds before a send is tried again that was not made because our database did not answer
_SAME: Final = timedelta(seconds=1)  # a moment that is worked out anew each time differs by less


class _Considerate:
    """What is common to all kinds; the methods of each are added by `passing_on`."""

    def __init__(self, backend: Backend, name: str, store: Store) -> None:
        self._backend = backend
        self._name = name
        self._store = store
        self._told: datetime | None = None  # the longest wait that this process has written down

    @asynccontextmanager
    async def asking(self) -> AsyncIterator[Backend]:
        """Raises `BackendHeld` when it is to be left alone now, and `Unavailable`."""
        await self._allowed()
        try:
            yield self._backend
        finally:
            await self._remember()

    async def send(self, request: FrozenRequest, *, seconds: float) -> Sent:
        """As the kind sends. What is not sent since the connection waits is known not to have left."""
        until = time.monotonic() + seconds
        try:
            await self._allowed()
        except BackendHeld as held:
            return Refused(detail=held.detail, retry_after=held.retry_after, unsent=True)
        except DaytwoError as error:
            return Refused(detail=f"It was not sent: {error.detail}", retry_after=_PAUSE, unsent=True)
        try:
            return await self._backend.send(request, seconds=until - time.monotonic())
        finally:
            await self._remember()

    def current(self) -> Backend:
        return self._backend

    def close(self) -> None:
        self._backend.close()

    async def _allowed(self) -> None:
        async with self._store.read() as session:
            now = await self._store.clock.now(session)
            wait = await connections.held(session, self._name, now=now)
        if wait is None:
            return
        until = now + timedelta(seconds=wait)
        raise BackendHeld(
            f"{self._backend.traits.title} has asked the connection {self._name} to wait until {until:%H:%M:%S} UTC. "
            "It was asked nothing.",
            retry_after=wait,
        )

    async def _remember(self) -> None:
        """Tell all processes, if this one was just told to wait. What came of the call stays what it is."""
        told = self._backend.budget()
        if told is None or told.held_until is None or (self._told and told.held_until <= self._told + _SAME):
            return
        allowance = Allowance(
            limit=told.limit, remaining=told.remaining, resets_at=told.resets_at, held_until=told.held_until
        )
        try:
            async with self._store.write() as tx:
                await connections.learn(tx, self._name, allowance)
        except DaytwoError as error:
            log.warning("limits.not_kept", connection=self._name, error=error.type)
            return
        self._told = told.held_until


def considerate(backends: Mapping[str, Backend], store: Store) -> Mapping[str, Backend]:
    """The same connections, each of which keeps what any process was told."""
    return {name: _before(backend, name, store) for name, backend in backends.items()}


def _before(backend: Backend, name: str, store: Store) -> Backend:
    made = passing_on(_Considerate, type(backend))
    return cast("Backend", made(backend, name, store))
