"""The API's server: who asks; how often; may they; the handler; ETag."""

import json
import logging
import time
from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp

from daytwo_standins.gitlab.calls import Call
from daytwo_standins.gitlab.config import Role, Token
from daytwo_standins.gitlab.pipelines import split_job_id
from daytwo_standins.gitlab.problems import (
    ApiError,
    forbidden,
    insufficient_scope,
    invalid_token,
    not_found,
    problem,
)
from daytwo_standins.gitlab.routes import creation, deployments, general, jobs, pipelines, repositories
from daytwo_standins.gitlab.routing import Operation, Router
from daytwo_standins.gitlab.standin import Standin
from daytwo_standins.shared.answers import Answer, CallEffects
from daytwo_standins.shared.endpoint import Endpoint, as_response, conditional

OPERATIONS: tuple[Operation, ...] = (
    *general.OPERATIONS,
    *creation.OPERATIONS,
    *pipelines.OPERATIONS,
    *jobs.OPERATIONS,
    *deployments.OPERATIONS,
    *repositories.OPERATIONS,
)
_LOG = logging.getLogger(__name__)
_JSON = "application/json"
_CACHE = "max-age=0, private, must-revalidate"
_READS = {"GET", "HEAD"}


def api_app(standin: Standin) -> ASGIApp:
    """GitLab's REST API, and very plain pages for people below the same address."""
    return _Api(standin)


class _Api:
    """All operations as one ASGI application, so that a fault can take the connection away."""

    def __init__(self, standin: Standin) -> None:
        self._standin = standin
        self._router = Router(OPERATIONS)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        path = scope.get("raw_path", b"").decode("latin-1").partition("?")[0]
        operation, params = self._router.find(scope["method"], path)
        await _Endpoint(self._standin, operation, params, path)(scope, receive, send)


class _Endpoint(Endpoint):
    """One request, with the operation that its path means and what stands in it."""

    def __init__(self, standin: Standin, operation: Operation | None, params: dict[str, str], path: str) -> None:
        super().__init__(
            operation.name if operation else "unknown",
            operation.method if operation else "*",
            operation.path if operation else path,
            faults=standin.faults,
            requests=standin.requests,
            contract=standin.contract,
            problem=problem,
        )
        self._standin = standin
        self._operation = operation
        self._params = params
        self._path = path

    def path(self, request: Request) -> str:  # noqa: ARG002  # the base's
        return self._path

    def variables(self, request: Request) -> Mapping[str, str]:  # noqa: ARG002  # the base's
        return self._params

    async def answer(self, request: Request, raw: bytes, effects: CallEffects) -> tuple[Answer, str]:
        operation = self._operation
        login = ""
        try:
            if operation is None:
                return Answer(status=404, data={"error": "404 Not Found"}), login
            token = self._token(request, operation)
            login = token.login if token else ""
            if login and not self._standin.limits.take(login):
                ends = self._standin.limits.facts(login)["reset"]
                wait = str(max(1, ends - int(time.time())))
                return Answer(status=429, raw=b"Retry later\n", headers={"retry-after": wait}), login
            call = Call(
                standin=self._standin,
                token=token,
                base=str(request.base_url).rstrip("/"),
                path=self._path,
                params=self._params,
                query=request.query_params,
                headers=request.headers,
                raw=raw,
                effects=effects,
            )
            _require(call, operation)
            answer = await operation.handler(call)
            return conditional(request, answer, content_type=_JSON, cache=_CACHE), login
        except ApiError as error:
            if isinstance(error.body, str):
                return Answer(status=error.status, raw=error.body.encode(), headers=error.headers), login
            return Answer(status=error.status, data=error.body, headers=error.headers), login
        except Exception:  # noqa: BLE001  # the last one: the client gets a 500 as from GitLab, we the traceback
            _LOG.exception("%s failed; what it was asked for may or may not have happened", operation)
            return Answer(status=500, data=problem(500, "Internal Server Error"), crashed=True), login

    def _token(self, request: Request, operation: Operation) -> Token | None:
        kind, _, bearer = request.headers.get("authorization", "").partition(" ")
        value = request.headers.get("private-token", "") or (bearer.strip() if kind.lower() == "bearer" else "")
        if operation.public:
            return None
        found = self._standin.token(value) if value else None
        if found is None:
            raise ApiError(401, problem(401, "Unauthorized"))
        if found.revoked:
            raise invalid_token("Token was revoked. You have to re-authorize from the user.")
        if found.expired:
            raise invalid_token("Token is expired. You can either do re-authorization or token refresh.")
        return found

    def respond(self, request: Request, answer: Answer, login: str, request_id: str) -> Response:  # noqa: ARG002  # the base's
        headers = {
            "x-request-id": request_id,
            "x-gitlab-meta": json.dumps({"correlation_id": request_id, "version": "1"}),
            **(_limits(self._standin.limits.facts(login)) if login else {}),
            **answer.headers,
        }
        return as_response(answer, headers, _JSON)

    def about(self, request: Request, raw: bytes) -> str | None:  # noqa: ARG002  # the base's
        """The name, inputs and variables of the pipeline that a request is about, for fault rules."""
        params = self._params
        if self.name in {"dispatch", "trigger"}:
            return creation.about(raw)
        number = params.get("pipeline_id", "")
        job = params.get("job_id", params.get("deployment_id", ""))
        if job.isdigit():
            number = str(split_job_id(int(job))[0])
        pipeline = self._standin.engine.pipelines.get(int(number)) if number.isdigit() else None
        return None if pipeline is None else pipeline.about


def _require(call: Call, operation: Operation) -> None:
    """404 comes before 403: what may not be seen is not there."""
    token = call.token
    if token is None:
        return
    if "id" in call.params:
        _ = call.project
    allowed = {"api", "read_api"} if operation.method in _READS else {"api"}
    if operation.name == "get_user":
        allowed |= {"read_user"}
    if operation.name == "raw_file":
        allowed |= {"read_repository"}
    if not allowed & token.scopes:
        raise insufficient_scope(" ".join(sorted(allowed)))
    if "id" in call.params and token.role < operation.role:
        raise forbidden() if token.role >= Role.GUEST else not_found()


def _limits(facts: Mapping[str, int]) -> dict[str, str]:
    """https://docs.gitlab.com/administration/settings/user_and_ip_rate_limits/#response-headers."""
    return {
        "ratelimit-limit": str(facts["limit"]),
        "ratelimit-observed": str(facts["used"]),
        "ratelimit-remaining": str(facts["remaining"]),
        "ratelimit-reset": str(facts["reset"]),
        "ratelimit-name": "throttle_authenticated_api",
    }
