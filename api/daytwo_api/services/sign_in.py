"""Signing in through the identity provider: there and back again. What goes wrong is a page that says what to do."""

import time
from collections.abc import Callable, Mapping
from typing import Any, Final

import structlog
from fastapi import Request, Response
from fastapi.responses import RedirectResponse

from daytwo_actions.backends.failures import BackendUnreachable
from daytwo_actions.backends.identity.provider import Provider, Vouched
from daytwo_actions.backends.wire.id_token import IdTokenRefused, subject_of
from daytwo_api.refusals import Refusal, refusal
from daytwo_api.services.identity import Identity
from daytwo_api.services.too_many import Refusals, TooMany
from daytwo_api.services.vouching import GroupsClaim, TooManyGroups
from daytwo_api.ticket import COOKIE, SECONDS, Ticket, new_ticket, read_ticket
from daytwo_catalog.schema import is_name
from daytwo_store import entities
from daytwo_store.engine import Store
from daytwo_store.entities import EVERYTHING, Entity
from daytwo_store.errors import NotFound
from daytwo_store.identity import Login

log = structlog.get_logger()
PATH: Final = "/api/v1/session/oidc"  # the cookie of a sign-in goes nowhere else
CALLBACK: Final = f"{PATH}/callback"
_LONGEST: Final = 4_096  # characters of a parameter


class SignIn:
    """`provider` None: there is no such sign-in here. `claim` names the person, or `found_by` holds their subject.

    `refusals` of one address in a minute, and it is slowed down: each guess may cost a question to the provider (S43).
    """

    def __init__(
        self,
        store: Store,
        identity: Identity,
        *,
        provider: Provider | None,
        key: bytes,
        found_by: str | None,
        claim: str | None,
        groups: GroupsClaim | None,
        secure_cookie: bool,
        refusals: int,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.provider = provider
        self._store = store
        self._identity = identity
        self._key = key
        self._found_by = found_by
        self._claim = claim
        self._groups = groups
        self._secure = secure_cookie
        self._clock = clock
        self._refusals = Refusals(most=refusals, counted=Refusal)

    def begin(self, back_to: str) -> Response:
        """To the provider; a cookie remembers that it was this browser."""
        provider = self._there()
        ticket = new_ticket(self._key, back_to=back_to, now=self._clock())
        response = RedirectResponse(provider.begin(ticket.secrets), 303)
        # Lax, not strict: the browser comes back from another site.
        response.set_cookie(
            COOKIE, ticket.cookie, max_age=SECONDS, path=PATH, httponly=True, samesite="lax", secure=self._secure
        )
        return response

    async def finish(self, request: Request) -> Response:
        """Back from the provider: a session, or a page that says why not."""
        provider = self._there()
        try:
            ticket, vouched, login = await self._looked_at(provider, request)
        except Refusal as refused:
            log.info("sign_in.refused", why=refused.reason)
            response: Response = refusal(refused, request)
        else:
            response = RedirectResponse(ticket.back_to, 303)
            await self._identity.open(login, request, response, refresh=vouched.refresh)
        response.delete_cookie(COOKIE, path=PATH, httponly=True, samesite="lax", secure=self._secure)
        return response

    async def _looked_at(self, provider: Provider, request: Request) -> tuple[Ticket, Vouched, Login]:
        """Raises `Refusal`. That the provider is away is nobody's guess, and counts for none."""
        try:
            async with self._refusals.watch([f"address {request.client.host}"] if request.client else []):
                ticket = self._ticket(request, provider)
                vouched = await self._vouched(provider, request, ticket)
                return ticket, vouched, await self._login(vouched.claims)
        except TooMany:
            raise Refusal.too_many() from None
        except BackendUnreachable as away:
            log.warning("sign_in.provider_away", detail=away.detail)
            raise Refusal.away() from None

    def _there(self) -> Provider:
        if self.provider is None:
            raise NotFound("Nobody signs in through an identity provider here. Nothing was done.")
        return self.provider

    def _ticket(self, request: Request, provider: Provider) -> Ticket:
        """Raises `Refusal` for an answer that this browser did not ask for, or that is no answer."""
        told = _parameters(request)
        cookie = request.cookies.get(COOKIE, "")
        ticket = read_ticket(self._key, cookie, state=told.get("state", ""), now=self._clock())
        if ticket is None:
            raise Refusal.stale()
        named = told.get("iss")
        if named != provider.client.issuer and (named is not None or provider.names_itself):
            raise Refusal.of_provider("its answer names another provider (`iss`)")
        if "error" in told:
            raise Refusal.declined() if told["error"] == "access_denied" else Refusal.of_provider("it could not")
        return ticket

    async def _vouched(self, provider: Provider, request: Request, ticket: Ticket) -> Vouched:
        """Raises `Refusal`, `BackendUnreachable`."""
        code = _parameters(request).get("code")
        if not code:
            raise Refusal.of_provider("its answer has no code")
        try:
            return await provider.finish(code, ticket.secrets, more=[self._groups.name] if self._groups else [])
        except IdTokenRefused as refused:
            raise Refusal.of_provider(str(refused)) from None

    async def _login(self, claims: Mapping[str, Any]) -> Login:
        """Issuer and subject are who it is; the catalog says which person that is. Raises `Refusal`."""
        subject = subject_of(claims)
        found = await self._people(claims, subject)
        if len(found) != 1:
            raise Refusal.unknown(subject, claim=self._claim, found_by=self._found_by, many=bool(found))
        (person,) = found
        try:
            groups = self._groups.of(claims) if self._groups is not None else None
        except TooManyGroups as fault:
            raise Refusal.of_provider(str(fault)) from None
        return Login(issuer=str(claims["iss"]), subject=subject, name=person.title, ref=person.ref, groups=groups)

    async def _people(self, claims: Mapping[str, Any], subject: str) -> list[Entity]:
        async with self._store.read() as session:
            if self._found_by is not None:
                # two at most, as more than one is one too many
                refs = await entities.people_where(session, {self._found_by: subject}, limit=2)
                return list((await entities.get_many(session, refs, sees=EVERYTHING)).values())
            name = claims.get(self._claim or "")
            if not isinstance(name, str) or not is_name(name):
                return []
            person = await entities.get(session, f"person:{name}", sees=EVERYTHING)
            return [person] if person else []


def _parameters(request: Request) -> dict[str, str]:
    """Each once; of what came twice, or is too long to be one, nothing."""
    told = request.query_params
    return {name: told[name] for name in told if len(told.getlist(name)) == 1 and len(told[name]) <= _LONGEST}
