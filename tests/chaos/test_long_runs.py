"""R45: a run of twenty-four hours, followed as in production: its history stays short."""

import shutil
import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import pytest
from company import open_company
from pydantic import SecretStr
from sqlalchemy.ext.asyncio import AsyncSession
from stepping import Stepping, dispatch, wait
from temporalio.testing import WorkflowEnvironment

from daytwo_actions.backends.base import ExternalState, Target
from daytwo_store.clock import GivenClock
from daytwo_store.engine import Store
from daytwo_store.ids import ExternalRunId
from daytwo_store.settings import StoreSettings, Windows
from daytwo_store.states import ExternalStatus, RunState
from daytwo_workflows.contracts import RUN_WORKFLOW, RunInput, run_workflow_id
from daytwo_workflows.worker import create_worker

pytestmark = [pytest.mark.chaos, pytest.mark.anyio]
A_DAY: Final = timedelta(hours=24)
READS: Final = int(A_DAY / Windows().look_anyway)  # that a day takes, when no webhook comes
EVENTS, BYTES = 2_000, 2_000_000


class ServerClock:
    """The clock of the time-skipping server."""

    def __init__(self, environment: WorkflowEnvironment) -> None:
        self._environment = environment

    async def now(self, session: AsyncSession) -> datetime:  # the protocol hands it in
        return await self._environment.get_current_time()


@pytest.mark.timeout(900)
async def test_a_day_in_one_history(database_url: str, tmp_path: Path) -> None:
    beside = Path(sys.executable).with_name("temporal-test-server")
    binary = str(beside) if beside.exists() else shutil.which("temporal-test-server")
    async with await WorkflowEnvironment.start_time_skipping(test_server_existing_path=binary) as environment:
        clock = ServerClock(environment)
        store = Store(StoreSettings(url=SecretStr(database_url), pool_size=4), clock=clock)
        company = await open_company(store)
        company.life = replace(company.life, windows=Windows())
        company.ci.ends_as, company.ci.ahead = None, A_DAY  # the CI system's clock is skipped, too
        reads, read = 0, company.ci.read

        async def slow(runs: Sequence[tuple[Target, ExternalRunId]]) -> Sequence[ExternalState | None]:
            nonlocal reads
            reads += 1
            if reads >= READS:
                company.ci.end(runs[0][1], ExternalStatus.SUCCEEDED)
            return await read(runs)

        company.ci.read = slow  # type: ignore[method-assign]
        async with store.read() as session:
            stepping = Stepping(company, GivenClock(await clock.now(session)), tmp_path)
        run = await stepping.ask(dispatch("long", timeout="30h"), wait("soak", "1m"))
        async with create_worker(environment.client, company.life, task_queue="day"):
            handle = await environment.client.start_workflow(
                RUN_WORKFLOW, RunInput(run=run), id=run_workflow_id(run), task_queue="day"
            )
            await handle.result()
            history = await handle.fetch_history()
        row = await company.run(run)
        assert (row.state, reads >= READS) == (RunState.SUCCEEDED, True), row.reason
        assert row.ended_at is not None
        assert row.ended_at - row.created_at >= A_DAY - timedelta(minutes=10)
        size = sum(event.ByteSize() for event in history.events)
        print(f"{len(history.events)} events, {size:,} bytes, {reads} reads")
        assert len(history.events) <= EVENTS
        assert size <= BYTES
        await store.close()
