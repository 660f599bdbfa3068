"""The one poller of a connection: asks about all its open external runs at once, so that no webhook is needed (A7)."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from datetime import datetime
from typing import Any, Final

import structlog

from daytwo_actions.backends.base import BackendDenied, BackendUnreachable, ExternalState, Target
from daytwo_store import externals, runs
from daytwo_store.errors import DaytwoError
from daytwo_store.ids import ExternalRunId
from daytwo_store.tables import ExternalRunRow
from daytwo_workflows.life.context import Life
from daytwo_workflows.life.noting import apply_state

log = structlog.get_logger()
_ROUNDS: Final = 240  # then the workflow begins anew, so that its history stays short
_BEAT: Final = 1.0  # seconds between two signs of life during a read


async def watch(
    life: Life, connection: str, rest: Callable[[float], Awaitable[bool]], beat: Callable[[], None]
) -> None:
    """Poll for a while. Returns by itself; the workflow calls it again.

    `rest` waits so many seconds, and says whether to go on; `beat` is a sign of life, given for each read and each run.
    """
    for _ in range(_ROUNDS):
        if not await rest(await look_once(life, connection, beat)):
            return


async def look_once(life: Life, connection: str, beat: Callable[[], None]) -> float:
    """One round: seconds until the next. Raises `Unavailable` when the database does not answer."""
    usual = life.windows.poll_every.total_seconds()
    async with life.store.read() as session:
        known = await runs.open_external(session, connection)
        began = await life.store.clock.now(session)
    by_project: dict[str, list[ExternalRunRow]] = defaultdict(list)
    for row in known:
        if row.seen_at is None or (began - row.seen_at).total_seconds() >= usual / 2:
            by_project[row.project].append(row)
    pause = usual
    for rows in by_project.values():
        pause = max(pause, await _look(life, connection, rows, began, beat))
    return pause


async def _look(
    life: Life, connection: str, rows: Sequence[ExternalRunRow], began: datetime, beat: Callable[[], None]
) -> float:
    """One project: how long the CI system asks to be left alone, in seconds."""
    asked = [(Target(project=row.project, pipeline=row.pipeline, ref=row.ref), ExternalRunId(row.id)) for row in rows]
    try:
        states = await _beating(life.backend(connection).read(asked), beat)
    except (BackendUnreachable, BackendDenied) as error:
        log.warning("watch.unseen", connection=connection, error=type(error).__name__, detail=error.detail)
        await _unseen(life, connection, rows, began)
        return (error.retry_after or 0.0) if isinstance(error, BackendUnreachable) else 0.0
    except Exception:
        log.exception("watch.failed", connection=connection)  # the other projects are looked at all the same
        await _unseen(life, connection, rows, began)
        return 0.0
    for row, state in zip(rows, states, strict=True):
        beat()
        await _note(life, row, state, began)
    return 0.0


async def _beating(
    reading: Coroutine[Any, Any, Sequence[ExternalState | None]], beat: Callable[[], None]
) -> Sequence[ExternalState | None]:
    """Wait for a read with signs of life: it is several requests, each with a deadline of its own."""
    task = asyncio.create_task(reading)
    try:
        while not task.done():
            beat()
            await asyncio.wait({task}, timeout=_BEAT)
        return await task
    finally:
        task.cancel()


async def _note(life: Life, row: ExternalRunRow, state: ExternalState | None, began: datetime) -> None:
    """Write down what was read. A run for which that fails does not keep the others from being seen."""
    try:
        await apply_state(life, row, state, began=began, poke=True)
    except DaytwoError:
        raise
    except Exception:
        log.exception("watch.not_noted", run=row.run_id, external=row.id)


async def _unseen(life: Life, connection: str, rows: Sequence[ExternalRunRow], began: datetime) -> None:
    """Silence has to show: the status of these is unknown from now on."""
    fresh = [ExternalRunId(row.id) for row in rows if row.unseen_since is None]
    if fresh:
        async with life.store.write() as tx:
            await externals.mark_unseen(tx, connection, fresh, began=began)
