"""The API's server: every request goes the same way.

Faults that strike before; who asks; how often; may they; the handler; ETag; faults that strike after; the request log.
"""

import hashlib
import json
import logging
import secrets
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
from daytwo_standins.shared.contract import Exchange
from daytwo_standins.shared.durable_lines import monotonic
from daytwo_standins.shared.fault_actions import Hung, Plot, hung_response

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
_READS = {"GET", "HEAD"}
# Left out of the description, or described wrongly: branches by a number, the approvals of a deployment as one, the
# success of a cancel as 201 (the server answers 200, as its source says). The body of `trigger` holds a token, which
# must not get into a log with what is wrong about it.
_NOT_DESCRIBED = frozenset(
    {"unknown", "list_tags", "get_tag", "list_tree", "keys", "openid_configuration"}
    | {"get_branch", "get_deployment", "cancel", "get_artifact", "trigger"}
)


def api_app(standin: Standin) -> ASGIApp:
    """GitLab's REST API, and very plain pages for people below the same address."""
    return _Api(standin)


class _Api:
    """All operations as one ASGI application, so that a fault can take the connection away."""

    def __init__(self, standin: Standin) -> None:
        self._standin = standin
        self._router = Router(OPERATIONS)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        request = Request(scope, receive)
        begun, request_id = time.time(), secrets.token_hex(13).upper()
        raw = await request.body()
        path = scope.get("raw_path", b"").decode("latin-1").partition("?")[0]
        operation, params = self._router.find(request.method, path)
        name = operation.name if operation else "unknown"
        plot = Plot(self._standin.faults.strike(name, self._about(name, params, raw)), problem)
        violations: list[str] = []
        try:
            answer = await plot.before()
            login = ""
            if answer is None:
                answer, login = await self._answer(request, operation, params, path, raw, plot.effects)
                violations = self._violations(request, name, path, raw, answer)
                answer = await plot.after(answer)
            self._log(request, name, path, answer.status, login, begun, request_id, plot, violations)
            response = plot.shape(self._response(answer, login, request_id))
        except Hung as hung:
            self._log(request, name, path, 0, "", begun, request_id, plot, violations)
            response = hung_response(hung)
        await response(scope, receive, send)

    async def _answer(
        self,
        request: Request,
        operation: Operation | None,
        params: dict[str, str],
        path: str,
        raw: bytes,
        effects: CallEffects,
    ) -> tuple[Answer, str]:
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
                path=path,
                params=params,
                query=request.query_params,
                headers=request.headers,
                raw=raw,
                effects=effects,
            )
            _require(call, operation)
            return _conditional(request, await operation.handler(call)), login
        except ApiError as error:
            if isinstance(error.body, str):
                return Answer(status=error.status, raw=error.body.encode(), headers=error.headers), login
            return Answer(status=error.status, data=error.body, headers=error.headers), login
        except Exception:  # noqa: BLE001  # the last one: the client gets a 500 as from GitLab, we the traceback
            _LOG.exception("%s failed; what it was asked for may or may not have happened", operation)
            return Answer(status=500, data=problem(500, "Internal Server Error")), login

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

    def _violations(self, request: Request, name: str, path: str, raw: bytes, answer: Answer) -> list[str]:
        """What is not as GitLab describes it, where its description is at hand."""
        contract = self._standin.contract
        if contract is None or name in _NOT_DESCRIBED or answer.status in {304, 500}:
            return []
        query = tuple(request.query_params.multi_items())
        exchange = Exchange(method=request.method, path=path, query=query, body=raw, answer=answer)
        return contract.violations(exchange)

    def _response(self, answer: Answer, login: str, request_id: str) -> Response:
        headers = {
            "x-request-id": request_id,
            "x-gitlab-meta": json.dumps({"correlation_id": request_id, "version": "1"}),
            **(_limits(self._standin.limits.facts(login)) if login else {}),
            **answer.headers,
        }
        if answer.raw is not None or answer.data is None:
            return Response(answer.raw, answer.status, headers=headers)
        body = json.dumps(answer.data, ensure_ascii=False).encode()
        return Response(body, answer.status, headers={"content-type": _JSON, **headers})

    def _about(self, name: str, params: Mapping[str, str], raw: bytes) -> str | None:
        """The name, inputs and variables of the pipeline that a request is about, for fault rules."""
        if name in {"dispatch", "trigger"}:
            return creation.about(raw)
        number = params.get("pipeline_id", "")
        job = params.get("job_id", params.get("deployment_id", ""))
        if job.isdigit():
            number = str(split_job_id(int(job))[0])
        pipeline = self._standin.engine.pipelines.get(int(number)) if number.isdigit() else None
        return None if pipeline is None else pipeline.about

    def _log(
        self,
        request: Request,
        name: str,
        path: str,
        status: int,
        login: str,
        begun: float,
        request_id: str,
        plot: Plot,
        violations: list[str],
    ) -> None:
        self._standin.requests.add(
            {
                "operation": name,
                "method": request.method,
                "path": path,
                "query": request.url.query,
                "status": status,
                "login": login,
                "at": begun,
                "monotonic": monotonic(),
                "seconds": round(time.time() - begun, 6),
                "request_id": request_id,
                "faults": plot.ids,
                "violations": violations,
            }
        )


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


def _conditional(request: Request, answer: Answer) -> Answer:
    if request.method != "GET" or answer.status != 200 or answer.data is None:
        return answer
    body = json.dumps(answer.data, ensure_ascii=False).encode()
    tag = f'W/"{hashlib.sha256(body).hexdigest()[:32]}"'
    headers = {**answer.headers, "etag": tag, "cache-control": "max-age=0, private, must-revalidate"}
    if tag in [one.strip() for one in request.headers.get("if-none-match", "").split(",")]:
        return Answer(status=304, raw=b"", headers=headers)
    return Answer(status=200, raw=body, headers={"content-type": _JSON, **headers})


def _limits(facts: Mapping[str, int]) -> dict[str, str]:
    """https://docs.gitlab.com/administration/settings/user_and_ip_rate_limits/#response-headers."""
    return {
        "ratelimit-limit": str(facts["limit"]),
        "ratelimit-observed": str(facts["used"]),
        "ratelimit-remaining": str(facts["remaining"]),
        "ratelimit-reset": str(facts["reset"]),
        "ratelimit-name": "throttle_authenticated_api",
    }
