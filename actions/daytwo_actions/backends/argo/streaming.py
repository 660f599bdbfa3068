"""Bodies that are taken piece by piece: logs, files, events."""

import time
from collections.abc import AsyncGenerator
from contextlib import aclosing

import httpx

from daytwo_actions.backends.argo.sender import Call, Sender, pieces_of, reason_of
from daytwo_actions.backends.argo.wire.outcome import ARGO
from daytwo_actions.backends.failures import BackendDenied, BackendUnreachable
from daytwo_actions.backends.http.permit import Permit
from daytwo_actions.backends.http.reading import Reading
from daytwo_actions.backends.wire.answer import Answer


class NotThere(BackendDenied):
    """404: what was asked for does not exist (any more)."""


class Streaming:
    def __init__(self, sender: Sender, reading: Reading) -> None:
        self._sender = sender
        self._reading = reading

    async def pieces(self, operation: str, what: str, call: Call, *, seconds: float) -> AsyncGenerator[bytes, None]:
        """The body of a 200 as it comes; it has to begin within `seconds`.

        Raises `NotThere`, `BackendUnreachable`, `BackendDenied`.
        """
        if (held := self._reading.held()) is not None:
            raise ARGO.failure(held, what)
        started = time.monotonic()
        permit = Permit(seconds)
        broken: tuple[str, float | None] | None = None
        try:
            async with self._sender.open(call, permit) as response:
                self._check(operation, what, response, started)
                async with aclosing(pieces_of(response)) as pieces:
                    async for piece in pieces:
                        yield piece
        except (BackendUnreachable, BackendDenied):
            raise
        except Exception as error:  # noqa: BLE001 - whatever the line does
            broken = reason_of(error, sent=permit.taken)
        # Outside of the block, because the error holds the request with its credential.
        if broken is not None:
            raise BackendUnreachable(
                f"Argo Workflows did not give {what} to its end: {broken[0]}. It will be asked again.",
                retry_after=broken[1],
            )

    def _check(self, operation: str, what: str, response: httpx.Response, started: float) -> None:
        told = Answer(status=response.status_code, headers=dict(response.headers), body=b"")
        self._reading.note(operation, told, started)
        if told.status in {404, 410}:
            raise NotThere(f"Argo Workflows does not have {what}.")
        if told.status != 200:
            raise ARGO.failure(told, what)
