"""Signing in through a company's OpenID provider: authorization code with PKCE, state and nonce.

Discovery is read once, when the process starts. A provider that is away later lets nobody new in, and changes nothing
for those who are.
"""

import asyncio
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import requests
from authlib.oauth2.auth import ClientAuth
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri, prepare_token_request
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from pydantic import SecretStr

from daytwo_actions.backends.base import BackendUnreachable
from daytwo_actions.backends.http.settings import HttpSettings
from daytwo_actions.backends.identity.keys import DISCOVERY, KeptKeys
from daytwo_actions.backends.identity.reading import Reading
from daytwo_actions.backends.wire.answer import Answer
from daytwo_actions.backends.wire.id_token import Expected, IdKeys, IdTokenRefused, claims_of, keys_of, kid_of
from daytwo_actions.backends.wire.provider import Metadata, ProviderUnusable, metadata_of
from daytwo_store.ids import ConnectionName

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

    async def finish(self, code: str, secrets: Secrets) -> Mapping[str, Any]:
        """The claims about whoever came back with the code. Raises `IdTokenRefused`, `BackendUnreachable`."""
        try:
            token = await asyncio.to_thread(self._redeem, code, secrets.verifier)
            keys = await self._kept.for_kid(kid_of(token))
        except BackendUnreachable as error:
            self.away = error.detail
            raise
        self.away = None
        expected = Expected(issuer=self.client.issuer, client_id=self.client.client_id, nonce=secrets.nonce)
        return claims_of(token, keys, expected, now=self._clock())

    def _redeem(self, code: str, verifier: str) -> str:
        """The ID token for a code: asked once, since a code is good once."""
        answer = self._reading.ask(self._token_request(code, verifier), fresh=True)
        if answer.status in (400, 401, 403):
            raise IdTokenRefused(f"the provider did not take its code back ({self._said(answer)})")
        if answer.status != 200:
            raise self._reading.wrong(f"it answered {answer.status} when asked for a token")
        token = self._reading.object(answer).get("id_token")
        if not isinstance(token, str):
            raise IdTokenRefused("the provider gave no ID token")
        return token

    def _token_request(self, code: str, verifier: str) -> requests.Request:
        body = prepare_token_request(
            "authorization_code", code=code, redirect_uri=self.client.redirect_uri, code_verifier=verifier
        )
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
