"""Gaps in a run's log: lines that are not kept, and how the tail stays as short as it has to be (A12).

A gap is a row where the lines would stand: it covers their numbers, so the lines behind it keep theirs, and its text is
the sentence that readers, downloads and sums get in their place. Gaps of one job that touch are one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Row, delete, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from daytwo_store.engine import Tx
from daytwo_store.ids import ExternalJobId, RunId, StepPath
from daytwo_store.tables import LogChunkRow

_MB: Final = 1_000_000
_UNSEEN: Final = {"synchronize_session": False}  # no object of the session is looked at again


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """The log of one job."""

    run: RunId
    path: StepPath
    job: ExternalJobId
    name: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Gap:
    """Lines `first` … `last` of a run are left out; they were so many bytes."""

    first: int
    last: int
    bytes: int


async def of_run(session: AsyncSession, run: RunId) -> list[Gap]:
    """In the order of numbers."""
    query = select(LogChunkRow.first, LogChunkRow.lines, LogChunkRow.left_out).where(
        LogChunkRow.run_id == run, LogChunkRow.left_out.is_not(None)
    )
    rows = await session.execute(query.order_by(LogChunkRow.first))
    return [Gap(first=first, last=first + lines - 1, bytes=size or 0) for first, lines, size in rows]


async def lines_left_out(session: AsyncSession, run: RunId, *, path: str | None, job: str | None) -> int:
    """How many lines of a run, or of one step or job of it, are not kept."""
    query = select(func.coalesce(func.sum(LogChunkRow.lines), 0)).where(
        LogChunkRow.run_id == run, LogChunkRow.left_out.is_not(None)
    )
    if path is not None:
        query = query.where(LogChunkRow.path == path)
    if job is not None:
        query = query.where(LogChunkRow.job_name == job)
    return int(await session.scalar(query) or 0)


async def has_tail(session: AsyncSession, run: str) -> bool:
    """Is the head of this run's log over?"""
    query = select(LogChunkRow.first).where(LogChunkRow.run_id == run, LogChunkRow.tail).limit(1)
    return await session.scalar(query) is not None


async def leave_out(tx: Tx, source: Source, *, first: int, lines: int, size: int) -> None:
    """Lines from `first` on are not kept; they were `size` bytes. The caller holds the run."""
    for one in await _touching(tx, source, first, lines):
        first, lines, size = min(first, one.first), lines + one.lines, size + (one.left_out or 0)
        await _delete(tx, source.run, one.first)
    await tx.session.execute(
        insert(LogChunkRow).values(
            run_id=source.run,
            first=first,
            lines=lines,
            path=source.path,
            job_id=source.job,
            job_name=source.name,
            text=_sentence(first, lines, size),
            tail=True,
            left_out=size,
        )
    )


async def shorten(tx: Tx, run: RunId, *, limit: int, spared: int | None) -> None:
    """Leave out the oldest lines of the tail until it has at most `limit` bytes. Not counted is the chunk with the line
    `spared`, which says what went wrong: it stays."""
    size = func.octet_length(LogChunkRow.text) + 1
    kept = select(LogChunkRow.first, LogChunkRow.lines, size).where(
        LogChunkRow.run_id == run, LogChunkRow.tail, LogChunkRow.left_out.is_(None)
    )
    chunks = (await tx.session.execute(kept.order_by(LogChunkRow.first))).all()
    counted = [
        (first, bytes_) for first, lines, bytes_ in chunks if spared is None or not first <= spared < first + lines
    ]
    over = sum(bytes_ for _, bytes_ in counted) - limit
    for first, bytes_ in counted:
        if over <= 0:
            return
        over -= await _drop(tx, run, first, bytes_, over)


async def _drop(tx: Tx, run: RunId, first: int, size: int, over: int) -> int:
    """Leave out all of a chunk, or the first lines of it when that is enough; how many bytes that were."""
    own = (LogChunkRow.run_id == run, LogChunkRow.first == first)
    columns = (LogChunkRow.path, LogChunkRow.job_id, LogChunkRow.job_name, LogChunkRow.text)
    path, job, name, text = (await tx.session.execute(select(*columns).where(*own))).one()
    lines = text.split("\n")
    gone, bytes_ = (len(lines), size) if size <= over else _enough(lines, over)
    if rest := lines[gone:]:
        shorter = {"first": first + gone, "lines": len(rest), "text": "\n".join(rest)}
        await tx.session.execute(update(LogChunkRow).where(*own).values(shorter).execution_options(**_UNSEEN))
    else:
        await _delete(tx, run, first)
    source = Source(run=run, path=StepPath(path), job=ExternalJobId(job), name=name)
    await leave_out(tx, source, first=first, lines=gone, size=bytes_)
    return bytes_


def _enough(lines: Sequence[str], over: int) -> tuple[int, int]:
    """The fewest of the first lines that are so many bytes; and how many they are."""
    size = 0
    for number, line in enumerate(lines, 1):
        size += len(line.encode()) + 1
        if size >= over:
            return number, size
    return len(lines), size


async def _touching(tx: Tx, source: Source, first: int, lines: int) -> Sequence[Row[int, int, int | None]]:
    """Gaps of the same job right before and right after these lines."""
    found = await tx.session.execute(
        select(LogChunkRow.first, LogChunkRow.lines, LogChunkRow.left_out).where(
            LogChunkRow.run_id == source.run,
            LogChunkRow.path == source.path,
            LogChunkRow.job_id == source.job,
            LogChunkRow.left_out.is_not(None),
            or_(LogChunkRow.first + LogChunkRow.lines == first, LogChunkRow.first == first + lines),
        )
    )
    return found.all()


async def _delete(tx: Tx, run: RunId, first: int) -> None:
    gone = delete(LogChunkRow).where(LogChunkRow.run_id == run, LogChunkRow.first == first)
    await tx.session.execute(gone.execution_options(**_UNSEEN))


def _sentence(first: int, lines: int, size: int) -> str:
    which = f"line {first:,}" if lines == 1 else f"lines {first:,} to {first + lines - 1:,}"
    big = f"{size / _MB:,.1f} MB" if size >= _MB / 10 else f"{size:,} bytes"
    return (
        f"… {lines:,} {'line is' if lines == 1 else 'lines are'} left out here: {which}, {big}. Only the first and the "
        "last part of a long log are kept; the CI system has all of it."
    )
