"""The writing half of a connection: each request once, within its permit, and never while GitHub says "wait"."""

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import replace

from github.Auth import Auth
from pydantic import JsonValue

from daytwo_actions.backends.failures import BackendUnreachable
from daytwo_actions.backends.github.access import Access
from daytwo_actions.backends.github.transport import Transport
from daytwo_actions.backends.github.wire.dispatch import Dispatch
from daytwo_actions.backends.github.wire.outcome import wants_no_details
from daytwo_actions.backends.http.permit import Permit
from daytwo_actions.backends.http.reading import Reading
from daytwo_actions.backends.http.workers import Workers
from daytwo_actions.backends.wire.answer import Answer, Silence

_UNAUTHORIZED = 401


class Writing:
    def __init__(self, transport: Transport, workers: Workers, reading: Reading, access: Access) -> None:
        self._transport = transport
        self._workers = workers
        self._reading = reading
        self._access = access
        self._details = True  # until this server refuses to tell the run's id

    async def dispatch(self, path: str, dispatch: Dispatch, *, seconds: float) -> Answer | Silence:
        """Raises `BackendUnreachable`, `BackendDenied` when there is no credential: then nothing was started."""
        permit = Permit(seconds)
        return await self._write("dispatch", path, permit, lambda auth: self._dispatch(path, dispatch, permit, auth))

    async def post(
        self, operation: str, path: str, *, seconds: float, document: Mapping[str, JsonValue] | None = None
    ) -> Answer | Silence:
        """Raises like `dispatch`."""
        permit = Permit(seconds)

        def work(auth: Auth) -> Answer | Silence:
            return self._transport.post(path, permit=permit, auth=auth, document=document)

        return await self._write(operation, path, permit, work)

    async def _write(
        self, operation: str, path: str, permit: Permit, work: Callable[[Auth], Answer | Silence]
    ) -> Answer | Silence:
        """One request; a second one only after a 401 to an App's token, which proves that the first did nothing."""
        if (held := self._reading.held()) is not None:
            return held
        auth = await self._enter(path, permit)
        started = time.monotonic()
        result = await self._workers.send(permit, lambda: work(auth))
        if isinstance(result, Answer) and result.status == _UNAUTHORIZED and self._access.refused(path, auth):
            other = await self._enter(path, permit)
            permit.settle()
            result = await self._workers.send(permit, lambda: work(other))
        return self._reading.note(operation, result, started)

    async def _enter(self, path: str, permit: Permit) -> Auth:
        try:
            async with asyncio.timeout(max(0.0, permit.remaining())):
                return await self._access.enter(path)
        except TimeoutError:
            raise BackendUnreachable("GitHub gave no token to the App in time.", retry_after=5.0) from None

    def _dispatch(self, path: str, dispatch: Dispatch, permit: Permit, auth: Auth) -> Answer | Silence:
        """One POST, and a second one only after a 4xx about a key of ours: then the first did nothing."""
        asked = replace(dispatch, return_run_details=dispatch.return_run_details and self._details)
        result = self._transport.dispatch(path, asked, permit=permit, auth=auth)
        if not (asked.return_run_details and wants_no_details(result)):
            return result
        self._details = False
        permit.settle()
        return self._transport.dispatch(path, replace(asked, return_run_details=False), permit=permit, auth=auth)
