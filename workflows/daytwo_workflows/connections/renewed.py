"""A backend whose credential is a reference: asked for right before each call, and used for no other purpose.

The backend behind it is made anew when the credential has changed, so a rotation needs no restart. Until the first
value is there, it holds a word in place of a credential; nothing that sends is let through with that.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final, cast

from pydantic import SecretStr, ValidationError

from daytwo_actions.backends.base import Backend, FrozenRequest, Refused, Sent
from daytwo_actions.backends.failures import BackendDenied, BackendUnreachable
from daytwo_store.errors import DaytwoError
from daytwo_workflows.connections.passing_on import passing_on
from daytwo_workflows.secret_sources.reference import Reference
from daytwo_workflows.secret_sources.source import SecretSource

NOT_YET: Final = "credential-is-asked-for-when-it-is-needed"
_PAUSE: Final = 15.0  # seconds before a send is tried again that had no credential

Make = Callable[[SecretStr], Backend]


class _Renewed:
    """What is common to all kinds; the methods of each are added by `passing_on`."""

    def __init__(self, make: Make, reference: Reference, source: SecretSource) -> None:
        self._make = make
        self._reference = reference
        self._source = source
        self._value: str | None = None
        self._now = make(SecretStr(NOT_YET))
        self._before: list[Backend] = []  # calls may be under way on them

    async def fresh(self) -> Backend:
        """The backend with the credential of this moment. Raises `BackendUnreachable`, `BackendDenied`."""
        try:
            value = await self._source.get(self._reference)
        except DaytwoError as error:
            if error.retryable:
                raise BackendUnreachable(error.detail) from None
            raise BackendDenied(error.detail) from None
        if value != self._value:
            self._replace(value)
        return self._now

    @asynccontextmanager
    async def asking(self) -> AsyncIterator[Backend]:
        """Raises like `fresh`."""
        yield await self.fresh()

    async def send(self, request: FrozenRequest, *, seconds: float) -> Sent:
        """As the kind sends; while there is no credential nothing leaves, and that is known for sure."""
        until = time.monotonic() + seconds
        try:
            async with asyncio.timeout(seconds):
                backend = await self.fresh()
        except BackendDenied as error:
            return Refused(detail=error.detail)
        except (BackendUnreachable, TimeoutError) as error:
            detail = error.detail if isinstance(error, BackendUnreachable) else "Its credential was not there in time."
            return Refused(detail=detail, retry_after=_PAUSE)
        left = until - time.monotonic()
        if left <= 0:
            return Refused(detail="Its credential was not there in time.", retry_after=_PAUSE)
        return await backend.send(request, seconds=left)

    def _replace(self, value: str) -> None:
        try:
            made = self._make(SecretStr(value))
        except (ValidationError, ValueError):
            raise BackendDenied(
                f"The secret {self._reference} cannot be a credential: it has to be visible ASCII characters without "
                "spaces or line ends. Nothing was sent."
            ) from None
        while len(self._before) > 1:
            self._before.pop(0).close()
        self._before.append(self._now)
        self._now, self._value = made, value

    def current(self) -> Backend:
        return self._now

    def close(self) -> None:
        for backend in (*self._before, self._now):
            backend.close()


def renewed(make: Make, reference: Reference, source: SecretSource) -> Backend:
    """A backend of the same kind as `make` makes. Nothing is asked before it is used."""
    made = passing_on(_Renewed, type(make(SecretStr(NOT_YET))))
    return cast("Backend", made(make, reference, source))
