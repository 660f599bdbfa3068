"""Links to logs: another address than the API's, signed, short-lived, and spoilt by an Authorization header.

So is GitHub's storage: a client that follows the redirect with its token is refused there.
"""

import hashlib
import hmac
import secrets
import time
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route

from daytwo_standins.github.engine import Engine
from daytwo_standins.github.runs import split_job_id


def storage_error(status: int, code: str, message: str) -> Response:
    """An error as the storage behind GitHub writes it."""
    return Response(storage_error_body(code, message), status, media_type="application/xml")


def storage_error_body(code: str, message: str) -> bytes:
    """The text of such an error."""
    text = f'\ufeff<?xml version="1.0" encoding="utf-8"?><Error><Code>{code}</Code><Message>{message}</Message></Error>'
    return text.encode()


class LogLinks:
    """Makes and checks links; the key lives as long as the process, so old links die with it."""

    def __init__(self, *, port: int, seconds: float) -> None:
        self._port = port
        self._seconds = seconds
        self._key = secrets.token_bytes(32)

    def make(self, scheme: str, host: str, job: int) -> str:
        """A link to the log of a job, on the host name that the client used."""
        until = int(time.time() + self._seconds)
        return f"{scheme}://{host}:{self._port}/logs/{job}?until={until}&signature={self._sign(job, until)}"

    def good(self, job: int, until: str, signature: str) -> bool:
        """Whether a link is ours and has not expired."""
        if not until.isdigit():
            return False
        return hmac.compare_digest(self._sign(job, int(until)), signature) and time.time() <= int(until)

    def _sign(self, job: int, until: int) -> str:
        return hmac.new(self._key, f"{job}:{until}".encode(), hashlib.sha256).hexdigest()


def log_file(engine: Engine, number: int) -> Path | None:
    """The log of a job that has ended, or None."""
    run_id, attempt_number, index = split_job_id(number)
    run = engine.runs.get(run_id)
    attempt = run.attempt(attempt_number) if run else None
    if run is None or attempt is None:
        return None
    job = next((job for job in attempt.jobs if job.index == index), None)
    if job is None or job.completed_at is None:
        return None
    path = run.log_file(job, attempt_number)
    return path if path.exists() else None


def blob_app(links: LogLinks, engine: Engine) -> Starlette:
    """The server behind the links."""

    async def serve(request: Request) -> Response:
        if "authorization" in request.headers:
            return storage_error(403, "AuthenticationFailed", "This link must be followed without a token.")
        job = int(request.path_params["job"])
        if not links.good(job, request.query_params.get("until", ""), request.query_params.get("signature", "")):
            return storage_error(403, "AuthenticationFailed", "The link is not valid or has expired; ask for another.")
        path = log_file(engine, job)
        if path is None:
            return storage_error(404, "BlobNotFound", "The specified blob does not exist.")
        return FileResponse(path, media_type="text/plain; charset=utf-8")

    return Starlette(routes=[Route("/logs/{job:int}", serve)])
