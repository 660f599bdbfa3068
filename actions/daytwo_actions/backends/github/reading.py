"""Reads of one GitHub: asked within limits, observed, parsed, and kept by ETag where that saves requests."""

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final, TypeVar, cast

from pydantic import ValidationError

from daytwo_actions.backends.github.cache import Recent
from daytwo_actions.backends.github.settings import GitHubSettings
from daytwo_actions.backends.github.transport import Transport
from daytwo_actions.backends.github.wire.answer import Answer, Silence, is_rate_limit, limits_told, remaining, wait_told
from daytwo_actions.backends.github.wire.outcome import failure, nonsense
from daytwo_actions.backends.github.workers import Observe, Workers
from daytwo_actions.backends.limits import Limits

_KEPT: Final = 256  # answers; each is what was parsed of it, some kilobytes

_Value = TypeVar("_Value")
Parse = Callable[[Answer], _Value]
"""Makes a value of an answer of 200. Raises `ValidationError` when it is not what is documented."""


class Reading:
    """The reading half of a connection. `what` names, for people, what is asked for: "the run 17 of acme/shop"."""

    def __init__(self, settings: GitHubSettings, transport: Transport, workers: Workers, observe: Observe) -> None:
        self._seconds = settings.total_timeout.total_seconds()
        self._transport = transport
        self._workers = workers
        self._observe = observe
        self._kept: Recent[tuple[str, object]] = Recent(_KEPT)
        self.limits = Limits()

    async def ask(
        self, operation: str, path: str, parameters: Mapping[str, str] | None = None, *, etag: str | None = None
    ) -> Answer | Silence:
        """One GET, whatever comes of it; none while GitHub has asked us to wait."""
        if (held := self.held()) is not None:
            return held
        started = time.monotonic()
        asked = dict(parameters or {})
        result = await self._workers.read(
            self._seconds, lambda permit: self._transport.get(path, asked, permit=permit, etag=etag)
        )
        return self.note(operation, result, started)

    def held(self) -> Silence | None:
        """What comes of a request in place of an answer while GitHub has asked this connection to wait."""
        wait = self.limits.wait()
        if wait is None:
            return None
        reason = f"GitHub has asked this connection to wait until {self.limits.until()}"
        return Silence(sent=False, reason=reason, again=wait, held=True)

    def note(self, operation: str, result: Answer | Silence, started: float) -> Answer | Silence:
        """Tell of a request that was made, and learn from its answer how fast GitHub lets us ask.

        The result with the wait in it that is kept to: longer each time when GitHub limits without naming one.
        """
        status, left = (result.status, remaining(result)) if isinstance(result, Answer) else (None, None)
        self._observe(operation, status, time.monotonic() - started, left)
        if isinstance(result, Silence):
            return result
        self.limits.told(**limits_told(result))
        if not is_rate_limit(result):
            self.limits.served()
            return result
        wait = self.limits.refused(wait_told(result), asked_at=started)
        return replace(result, headers={**result.headers, "retry-after": str(math.ceil(wait))})

    async def get(
        self, operation: str, what: str, path: str, parse: Parse[_Value], parameters: Mapping[str, str] | None = None
    ) -> _Value:
        """The parsed answer. Raises `BackendUnreachable`, `BackendDenied`."""
        return parsed(await self.ask(operation, path, parameters), what, parse)

    async def find(
        self, operation: str, what: str, path: str, parse: Parse[_Value], parameters: Mapping[str, str] | None = None
    ) -> _Value | None:
        """Like `get`, by ETag: a 304 costs nothing of the limit. None for 404.

        `parse` has to belong to `operation`, since what it made is kept under path and parameters.
        """
        key = (operation, path, tuple(sorted((parameters or {}).items())))
        kept = self._kept.get(key)
        result = await self.ask(operation, path, parameters, etag=kept[0] if kept else None)
        if isinstance(result, Answer) and result.status == 304 and kept:
            return cast("_Value", kept[1])  # it was put there by the same `parse`
        if isinstance(result, Answer) and result.status == 404:
            self._kept.drop(key)
            return None
        value = parsed(result, what, parse)
        if isinstance(result, Answer) and "etag" in result.headers:
            self._kept.put(key, (result.headers["etag"], value))
        return value


def parsed(result: Answer | Silence, what: str, parse: Parse[_Value]) -> _Value:
    """The value of a 200. Raises `BackendUnreachable`, `BackendDenied` for everything else."""
    if not isinstance(result, Answer) or result.status != 200:
        raise failure(result, what)
    fault: ValidationError
    try:
        return parse(result)
    except ValidationError as error:
        fault = error
    raise nonsense(what, fault)
