"""RunAction on a real Temporal server, in the sandbox that production leaves out."""

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest
from company import Company
from sqlalchemy import event
from temporalio.client import Client, WorkflowExecutionStatus
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner

from daytwo_cli.up.temporal import EmbeddedTemporal
from daytwo_store import outbox, runs
from daytwo_store.ids import RunId
from daytwo_store.states import RUN_ENDS, ExternalStatus, RunState
from daytwo_workflows.client import Driver
from daytwo_workflows.contracts import run_workflow_id
from daytwo_workflows.poker import deliver
from daytwo_workflows.sweeper import Sweeper
from daytwo_workflows.worker import create_worker

pytestmark = pytest.mark.anyio
MOST_EVENTS, MOST_BYTES, MOST_COMMITS = 120, 20_000, 40


@pytest.fixture(scope="module")
def temporal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedTemporal]:
    with EmbeddedTemporal(tmp_path_factory.mktemp("temporal")) as server:
        yield server


@pytest.fixture
async def driver(temporal: EmbeddedTemporal, company: Company) -> AsyncIterator[Driver]:
    """A driver with a worker of its own, on a task queue of its own."""
    client = await Client.connect(temporal.address)
    queue = f"test-{id(company)}"
    async with create_worker(client, company.life, task_queue=queue, runner=SandboxedWorkflowRunner()):
        yield Driver(client, queue)


async def until(company: Company, run: RunId, *states: RunState, seconds: float = 20) -> None:
    async with asyncio.timeout(seconds):
        while (await company.run(run)).state not in states:
            await asyncio.sleep(0.02)


async def poke(company: Company, driver: Driver, run: RunId) -> None:
    await company.look(run)
    await driver.drive(run)


async def test_a_run_goes_from_the_outbox_to_its_end(company: Company, driver: Driver) -> None:
    run = await company.ask("ana", "1.1.0", "staging")
    assert await deliver(company.store, driver) == 1
    await until(company, run, RunState.RUNNING)
    async with asyncio.timeout(20):
        while not (await company.attempts(run)) or (await company.attempts(run))[0].external_id is None:
            await asyncio.sleep(0.02)
    await poke(company, driver, run)
    await until(company, run, RunState.SUCCEEDED)
    assert len(company.ci.ledger) == 1
    assert await deliver(company.store, driver) == 0
    history = await driver._client.get_workflow_handle(run_workflow_id(run)).fetch_history()
    assert len(history.events) <= 60
    assert "1.1.0" not in history.to_json(), "ids and states only: no input may stand in a history"


async def test_a_forged_signal_does_nothing(company: Company, driver: Driver) -> None:
    run = await company.ask("ana", "1.1.0", "production")
    await deliver(company.store, driver)
    for _ in range(5):
        await driver.drive(run)
    await asyncio.sleep(0.5)
    assert (await company.run(run)).state == RunState.WAITING_APPROVAL
    assert company.ci.posts == 0


async def test_a_decision_wakes_the_run_and_it_stays_within_its_budgets(company: Company, driver: Driver) -> None:
    """Design §11: events and payloads of its history; commits from the wish to the end, of API and worker together."""
    for name in ("ana", "sam"):
        await company.person(name)
    commits: list[object] = []
    event.listen(company.store.engine.sync_engine, "commit", lambda connection: commits.append(connection))
    run = await company.ask("ana", "1.1.0", "production")
    await deliver(company.store, driver)
    await company.decide("sam", run)
    await deliver(company.store, driver)
    await until(company, run, RunState.RUNNING)
    async with asyncio.timeout(20):
        while not (await company.attempts(run)) or (await company.attempts(run))[0].external_id is None:
            await asyncio.sleep(0.02)
    await poke(company, driver, run)
    await until(company, run, RunState.SUCCEEDED)
    handle = driver._client.get_workflow_handle(run_workflow_id(run))
    async with asyncio.timeout(20):
        await handle.result()
    history = await handle.fetch_history()
    assert 5 < len(history.events) <= MOST_EVENTS
    assert sum(len(one.SerializeToString()) for one in history.events) <= MOST_BYTES
    assert 5 < len(commits) <= MOST_COMMITS


async def test_a_workflow_that_was_lost_is_started_again_from_the_rows(company: Company, driver: Driver) -> None:
    run = await company.ask("ana", "1.1.0", "production")
    await deliver(company.store, driver)
    await driver._client.get_workflow_handle(run_workflow_id(run)).terminate("storage lost")
    await company.decide("sam", run)
    async with company.store.write() as tx:  # the poke got lost as well
        await outbox.forget(
            company.store,
            [poke.number for poke in await outbox.waiting(company.store, older_than=-company.life.windows.sweep_every)],
        )
        (await runs.hold(tx, run)).next_at = tx.now - 2 * company.life.windows.stale_after
    sweeper = Sweeper(store=company.store, driver=driver, windows=company.life.windows, connections=[], name="test")
    assert await sweeper.sweep() == [run]
    await until(company, run, RunState.RUNNING)


async def test_the_driver_knows_whether_a_run_has_a_workflow(company: Company, driver: Driver) -> None:
    run = await company.ask("ana", "1.1.0", "production")
    assert await driver.has_workflow(run) is False
    await deliver(company.store, driver)
    assert await driver.has_workflow(run) is True
    await driver._client.get_workflow_handle(run_workflow_id(run)).terminate("storage lost")
    assert await driver.has_workflow(run) is False


async def test_it_follows_without_any_webhook(company: Company, driver: Driver) -> None:
    company.ci.ends_as = None
    run = await company.ask("ana", "1.1.0", "staging")
    await deliver(company.store, driver)
    await driver.watch(["github"])
    async with asyncio.timeout(20):
        while not company.ci.ledger:
            await asyncio.sleep(0.02)
    company.ci.end("1", ExternalStatus.SUCCEEDED)
    async with asyncio.timeout(20):
        while (await company.run(run)).state not in RUN_ENDS:
            await deliver(company.store, driver)
            await asyncio.sleep(0.1)
    assert (await company.run(run)).state == RunState.SUCCEEDED
    handle = driver._client.get_workflow_handle("watch-github")
    assert (await handle.describe()).status == WorkflowExecutionStatus.RUNNING
    await handle.terminate()
