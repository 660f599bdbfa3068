"""Log chunks: append-only, numbered through the run, resumable in the middle of a job (A12)."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from daytwo_store import runs
from daytwo_store.engine import Store, Topic, Tx
from daytwo_store.ids import ExternalJobId, RunId, StepPath
from daytwo_store.tables import LogChunkRow, LogSourceRow

_AT_ONCE: Final = 4  # chunks in memory
_SMALL_LINES: Final = 1000
_SMALL_CHARS: Final = 64 * 1024  # a chunk that is to grow is written anew by the database each time


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """The log of one job."""

    run: RunId
    path: StepPath
    job: ExternalJobId
    name: str


@dataclass(frozen=True, slots=True)
class Line:
    number: int
    path: str
    job: str
    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Kept:
    """How far the log of one job is kept: lines, the characters in them as the run's total counts them, all of it?"""

    lines: int
    chars: int
    done: bool


async def kept(session: AsyncSession, source: Source) -> Kept:
    """How much of this job's log is kept already."""
    row = await session.get(LogSourceRow, (source.run, source.path, source.job))
    return Kept(lines=row.lines, chars=row.chars, done=row.done) if row else Kept(lines=0, chars=0, done=False)


async def append(
    tx: Tx,
    source: Source,
    lines: Sequence[str],
    *,
    before: int,
    done: bool,
    error_at: int | None,
    error: int | None = None,
) -> bool:
    """Append lines of a job. `before` is how many were kept of it; false (nothing written) when somebody was faster.

    `error_at` is the index within `lines` of the first error, if there is one; `error` the number of a line that was
    kept before.
    """
    run = await runs.hold(tx, source.run)
    await tx.session.execute(
        insert(LogSourceRow)
        .values(run_id=source.run, path=source.path, job_id=source.job, lines=0, chars=0, done=False)
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
    first = run.log_lines + 1
    if lines:
        text = "\n".join(lines)
        chars = len(text) + 1  # each line with its line feed, as `Cleaner` counts them against the limit
        if not await _extend(tx, source, text, lines=len(lines), after=run.log_lines):
            tx.session.add(_chunk(source, text, first=first, lines=len(lines)))
        run.log_lines += len(lines)
        run.log_bytes += chars
        row.chars += chars
    if run.first_error is None:
        run.first_error = error if error is not None else first + error_at if error_at is not None else None
    row.lines += len(lines)
    row.done = done
    tx.notify(Topic.LOG, source.run)
    return True


def _chunk(source: Source, text: str, *, first: int, lines: int) -> LogChunkRow:
    return LogChunkRow(
        run_id=source.run,
        first=first,
        lines=lines,
        path=source.path,
        job_id=source.job,
        job_name=source.name,
        text=text,
    )


async def _extend(tx: Tx, source: Source, text: str, *, lines: int, after: int) -> bool:
    """Write into the run's newest chunk when it is small and of this job: a live log comes a few lines at a time."""
    extended = await tx.session.execute(
        update(LogChunkRow)
        .where(
            LogChunkRow.run_id == source.run,
            LogChunkRow.first + LogChunkRow.lines - 1 == after,
            LogChunkRow.first > after - _SMALL_LINES,
            LogChunkRow.path == source.path,
            LogChunkRow.job_id == source.job,
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
    """At most `limit` lines with numbers above `after`, in order; only of one step or job when asked."""
    lines: list[Line] = []
    async for chunk in _chunks(session, run, after=after, path=path, job=job):
        for offset, text in enumerate(chunk.text.split("\n")):
            number = chunk.first + offset
            if number > after:
                lines.append(Line(number, chunk.path, chunk.job_name, text))
            if len(lines) >= limit:
                return lines
    return lines


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
    """At most `limit` lines that contain the text, whatever its case."""
    low, found = wanted.casefold(), list[Line]()
    async for chunk in _chunks(session, run, after=after, path=path, job=job):
        if low not in chunk.text.casefold():
            continue  # most chunks hold nothing: looking at their lines one by one would take ten times as long
        for offset, text in enumerate(chunk.text.split("\n")):
            if chunk.first + offset > after and low in text.casefold():
                found.append(Line(chunk.first + offset, chunk.path, chunk.job_name, text))
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
    """What is kept of one job's log: the number of the first line, and lines; one chunk at a time."""
    after = 0
    while True:
        query = select(LogChunkRow).where(
            LogChunkRow.run_id == source.run,
            LogChunkRow.path == source.path,
            LogChunkRow.job_id == source.job,
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
    """One line by its number."""
    found = await read(session, run, after=number - 1, limit=1)
    return found[0] if found and found[0].number == number else None
