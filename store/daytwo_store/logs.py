"""Log chunks: numbered through the run, resumable in the middle of a job (A12).

They are added at the end and never changed, with one exception: what a run may keep of its tail moves on as more comes,
and then lines become a gap that keeps their numbers (`log_gaps.py`).
"""

from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from daytwo_store import log_gaps, runs
from daytwo_store.engine import Store, Topic, Tx
from daytwo_store.ids import RunId
from daytwo_store.log_gaps import Source
from daytwo_store.log_text import Wanted
from daytwo_store.tables import LogChunkRow, LogSourceRow

_AT_ONCE: Final = 4  # chunks in memory
_SMALL_LINES: Final = 1000
_SMALL_CHARS: Final = 64 * 1024  # a chunk that is to grow is written anew by the database each time


@dataclass(frozen=True, slots=True)
class Line:
    """`left_out`: so many lines that are not kept, of which this is the last number; the text says so."""

    number: int
    path: str
    job: str
    text: str
    left_out: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Kept:
    """How far the log of one job is kept: lines, those that were left out as well; all of it? And the bytes that the
    run's head has by now, or None when its head is over."""

    lines: int
    done: bool
    head: int | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Bounds:
    """How many bytes of a run's log are kept: from its start, and of what comes after those, from its end."""

    head: int
    tail: int


@dataclass(frozen=True, kw_only=True, slots=True)
class LeftOut:
    """Lines that were not kept because the head was over, and their size."""

    lines: int = 0
    bytes: int = 0


async def kept(session: AsyncSession, source: Source) -> Kept:
    """How much of this job's log is kept already."""
    row = await session.get(LogSourceRow, (source.run, source.path, source.job))
    over = await log_gaps.has_tail(session, source.run)
    head = None if over else (await runs.peek(session, source.run)).log_bytes
    return Kept(lines=row.lines if row else 0, done=row is not None and row.done, head=head)


async def append(
    tx: Tx,
    source: Source,
    lines: Sequence[str],
    *,
    before: int,
    done: bool,
    error_at: int | None,
    error: int | None = None,
    bounds: Bounds | None = None,
    behind: LeftOut | None = None,
    whole: str | None = None,
) -> bool:
    """Append lines of a job. `before` is how many were kept of it; false (nothing written) when somebody was faster.

    `error_at` is the index within `lines` of one that says what went wrong, and more than any of this job before;
    `error` the number of one that was kept before. `behind`: they stand behind the head of the run's log, after so much
    that was left out; without it they still do when others have filled the head meanwhile. `whole`: SHA-256 of all
    lines of the job, also of those that are left out, each with its line feed.
    """
    run = await runs.hold(tx, source.run)
    await tx.session.execute(
        insert(LogSourceRow)
        .values(run_id=source.run, path=source.path, job_id=source.job, lines=0, done=False)
        .on_conflict_do_nothing()
    )
    row = (
        await tx.session.execute(
            select(LogSourceRow).where(
                LogSourceRow.run_id == source.run, LogSourceRow.path == source.path, LogSourceRow.job_id == source.job
            )
        )
    ).scalar_one()
    if row.done or row.lines != before:
        return False
    if behind is not None and behind.lines:
        await log_gaps.leave_out(tx, source, first=run.log_lines + 1, lines=behind.lines, size=behind.bytes)
        run.log_lines += behind.lines
        row.lines += behind.lines
    first, tail = run.log_lines + 1, False
    if lines:
        text = "\n".join(lines)
        size = len(text.encode()) + 1
        tail = behind is not None or (bounds is not None and run.log_bytes + size > bounds.head)
        if not await _extend(tx, source, text, lines=len(lines), after=run.log_lines, tail=tail):
            tx.session.add(_chunk(source, text, first=first, lines=len(lines), tail=tail))
        run.log_lines += len(lines)
        run.log_bytes += 0 if tail else size
    found = first + error_at if error_at is not None else error
    if run.first_error is None or (error_at is not None and await _is_of(tx.session, source, run.first_error)):
        run.first_error = found
    if bounds is not None and (tail or behind is not None):
        await log_gaps.shorten(tx, source.run, limit=bounds.tail, spared=run.first_error)
    row.lines += len(lines)
    row.done, row.whole = done, whole
    tx.notify(Topic.LOG, source.run)
    return True


async def _is_of(session: AsyncSession, source: Source, number: int) -> bool:
    """Is this a line of this job's log?"""
    query = select(LogChunkRow.first).where(
        LogChunkRow.run_id == source.run,
        LogChunkRow.path == source.path,
        LogChunkRow.job_id == source.job,
        LogChunkRow.first <= number,
        LogChunkRow.first + LogChunkRow.lines > number,
    )
    return await session.scalar(query.limit(1)) is not None


def _chunk(source: Source, text: str, *, first: int, lines: int, tail: bool) -> LogChunkRow:
    return LogChunkRow(
        run_id=source.run,
        first=first,
        lines=lines,
        path=source.path,
        job_id=source.job,
        job_name=source.name,
        text=text,
        tail=tail,
    )


async def _extend(tx: Tx, source: Source, text: str, *, lines: int, after: int, tail: bool) -> bool:
    """Write into the run's newest chunk when it is small and of this job: a live log comes a few lines at a time."""
    extended = await tx.session.execute(
        update(LogChunkRow)
        .where(
            LogChunkRow.run_id == source.run,
            LogChunkRow.first + LogChunkRow.lines - 1 == after,
            LogChunkRow.first > after - _SMALL_LINES,
            LogChunkRow.path == source.path,
            LogChunkRow.job_id == source.job,
            LogChunkRow.tail == tail,
            LogChunkRow.left_out.is_(None),
            LogChunkRow.lines <= _SMALL_LINES - lines,
            func.length(LogChunkRow.text) <= _SMALL_CHARS - len(text),
        )
        .values(text=LogChunkRow.text + "\n" + text, lines=LogChunkRow.lines + lines)
        .returning(LogChunkRow.first)
        .execution_options(synchronize_session=False)
    )
    return extended.scalar_one_or_none() is not None


async def read(
    session: AsyncSession, run: RunId, *, after: int, limit: int, path: str | None = None, job: str | None = None
) -> list[Line]:
    """At most `limit` lines with numbers above `after`, in order; only of one step or job when asked. A gap is one."""
    lines: list[Line] = []
    async for chunk in _chunks(session, run, after=after, path=path, job=job):
        for line in _lines(chunk):
            if line.number > after:
                lines.append(line)
            if len(lines) >= limit:
                return lines
    return lines


def _lines(chunk: LogChunkRow) -> Iterator[Line]:
    if chunk.left_out is not None:
        yield Line(chunk.first + chunk.lines - 1, chunk.path, chunk.job_name, chunk.text, left_out=chunk.lines)
        return
    for number, text in enumerate(chunk.text.split("\n"), chunk.first):
        yield Line(number, chunk.path, chunk.job_name, text)


async def grep(
    session: AsyncSession,
    run: RunId,
    wanted: str,
    *,
    after: int,
    limit: int,
    path: str | None = None,
    job: str | None = None,
) -> list[Line]:
    """At most `limit` lines that contain the text as they are read, whatever its case: not in the time before a line,
    and also where its colour changes in the middle. What is left out is not among them."""
    text, found = Wanted(wanted), list[Line]()
    async for chunk in _chunks(session, run, after=after, path=path, job=job):
        if chunk.left_out is not None or not text.may_be_in(chunk.text):
            continue
        lines = chunk.text.split("\n")
        for offset in text.among(chunk.text):
            if chunk.first + offset > after:
                found.append(Line(chunk.first + offset, chunk.path, chunk.job_name, lines[offset]))
                if len(found) >= limit:
                    return found
    return found


async def stream(store: Store, run: RunId, *, path: str | None = None, job: str | None = None) -> AsyncIterator[str]:
    """The text of every chunk of a run, or of one step or job of it, in order, a few at a time in memory.

    Nothing of the database is held while somebody reads, however slowly: each look is a session of its own. Raises
    `Unavailable`.
    """
    after = 0
    while True:
        async with store.read() as session:
            found = await _some(session, run, after=after, path=path, job=job)
        for chunk in found:
            yield chunk.text
        if len(found) < _AT_ONCE:
            return
        after = _last(found)


async def chunks_of(store: Store, source: Source) -> AsyncIterator[tuple[int, list[str]]]:
    """What is kept of one job's log: the number of the first line, and lines; one chunk at a time, without gaps."""
    after = 0
    while True:
        query = select(LogChunkRow).where(
            LogChunkRow.run_id == source.run,
            LogChunkRow.path == source.path,
            LogChunkRow.job_id == source.job,
            LogChunkRow.left_out.is_(None),
            LogChunkRow.first > after,
        )
        async with store.read() as session:
            chunk = await session.scalar(query.order_by(LogChunkRow.first).limit(1))
        if chunk is None:
            return
        yield chunk.first, chunk.text.split("\n")
        after = chunk.first


async def _chunks(
    session: AsyncSession, run: RunId, *, after: int, path: str | None, job: str | None
) -> AsyncIterator[LogChunkRow]:
    """Chunks in order, a few at a time in memory. For a reader that is done at once: the session is held meanwhile."""
    while True:
        found = await _some(session, run, after=after, path=path, job=job)
        for chunk in found:
            yield chunk
            session.expunge(chunk)
        if len(found) < _AT_ONCE:
            return
        after = _last(found)


async def _some(
    session: AsyncSession, run: RunId, *, after: int, path: str | None, job: str | None
) -> Sequence[LogChunkRow]:
    """The next chunks that have a line after this number; fewer than `_AT_ONCE` when they are the last."""
    query = (
        select(LogChunkRow)
        .where(LogChunkRow.run_id == run, LogChunkRow.first + LogChunkRow.lines > after + 1)
        .order_by(LogChunkRow.first)
        .limit(_AT_ONCE)
    )
    if path is not None:
        query = query.where(LogChunkRow.path == path)
    if job is not None:
        query = query.where(LogChunkRow.job_name == job)
    return (await session.scalars(query)).all()


def _last(found: Sequence[LogChunkRow]) -> int:
    return found[-1].first + found[-1].lines - 1


async def line(session: AsyncSession, run: RunId, number: int) -> Line | None:
    """One line by its number; None where it is left out."""
    found = await read(session, run, after=number - 1, limit=1)
    return found[0] if found and found[0].number == number and not found[0].left_out else None
