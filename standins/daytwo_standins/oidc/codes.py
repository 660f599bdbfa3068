"""Authorization codes: good once, for a short time, for whoever has what they were asked for with."""

import base64
import hashlib
import hmac
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass

from daytwo_standins.oidc.config import Person


@dataclass(frozen=True, kw_only=True, slots=True)
class Grant:
    """What a code stands for."""

    person: Person
    client: str
    redirect_uri: str
    challenge: str  # PKCE, S256
    nonce: str | None

    def fits(self, *, client: str, redirect_uri: str, verifier: str) -> bool:
        """Whether who redeems it is who asked for it (RFC 7636 §4.6)."""
        digest = hashlib.sha256(verifier.encode(errors="replace")).digest()
        proven = base64.urlsafe_b64encode(digest).decode().rstrip("=")
        right = hmac.compare_digest(proven.encode(), self.challenge.encode())
        return right and client == self.client and redirect_uri == self.redirect_uri


class Codes:
    """In memory: a restart makes them worthless."""

    def __init__(self, seconds: float, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._clock = clock
        self._grants: dict[str, tuple[float, Grant]] = {}

    def give(self, grant: Grant) -> str:
        code = secrets.token_urlsafe(32)
        self._grants[code] = (self._clock() + self._seconds, grant)
        return code

    def take(self, code: str) -> Grant | None:
        """Its grant, the first time and in time."""
        until, grant = self._grants.pop(code, (0.0, None))
        return grant if self._clock() < until else None
