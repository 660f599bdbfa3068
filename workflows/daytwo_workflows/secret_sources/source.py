"""Where the value of a reference comes from, when it is needed, and how long it may be used after that.

A value is asked for right before something is sent with it. It is kept in memory for `fresh` seconds, so that a burst
of requests asks once; while its provider does not answer, for at most `stale` seconds. A provider that says there is no
such secret, or not for us, ends that at once.
"""

import asyncio
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

import structlog

from daytwo_store.errors import DaytwoError, Rejected, Unavailable
from daytwo_workflows.secret_sources.reference import Reference

log = structlog.get_logger()


class SecretUnreachable(Unavailable):
    """The provider does not answer: tried again."""

    type = "secret-unreachable"
    title = "A secret cannot be had right now"


class SecretMissing(Rejected):
    """There is no such secret, or not for us: trying again does not help."""

    type = "secret-missing"
    title = "A secret is not there"


class Provider(Protocol):
    fresh: float  # seconds for which a value may be used without asking again

    async def read(self, reference: Reference) -> str:
        """Raises `SecretUnreachable`, `SecretMissing`; neither says anything of a value."""
        ...


@dataclass(frozen=True, slots=True)
class _Kept:
    value: str = field(repr=False)
    at: float


class SecretSource:
    """For one event loop. `clock` is monotonic."""

    def __init__(
        self, providers: Mapping[str, Provider], *, stale: float = 600.0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._providers = providers
        self._stale = stale
        self._clock = clock
        self._kept: dict[Reference, _Kept] = {}
        self._asking: dict[Reference, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._seen: dict[str, None] = {}

    @property
    def seen(self) -> tuple[str, ...]:
        """Every value that this process has had: none may stand in a log, not even when it has been replaced."""
        return tuple(self._seen)

    async def get(self, reference: Reference) -> str:
        """The value as it is now. Raises `SecretUnreachable`, `SecretMissing`."""
        provider = self._providers.get(reference.provider)
        if provider is None:
            raise SecretMissing(
                f"The secret {reference} cannot be had, because its provider is not configured here. Nothing was sent. "
                "See docs/how-to/secrets.md for what each of them needs."
            )
        async with self._asking[reference]:
            kept = self._kept.get(reference)
            if kept is not None and self._clock() - kept.at < provider.fresh:
                return kept.value
            return await self._ask(provider, reference, kept)

    async def _ask(self, provider: Provider, reference: Reference, kept: _Kept | None) -> str:
        try:
            value = await provider.read(reference)
        except SecretUnreachable as error:
            if kept is not None and self._clock() - kept.at < self._stale:
                log.warning("secret.not_renewed", ref=str(reference), error=error.type)
                return kept.value
            self._kept.pop(reference, None)
            raise
        except DaytwoError:
            self._kept.pop(reference, None)
            raise
        if not value.strip():
            self._kept.pop(reference, None)
            raise SecretMissing(f"The secret {reference} is empty. Nothing was sent. Put a value there.")
        self._kept[reference] = _Kept(value, self._clock())
        self._seen[value] = None
        return value


NO_SOURCE = SecretSource({})
