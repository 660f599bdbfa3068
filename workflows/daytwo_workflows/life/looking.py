"""One look at one external run: its state, its job tree, and what has been added to its logs."""

from collections.abc import Callable
from datetime import datetime
from typing import Final

import structlog

from daytwo_actions.backends.base import ExternalState
from daytwo_actions.backends.failures import BackendDenied, BackendUnreachable, ExternalGone
from daytwo_actions.backends.tree import JobTree
from daytwo_store import externals
from daytwo_store.ids import ExternalRunId
from daytwo_store.states import EXTERNAL_ENDS
from daytwo_store.tables import AttemptRow, ExternalRunRow
from daytwo_workflows.life import requests
from daytwo_workflows.life.context import Life
from daytwo_workflows.life.keep_logs import WHILE_RUNNING, keep_logs
from daytwo_workflows.life.noting import apply_state

log = structlog.get_logger()
_NOTHING: Final = JobTree(jobs=())


def _no_beat() -> None:
    """Nobody waits for a sign of life."""


async def look(
    life: Life,
    attempt: AttemptRow,
    external: ExternalRunRow,
    *,
    began: datetime,
    beat: Callable[[], None] = _no_beat,
    poke: bool = False,
) -> JobTree | None:
    """Read and write down; the job tree when it has ended, as this look is the first to know. `poke`: the run's
    workflow is told when something has changed.

    Raises `BackendUnreachable`, `BackendDenied`: then nothing was written.
    """
    state, tree = await _read(life, attempt, external)
    beat()
    async with life.store.write() as tx:
        await externals.looked(tx, external.connection, ExternalRunId(external.id), began=began)
    await apply_state(life, external, state, began=began, tree=tree, poke=poke)
    if state is None or external.ended_at is not None:
        return None
    if state.status in EXTERNAL_ENDS:
        return tree
    await _keep_meanwhile(life, attempt, tree, beat)
    return None


async def _read(life: Life, attempt: AttemptRow, external: ExternalRunRow) -> tuple[ExternalState | None, JobTree]:
    backend, target, run = life.backend(attempt.connection), requests.target_of(attempt), ExternalRunId(external.id)
    try:
        state = (await backend.read([(target, run)]))[0]
        return state, await backend.jobs(target, run) if state is not None else _NOTHING
    except ExternalGone:
        return None, _NOTHING


async def _keep_meanwhile(life: Life, attempt: AttemptRow, tree: JobTree, beat: Callable[[], None]) -> None:
    """Logs of jobs that have ended or, where they are live, that run. What is not kept now is kept at the next look."""
    try:
        backend = life.backend(attempt.connection)
        await keep_logs(life, backend, attempt, tree.jobs, beat, last=False, within=WHILE_RUNNING)
    except (BackendUnreachable, BackendDenied) as error:
        log.info("logs.later", run=attempt.run_id, step=attempt.path, error=type(error).__name__)
