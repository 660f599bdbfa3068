"""The server behind the links to logs and artifacts."""

import asyncio

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, Response, StreamingResponse
from starlette.routing import Route

from daytwo_standins.github.log_links import log_file, storage_error_body
from daytwo_standins.github.standin import Standin
from daytwo_standins.shared.archives import archive
from daytwo_standins.shared.generated_logs import slowly


def storage_app(standin: Standin) -> Starlette:
    """Serves logs and zip files to whoever has a good link, and to nobody who sends a token."""

    async def log(request: Request) -> Response:
        path = log_file(standin.engine, request.path_params["number"])
        refused = _refusal(standin, request) or (None if path else _missing())
        odd = standin.odd_logs.get(request.path_params["number"])
        if refused is None and odd is not None:
            return StreamingResponse(slowly(odd), media_type="text/plain; charset=utf-8")
        return refused or FileResponse(path or "", media_type="text/plain; charset=utf-8")

    async def artifact(request: Request) -> Response:
        found = standin.artifact(request.path_params["number"])
        refused = _refusal(standin, request)
        if refused or found is None:
            return refused or _missing()
        repository = standin.repository(found[0].accepted.repository)
        kind = standin.odd_archives.get(request.path_params["number"], "good")
        if kind == "good" and repository is not None:
            kind = repository.archives
        return Response(await asyncio.to_thread(archive, found[1], kind), media_type="application/zip")

    return Starlette(routes=[Route("/logs/{number:int}", log), Route("/artifacts/{number:int}", artifact)])


def _refusal(standin: Standin, request: Request) -> Response | None:
    if "authorization" in request.headers:
        return _error(403, "AuthenticationFailed", "This link must be followed without a token.")
    until, signature = request.query_params.get("until", ""), request.query_params.get("signature", "")
    if not standin.log_links.good(request.url.path.lstrip("/"), until, signature):
        return _error(403, "AuthenticationFailed", "The link is not valid or has expired; ask for another.")
    return None


def _missing() -> Response:
    return _error(404, "BlobNotFound", "The specified blob does not exist.")


def _error(status: int, code: str, message: str) -> Response:
    return Response(storage_error_body(code, message), status, media_type="application/xml")
