"""Signing in through a company's OpenID provider: authorization code with PKCE, state and nonce.

Discovery is read once, when the process starts. A provider that is away later lets nobody new in, and changes nothing
for those who are.
"""

import asyncio
import re
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import requests
from authlib.oauth2.auth import ClientAuth
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri, prepare_token_request
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from pydantic import SecretStr

from daytwo_actions.backends.failures import BackendUnreachable
from daytwo_actions.backends.http.settings import HttpSettings
from daytwo_actions.backends.identity.keys import DISCOVERY, KeptKeys
from daytwo_actions.backends.identity.reading import Reading
from daytwo_actions.backends.wire.answer import Answer
from daytwo_actions.backends.wire.id_token import (
    Expected,
    IdKeys,
    IdTokenRefused,
    claims_of,
    keys_of,
    kid_of,
    subject_of,
)
from daytwo_actions.backends.wire.provider import Metadata, ProviderUnusable, metadata_of
from daytwo_store.ids import ConnectionName

LONGEST_REFRESH: Final = 8_192  # characters
_ERROR: Final = re.compile(r"[a-z_]{1,40}")  # a code of RFC 6749


@dataclass(frozen=True, kw_only=True, slots=True)
class Client:
    """What the provider knows us as."""

    issuer: str
    client_id: str
    client_secret: SecretStr
    redirect_uri: str
    scopes: tuple[str, ...] = ("openid",)


@dataclass(frozen=True, kw_only=True, slots=True)
class Secrets:
    """Of one sign-in, known to us and to the browser that began it."""

    state: str
    nonce: str
    verifier: str


class RenewalRefused(Exception):
    """The provider lets this person in no longer."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Vouched:
    """What the provider says of somebody. `refresh` asks again later; None: it gives no such thing."""

    claims: Mapping[str, Any]
    refresh: SecretStr | None


class Provider:
    """`discover` comes first. `away` says why it did not answer the last time."""

    def __init__(self, client: Client, *, clock: Callable[[], float] = time.time) -> None:
        settings = HttpSettings(
            name=ConnectionName("oidc"), base=client.issuer, token=client.client_secret, read_threads=4, send_threads=1
        )
        self.client = client
        self.away: str | None = None
        self._reading = Reading(settings, f"The identity provider {client.issuer}")
        self._kept = KeptKeys(self._keys)
        self._clock = clock
        self._metadata: Metadata | None = None

    @property
    def names_itself(self) -> bool:
        """Whether its answers carry `iss`."""
        return self._known.names_itself

    async def discover(self) -> None:
        """Raises `BackendUnreachable`, `ProviderUnusable`."""
        document = await asyncio.to_thread(self._reading.json, self.client.issuer.removesuffix("/") + DISCOVERY)
        self._metadata = metadata_of(document, issuer=self.client.issuer)
        if not await asyncio.to_thread(self._keys):
            raise ProviderUnusable("it lists no key for RS256 or ES256")

    def begin(self, secrets: Secrets) -> str:
        """The address at the provider where the person goes to sign in."""
        address: str = prepare_grant_uri(
            self._known.authorization_endpoint,
            client_id=self.client.client_id,
            response_type="code",
            redirect_uri=self.client.redirect_uri,
            scope=list(self.client.scopes),
            state=secrets.state,
            nonce=secrets.nonce,
            code_challenge=create_s256_code_challenge(secrets.verifier),
            code_challenge_method="S256",
        )
        return address

    async def finish(self, code: str, secrets: Secrets, *, more: Collection[str] = ()) -> Vouched:
        """Who came back with the code. `more` names claims that are looked for at userinfo where the token has none.

        Raises `IdTokenRefused`, `BackendUnreachable`.
        """
        body = prepare_token_request(
            "authorization_code",
            code=code,
            redirect_uri=self.client.redirect_uri,
            code_verifier=secrets.verifier,
        )
        with self._noting():
            told = await asyncio.to_thread(self._redeem, body)
            token = told.get("id_token")
            if not isinstance(token, str):
                raise IdTokenRefused("the provider gave no ID token")
            claims = await self._genuine(token, nonce=secrets.nonce)
            return Vouched(claims=await self._with(more, claims, told), refresh=_refresh(told))

    async def renew(self, refresh: SecretStr, *, subject: str, more: Collection[str]) -> Vouched:
        """What the provider says now of somebody who signed in before. A token may be good once: ask once at a time.

        Raises `RenewalRefused` when it vouches for them no longer, `IdTokenRefused`, `BackendUnreachable`.
        """
        body = prepare_token_request("refresh_token", refresh_token=refresh.get_secret_value())
        with self._noting():
            try:
                told = await asyncio.to_thread(self._redeem, body)
            except IdTokenRefused as refused:
                raise RenewalRefused(str(refused)) from None
            token = told.get("id_token")
            claims: Mapping[str, Any] = {"sub": subject}
            if isinstance(token, str):
                claims = await self._genuine(token, nonce=None)
            if subject_of(claims) != subject:
                raise IdTokenRefused("it is about somebody else than before")
            return Vouched(claims=await self._with(more, claims, told), refresh=_refresh(told) or refresh)

    @contextmanager
    def _noting(self) -> Iterator[None]:
        """Write down whether the provider answers."""
        try:
            yield
        except BackendUnreachable as error:
            self.away = error.detail
            raise
        self.away = None

    async def _genuine(self, token: str, *, nonce: str | None) -> Mapping[str, Any]:
        keys = await self._kept.for_kid(kid_of(token))
        expected = Expected(issuer=self.client.issuer, client_id=self.client.client_id, nonce=nonce)
        return claims_of(token, keys, expected, now=self._clock())

    async def _with(
        self, more: Collection[str], claims: Mapping[str, Any], told: Mapping[str, Any]
    ) -> Mapping[str, Any]:
        """The claims, with what userinfo says where the token says nothing. It has to be about the same person."""
        missing = [name for name in more if name not in claims]
        access = told.get("access_token")
        address = self._known.userinfo_endpoint
        if not missing or address is None or not isinstance(access, str):
            return claims
        said = await asyncio.to_thread(self._userinfo, address, access)
        if said.get("sub") != claims["sub"]:
            raise IdTokenRefused("its userinfo is about somebody else")
        return {**claims, **{name: said[name] for name in missing if name in said}}

    def _userinfo(self, address: str, access: str) -> Mapping[str, Any]:
        headers = {"accept": "application/json", "authorization": f"Bearer {access}"}
        answer = self._reading.ask(requests.Request("GET", address, headers=headers), fresh=False)
        if answer.status != 200:
            raise self._reading.wrong(f"it answered {answer.status} when asked for its userinfo")
        return self._reading.object(answer)

    def _redeem(self, body: str) -> Mapping[str, Any]:
        """What it gives for a code or a refresh token: asked once, since either may be good once."""
        answer = self._reading.ask(self._token_request(body), fresh=True)
        if answer.status in (400, 401, 403):
            raise IdTokenRefused(f"the provider did not take its code back ({self._said(answer)})")
        if answer.status != 200:
            raise self._reading.wrong(f"it answered {answer.status} when asked for a token")
        return self._reading.object(answer)

    def _token_request(self, body: str) -> requests.Request:
        headers = {"content-type": "application/x-www-form-urlencoded", "accept": "application/json"}
        auth = ClientAuth(self.client.client_id, self.client.client_secret.get_secret_value(), self._known.secret_by)
        address, headers, body = auth.prepare("POST", self._known.token_endpoint, headers, body)
        return requests.Request("POST", address, headers=headers, data=body)

    def _said(self, answer: Answer) -> str:
        try:
            said = self._reading.object(answer).get("error")
        except BackendUnreachable:
            said = None
        return said if isinstance(said, str) and _ERROR.fullmatch(said) else str(answer.status)

    def _keys(self) -> IdKeys:
        return keys_of(self._reading.json(self._known.jwks_uri))

    @property
    def _known(self) -> Metadata:
        if self._metadata is None:
            raise ProviderUnusable("it has not been asked yet what it is")
        return self._metadata

    def close(self) -> None:
        self._reading.close()


def _refresh(told: Mapping[str, Any]) -> SecretStr | None:
    token = told.get("refresh_token")
    return SecretStr(token) if isinstance(token, str) and 0 < len(token) <= LONGEST_REFRESH else None
