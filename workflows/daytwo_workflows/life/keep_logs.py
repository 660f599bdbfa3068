"""Logs of jobs: bytes → lines → masked → kept, going on where the last look or a crash stopped (A12).

A log is read from its start each time. What is kept of it already is passed over; of the rest, the run's head takes
what it has room for, and the newest lines behind it are kept as the run's tail.
"""

import asyncio
import hashlib
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable, Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

import structlog

from daytwo_actions.backends.base import Backend
from daytwo_actions.backends.failures import LogsNotReady
from daytwo_actions.backends.tree import WARNING, Job, JobKind
from daytwo_actions.error_lines import Blame, Rater
from daytwo_actions.head_and_tail import HeadAndTail, size_of
from daytwo_actions.logs import Cleaner
from daytwo_store import logs
from daytwo_store.ids import ExternalJobId, RunId, StepPath
from daytwo_store.log_gaps import Source
from daytwo_store.logs import Bounds, Kept, LeftOut
from daytwo_store.secret_values import UNUSABLE
from daytwo_store.states import EXTERNAL_ENDS, ExternalStatus
from daytwo_store.tables import AttemptRow
from daytwo_workflows.life import requests
from daytwo_workflows.life.context import Life
from daytwo_workflows.life.trees import storable
from daytwo_workflows.life.vendor_words import words_of

log = structlog.get_logger()
# A chunk is a row: readers hold four of them at once, and a page must come without dragging 100 MB along.
CHUNK_LINES: Final = 2000
CHUNK_BYTES: Final = 256 * 1024
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
    source = await _source(life, attempt, job)
    try:
        kept, reading = await _begin(life, attempt, source, bad=_bad(job))
    except UNUSABLE as unusable:
        await _say_not_kept(life, source, unusable.detail)
        return True
    if kept.done:
        return True
    pieces = _pieces(backend.logs(requests.target_of(attempt), requests.run_of(attempt), job.id), beat, until)
    blame = await _so_far(life, source) if _bad(job) else None
    try:
        await _write(life, source, reading.whole(pieces), kept, beat, blame)
    except LogsNotReady as nothing:
        if not last and job.started_at is not None and job.status is not ExternalStatus.SKIPPED:
            return False
        log.info("logs.none", run=source.run, job=job.id, why=str(nothing))
        notes = _noted(await _annotations(backend, attempt, job))
        await _write(life, source, reading.added(notes), kept, beat, blame)
    return True


async def _grow(
    life: Life, backend: Backend, attempt: AttemptRow, job: Job, beat: Callable[[], None], *, until: float | None
) -> None:
    """Keep the whole lines that a running job has written by now. What it was that failed is asked at its end."""
    source = await _source(life, attempt, job)
    try:
        kept, reading = await _begin(life, attempt, source, bad=False)
    except UNUSABLE:
        return  # said at its end
    if kept.done:
        return
    pieces = _pieces(backend.logs(requests.target_of(attempt), requests.run_of(attempt), job.id), beat, until)
    try:
        await _write(life, source, reading.so_far(pieces), kept, beat, None)
    except LogsNotReady:
        return


async def _source(life: Life, attempt: AttemptRow, job: Job) -> Source:
    run, path = RunId(attempt.run_id), StepPath(attempt.path)
    name = (await words_of(life, attempt)).line(job.name)
    return Source(run=run, path=path, job=ExternalJobId(storable(job.id)), name=name)


async def _begin(life: Life, attempt: AttemptRow, source: Source, *, bad: bool) -> tuple[Kept, "_Reading"]:
    """How much of it is kept, and what reads on after that. Of a `bad` one the line that says why is kept wherever it
    stands.
    """
    async with life.store.read() as session:
        kept = await logs.kept(session, source)
    masks = await life.masks(source.run, attempt.connection, requests.corr_of(attempt))
    room = max(0, life.log_head - kept.head) if kept.head is not None else 0
    bounds = HeadAndTail(head=room, tail=life.log_tail, worth=Rater().rate if bad else None)
    return kept, _Reading(Cleaner(secrets=masks), bounds, skip=kept.lines)


async def _say_not_kept(life: Life, source: Source, why: str) -> None:
    """What cannot be masked is not kept, and whoever looks for it is told so."""
    log.warning("logs.not_masked", run=source.run, job=source.job)
    said = [f"This log is not kept, because it could not be masked. {why} It is in the CI system."]
    async with life.store.write() as tx:
        before = await logs.kept(tx.session, source)
        if not before.done:
            await logs.append(tx, source, said, before=before.lines, done=True, error_at=None, error=None)


async def _so_far(life: Life, source: Source) -> Blame:
    """What is found among the lines that are kept already."""
    blame = Blame()
    async for first, lines in logs.chunks_of(life.store, source):
        at = blame.at(lines)
        blame.number = first + at if at is not None else blame.number
    return blame


async def _write(
    life: Life,
    source: Source,
    parts: AsyncGenerator["_Part", None],
    kept: Kept,
    beat: Callable[[], None],
    blame: Blame | None,
) -> None:
    """Append part by part, each in its own transaction; stops when another worker keeps this log.

    `blame` is None for the log of a job that has not failed.
    """
    before = kept.lines
    async with aclosing(parts):
        async for part in parts:
            beat()
            error_at = blame.at(part.lines) if blame is not None else None
            async with life.store.write() as tx:
                written = await logs.append(
                    tx,
                    source,
                    part.lines,
                    before=before,
                    done=part.end,
                    error_at=error_at,
                    error=blame.number if blame is not None else None,
                    bounds=Bounds(head=life.log_head, tail=life.log_tail),
                    behind=part.behind,
                    whole=part.whole,
                )
            if not written:
                return
            before += len(part.lines) + (part.behind.lines if part.behind is not None else 0)


async def _annotations(backend: Backend, attempt: AttemptRow, job: Job) -> Sequence[str]:
    """What the CI system notes on a failed job that has no log: that it could not even start, for example."""
    if not _bad(job):
        return ()
    return job.notes or await backend.annotations(requests.target_of(attempt), job.id)


async def _noted(messages: Sequence[str]) -> AsyncGenerator[bytes, None]:
    for message in messages:
        mark, text = ("warning", message.removeprefix(WARNING)) if message.startswith(WARNING) else ("error", message)
        yield f"##[{mark}]{text}\n".encode()


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


@dataclass(frozen=True, kw_only=True, slots=True)
class _Part:
    """Lines that are written together; of the last part of an ended log `end` is true, and it may have none."""

    lines: Sequence[str]
    end: bool = False
    behind: LeftOut | None = None  # they are of the tail, after so much that is left out
    whole: str | None = None


class _Reading:
    """From pieces of bytes to parts that are kept; the first `skip` lines are kept already."""

    def __init__(self, cleaner: Cleaner, bounds: HeadAndTail, *, skip: int) -> None:
        self._cleaner = cleaner
        self._bounds = bounds
        self._skip = skip
        self._gathered = _Gathered()
        self._all = hashlib.sha256()

    async def whole(self, pieces: AsyncGenerator[bytes, None]) -> AsyncGenerator[_Part, None]:
        """Of the log of a job that has ended, all that is not kept yet."""
        async with aclosing(self._head(pieces)) as parts:
            async for part in parts:
                yield part
        *parts_before, last = [*self._rest(self._cleaner.end()), *self._tail()] or [_Part(lines=())]
        for part in parts_before:
            yield part
        yield replace(last, end=True, whole=self._all.hexdigest())

    async def added(self, pieces: AsyncGenerator[bytes, None]) -> AsyncGenerator[_Part, None]:
        """What is said in place of a log that is not there (any more), after what was kept of it."""
        self._skip = 0
        async with aclosing(self.whole(pieces)) as parts:
            async for part in parts:
                yield replace(part, whole=None)

    async def so_far(self, pieces: AsyncGenerator[bytes, None]) -> AsyncGenerator[_Part, None]:
        """The whole lines that a running job has written by now."""
        async with aclosing(self._head(pieces)) as parts:
            async for part in parts:
                yield part
        for part in [*self._rest(self._cleaner.settled()), *self._tail()]:
            yield part

    async def _head(self, pieces: AsyncGenerator[bytes, None]) -> AsyncGenerator[_Part, None]:
        """Parts of the head that are full."""
        async with aclosing(pieces):
            async for piece in pieces:
                for lines in self._gathered.add(self._bounds.take(self._fresh(self._cleaner.feed(piece)))):
                    yield _Part(lines=lines)

    def _rest(self, lines: list[str]) -> Iterator[_Part]:
        for part in [*self._gathered.add(self._bounds.take(self._fresh(lines))), self._gathered.rest()]:
            if part:
                yield _Part(lines=part)

    def _tail(self) -> Iterator[_Part]:
        if (spared := self._bounds.spared) is not None:
            yield _Part(lines=[spared.line], behind=LeftOut(lines=spared.lines, bytes=spared.bytes))
        left_out = LeftOut(lines=self._bounds.left_out_lines, bytes=self._bounds.left_out_bytes)
        for lines in [*self._gathered.add(self._bounds.tail()), self._gathered.rest()]:
            if lines or left_out.lines:
                yield _Part(lines=lines, behind=left_out)
            left_out = LeftOut()

    def _fresh(self, lines: list[str]) -> list[str]:
        """Those that are not kept yet."""
        for line in lines:
            self._all.update(line.encode() + b"\n")
        dropped = min(self._skip, len(lines))
        self._skip -= dropped
        return lines[dropped:]


class _Gathered:
    """Lines on their way into parts."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._bytes = 0

    def add(self, lines: Iterable[str]) -> Iterator[list[str]]:
        """Take these, and give the parts that are full. The newest lines always stay for `rest`."""
        for line in lines:
            size = size_of(line)
            if self._lines and (len(self._lines) == CHUNK_LINES or self._bytes + size > CHUNK_BYTES):
                yield self.rest()
            self._lines.append(line)
            self._bytes += size

    def rest(self) -> list[str]:
        lines, self._lines, self._bytes = self._lines, [], 0
        return lines
