"""The signing keys of one issuer: found by discovery, read within the connection's own limits, kept for an hour."""

import asyncio
import json
import time
from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import urlsplit

import requests

from daytwo_actions.backends.base import BackendUnreachable
from daytwo_actions.backends.http.permit import Permit
from daytwo_actions.backends.http.sender import Exchange, Sender
from daytwo_actions.backends.http.settings import HttpSettings
from daytwo_actions.backends.wire.answer import Answer
from daytwo_actions.backends.wire.ci_token import Keys, keys_of

DISCOVERY: Final = "/.well-known/openid-configuration"
_KEPT: Final = 3_600.0  # seconds
_AGAIN: Final = 30.0  # seconds at least between two fetches, whatever tokens name as their key
_LIMIT: Final = 256 * 1024  # bytes of an answer


class IssuerKeys:
    """Nothing is fetched before a token has to be verified. One fetch at a time."""

    def __init__(self, settings: HttpSettings, issuer: str, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._settings = settings
        self._issuer = issuer
        self._sender = Sender(settings)
        self._clock = clock
        self._keys: Keys = {}
        self._tried_at: float | None = None
        self._fetched_at: float | None = None
        self._fetching = asyncio.Lock()

    async def for_kid(self, kid: str) -> Keys:
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

    def _read(self) -> Keys:
        found = self._json(self._issuer + DISCOVERY)
        address = found.get("jwks_uri")
        if found.get("issuer") != self._issuer or not isinstance(address, str) or not self._same_place(address):
            raise self._wrong("its discovery document names another issuer, or keys at another place")
        return keys_of(self._json(address))

    def _same_place(self, address: str) -> bool:
        try:
            there, issuer = urlsplit(address), urlsplit(self._issuer)
            return (there.scheme, there.hostname, there.port) == (issuer.scheme, issuer.hostname, issuer.port)
        except ValueError:
            return False

    def _json(self, address: str) -> Mapping[str, Any]:
        """A GET without any credential; a redirection is not followed."""
        seconds = self._settings.total_timeout.total_seconds()
        exchange = Exchange(allowance=self._sender.allow(Permit(seconds), fresh=False), limit=_LIMIT)
        request = requests.Request("GET", address, headers={"accept": "application/json"}).prepare()
        self._sender.carry_out(exchange, request)
        result = exchange.result()
        if not isinstance(result, Answer):
            raise self._wrong(result.reason)
        if result.status != 200:
            raise self._wrong(f"it answered {result.status}")
        try:
            value = json.loads(result.body)
        except (ValueError, RecursionError):
            raise self._wrong("it answered something that is not JSON") from None
        if not isinstance(value, dict):
            raise self._wrong("it answered something else than an object")
        return value

    def _wrong(self, why: str) -> BackendUnreachable:
        return BackendUnreachable(f"The keys of {self._issuer} could not be read: {why}.")

    def close(self) -> None:
        self._sender.close()
