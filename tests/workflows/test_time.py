"""Waits of hours, on the time-skipping server; the store's clock is that server's."""

import shutil
import sys
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from company import Company, open_company
from pydantic import JsonValue, SecretStr
from service_in_memory import ServiceInMemory, answer
from sqlalchemy.ext.asyncio import AsyncSession
from stepping import Stepping, dispatch, wait
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner

from daytwo_actions.freezes import as_document, freeze_of
from daytwo_store import freezes
from daytwo_store.clock import GivenClock
from daytwo_store.engine import Store
from daytwo_store.settings import StoreSettings
from daytwo_store.states import RunState
from daytwo_workflows.contracts import RUN_WORKFLOW, RunInput, run_workflow_id
from daytwo_workflows.life.frozen import made
from daytwo_workflows.worker import create_worker

pytestmark = pytest.mark.anyio


class ServerClock:
    """The clock of the time-skipping server."""

    def __init__(self, environment: WorkflowEnvironment) -> None:
        self._environment = environment

    async def now(self, session: AsyncSession) -> datetime:
        return await self._environment.get_current_time()

    def seconds(self) -> float:
        return time.time()


@pytest.fixture
async def environment() -> AsyncIterator[WorkflowEnvironment]:
    beside = Path(sys.executable).with_name("temporal-test-server")
    binary = str(beside) if beside.exists() else shutil.which("temporal-test-server")
    assert binary is not None
    async with await WorkflowEnvironment.start_time_skipping(test_server_existing_path=binary) as environment:
        yield environment


@pytest.fixture
async def skipping(environment: WorkflowEnvironment, database_url: str) -> AsyncIterator[Company]:
    store = Store(StoreSettings(url=SecretStr(database_url), pool_size=4), clock=ServerClock(environment))
    yield await open_company(store)
    await store.close()


async def test_an_approval_that_nobody_gives_expires_after_its_24_hours(
    environment: WorkflowEnvironment, skipping: Company
) -> None:
    run = await skipping.ask("ana", "1.1.0", "production")
    asked = (await skipping.run(run)).created_at
    async with create_worker(
        environment.client, skipping.life, task_queue="skipping", runner=SandboxedWorkflowRunner()
    ):
        await environment.client.execute_workflow(
            RUN_WORKFLOW, RunInput(run=run), id=run_workflow_id(run), task_queue="skipping"
        )
    row = await skipping.run(run)
    assert row.state == RunState.EXPIRED
    assert row.ended_at is not None
    # A second less: the server that skips time counts from its own beginning, in whole milliseconds.
    assert 24 * 3600 - 1 <= (row.ended_at - asked).total_seconds() < 24 * 3600 + 60
    assert skipping.ci.posts == 0


async def test_a_pipeline_that_never_ends_is_stopped_at_its_time_limit(
    environment: WorkflowEnvironment, skipping: Company
) -> None:
    skipping.ci.ends_as = None
    run = await skipping.ask("ana", "1.1.0", "staging")
    async with create_worker(
        environment.client, skipping.life, task_queue="skipping", runner=SandboxedWorkflowRunner()
    ):
        await environment.client.execute_workflow(
            RUN_WORKFLOW, RunInput(run=run), id=run_workflow_id(run), task_queue="skipping"
        )
        history = await environment.client.get_workflow_handle(run_workflow_id(run)).fetch_history()
    row = await skipping.run(run)
    assert row.state == RunState.FAILED, row.reason
    assert "time limit" in (row.reason or "")
    assert skipping.ci.cancels == ["cancel"]
    assert row.ended_at is not None
    assert row.started_at is not None
    assert 30 * 60 <= (row.ended_at - row.started_at).total_seconds() < 31 * 60
    assert len(history.events) < 2000


async def test_a_frozen_run_sleeps_over_the_week_end_and_goes_on_by_itself(
    environment: WorkflowEnvironment, skipping: Company
) -> None:
    async with skipping.store.read() as session:
        now = await skipping.store.clock.now(session)
    spec: dict[str, JsonValue] = {
        "reason": "Nobody is there",
        "from": now.isoformat(timespec="seconds"),
        "until": (now + timedelta(hours=64)).isoformat(timespec="seconds"),
    }
    loaded = freeze_of(as_document(name="week-end", title="Week-end", description="", owner="group:sre", spec=spec))
    async with skipping.store.write() as tx:
        by = await skipping.person("pat")
        await freezes.add(tx, made("week-end", loaded), by=by, key="week-end", body_sha256="")
    skipping.ci.ahead = timedelta(hours=65)  # the CI system's clock is skipped, too
    run = await skipping.ask("ana", "1.1.0", "staging")
    asked = (await skipping.run(run)).created_at
    async with create_worker(
        environment.client, skipping.life, task_queue="skipping", runner=SandboxedWorkflowRunner()
    ):
        await environment.client.execute_workflow(
            RUN_WORKFLOW, RunInput(run=run), id=run_workflow_id(run), task_queue="skipping"
        )
        history = await environment.client.get_workflow_handle(run_workflow_id(run)).fetch_history()
    row = await skipping.run(run)
    assert (row.state, skipping.ci.posts) == (RunState.SUCCEEDED, 1)
    assert row.started_at is not None
    assert 64 * 3600 - 2 <= (row.started_at - asked).total_seconds() < 65 * 3600
    assert len(history.events) < 300


async def test_a_runbook_sleeps_for_hours_and_goes_on_with_another_worker(
    environment: WorkflowEnvironment, skipping: Company, tmp_path: Path
) -> None:
    service = ServiceInMemory(says=lambda number: answer(ok=number > 1))
    skipping.life = replace(skipping.life, services={"pager": service})
    skipping.ci.ahead = timedelta(hours=10)  # the CI system's clock is skipped, too
    check = {"id": "healthy", "uses": "check", "with": {"get": {"service": "pager", "path": "/health"}}}
    check["with"] |= {"until": "${{ response.body.ok }}", "every": "1m", "stable": "5m"}  # type: ignore[operator]
    page = {"id": "page", "uses": "http", "with": {"service": "pager", "method": "POST", "path": "/done"}}
    stepping = Stepping(skipping, GivenClock(await _now(skipping)), tmp_path)
    run = await stepping.ask(wait("soak", "6h"), check, dispatch("ship"), page)
    began = (await skipping.run(run)).created_at

    def worker() -> Worker:
        return create_worker(environment.client, skipping.life, task_queue="steps", runner=SandboxedWorkflowRunner())

    async with worker():
        handle = await environment.client.start_workflow(
            RUN_WORKFLOW, RunInput(run=run), id=run_workflow_id(run), task_queue="steps"
        )
    async with worker():
        await handle.result()
        history = await handle.fetch_history()
    row = await skipping.run(run)
    assert row.state == RunState.SUCCEEDED, row.reason
    assert row.ended_at is not None
    assert 6 * 3600 + 300 <= (row.ended_at - began).total_seconds() < 7 * 3600
    assert [call.path for call in service.calls].count("/done") == 1
    assert (len(service.calls) >= 4, skipping.ci.posts) == (True, 1)
    assert len(history.events) < 400


async def _now(company: Company) -> datetime:
    async with company.store.read() as session:
        return await company.store.clock.now(session)
