"""Logs of jobs: bytes → lines → masked → kept, going on where the last look or a crash stopped (A12)."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable, Iterator, Sequence
from contextlib import aclosing
from datetime import timedelta
from typing import Final

import structlog

from daytwo_actions.backends.base import Backend, LogsNotReady
from daytwo_actions.backends.tree import Job, JobKind
from daytwo_actions.logs import CUT_MARK, Cleaner, first_error, vendor_error
from daytwo_store import logs, runs
from daytwo_store.ids import ExternalJobId, RunId, StepPath
from daytwo_store.logs import Kept, Source
from daytwo_store.secret_values import UNUSABLE
from daytwo_store.states import EXTERNAL_ENDS, ExternalStatus
from daytwo_store.tables import AttemptRow
from daytwo_workflows.life import requests
from daytwo_workflows.life.context import Life
from daytwo_workflows.life.trees import storable

log = structlog.get_logger()
# A chunk is a row: readers hold four of them at once, and a page must come without dragging 100 MB along.
CHUNK_LINES: Final = 2000
CHUNK_CHARS: Final = 256 * 1024
# While the pipeline still runs, logs are kept beside a read that has 60 s in all; what is not kept then is kept at
# the next read, or at the end, where there is time.
WHILE_RUNNING: Final = timedelta(seconds=20)


class _TimeIsUp(Exception):
    """The rest is kept another time."""


async def keep_logs(
    life: Life,
    backend: Backend,
    attempt: AttemptRow,
    jobs: Sequence[Job],
    beat: Callable[[], None],
    *,
    last: bool,
    within: timedelta | None = None,
) -> bool:
    """Keep the log of every ended job that is not kept yet. False when one may still come: ask again.

    Where logs are live, whole lines of running jobs are kept as well, which says nothing about what may still come.

    `last`: a log that is not there now is taken for one that never will be. `beat` is called for every piece that
    comes, kept or not. `within`: stop fetching after so long (false then; the next call goes on where this one
    stopped). Raises `BackendUnreachable`.
    """
    until = asyncio.get_running_loop().time() + within.total_seconds() if within is not None else None
    complete = True
    try:
        for job in sorted(jobs, key=lambda job: (job.started_at is None, job.started_at, job.id)):
            if job.kind is not JobKind.JOB:
                continue  # nothing executes there
            if job.status in EXTERNAL_ENDS:
                complete = await _keep(life, backend, attempt, job, beat, last=last, until=until) and complete
            elif job.status is ExternalStatus.RUNNING and backend.traits.live_logs:
                await _grow(life, backend, attempt, job, beat, until=until)
    except _TimeIsUp:
        return False
    return complete


async def _keep(
    life: Life,
    backend: Backend,
    attempt: AttemptRow,
    job: Job,
    beat: Callable[[], None],
    *,
    last: bool,
    until: float | None,
) -> bool:
    source = _source(attempt, job)
    try:
        kept, cleaner = await _begin(life, attempt, source)
    except UNUSABLE as unusable:
        await _say_not_kept(life, source, unusable.detail)
        return True
    if kept.done:
        return True
    pieces = _pieces(backend.logs(requests.target_of(attempt), requests.run_of(attempt), job.id), beat, until)
    error = await _first_error(life, source) if _bad(job) and kept.lines else None
    try:
        chunks = _chunks(cleaner, pieces, skip=kept.lines)
        await _write(life, source, chunks, kept, beat, bad=_bad(job), error=error)
    except LogsNotReady as nothing:
        if not last and job.started_at is not None and job.status is not ExternalStatus.SKIPPED:
            return False
        log.info("logs.none", run=source.run, job=job.id, why=str(nothing))
        said = await _annotations(life, backend, attempt, job)
        async with life.store.write() as tx:
            await logs.append(tx, source, said, before=kept.lines, done=True, error_at=first_error(said), error=error)
    return True


async def _grow(
    life: Life, backend: Backend, attempt: AttemptRow, job: Job, beat: Callable[[], None], *, until: float | None
) -> None:
    """Keep the whole lines that a running job has written by now. What it was that failed is asked at its end."""
    source = _source(attempt, job)
    try:
        kept, cleaner = await _begin(life, attempt, source)
    except UNUSABLE:
        return  # said at its end
    if kept.done:
        return
    pieces = _pieces(backend.logs(requests.target_of(attempt), requests.run_of(attempt), job.id), beat, until)
    try:
        await _write(life, source, _growing(cleaner, pieces, skip=kept.lines), kept, beat, bad=False, error=None)
    except LogsNotReady:
        return


def _source(attempt: AttemptRow, job: Job) -> Source:
    run, path = RunId(attempt.run_id), StepPath(attempt.path)
    return Source(run=run, path=path, job=ExternalJobId(storable(job.id)), name=storable(job.name))


async def _begin(life: Life, attempt: AttemptRow, source: Source) -> tuple[Kept, Cleaner]:
    """How much of it is kept, and what cleans it. The log is read from its start again each time, so what is kept of
    it already must not count against it twice."""
    async with life.store.read() as session:
        kept = await logs.kept(session, source)
        used = (await runs.peek(session, source.run)).log_bytes
    masks = await life.masks(source.run, attempt.connection, requests.corr_of(attempt))
    return kept, Cleaner(secrets=masks, limit=max(0, life.log_limit - (used - kept.chars)))


async def _say_not_kept(life: Life, source: Source, why: str) -> None:
    """What cannot be masked is not kept, and whoever looks for it is told so."""
    log.warning("logs.not_masked", run=source.run, job=source.job)
    said = [f"This log is not kept, because it could not be masked. {why} It is in the CI system."]
    async with life.store.write() as tx:
        before = await logs.kept(tx.session, source)
        if not before.done:
            await logs.append(tx, source, said, before=before.lines, done=True, error_at=None, error=None)


async def _first_error(life: Life, source: Source) -> int | None:
    """The number of the line that says what went wrong, among those that were kept before the job was known to fail."""
    guess: int | None = None
    async for first, lines in logs.chunks_of(life.store, source):
        at = vendor_error(lines)
        if at is not None:
            return first + at
        at = first_error(lines) if guess is None else None
        guess = first + at if at is not None else guess
    return guess


async def _write(
    life: Life,
    source: Source,
    chunks: AsyncGenerator[tuple[list[str], bool], None],
    kept: Kept,
    beat: Callable[[], None],
    *,
    bad: bool,
    error: int | None,
) -> None:
    """Append chunk by chunk, each in its own transaction; stops when another worker keeps this log.

    `error` is the number of a line that says what went wrong, kept before.
    """
    before = kept.lines
    async with aclosing(chunks):
        async for chunk, end in chunks:
            beat()
            async with life.store.write() as tx:
                error_at = first_error(chunk) if bad else None
                if not await logs.append(tx, source, chunk, before=before, done=end, error_at=error_at, error=error):
                    return
            before += len(chunk)


async def _annotations(life: Life, backend: Backend, attempt: AttemptRow, job: Job) -> list[str]:
    """What the CI system notes on a failed job that has no log: that it could not even start, for example."""
    if not _bad(job):
        return []
    masks = await life.masks(RunId(attempt.run_id), attempt.connection, requests.corr_of(attempt))
    cleaner = Cleaner(secrets=masks, limit=life.log_limit)
    messages = await backend.annotations(requests.target_of(attempt), job.id)
    lines = [line for message in messages for line in cleaner.feed(f"##[error]{message}\n".encode())]
    return lines + cleaner.end()


def _bad(job: Job) -> bool:
    return job.status is ExternalStatus.FAILED


async def _pieces(
    source: AsyncIterator[bytes], beat: Callable[[], None], until: float | None
) -> AsyncGenerator[bytes, None]:
    """What comes, with a sign of life for each piece, also for one of which nothing is kept. Raises `_TimeIsUp`.

    Only the waiting for a piece is cut short, so that no transaction is.
    """
    loop = asyncio.get_running_loop()
    try:
        while until is None or loop.time() < until:
            piece = await _next(source, until)
            if piece is None:
                return
            beat()
            yield piece
        raise _TimeIsUp
    finally:
        if isinstance(source, AsyncGenerator):
            await source.aclose()


async def _next(source: AsyncIterator[bytes], until: float | None) -> bytes | None:
    try:
        async with asyncio.timeout_at(until) as box:
            return await anext(source, None)
    except TimeoutError:
        if not box.expired():
            raise
        raise _TimeIsUp from None


async def _chunks(
    cleaner: Cleaner, pieces: AsyncGenerator[bytes, None], *, skip: int
) -> AsyncGenerator[tuple[list[str], bool], None]:
    """Lists of clean lines, without the first `skip`; the last one comes with True, and may be empty.

    Nothing more is fetched once the limit is reached, and that it was reached is always said in the last one.
    """
    gathered = _Gathered()
    async with aclosing(pieces):
        async for piece in pieces:
            skip, fresh = _drop(skip, cleaner.feed(piece))
            for chunk in gathered.add(fresh):
                yield chunk, False
            if cleaner.cut:
                break
    skip, fresh = _drop(skip, cleaner.end())
    for chunk in gathered.add(fresh):
        yield chunk, False
    rest = gathered.rest()
    # Other jobs may have used up the limit since this log broke off: the mark then stands among what is skipped.
    yield (rest or [CUT_MARK] if cleaner.cut else rest), True


async def _growing(
    cleaner: Cleaner, pieces: AsyncGenerator[bytes, None], *, skip: int
) -> AsyncGenerator[tuple[list[str], bool], None]:
    """Lists of clean whole lines of a log that still grows, without the first `skip`; True only when it was cut off."""
    gathered = _Gathered()
    async with aclosing(pieces):
        async for piece in pieces:
            skip, fresh = _drop(skip, cleaner.feed(piece))
            for chunk in gathered.add(fresh):
                yield chunk, False
            if cleaner.cut:
                break
    skip, fresh = _drop(skip, cleaner.settled())
    for chunk in gathered.add(fresh):
        yield chunk, False
    rest = gathered.rest()
    if rest or cleaner.cut:
        yield (rest or [CUT_MARK]), cleaner.cut


class _Gathered:
    """Lines on their way into chunks. The newest lines always stay for `rest`, so that a chunk's end can be marked."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._chars = 0

    def add(self, lines: Iterable[str]) -> Iterator[list[str]]:
        """Take these, and give the chunks that are full."""
        for line in lines:
            full = len(self._lines) == CHUNK_LINES or self._chars + len(line) + 1 > CHUNK_CHARS
            if self._lines and full:
                yield self.rest()
            self._lines.append(line)
            self._chars += len(line) + 1

    def rest(self) -> list[str]:
        lines, self._lines, self._chars = self._lines, [], 0
        return lines


def _drop(skip: int, lines: list[str]) -> tuple[int, list[str]]:
    dropped = min(skip, len(lines))
    return skip - dropped, lines[dropped:]
