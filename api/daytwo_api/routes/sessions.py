"""Signing in through the identity provider, and the end of sessions."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.responses import RedirectResponse

from daytwo_actions.roles import Permission
from daytwo_api.asker import Admin, SignedIn, needs
from daytwo_api.deps import Cursor, ServicesDep
from daytwo_api.views.common import Page
from daytwo_api.views.control import Ended, SessionView
from daytwo_api.views.people import PrincipalView

router = APIRouter(tags=["identity"])


@router.get(
    "/session/oidc",
    summary="Go to the identity provider to sign in",
    operation_id="beginSignIn",
    response_class=RedirectResponse,
    status_code=303,
)
async def begin_sign_in(
    services: ServicesDep,
    back_to: Annotated[str, Query(max_length=1000, description="path of our page to come back to")] = "/",
) -> Response:
    return services.sign_in.begin(back_to)


@router.get(
    "/session/oidc/callback",
    summary="Come back from the identity provider",
    operation_id="finishSignIn",
    response_class=RedirectResponse,
    status_code=303,
)
async def finish_sign_in(request: Request, services: ServicesDep) -> Response:
    return await services.sign_in.finish(request)


@router.get("/sessions", summary="Your sessions that are still good", operation_id="listSessions")
async def list_sessions(by: SignedIn, request: Request, services: ServicesDep) -> Page[SessionView]:
    return await services.sessions.mine(by, request)


@router.delete("/sessions", summary="Sign out everywhere", operation_id="endSessions")
async def end_sessions(by: SignedIn, response: Response, services: ServicesDep) -> Ended:
    return await services.sessions.end_mine(by, response)


@router.get(
    "/principals",
    summary="Who is let in, by name",
    operation_id="listPrincipals",
    dependencies=[needs(Permission.ACCESS_MANAGE)],
)
async def list_principals(
    services: ServicesDep,
    q: Annotated[str | None, Query(max_length=200, description="text in the name or the ref")] = None,
    cursor: Cursor = None,
    limit: Annotated[int, Query(ge=1, le=50)] = 25,
) -> Page[PrincipalView]:
    return await services.people.page(q, cursor=cursor, limit=limit)


@router.delete(
    "/principals/{principal}/access",
    summary="End somebody's sessions, tokens and delegations",
    operation_id="endAccess",
)
async def end_access(principal: Annotated[str, Path(max_length=200)], by: Admin, services: ServicesDep) -> Ended:
    return await services.sessions.end_access(by, principal)
