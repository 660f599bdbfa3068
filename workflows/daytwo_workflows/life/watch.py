"""The one poller of a connection: asks about all its open external runs at once, so that no webhook is needed (A7)."""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime

import structlog

from daytwo_actions.backends.base import BackendDenied, BackendUnreachable, Target
from daytwo_store import runs
from daytwo_store.ids import ExternalRunId, RunId
from daytwo_store.tables import ExternalRunRow
from daytwo_workflows.life.context import Life
from daytwo_workflows.life.follow import apply_state

log = structlog.get_logger()
_ROUNDS = 240  # then the workflow begins anew, so that its history stays short


async def watch(life: Life, connection: str, rest: Callable[[float], Awaitable[bool]]) -> None:
    """Poll for a while. Returns by itself; the workflow calls it again.

    `rest` waits so many seconds, and says whether to go on.
    """
    for _ in range(_ROUNDS):
        if not await rest(await look_once(life, connection)):
            return


async def look_once(life: Life, connection: str) -> float:
    """One round: seconds until the next."""
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
        pause = max(pause, await _look(life, connection, rows, began))
    return pause


async def _look(life: Life, connection: str, rows: Sequence[ExternalRunRow], began: datetime) -> float:
    asked = [(Target(project=row.project, pipeline=row.pipeline, ref=row.ref), ExternalRunId(row.id)) for row in rows]
    try:
        states = await life.backends[connection].read(asked)
    except BackendUnreachable as error:
        log.warning("watch.unreachable", connection=connection, error=error.detail)
        return error.retry_after or 0.0
    except BackendDenied as error:
        log.warning("watch.denied", connection=connection, error=error.detail)
        return 0.0
    for row, state in zip(rows, states, strict=True):
        if await apply_state(life, row, state, began=began):
            async with life.store.write() as tx:
                tx.poke(RunId(row.run_id))
    return 0.0
