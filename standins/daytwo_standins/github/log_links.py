"""Links to logs and artifacts: another address than the API's, signed, short-lived, spoilt by an Authorization header.

So is GitHub's storage: a client that follows the redirect with its token is refused there.
"""

import hashlib
import hmac
import secrets
import time
from pathlib import Path

from daytwo_standins.github.engine import Engine
from daytwo_standins.github.runs import split_job_id


def storage_error_body(code: str, message: str) -> bytes:
    """An error as the storage behind GitHub writes it."""
    text = f'\ufeff<?xml version="1.0" encoding="utf-8"?><Error><Code>{code}</Code><Message>{message}</Message></Error>'
    return text.encode()


class LogLinks:
    """Makes and checks links; the key lives as long as the process, so old links die with it."""

    def __init__(self, *, port: int, seconds: float) -> None:
        self._port = port
        self._seconds = seconds
        self._key = secrets.token_bytes(32)

    def make(self, base: str, place: str) -> str:
        """A link to a place below the storage, on the host name that the client used for the API (``base``)."""
        scheme, _, rest = base.partition("://")
        until = int(time.time() + self._seconds)
        host = rest.rpartition(":")[0] or rest
        return f"{scheme}://{host}:{self._port}/{place}?until={until}&signature={self._sign(place, until)}"

    def good(self, place: str, until: str, signature: str) -> bool:
        """Whether a link is ours and has not expired."""
        if not until.isdigit():
            return False
        return hmac.compare_digest(self._sign(place, int(until)), signature) and time.time() <= int(until)

    def _sign(self, place: str, until: int) -> str:
        return hmac.new(self._key, f"{place}:{until}".encode(), hashlib.sha256).hexdigest()


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
