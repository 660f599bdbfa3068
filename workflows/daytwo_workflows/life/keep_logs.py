"""Logs of ended jobs: bytes → lines → masked → kept, going on where a crash stopped it (A12)."""

from collections.abc import AsyncIterator, Callable, Sequence

import structlog

from daytwo_actions.backends.base import Backend, Job, LogsNotReady
from daytwo_actions.logs import Cleaner, first_error
from daytwo_store import logs, runs
from daytwo_store.ids import RunId, StepPath
from daytwo_store.logs import Source
from daytwo_store.states import EXTERNAL_ENDS, ExternalStatus
from daytwo_store.tables import AttemptRow
from daytwo_workflows.life import requests
from daytwo_workflows.life.context import Life

log = structlog.get_logger()
_LINES = 2000  # lines per chunk


async def keep_logs(
    life: Life, backend: Backend, attempt: AttemptRow, jobs: Sequence[Job], beat: Callable[[], None], *, last: bool
) -> bool:
    """Keep the log of every ended job that is not kept yet. False when one may still come: ask again.

    `last`: a log that is not there now is taken for one that never will be. Raises `BackendUnreachable`.
    """
    complete = True
    for job in sorted(jobs, key=lambda job: (job.started_at is None, job.started_at, job.id)):
        if job.status in EXTERNAL_ENDS:
            complete = await _keep(life, backend, attempt, job, beat, last=last) and complete
    return complete


async def _keep(
    life: Life, backend: Backend, attempt: AttemptRow, job: Job, beat: Callable[[], None], *, last: bool
) -> bool:
    source = Source(run=RunId(attempt.run_id), path=StepPath(attempt.path), job=job.id, name=job.name)
    async with life.store.read() as session:
        kept, done = await logs.kept(session, source)
        used = (await runs.peek(session, source.run)).log_bytes
    if done:
        return True
    cleaner = Cleaner(secrets=life.secrets, limit=max(0, life.log_limit - used))
    try:
        async for chunk, end in _chunks(cleaner, backend.logs(requests.target_of(attempt), job.id), skip=kept):
            beat()
            async with life.store.write() as tx:
                if not await logs.append(
                    tx, source, chunk, before=kept, done=end, error_at=first_error(chunk) if _bad(job) else None
                ):
                    return True  # another worker keeps this log
            kept += len(chunk)
    except LogsNotReady as nothing:
        if not last and job.started_at is not None and job.status is not ExternalStatus.SKIPPED:
            return False
        log.info("logs.none", run=source.run, job=job.id, why=str(nothing))
        said = await _annotations(life, backend, attempt, job)
        async with life.store.write() as tx:
            await logs.append(tx, source, said, before=kept, done=True, error_at=first_error(said))
    return True


async def _annotations(life: Life, backend: Backend, attempt: AttemptRow, job: Job) -> list[str]:
    """What the CI system notes on a failed job that has no log: that it could not even start, for example."""
    if not _bad(job):
        return []
    cleaner = Cleaner(secrets=life.secrets, limit=life.log_limit)
    messages = await backend.annotations(requests.target_of(attempt), job.id)
    lines = [line for message in messages for line in cleaner.feed(f"##[error]{message}\n".encode())]
    return lines + cleaner.end()


def _bad(job: Job) -> bool:
    return job.status is ExternalStatus.FAILED


async def _chunks(
    cleaner: Cleaner, pieces: AsyncIterator[bytes], *, skip: int
) -> AsyncIterator[tuple[list[str], bool]]:
    """Lists of clean lines, without the first `skip`; the last one comes with True, and may be empty."""
    pending: list[str] = []
    async for piece in pieces:
        pending += cleaner.feed(piece)
        skip, pending = _drop(skip, pending)
        while len(pending) > _LINES:
            yield pending[:_LINES], False
            pending = pending[_LINES:]
    pending += cleaner.end()
    skip, pending = _drop(skip, pending)
    yield pending, True


def _drop(skip: int, lines: list[str]) -> tuple[int, list[str]]:
    dropped = min(skip, len(lines))
    return skip - dropped, lines[dropped:]
