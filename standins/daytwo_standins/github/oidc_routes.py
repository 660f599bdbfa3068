"""Where jobs get their tokens, and everybody the keys that these are signed with. Not part of the REST API."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from daytwo_standins.github.oidc import PLACE
from daytwo_standins.github.standin import Standin


def token_routes(standin: Standin) -> list[Route]:
    """The routes of the issuer."""
    tokens = standin.tokens

    async def discovery(_: Request) -> Response:
        return JSONResponse(tokens.issuer.configuration())

    async def keys(_: Request) -> Response:
        return JSONResponse(tokens.issuer.keys())

    async def token(request: Request) -> Response:
        run = standin.engine.runs.get(request.path_params["run"])
        kind, _, given = request.headers.get("authorization", "").partition(" ")
        if run is None or kind.lower() != "bearer" or not tokens.allows(run, request.path_params["attempt"], given):
            return JSONResponse({"message": "This job may not have a token."}, 401)
        repository = standin.repository(run.accepted.repository)
        if repository is None:
            return JSONResponse({"message": "The repository is gone."}, 404)
        audience = request.query_params.get("audience") or f"{standin.url}/{repository.owner}"
        value = tokens.token(run, repository, audience)
        return JSONResponse({"count": len(value), "value": value})

    return [
        Route(f"{PLACE}/.well-known/openid-configuration", discovery),
        Route(f"{PLACE}/.well-known/jwks", keys),
        Route(f"{PLACE}/request/{{run:int}}/{{attempt:int}}", token),
    ]
