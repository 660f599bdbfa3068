"""What the provider answers: discovery, keys, the page, tokens, and who the token is about.

https://openid.net/specs/openid-connect-core-1_0.html
"""

import base64
import binascii
import hmac
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote_plus, urlencode

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from daytwo_standins.oidc.codes import Codes, Grant
from daytwo_standins.oidc.config import Config, Person, Program
from daytwo_standins.oidc.pages import choose, refused
from daytwo_standins.shared.oidc import Issuer

_NOT_KEPT = {"Cache-Control": "no-store"}


class Provider:
    """One issuer at `url`, with its key in `folder`."""

    def __init__(self, config: Config, folder: Path, url: str) -> None:
        self._config = config
        self._issuer = Issuer(folder, url, keys_at="/keys", seconds=config.token_seconds)
        self._codes = Codes(config.code_seconds)
        self.people = {one.subject: one for one in config.people}  # who somebody is now; who is gone is let in no more
        self._known: dict[str, str] = {}  # subjects, by access token
        self._refresh: dict[str, tuple[str, str]] = {}  # client and subject, by refresh token; each is good once
        self.app = Starlette(
            routes=[
                Route("/.well-known/openid-configuration", self._discovery),
                Route("/keys", self._keys),
                Route("/authorize", self._ask, methods=["GET"]),
                Route("/authorize", self._answer, methods=["POST"]),
                Route("/token", self._token, methods=["POST"]),
                Route("/userinfo", self._userinfo),
            ]
        )

    async def _discovery(self, _: Request) -> Response:
        url = self._issuer.url
        return JSONResponse(
            {
                **self._issuer.configuration(),
                "authorization_endpoint": f"{url}/authorize",
                "token_endpoint": f"{url}/token",
                "userinfo_endpoint": f"{url}/userinfo",
                "response_types_supported": ["code"],
                "grant_types_supported": ["authorization_code", "refresh_token"],
                "code_challenge_methods_supported": ["S256"],
                "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
                "authorization_response_iss_parameter_supported": True,
                "scopes_supported": ["openid", "profile", "offline_access"],
            }
        )

    async def _keys(self, _: Request) -> Response:
        return JSONResponse(self._issuer.keys())

    async def _ask(self, request: Request) -> Response:
        if fault := self._fault(request.query_params):
            return HTMLResponse(refused(fault), 400)
        return HTMLResponse(choose(self.people.values(), request.url.query), headers=_NOT_KEPT)

    async def _answer(self, request: Request) -> Response:
        asked = request.query_params
        if fault := self._fault(asked):
            return HTMLResponse(refused(fault), 400)
        subject = (await _form(request)).get("person", "")
        person = self.people.get(subject)
        if person is None:
            return self._back(asked, error="access_denied")
        grant = Grant(
            person=person,
            client=asked["client_id"],
            redirect_uri=asked["redirect_uri"],
            challenge=asked["code_challenge"],
            nonce=asked.get("nonce"),
        )
        return self._back(asked, code=self._codes.give(grant))

    def _back(self, asked: Mapping[str, str], **told: str) -> Response:
        query = urlencode({**told, "state": asked.get("state", ""), "iss": self._issuer.url})
        return RedirectResponse(f"{asked['redirect_uri']}?{query}", 303, headers=_NOT_KEPT)

    def _fault(self, asked: Mapping[str, str]) -> str | None:
        """What is wrong with a request to sign in."""
        client = self._client(asked.get("client_id", ""))
        if client is None:
            return "No such program is known here (client_id)."
        if asked.get("redirect_uri") not in client.redirect_uris:
            return "The program may not send people there (redirect_uri)."
        if asked.get("response_type") != "code" or "openid" not in asked.get("scope", "").split():
            return "Only the authorization code flow with the scope openid is known here."
        if asked.get("code_challenge_method") != "S256" or not asked.get("code_challenge"):
            return "PKCE with S256 is needed here (code_challenge)."
        return None

    async def _token(self, request: Request) -> Response:
        form = await _form(request)
        client = self._client_of(request.headers.get("authorization", ""), form)
        if client is None:
            return JSONResponse({"error": "invalid_client"}, 401, headers=_NOT_KEPT)
        if form.get("grant_type") == "refresh_token":
            return self._again(client, form.get("refresh_token", ""))
        grant = self._codes.take(form.get("code", ""))
        given = {"redirect_uri": form.get("redirect_uri", ""), "verifier": form.get("code_verifier", "")}
        if form.get("grant_type") != "authorization_code" or grant is None or not grant.fits(client=client.id, **given):
            return JSONResponse({"error": "invalid_grant"}, 400, headers=_NOT_KEPT)
        nonce = {"nonce": grant.nonce} if grant.nonce is not None else {}
        return self._tokens(client, grant.person, nonce)

    def _again(self, client: Program, token: str) -> Response:
        """For a refresh token; only what somebody is now counts (RFC 6749 §6)."""
        of, subject = self._refresh.pop(token, ("", ""))
        person = self.people.get(subject)
        if of != client.id or person is None:
            return JSONResponse({"error": "invalid_grant"}, 400, headers=_NOT_KEPT)
        return self._tokens(client, person, {})

    def _tokens(self, client: Program, person: Person, more: Mapping[str, Any]) -> Response:
        access = secrets.token_urlsafe(32)
        self._known[access] = person.subject
        answer = {"access_token": access, "token_type": "Bearer", "expires_in": self._config.token_seconds}
        if self._config.refresh:
            answer["refresh_token"] = secrets.token_urlsafe(32)
            self._refresh[str(answer["refresh_token"])] = (client.id, person.subject)
        told = {name: value for name, value in _claims(person).items() if name not in self._config.only_in_userinfo}
        token = self._issuer.token({**told, **more}, (client.id,))
        return JSONResponse({**answer, "id_token": token}, headers=_NOT_KEPT)

    async def _userinfo(self, request: Request) -> Response:
        kind, _, access = request.headers.get("authorization", "").partition(" ")
        person = self.people.get(self._known.get(access, "")) if kind.lower() == "bearer" else None
        if person is None:
            return JSONResponse({"error": "invalid_token"}, 401, headers={"WWW-Authenticate": "Bearer"})
        return JSONResponse(_claims(person), headers=_NOT_KEPT)

    def _client(self, name: str) -> Program | None:
        return next((one for one in self._config.clients if one.id == name), None)

    def _client_of(self, authorization: str, form: Mapping[str, str]) -> Program | None:
        """Who presents its secret, in a header or in the form."""
        name, secret = _basic(authorization) or (form.get("client_id", ""), form.get("client_secret", ""))
        client = self._client(name)
        if client is None or not hmac.compare_digest(client.secret.reveal().encode(), secret.encode()):
            return None
        return client


def _claims(person: Person) -> dict[str, Any]:
    return {**person.claims, "sub": person.subject, "name": person.name}


async def _form(request: Request) -> dict[str, str]:
    return dict(parse_qsl((await request.body()).decode("latin-1"), keep_blank_values=True))


def _basic(header: str) -> tuple[str, str] | None:
    kind, _, told = header.partition(" ")
    if kind.lower() != "basic":
        return None
    try:
        name, _, secret = base64.b64decode(told, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return unquote_plus(name), unquote_plus(secret)
