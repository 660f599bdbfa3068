"""Every error as problem details (RFC 9457), made in one place. What is inside an unexpected one stays in our log."""

import secrets
from collections.abc import Iterable, Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.routing import compile_path

from daytwo_api.asker import declared_routes
from daytwo_api.views.common import Fault, Problem
from daytwo_store.errors import DaytwoError

MEDIA_TYPE: Final = "application/problem+json"
_AGAIN: Final = "2"  # seconds after which something unavailable is worth another try
_LATER: Final = "10"  # after too many refusals
_HEADERS: Final[Mapping[int, Mapping[str, str]]] = {
    401: {"WWW-Authenticate": "Bearer"},
    429: {"Retry-After": _LATER},
    503: {"Retry-After": _AGAIN},
}
_UNEXPECTED: Final = (
    "Something went wrong on our side, and it is not known how far this request got. Look at what you wanted to change "
    "before you try again; with the same Idempotency-Key a second try is safe. Tell an administrator the request id."
)
_UNKNOWN: Final[Mapping[int, tuple[str, str]]] = {
    404: ("not-found", "There is nothing at this address. Nothing was done. The addresses stand in openapi.json."),
    405: (
        "method-not-allowed",
        "This address does not take this method. Nothing was done. `Allow` names those it takes.",
    ),
    400: ("malformed", "The request could not be read: it is not JSON as it says. Nothing was done."),
}


def request_id(scope: Mapping[str, Any]) -> str:
    """The id under which this request stands in our log."""
    return str(scope.get("state", {}).get("request_id") or new_request_id())


def new_request_id() -> str:
    return f"q_{secrets.token_hex(9)}"


def respond(problem: Problem, headers: Mapping[str, str] | None = None) -> Response:
    return Response(
        problem.model_dump_json(), status_code=problem.status, media_type=MEDIA_TYPE, headers=dict(headers or {})
    )


def of_error(error: DaytwoError, request: str) -> Response:
    """The answer to one of our own errors."""
    faults = [Fault(pointer=fault.pointer, detail=fault.detail) for fault in error.errors]
    problem = Problem(
        type=error.type,
        title=error.title,
        status=error.status,
        detail=error.detail,
        request_id=request,
        errors=faults,
    )
    return respond(problem, _HEADERS.get(error.status))


def unexpected(request: str) -> Response:
    """The answer to what should not have happened."""
    return respond(
        Problem(type="internal", title=DaytwoError.title, status=500, detail=_UNEXPECTED, request_id=request)
    )


def install(app: FastAPI) -> None:
    """Answer the errors that reach FastAPI's own handling. The routes have to be there."""
    allowed = _Allowed(app)

    @app.exception_handler(DaytwoError)
    async def ours(request: Request, error: DaytwoError) -> Response:
        return of_error(error, request_id(request.scope))

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> Response:
        return _invalid(error.errors(), request_id(request.scope))

    @app.exception_handler(HTTPException)
    async def routing(request: Request, error: HTTPException) -> Response:
        if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
            error.headers = {"Allow": allowed.at(request.url.path)}
        return _routing(error, request_id(request.scope))


class _Allowed:
    """What each address takes: the router names the methods of the first route only that has this address."""

    def __init__(self, app: FastAPI) -> None:
        methods: dict[str, set[str]] = {}
        for route in declared_routes(app.routes):
            methods.setdefault(route.path, set()).add(route.method)
        self._here = methods
        self._methods = [(compile_path(path)[0], several) for path, several in methods.items()]

    def at(self, path: str) -> str:
        """Of an address that has a place of its own in the contract, what it takes there."""
        if path in self._here:
            return ", ".join(sorted(self._here[path]))
        fitting = (several for pattern, several in self._methods if pattern.match(path))
        return ", ".join(sorted(set().union(*fitting)))


MAX_FAULTS: Final = 100  # told of one request: an answer is not to be many times as long as what was asked


def _invalid(errors: Sequence[Any], request: str) -> Response:
    faults = [Fault(pointer=_pointer(error["loc"]), detail=_sentence(error)) for error in errors[:MAX_FAULTS]]
    said = "; ".join(f"{fault.pointer or '/'}: {fault.detail}" for fault in faults[:5])
    problem = Problem(
        type="invalid-request",
        title="The request is not what this address takes",
        status=422,
        detail=f"Nothing was done, because the request has mistakes. Mend them and send it again. {said}",
        request_id=request,
        errors=faults,
    )
    return respond(problem)


def _sentence(error: Mapping[str, Any]) -> str:
    match error["type"]:
        case "missing":
            return "is missing"
        case "extra_forbidden":
            return "is not known here; leave it out"
        case "json_invalid":
            return "is not JSON"
        case _:
            said = str(error["msg"])
            return f"{said[0].lower()}{said[1:]}"


def _pointer(place: Iterable[object]) -> str:
    """A pointer into what was sent: /inputs/version in the body, /query/limit, /path/name, /header/… elsewhere."""
    first, *rest = [str(part).replace("~", "~0").replace("/", "~1") for part in place]
    return "".join(f"/{part}" for part in (rest if first == "body" else [first, *rest]))


def _routing(error: HTTPException, request: str) -> Response:
    phrase = HTTPStatus(error.status_code).phrase
    kind, detail = _UNKNOWN.get(error.status_code, ("http", f"{phrase}. Nothing was done."))
    problem = Problem(type=kind, title=phrase, status=error.status_code, detail=detail, request_id=request)
    return respond(problem, error.headers)
