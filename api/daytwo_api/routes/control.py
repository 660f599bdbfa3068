"""Who am I, tokens, connections, locks, and the stream that tells a page to look again."""

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Path, Request, Response, status
from fastapi.responses import StreamingResponse

from daytwo_actions.roles import Permission
from daytwo_api.asker import Reader, SignedIn, needs
from daytwo_api.deps import Cursor, Limit, ServicesDep
from daytwo_api.views.access import MayRequest
from daytwo_api.views.common import Page, Permitted
from daytwo_api.views.control import (
    ConnectionView,
    Me,
    RefusedWebhookView,
    SignInRequest,
    SignInView,
    TokenCreated,
    TokenRequest,
    TokenView,
    WebhookView,
)

router = APIRouter()


@router.get("/me", tags=["identity"], summary="Who the server takes you for", operation_id="getMe")
async def get_me(by: SignedIn, services: ServicesDep) -> Me:
    return await services.identity.me(by)


@router.post("/me/may", tags=["identity"], summary="May I do this, and if not, why not", operation_id="mayI")
async def may_i(asked: MayRequest, by: SignedIn, services: ServicesDep) -> Permitted:
    return await services.access.may(by, asked)


@router.get("/session", tags=["identity"], summary="Ways to sign in", operation_id="getSignIn")
async def get_sign_in(services: ServicesDep) -> SignInView:
    return await services.identity.choices()


@router.post("/session", tags=["identity"], summary="Sign in as an example person", operation_id="signIn")
async def sign_in(asked: SignInRequest, request: Request, response: Response, services: ServicesDep) -> Me:
    return await services.identity.sign_in(asked, request, response)


@router.delete(
    "/session",
    tags=["identity"],
    status_code=status.HTTP_204_NO_CONTENT,
    summary="Sign out",
    operation_id="signOut",
)
async def sign_out(request: Request, response: Response, services: ServicesDep) -> None:
    await services.identity.sign_out(request, response)


@router.get("/tokens", tags=["identity"], summary="Your tokens, never their secrets", operation_id="listTokens")
async def list_tokens(by: SignedIn, services: ServicesDep) -> Page[TokenView]:
    return await services.identity.tokens(by)


@router.get(
    "/tokens/everybody",
    tags=["identity"],
    summary="Tokens of everybody with their owners, newest first",
    operation_id="listEverybodysTokens",
    dependencies=[needs(Permission.ACCESS_MANAGE)],
)
async def list_everybodys_tokens(
    services: ServicesDep,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[TokenView]:
    return await services.identity.everybodys_tokens(cursor=cursor, limit=limit)


@router.post(
    "/tokens",
    tags=["identity"],
    status_code=status.HTTP_201_CREATED,
    summary="A new token; its secret is shown once",
    operation_id="createToken",
)
async def create_token(asked: TokenRequest, by: SignedIn, services: ServicesDep) -> TokenCreated:
    return await services.identity.create_token(by, asked)


@router.delete(
    "/tokens/{token}",
    tags=["identity"],
    status_code=status.HTTP_204_NO_CONTENT,
    summary="Revoke a token",
    operation_id="revokeToken",
)
async def revoke_token(token: str, by: SignedIn, services: ServicesDep) -> None:
    await services.identity.revoke_token(by, token)


@router.get(
    "/connections",
    tags=["control"],
    summary="CI systems and their health",
    operation_id="listConnections",
    dependencies=[needs(Permission.READ)],
)
async def list_connections(services: ServicesDep) -> Page[ConnectionView]:
    return await services.overview.connections()


@router.get(
    "/connections/{name}/webhooks",
    tags=["control"],
    summary="Verified deliveries of a CI system, newest first",
    operation_id="listWebhooks",
    dependencies=[needs(Permission.WEBHOOKS_READ)],
)
async def list_webhooks(
    by: Reader,
    name: Annotated[str, Path(max_length=200)],
    services: ServicesDep,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[WebhookView]:
    return await services.overview.webhooks(by, name, cursor=cursor, limit=limit)


@router.get(
    "/connections/{name}/webhooks/refused",
    tags=["control"],
    summary="Why deliveries of a CI system were refused, the last one first; the newest hundred reasons and addresses",
    operation_id="listRefusedWebhooks",
    dependencies=[needs(Permission.WEBHOOKS_READ)],
)
async def list_refused_webhooks(
    name: Annotated[str, Path(max_length=200)], services: ServicesDep
) -> Page[RefusedWebhookView]:
    return await services.overview.refused_webhooks(name)


@router.get(
    "/events",
    tags=["control"],
    summary="Hints that lists have changed (server-sent events: runs, approvals)",
    operation_id="watchLists",
    response_class=StreamingResponse,
    responses={200: {"content": {"text/event-stream": {}}}},
)
async def watch_lists(by: Reader, request: Request, services: ServicesDep) -> StreamingResponse:
    return await services.live.lists(by, partial(services.identity.still, request))
