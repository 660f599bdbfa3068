"""Reads of one CI system: observed, parsed, and kept by ETag where that saves requests."""

import math
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Final, Protocol, TypeVar, cast

from pydantic import ValidationError

from daytwo_actions.backends.http.recent import Recent
from daytwo_actions.backends.limits import Limits
from daytwo_actions.backends.wire.answer import Answer, Silence
from daytwo_actions.backends.wire.outcome import Vendor

# Answers; each is what was parsed of it, some kilobytes. More than what is followed at one time with its jobs: with
# fewer, reads in turn would each throw out what the next one needs.
_KEPT: Final = 4096

Observe = Callable[[str, int | None, float, int | None], None]
"""Called after each request: operation, status (None: no answer), seconds, requests left in the vendor's limit."""

_Value = TypeVar("_Value")
Parse = Callable[[Answer], _Value]
"""Makes a value of an answer of 200. Raises `ValidationError` when it is not what is documented."""


class Get(Protocol):
    """One GET within the connection's limits, whatever comes of it."""

    def __call__(
        self, path: str, parameters: Mapping[str, str], etag: str | None, /
    ) -> Awaitable[Answer | Silence]: ...


class Reading:
    """The reading half of a connection. `what` names, for people, what is asked for: "the run 17 of acme/shop"."""

    def __init__(self, vendor: Vendor, get: Get, observe: Observe) -> None:
        self.vendor: Final = vendor
        self._get = get
        self._observe = observe
        self._kept: Recent[tuple[str, object]] = Recent(_KEPT)
        self.limits: Final = Limits()

    async def ask(
        self, operation: str, path: str, parameters: Mapping[str, str] | None = None, *, etag: str | None = None
    ) -> Answer | Silence:
        """One GET, whatever comes of it; none while the vendor has asked us to wait."""
        if (held := self.held()) is not None:
            return held
        started = time.monotonic()
        result = await self._get(path, dict(parameters or {}), etag)
        return self.note(operation, result, started)

    def held(self) -> Silence | None:
        """What comes of a request in place of an answer while the vendor has asked this connection to wait."""
        wait = self.limits.wait()
        if wait is None:
            return None
        reason = f"{self.vendor.title} has asked this connection to wait until {self.limits.until()}"
        return Silence(sent=False, reason=reason, again=wait, held=True)

    def note(self, operation: str, result: Answer | Silence, started: float) -> Answer | Silence:
        """Tell of a request that was made, and learn from its answer how fast the vendor lets us ask.

        The result with the wait in it that is kept to: longer each time when the vendor limits without naming one.
        """
        if isinstance(result, Silence):
            self._observe(operation, None, time.monotonic() - started, None)
            return result
        told = self.vendor.limits_told(result)
        self._observe(operation, result.status, time.monotonic() - started, told["remaining"])
        self.limits.told(**told)
        if not self.vendor.limited(result):
            self.limits.served()
            return result
        wait = self.limits.refused(self.vendor.wait_told(result), asked_at=started)
        return replace(result, headers={**result.headers, "retry-after": str(math.ceil(wait))})

    async def get(
        self, operation: str, what: str, path: str, parse: Parse[_Value], parameters: Mapping[str, str] | None = None
    ) -> _Value:
        """The parsed answer. Raises `BackendUnreachable`, `BackendDenied`."""
        return self.parsed(await self.ask(operation, path, parameters), what, parse)

    async def find(
        self,
        operation: str,
        what: str,
        path: str,
        parse: Parse[_Value],
        parameters: Mapping[str, str] | None = None,
        *,
        keep: bool = True,
    ) -> _Value | None:
        """Like `get`, by ETag: a 304 costs nothing of the limit. None for 404. `keep` False: the answer of this moment.

        `parse` has to belong to `operation`, since what it made is kept under path and parameters.
        """
        key = (operation, path, tuple(sorted((parameters or {}).items())))
        kept = self._kept.get(key) if keep else None
        result = await self.ask(operation, path, parameters, etag=kept[0] if kept else None)
        if isinstance(result, Answer) and result.status == 304 and kept:
            return cast("_Value", kept[1])  # it was put there by the same `parse`
        if isinstance(result, Answer) and result.status == 404:
            self._kept.drop(key)
            return None
        value = self.parsed(result, what, parse)
        if keep and isinstance(result, Answer) and "etag" in result.headers:
            self._kept.put(key, (result.headers["etag"], value))
        return value

    def parsed(self, result: Answer | Silence, what: str, parse: Parse[_Value]) -> _Value:
        """The value of a 200. Raises `BackendUnreachable`, `BackendDenied` for everything else."""
        if not isinstance(result, Answer) or result.status != 200:
            raise self.vendor.failure(result, what)
        fault: ValidationError
        try:
            return parse(result)
        except ValidationError as error:
            fault = error
        raise self.vendor.nonsense(what, fault)
