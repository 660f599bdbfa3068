"""What an identity provider says of somebody: their groups from a claim, asked again while they are signed in.

A group taken away there ends here within a minute where the provider gives refresh tokens; it is asked every half
minute for every open session. While it does not answer, or where it gives none, what it said last counts for a while
that is a setting; then nothing does until it was asked, or they signed in again.
"""

import asyncio
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import structlog
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from fastapi import Request
from pydantic import SecretStr

from daytwo_actions.backends.failures import BackendUnreachable
from daytwo_actions.backends.identity.provider import Provider, RenewalRefused
from daytwo_actions.backends.wire.id_token import IdTokenRefused
from daytwo_catalog.schema import is_name
from daytwo_store import identity, sessions
from daytwo_store.engine import Store
from daytwo_store.errors import Unavailable
from daytwo_store.identity import Principal
from daytwo_store.sessions import Due

log = structlog.get_logger()
EVERY: Final = timedelta(seconds=30)
_PAUSE: Final = 5.0  # seconds between two looks for sessions that are due
_AT_ONCE: Final = 20
MOST_GROUPS: Final = 500  # values of a claim; providers leave groups out beyond their own limits, which are lower
_NONCE: Final = 12  # bytes


class TooManyGroups(Exception):
    """The claim is none that can be used."""


@dataclass(frozen=True, kw_only=True, slots=True)
class GroupsClaim:
    """Which claim holds the groups, and what its values mean; None: each is the name of a group."""

    name: str
    meaning: Mapping[str, str] | None

    def of(self, claims: Mapping[str, Any]) -> tuple[str, ...]:
        """The groups as refs; a claim that is not there is none at all. Raises `TooManyGroups`."""
        value = claims.get(self.name, [])
        listed = [value] if isinstance(value, str) else value
        if not isinstance(listed, list) or len(listed) > MOST_GROUPS:
            raise TooManyGroups(f"its claim `{self.name}` is not a list of at most {MOST_GROUPS} groups")
        return tuple(sorted({ref for one in listed if isinstance(one, str) and (ref := self._ref(one))}))

    def _ref(self, value: str) -> str | None:
        if self.meaning is not None:
            return self.meaning.get(value)
        return f"group:{value}" if is_name(value) else None


def unheard(principal: Principal, request: Request, now: datetime) -> bool:
    """Has the identity provider not been heard of them for too long? Then its word counts for nothing any more."""
    until = principal.groups_until
    if until is None or until > now:
        return False
    request.state.unheard = (
        "The identity provider, which says what groups you are in, could not be asked about you lately, and what it "
        f"said before counted until {until.astimezone(UTC):%d %b %Y %H:%M} UTC. Nothing was done. Sign in again on the "
        "page; if the provider does not answer there either, its administrators know more."
    )
    return True


class Sealing:
    """Refresh tokens at rest: AES-GCM, bound to the session that they are of."""

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(key)

    def close(self, secret: SecretStr, session: str) -> bytes:
        nonce = secrets.token_bytes(_NONCE)
        return nonce + self._cipher.encrypt(nonce, secret.get_secret_value().encode(), session.encode())

    def open(self, sealed: bytes, session: str) -> SecretStr | None:
        """None when it was closed with another key, or for another session."""
        try:
            return SecretStr(self._cipher.decrypt(sealed[:_NONCE], sealed[_NONCE:], session.encode()).decode())
        except InvalidTag:
            return None


class Rechecks:
    """Asks the provider again about everybody who is signed in, for as long as they are."""

    def __init__(
        self,
        store: Store,
        provider: Provider | None,
        claim: GroupsClaim | None,
        sealing: Sealing,
        *,
        grace: timedelta,
        every: timedelta = EVERY,
    ) -> None:
        self._store = store
        self._provider = provider
        self._claim = claim
        self._sealing = sealing
        self._grace = grace
        self._every = every

    async def run(self) -> None:
        """Until cancelled. Nothing else may end it: the process would end with it."""
        while self._provider is not None:
            try:
                if await self.once() == _AT_ONCE:
                    continue
            except Unavailable:
                log.warning("sign_in.recheck_waits", part="database")
            except Exception:  # a schema that is still the one before, for example
                log.exception("sign_in.recheck_failed")
            await asyncio.sleep(_PAUSE)
        await asyncio.Event().wait()

    async def once(self) -> int:
        """Ask about those who are due; how many they were."""
        assert self._provider is not None
        async with self._store.write() as tx:
            due = await sessions.take_due(tx, every=self._every, limit=_AT_ONCE)
        ends = await asyncio.gather(*(self._ask(self._provider, one) for one in due), return_exceptions=True)
        for end in ends:  # each was asked about, whatever became of another
            if isinstance(end, BaseException):
                raise end
        return len(due)

    async def _ask(self, provider: Provider, one: Due) -> None:
        refresh = self._sealing.open(one.refresh, one.hash)
        if refresh is None or one.principal.issuer != provider.client.issuer:
            return await self._end(one, "it cannot be asked about any more")
        more = [self._claim.name] if self._claim is not None else []
        try:
            vouched = await provider.renew(refresh, subject=one.principal.subject, more=more)
            groups = self._claim.of(vouched.claims) if self._claim is not None else None
        except BackendUnreachable as away:
            log.warning("sign_in.provider_away", detail=away.detail)
            return None
        except (RenewalRefused, IdTokenRefused, TooManyGroups) as refused:
            return await self._end(one, str(refused))
        async with self._store.write() as tx:
            if vouched.refresh is not None:
                await sessions.renewed(tx, one.hash, self._sealing.close(vouched.refresh, one.hash))
            if groups is not None:
                await identity.heard(tx, one.principal.id, groups, until=tx.now + self._grace)
        return None

    async def _end(self, one: Due, why: str) -> None:
        log.info("sign_in.ended", why=why)
        async with self._store.write() as tx:
            await sessions.close(tx, one.hash)
