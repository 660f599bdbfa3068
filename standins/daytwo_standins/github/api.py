"""The API's server: who asks; how often; may they; the handler; ETag."""

import json
import logging
from collections.abc import Mapping
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from daytwo_standins.github.calls import Call, Operation, require
from daytwo_standins.github.config import App, Token, caller
from daytwo_standins.github.html import pages
from daytwo_standins.github.links import Links
from daytwo_standins.github.oidc_routes import token_routes
from daytwo_standins.github.problems import ApiError, not_found
from daytwo_standins.github.routes import apps, artifacts, deployments, general, jobs, repositories, runs, workflows
from daytwo_standins.github.standin import Standin
from daytwo_standins.shared.answers import Answer, CallEffects
from daytwo_standins.shared.endpoint import Endpoint, as_response, conditional

API_V3 = "/api/v3"  # where an Enterprise Server has its API
OPERATIONS: tuple[Operation, ...] = (
    *apps.OPERATIONS,
    *general.OPERATIONS,
    *workflows.OPERATIONS,
    *runs.OPERATIONS,
    *jobs.OPERATIONS,
    *deployments.OPERATIONS,
    *artifacts.OPERATIONS,
    *repositories.OPERATIONS,
)
_LOG = logging.getLogger(__name__)
_JSON = "application/json; charset=utf-8"
_MEDIA = "github.v3; format=json"
_VERSIONS = {"2022-11-28", "2026-03-10"}
_UNKNOWN = Operation(name="unknown", method="*", path="/{path:path}", handler=general.meta)


def api_app(standin: Standin) -> Starlette:
    """GitHub's REST API and, below the same address, very plain pages for people."""
    prefix = API_V3 if standin.config.enterprise else ""
    api = [Route(prefix + o.path, _Endpoint(standin, o), methods=[o.method], name=o.name) for o in OPERATIONS]
    mine = [*api, *pages(standin), *token_routes(standin)]
    return Starlette(routes=[*mine, Route("/{path:path}", _Endpoint(standin, _UNKNOWN), methods=None)])


class _Endpoint(Endpoint):
    def __init__(self, standin: Standin, operation: Operation) -> None:
        super().__init__(
            operation.name,
            operation.method,
            operation.path,
            faults=standin.faults,
            requests=standin.requests,
            contract=standin.contract,
            problem=_problem,
        )
        self._standin = standin
        self._operation = operation

    async def answer(self, request: Request, raw: bytes, effects: CallEffects) -> tuple[Answer, str]:
        login = ""
        try:
            token, app = self._caller(request)
            login = token.login
            self._limit(login)
            return await self._handle(request, raw, effects, token, app), login
        except ApiError as error:
            return Answer(status=error.status, data=error.body(), headers=error.headers), login
        except Exception:  # noqa: BLE001  # the last one: the client gets a 500 as from GitHub, we the traceback
            _LOG.exception("%s failed; what it was asked for may or may not have happened", self._operation.name)
            return Answer(status=500, data=ApiError(500, "Server Error").body(), crashed=True), login

    async def _handle(
        self, request: Request, raw: bytes, effects: CallEffects, token: Token, app: App | None
    ) -> Answer:
        version = request.headers.get("x-github-api-version", "")
        if version and version not in _VERSIONS:
            raise ApiError(
                400, f"'{version}' is not a supported API version. Supported: {', '.join(sorted(_VERSIONS))}."
            )
        if self._operation is _UNKNOWN:
            raise not_found()
        call = Call(
            standin=self._standin,
            token=token,
            links=Links(base=str(request.base_url).rstrip("/"), api=API_V3 if self._standin.config.enterprise else ""),
            params=request.path_params,
            query=request.query_params,
            headers=request.headers,
            raw=raw,
            effects=effects,
            app=app,
        )
        if "owner" in request.path_params and app is None:
            _ = call.repository  # 404 comes before 403: what may not be seen is not there
        if app is None:
            require(token, self._operation.permission)
        return self._conditional(request, await self._operation.handler(call), token.login)

    def _caller(self, request: Request) -> tuple[Token, App | None]:
        """Who asks: the owner of a token, or an App by its signature, where it speaks for itself."""
        kind, _, value = request.headers.get("authorization", "").partition(" ")
        if not value:
            raise ApiError(401, "Requires authentication")
        if self._operation.as_app:
            app = self._standin.apps.signer(value.strip())
            return caller(app.slug, frozenset(), ()), app
        token = self._standin.token(value.strip()) if kind.lower() in {"bearer", "token"} else None
        if token is None:
            raise ApiError(401, "Bad credentials")
        return token, None

    def _limit(self, login: str) -> None:
        if not self._standin.limits.take(login):
            where = "using-the-rest-api/rate-limits-for-the-rest-api"
            raise ApiError(403, f"API rate limit exceeded for user {login}.", documentation=where)

    def _conditional(self, request: Request, answer: Answer, login: str) -> Answer:
        told = conditional(request, answer, content_type=_JSON, cache="private, max-age=60, s-maxage=60")
        if told.status == 304:
            self._standin.limits.give_back(login)
        return told

    def respond(self, request: Request, answer: Answer, login: str, request_id: str) -> Response:  # noqa: ARG002  # the base's
        headers = {
            "x-github-request-id": request_id,
            "x-github-media-type": _MEDIA,
            "x-github-api-version-selected": "2022-11-28",
            **(_limits(self._standin.limits.facts(login)) if login else {}),
            **answer.headers,
        }
        if self._standin.config.enterprise is not None:
            headers["x-github-enterprise-version"] = self._standin.config.enterprise.version
        return as_response(answer, headers, _JSON)

    def about(self, request: Request, raw: bytes) -> str | None:
        """The title and the inputs of the run that a request is about, for fault rules."""
        if self._operation.name == "dispatch":
            return workflows.about_dispatch(raw)
        return about_run(self._standin, request.path_params)


def _limits(facts: Mapping[str, int]) -> dict[str, str]:
    """https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api."""
    return {**{f"x-ratelimit-{name}": str(value) for name, value in facts.items()}, "x-ratelimit-resource": "core"}


def _problem(status: int, message: str) -> dict[str, str]:
    return ApiError(status, message).body()


def about_run(standin: Standin, params: Mapping[str, Any]) -> str | None:
    """What fault rules search for a run that exists."""
    number = str(params.get("run_id", ""))
    run = standin.engine.runs.get(int(number)) if number.isdigit() else None
    return None if run is None else f"{run.accepted.title} {json.dumps(run.accepted.inputs, ensure_ascii=False)}"
