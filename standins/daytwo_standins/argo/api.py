"""The API's server: who asks; how often; may they; the handler."""

import logging
import math
import time
from collections.abc import Mapping
from functools import partial
from typing import Final

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from daytwo_standins.argo.calls import Call, Json, Operation, Stream, require
from daytwo_standins.argo.config import Token
from daytwo_standins.argo.creating import about_dispatch, about_run
from daytwo_standins.argo.problems import EXHAUSTED, INTERNAL, UNAUTHENTICATED, ApiError, problem
from daytwo_standins.argo.routes import control, general, streams, templates, workflows
from daytwo_standins.argo.standin import Standin
from daytwo_standins.argo.streaming import broken, streamed
from daytwo_standins.shared.answers import Answer, CallEffects
from daytwo_standins.shared.endpoint import Endpoint, as_response

OPERATIONS: Final[tuple[Operation, ...]] = (
    *general.OPERATIONS,
    *templates.OPERATIONS,
    *workflows.OPERATIONS,
    *streams.OPERATIONS,
    *control.OPERATIONS,
)
_LOG: Final = logging.getLogger(__name__)
_UNKNOWN: Final = Operation(name="unknown", method="*", path="/{path:path}", handler=general.version)
_UNKNOWN_CALLER: Final = "token not valid. see https://argo-workflows.readthedocs.io/en/latest/faq/"


def api_app(standin: Standin) -> Starlette:
    """Argo Server's API."""
    routes = [Route(path, _Endpoint(standin, o), methods=[o.method]) for o in OPERATIONS for path in _paths(o)]
    return Starlette(routes=[*routes, Route("/{path:path}", _Endpoint(standin, _UNKNOWN), methods=None)])


def _paths(operation: Operation) -> list[str]:
    """Where an operation is found: lists have an empty namespace too, which means all."""
    everywhere = operation.path.removesuffix("{namespace}")
    return [operation.path, everywhere] if operation.verb in {"list", "watch"} else [operation.path]


class _Endpoint(Endpoint):
    def __init__(self, standin: Standin, operation: Operation) -> None:
        super().__init__(
            operation.name,
            operation.method,
            operation.path,
            faults=standin.faults,
            requests=standin.requests,
            contract=standin.contract,
            problem=problem,
        )
        self._standin = standin
        self._operation = operation

    async def answer(self, request: Request, raw: bytes, effects: CallEffects) -> tuple[Answer, str]:
        login = ""
        try:
            token = self._token(request)
            login = token.login
            self._limit(login)
            return await self._handle(request, raw, effects, token), login
        except ApiError as error:
            if self._operation.streams:
                return broken(error), login
            return Answer(status=error.status, data=error.body(), headers=error.headers), login
        except Exception:  # noqa: BLE001  # the last one: the client gets a 500 as from Argo, we the traceback
            _LOG.exception("%s failed; what it was asked for may or may not have happened", self._operation.name)
            return Answer(status=500, data=ApiError(INTERNAL, "internal error").body(), crashed=True), login

    async def _handle(self, request: Request, raw: bytes, effects: CallEffects, token: Token) -> Answer:
        if self._operation is _UNKNOWN:
            raise ApiError(5, "Not Found")
        call = Call(
            standin=self._standin,
            token=token,
            params=request.path_params,
            query=request.query_params,
            headers=request.headers,
            raw=raw,
            effects=effects,
        )
        require(call, self._operation)
        return await self._operation.handler(call)

    def _token(self, request: Request) -> Token:
        kind, _, value = request.headers.get("authorization", "").partition(" ")
        token = self._standin.token(value.strip()) if kind == "Bearer" else None
        if token is None:
            raise ApiError(UNAUTHENTICATED, _UNKNOWN_CALLER)
        return token

    def _limit(self, login: str) -> None:
        if not self._standin.limits.take(login):
            wait = max(1, math.ceil(self._standin.limits.facts(login)["reset"] - time.time()))
            raise ApiError(EXHAUSTED, "rate limit exceeded", headers={"retry-after": str(wait)})

    def respond(self, request: Request, answer: Answer, login: str, request_id: str) -> Response:  # noqa: ARG002  # the base's
        headers = {**(_limits(self._standin.limits.facts(login)) if login else {}), **answer.headers}
        if isinstance(answer, Stream):
            accept = request.headers.get("accept", "")
            fields = request.query_params.get("fields", "")
            response: Response = streamed(
                answer, accept=accept, fields=fields, passed=partial(self._part, trimmed=bool(fields))
            )
            response.headers.update(headers)
            return response
        return as_response(answer, headers, "application/json")

    def _part(self, one: Json, *, trimmed: bool) -> None:
        self._contract.check_part(self.name, self._method, self._template, one, trimmed=trimmed)

    def about(self, request: Request, raw: bytes) -> str | None:
        """The name, labels and parameters of the workflow that a request is about, for fault rules."""
        if self._operation.name == "dispatch":
            return about_dispatch(raw)
        told = request.path_params
        run = self._standin.engine.runs.live(told.get("namespace", ""), told.get("name", ""))
        return about_run(run) if run is not None else None


def _limits(facts: Mapping[str, int]) -> dict[str, str]:
    return {f"x-rate-limit-{name}": str(facts[name]) for name in ("limit", "remaining", "reset")}
