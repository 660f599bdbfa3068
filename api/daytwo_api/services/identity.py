"""Who is asking: a session of the page, or a token. Groups are looked up for each request."""

import hashlib
import secrets
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

import structlog
from fastapi import Request, Response
from pydantic import SecretStr

from daytwo_actions.policy import YES, Answer, lacking
from daytwo_actions.roles import EVERYONE, Permission, Role, Scope, roles_with, scope_of
from daytwo_api.asker import Asker
from daytwo_api.security import COOKIE
from daytwo_api.services.token_scopes import named_actions, scopes_asked_for, scopes_of, token_view
from daytwo_api.services.too_many import Demand, Refusals
from daytwo_api.services.vouching import Sealing, unheard
from daytwo_api.views.common import Page
from daytwo_api.views.control import (
    Me,
    SignInChoice,
    SignInProvider,
    SignInRequest,
    SignInView,
    TokenCreated,
    TokenRequest,
    TokenView,
)
from daytwo_store import belonging, cursors, entities, entity_search, identity, sessions, tokens
from daytwo_store.belonging import Belonging
from daytwo_store.engine import Session, Store, Tx
from daytwo_store.entities import EVERYTHING, Entity
from daytwo_store.entity_search import Search
from daytwo_store.errors import FieldFault, Forbidden, NotFound, Rejected, Unauthenticated
from daytwo_store.identity import Login, Principal
from daytwo_store.tokens import NewToken, Token

log = structlog.get_logger()
ISSUER: Final = "catalog"  # the subject is the ref of a person's entity
SIGN_IN_PATH: Final = "/api/v1/session/oidc"
MARK: Final = "dt_"  # how a token begins: lets secret scanners find a leaked one
EVERY_SCOPE: Final = frozenset(Scope)


@dataclass(frozen=True, kw_only=True, slots=True)
class Vouching:
    """An identity provider, as far as its people are concerned."""

    issuer: str
    title: str
    found_by: str | None  # property of a person that holds their subject
    grace: timedelta  # how long what it told of somebody's groups counts without being heard of again


@dataclass(frozen=True, kw_only=True, slots=True)
class IdentitySettings:
    sign_in_people: bool  # let anybody be anybody of the catalog: on loopback only
    provider: Vouching | None  # who says who people are
    secure_cookie: bool  # the page is reached by https
    session: timedelta  # a session's life at most
    idle: timedelta  # … and without being used
    token_days: int  # a token's life at most
    refusals: int  # of one address in a minute, before it is slowed down
    requests: int  # of one principal in a minute

    @property
    def issuer(self) -> str | None:
        """Who vouches for the people here; None: nobody signs in, and tokens of all count."""
        return ISSUER if self.sign_in_people else self.provider.issuer if self.provider else None


def new_secret() -> str:
    """256 random bits, as text."""
    return secrets.token_urlsafe(32)


def hashed(secret: str) -> str:
    """What is stored. Unsalted SHA-256 is enough for 256 random bits: there is nothing to guess."""
    return hashlib.sha256(secret.encode(errors="replace")).hexdigest()


class Identity:
    def __init__(self, store: Store, settings: IdentitySettings, sealing: Sealing) -> None:
        self._store = store
        self._sealing = sealing
        self._refusals = Refusals(most=settings.refusals)
        self._demand = Demand(settings.requests)
        self._settings = settings

    async def asker(self, request: Request) -> Asker | None:
        """Who asks, or None. A token that is sent counts alone, whether it is good or not."""
        asker = await self._who(request, used=True)
        if asker is not None:
            request.state.principal = asker.principal
        return asker

    async def must_be_somebody(self, request: Request) -> Asker:
        """Raises `Unauthenticated`, or `TooMany` for an address from which others are tried again and again."""
        tries = COOKIE in request.cookies or "authorization" in request.headers
        async with self._refusals.watch([f"address {request.client.host}"] if tries and request.client else []):
            asker = await self.asker(request)
            if asker is None:
                raise Unauthenticated(
                    getattr(request.state, "unheard", None)
                    or "Nobody is signed in, or the session or token is no longer valid. Nothing was done. "
                    "Sign in on the page, or send a token as 'Authorization: Bearer …'."
                )
        self._demand.note(asker.principal)
        return asker

    async def still(self, request: Request) -> Asker | None:
        """Who a request is that is still being answered, as of now; looking is no use of a session or token."""
        return await self._who(request, used=False)

    async def _who(self, request: Request, *, used: bool) -> Asker | None:
        if authorization := request.headers.getlist("authorization"):
            # of two nobody knows which a proxy before us looked at
            return await self._by_token(authorization[0], request, used=used) if len(authorization) == 1 else None
        return await self._by_session(request, used=used)

    async def may(self, by: Asker, permission: Permission) -> Answer:
        """May they do what takes this permission? If not: what is missing, and who can help."""
        scope = scope_of(permission)
        if scope not in by.scopes:
            return Answer(
                False,
                f"This token may {', '.join(sorted(by.scopes))} but not {scope}. "
                f"Make a token with the scope '{scope}' and use that one.",
            )
        if permission is Permission.SELF or permission in by.permissions:
            return YES
        return Answer(False, await self._lacking(by, permission))

    async def _lacking(self, by: Asker, permission: Permission) -> str:
        wanted = roles_with(permission)
        async with self._store.read() as session:
            held = await belonging.holders(session, [role for role in wanted if role is not Role.ADMIN])
            admins = await belonging.holders(session, [Role.ADMIN])
        others = sorted({member for _, member in held if member != EVERYONE} - by.belongs)
        whom = f"It is for {', '.join(others)}. " if others else ""
        ask = ", ".join(sorted({member for _, member in admins}))
        have = f"you have {', '.join(sorted(by.roles))}" if by.roles else "you have none"
        return (
            f"{lacking(permission)} Here {have}. {whom}"
            f"{f'Administrators are {ask}: ask one of them.' if ask else 'Nobody administers here.'}"
        )

    async def me(self, by: Asker) -> Me:
        return Me(
            id=by.principal,
            name=by.name,
            ref=by.ref,
            groups=sorted(by.groups),
            roles=sorted(by.roles),
            permissions=sorted(by.permissions),
            scopes=[scope for scope in Scope if scope in by.scopes],
            sign_out=by.via == "session",
        )

    async def choices(self) -> SignInView:
        """The people to choose from, none unless anybody may be anybody here; or who else says who somebody is."""
        if (by := self._settings.provider) is not None:
            return SignInView(choices=[], provider=SignInProvider(title=by.title, path=SIGN_IN_PATH))
        if not self._settings.sign_in_people:
            return SignInView(choices=[])
        async with self._store.read() as session:
            found = await entity_search.search(session, Search(kind="person", limit=200), sees=EVERYTHING)
            return SignInView(choices=[await _choice(session, person) for person in found.items])

    async def sign_in(self, asked: SignInRequest, request: Request, response: Response) -> Me:
        """A session for one of the people, in a cookie that scripts cannot read and other sites do not send."""
        person = await self._person(asked.name)
        principal = await self.open(
            Login(issuer=ISSUER, subject=person.ref, name=person.title, ref=person.ref), request, response
        )
        async with self._store.read() as session:
            asker = await self._asker(session, principal)
        assert asker is not None
        return await self.me(asker)

    async def open(
        self, login: Login, request: Request, response: Response, *, refresh: SecretStr | None = None
    ) -> Principal:
        """Begin a session for somebody who was vouched for, and end the one before.

        With `refresh` whoever vouched is asked again while the session lasts.
        """
        secret = new_secret()
        sealed = self._sealing.close(refresh, hashed(secret)) if refresh is not None else None
        life = self._settings.session
        async with self._store.write() as tx:
            await self._forget(request, tx)
            if login.groups is not None:
                assert self._settings.provider is not None
                if refresh is None:
                    log.info("sign_in.cannot_be_asked_again")
                login = replace(login, groups_until=tx.now + self._settings.provider.grace)
            principal = await identity.principal_for(tx, login)
            await sessions.open_session(tx, principal.id, secret_hash=hashed(secret), life=life, refresh=sealed)
        response.set_cookie(
            COOKIE,
            secret,
            max_age=int(self._settings.session.total_seconds()),
            path="/",
            httponly=True,
            samesite="strict",
            secure=self._settings.secure_cookie,
        )
        return principal

    async def sign_out(self, request: Request, response: Response) -> None:
        async with self._store.write() as tx:
            await self._forget(request, tx)
        self.forget_cookie(response)

    def forget_cookie(self, response: Response) -> None:
        response.delete_cookie(COOKIE, path="/", httponly=True, samesite="strict", secure=self._settings.secure_cookie)

    @property
    def idle(self) -> timedelta:
        """After how long a session ends that nobody uses."""
        return self._settings.idle

    async def tokens(self, by: Asker) -> Page[TokenView]:
        async with self._store.read() as session:
            return Page(items=[token_view(token) for token in await tokens.of_owner(session, by.principal)])

    async def everybodys_tokens(self, *, cursor: str | None, limit: int) -> Page[TokenView]:
        """Newest first, whoever's they are."""
        before = cursors.moment(cursor) if cursor else None
        async with self._store.read() as session:
            found = await tokens.page(session, before=before, limit=limit + 1)
        shown = found[:limit]
        last = shown[-1] if len(found) > limit else None
        return Page(
            items=[token_view(token) for token in shown],
            next_cursor=cursors.make(last.created_at.isoformat(), last.id) if last else None,
        )

    async def create_token(self, by: Asker, asked: TokenRequest) -> TokenCreated:
        """A token for the asker, who has to have signed in: a leaked token must not be able to renew itself."""
        if by.via == "token":
            raise Forbidden(
                "A token cannot make another token. Nothing was made. Sign in on the page and make it there."
            )
        scopes = scopes_asked_for(asked, by)
        days = min(30, self._settings.token_days) if asked.days is None else asked.days
        if days > self._settings.token_days:
            raise Rejected(
                f"The token was not made: here one is good for at most {self._settings.token_days} days.",
                errors=[FieldFault("/days", f"at most {self._settings.token_days}")],
            )
        secret = f"{MARK}{new_secret()}"
        new = NewToken(secret_hash=hashed(secret), name=asked.name, scopes=scopes, life=timedelta(days=days))
        async with self._store.write() as tx:
            owner = await identity.principal(tx.session, by.principal)
            assert owner is not None
            return TokenCreated(token=token_view(await tokens.create(tx, owner, new)), secret=secret)

    async def revoke_token(self, by: Asker, token: str) -> None:
        """One's own, or as an administrator anybody's. With a token only that token itself."""
        anybody = Permission.ACCESS_MANAGE in by.permissions
        async with self._store.write() as tx:
            if by.via == "token" and token != by.token:
                raise Forbidden("A token can revoke only itself. Nothing was revoked. Sign in on the page to do this.")
            owner = None if anybody else by.principal
            if not await tokens.revoke(tx, token, owner=owner, actor=by.principal):
                raise NotFound("There is no such token of yours that is still good. Nothing was revoked.")

    async def _person(self, name: str) -> Entity:
        async with self._store.read() as session:
            person = await entities.get(session, f"person:{name}", sees=EVERYTHING)
        if person is None or not self._settings.sign_in_people:
            raise Unauthenticated(
                "Nobody of that name can sign in here. You are not signed in. GET /api/v1/session lists who can; where "
                "it lists nobody, send a token as 'Authorization: Bearer …'."
            )
        return person

    async def _forget(self, request: Request, tx: Tx) -> None:
        if secret := request.cookies.get(COOKIE):
            await sessions.close(tx, hashed(secret))

    async def _by_session(self, request: Request, *, used: bool) -> Asker | None:
        secret = request.cookies.get(COOKIE)
        if not secret or self._settings.issuer is None:
            return None
        async with self._store.read() as session:
            now = await self._store.clock.now(session)
            found = await sessions.by_secret(session, hashed(secret), now=now, idle=self._settings.idle)
            if found is not None and unheard(found.principal, request, now):
                return None
            asker = await self._asker(session, found.principal) if found else None
        if asker is not None and found is not None and used:
            await sessions.note_use(self._store, found, now=now)
        return asker

    async def _by_token(self, authorization: str, request: Request, *, used: bool) -> Asker | None:
        scheme, _, secret = authorization.partition(" ")
        if scheme.lower() != "bearer" or not secret.startswith(MARK):
            return None
        async with self._store.read() as session:
            now = await self._store.clock.now(session)
            token = await tokens.by_secret(session, hashed(secret.strip()), now=now)
            if token is not None and unheard(token.owner, request, now):
                return None
            asker = await self._asker(session, token.owner, token) if token else None
        if token is not None and used:
            await tokens.note_use(self._store, token, now=now)
        return asker

    async def _asker(self, session: Session, principal: Principal, token: Token | None = None) -> Asker | None:
        """None when the person is no longer in the catalog: whoever has left may do nothing any more."""
        belongs = await self._belongs(session, principal)
        if belongs is None or principal.ref is None:
            return None
        return Asker(
            principal=principal.id,
            name=principal.name,
            ref=principal.ref,
            groups=belongs.groups,
            roles=frozenset(Role(role) for role in belongs.roles),
            scopes=EVERY_SCOPE if token is None else scopes_of(token),
            actions=None if token is None else named_actions(token),
            via="session" if token is None else "token",
            token=token.id if token else None,
        )

    async def _belongs(self, session: Session, principal: Principal) -> Belonging | None:
        """Of somebody vouched for by whom we ask now, and in the catalog as the person that they are; else None."""
        by = self._settings.provider
        if principal.ref is None or self._settings.issuer not in (None, principal.issuer):
            return None
        if by is not None and by.found_by is not None:
            person = await entities.get(session, principal.ref, sees=EVERYTHING)
            if person is None or person.properties.get(by.found_by) != principal.subject:
                return None
        return await belonging.of_present(session, principal.ref)


async def _choice(session: Session, person: Entity) -> SignInChoice:
    role = person.properties.get("role")
    groups = [ref.partition(":")[2] for ref in sorted(await entities.groups_of(session, person.ref))]
    about = ", ".join(filter(None, [role if isinstance(role, str) else "", *groups]))
    return SignInChoice(name=person.name, title=person.title, about=about)
