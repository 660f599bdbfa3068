"""Who is asking, and what a route needs: default is no.

Every route names its need by the type of a parameter (`Reader`, `Runner`, `Decider` …, each a permission of
`daytwo_actions.roles`) or says in `PUBLIC` why it needs nobody. `undeclared_routes` finds the ones that do neither,
and the application refuses to start with one. What somebody may do to which object is `daytwo_actions.policy`; this is
only the outer door.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal

from fastapi import Depends, Request
from fastapi.dependencies.models import Dependant
from fastapi.routing import iter_route_contexts
from starlette.routing import BaseRoute

from daytwo_actions.policy import Answer
from daytwo_actions.roles import Permission, Role, Scope, granted, ref_of, scope_of
from daytwo_api.security import MEANT
from daytwo_store import by_token
from daytwo_store.errors import Forbidden, Unauthenticated
from daytwo_store.ids import EntityRef, PrincipalId


@dataclass(frozen=True, kw_only=True, slots=True)
class Asker:
    principal: PrincipalId
    name: str
    ref: EntityRef | None
    groups: frozenset[str]  # refs, as group:sre, looked up for this request
    roles: frozenset[Role]
    scopes: frozenset[Scope]
    via: Literal["session", "token"]
    token: str | None = None  # id of the token
    actions: frozenset[str] | None = None  # those that a token is for; None: all

    @property
    def belongs(self) -> frozenset[str]:
        """Groups, own ref and roles: what `allow` and `from` entries are compared with."""
        return self.groups | {ref_of(role) for role in self.roles} | ({self.ref} if self.ref else set())

    @property
    def permissions(self) -> frozenset[Permission]:
        """What the roles of this moment open, as far as the session's or token's scopes go."""
        return frozenset(one for one in granted(self.belongs) if scope_of(one) in self.scopes)


# Routes that need nobody, each with its reason.
PUBLIC: Final[dict[str, str]] = {
    "GET /livez": "a probe has no identity; the answer says nothing but 'alive'",
    "GET /readyz": "a probe has no identity; names of parts and whether they answer",
    "GET /metrics": "scraped without identity; numbers and route names only, never a value from a run",
    "GET /api/v1/session": "lists the example people, on loopback only; otherwise empty",
    "POST /api/v1/session": "this is the sign-in",
    "DELETE /api/v1/session": "signing out an unknown session is harmless",
    "GET /api/v1/session/oidc": "this is the sign-in; it leads to the identity provider",
    "GET /api/v1/session/oidc/callback": "authenticated by the provider's answer and the cookie of the browser",
    "POST /api/v1/webhooks/{connection}": "authenticated by the vendor's signature over the raw body",
    "POST /api/v1/events/{source}": "authenticated by the source's signature over the raw body, or by its token",
    "POST /api/v1/ci/claim": "authenticated by the CI system's own token, or by that of the attempt",
    "POST /api/v1/ci/report": "authenticated by the CI system's own token, or by that of the attempt",
    "POST /api/v1/ci/secrets": "authenticated by the CI system's own token, or by that of the attempt",
}


class Needs:
    """The dependency that lets a request through with the permission, or answers 401 or 403."""

    def __init__(self, permission: Permission) -> None:
        self.permission = permission

    async def __call__(self, request: Request) -> Asker:
        identity = request.app.state.services.identity
        asker: Asker = await identity.must_be_somebody(request)
        _must_be_meant(request, asker)
        by_token.acts(asker.principal, asker.token)
        answer: Answer = await identity.may(asker, self.permission)
        if not answer.allowed:
            raise Forbidden(f"{answer.why_not} Nothing was done.")
        return asker


def _must_be_meant(request: Request, asker: Asker) -> None:
    """One browser has one session, whoever a window of it was opened by. Raises `Unauthenticated`."""
    if request.headers.get(MEANT, asker.principal) != asker.principal:
        raise Unauthenticated(
            f"This page was opened by somebody else, and {asker.name} has signed in since in another window of this "
            "browser. Nothing was done. Load the page again to go on, or use a private window to be two people."
        )


def needs(permission: Permission) -> Any:
    """For a route to which it does not matter who has the permission: `dependencies=[needs(…)]`."""
    return Depends(Needs(permission))


SignedIn = Annotated[Asker, Depends(Needs(Permission.SELF))]
Reader = Annotated[Asker, Depends(Needs(Permission.READ))]
Runner = Annotated[Asker, Depends(Needs(Permission.RUN))]
Decider = Annotated[Asker, Depends(Needs(Permission.DECIDE))]
LockHolder = Annotated[Asker, Depends(Needs(Permission.LOCKS_HOLD))]
LockForcer = Annotated[Asker, Depends(Needs(Permission.LOCKS_FORCE))]
FreezeManager = Annotated[Asker, Depends(Needs(Permission.FREEZES_MANAGE))]
Stopper = Annotated[Asker, Depends(Needs(Permission.STOP_GLOBAL))]
SecretManager = Annotated[Asker, Depends(Needs(Permission.SECRETS_MANAGE))]
NotificationManager = Annotated[Asker, Depends(Needs(Permission.NOTIFICATIONS_MANAGE))]
Admin = Annotated[Asker, Depends(Needs(Permission.ACCESS_MANAGE))]


def _needs(dependant: Dependant) -> Iterator[Permission]:
    if isinstance(dependant.call, Needs):
        yield dependant.call.permission
    for inner in dependant.dependencies:
        yield from _needs(inner)


@dataclass(frozen=True, slots=True)
class Declared:
    """One method of one route, and the permission that it asks for; None when it asks for nobody."""

    method: str
    path: str
    needs: Permission | None
    endpoint: object

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


def declared_routes(routes: Sequence[BaseRoute]) -> list[Declared]:
    """Every method of every route, those of included routers too (which are not in `app.routes` by themselves)."""
    found = []
    for route in iter_route_contexts(routes):
        dependant = getattr(route, "dependant", None)
        needs = next(_needs(dependant), None) if dependant is not None else None
        found += [
            Declared(method, route.path or "", needs, route.endpoint) for method in sorted(route.methods or {"ANY"})
        ]
    return found


def undeclared_routes(routes: Sequence[BaseRoute]) -> list[str]:
    """Routes that name no need and stand not in `PUBLIC`."""
    return [str(route) for route in declared_routes(routes) if route.needs is None and str(route) not in PUBLIC]
