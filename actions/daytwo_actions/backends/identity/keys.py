"""The signing keys of one issuer: found by discovery, read within the connection's own limits, kept for an hour."""

import asyncio
import time
from collections.abc import Callable, Mapping
from typing import Final, Generic, TypeVar
from urllib.parse import urlsplit

from daytwo_actions.backends.failures import BackendUnreachable
from daytwo_actions.backends.http.settings import HttpSettings
from daytwo_actions.backends.identity.reading import Reading
from daytwo_actions.backends.wire.ci_token import Keys, keys_of

DISCOVERY: Final = "/.well-known/openid-configuration"
_KEPT: Final = 3_600.0  # seconds
_AGAIN: Final = 30.0  # seconds at least between two fetches, whatever tokens name as their key
_Key = TypeVar("_Key")


class KeptKeys(Generic[_Key]):
    """Nothing is fetched before a token has to be verified. One fetch at a time. `read` blocks its thread."""

    def __init__(self, read: Callable[[], Mapping[str, _Key]], *, clock: Callable[[], float] = time.monotonic) -> None:
        self._read = read
        self._clock = clock
        self._keys: Mapping[str, _Key] = {}
        self._tried_at: float | None = None
        self._fetched_at: float | None = None
        self._fetching = asyncio.Lock()

    async def for_kid(self, kid: str) -> Mapping[str, _Key]:
        """The issuer's keys, asked for again when `kid` is not among them. Raises `BackendUnreachable`."""
        async with self._fetching:
            now = self._clock()
            stale = self._fetched_at is None or now - self._fetched_at > _KEPT
            rested = self._tried_at is None or now - self._tried_at > _AGAIN
            if (stale or kid not in self._keys) and (rested or self._fetched_at is None):
                self._tried_at = now
                await self._fetch()
            return self._keys

    async def _fetch(self) -> None:
        try:
            self._keys = await asyncio.to_thread(self._read)
            self._fetched_at = self._clock()
        except BackendUnreachable:
            if not self._keys:
                raise
            # an issuer that does not answer for a while has not taken its keys back


class IssuerKeys:
    """Those of a CI system's issuer, which has them at the same place as its discovery document."""

    def __init__(self, settings: HttpSettings, issuer: str, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._issuer = issuer
        self._reading = Reading(settings, f"The keys of {issuer}")
        self._kept = KeptKeys(self._read, clock=clock)

    async def for_kid(self, kid: str) -> Keys:
        """The issuer's keys, asked for again when `kid` is not among them. Raises `BackendUnreachable`."""
        return await self._kept.for_kid(kid)

    def _read(self) -> Keys:
        found = self._reading.json(self._issuer + DISCOVERY)
        address = found.get("jwks_uri")
        if found.get("issuer") != self._issuer or not isinstance(address, str) or not self._same_place(address):
            raise self._reading.wrong("its discovery document names another issuer, or keys at another place")
        return keys_of(self._reading.json(address))

    def _same_place(self, address: str) -> bool:
        try:
            there, issuer = urlsplit(address), urlsplit(self._issuer)
            return (there.scheme, there.hostname, there.port) == (issuer.scheme, issuer.hostname, issuer.port)
        except ValueError:
            return False

    def close(self) -> None:
        self._reading.close()
