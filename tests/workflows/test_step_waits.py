"""Waits whose end nobody knows: an event of another system, before or after it is waited for, and an open window."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from company import open_company
from freezing import freeze, lift
from pydantic import JsonValue, SecretStr
from sqlalchemy import func, select
from stepping import Step, Stepping, dispatch

from daytwo_store import events, runs
from daytwo_store.clock import GivenClock
from daytwo_store.engine import Store
from daytwo_store.events import NewEvent
from daytwo_store.ids import RunId
from daytwo_store.settings import StoreSettings
from daytwo_store.states import ExternalStatus, RunState
from daytwo_store.tables import OutboxRow
from daytwo_workflows.contracts import What
from daytwo_workflows.life.advance import advance, advance_within
from daytwo_workflows.life.resuming import Resumption, resume

pytestmark = pytest.mark.anyio
KEY = "${{ inputs.version }}"  # 1.1.0
VERDICT = {"outputs": {"verdict": {"type": "string", "enum": ["go", "stop"]}}}


@pytest.fixture
async def stepping(database_url: str, tmp_path: Path) -> AsyncIterator[Stepping]:
    clock = GivenClock(datetime.now(UTC))
    store = Store(StoreSettings(url=SecretStr(database_url), pool_size=4), clock=clock)
    yield Stepping(await open_company(store), clock, tmp_path)
    await store.close()


def awaiting(name: str = "change", **more: object) -> Step:
    return {"id": name, "uses": "wait", "with": {"event": {"source": "changes", "key": KEY}}, **more}


async def tell(stepping: Stepping, key: str = "1.1.0", **payload: JsonValue) -> None:
    stepping.loaded += 1
    event = NewEvent(source="changes", delivery=f"d{stepping.loaded}", key=key, payload=payload)
    async with stepping.company.store.write() as tx:
        await events.keep(tx, event)


async def poked(stepping: Stepping, run: RunId) -> bool:
    async with stepping.company.store.read() as session:
        count = select(func.count()).select_from(OutboxRow).where(OutboxRow.run_id == run)
        return bool(await session.scalar(count))


async def clear_pokes(stepping: Stepping) -> None:
    async with stepping.company.store.write() as tx:
        for row in await tx.session.scalars(select(OutboxRow)):
            await tx.session.delete(row)


async def test_an_event_wakes_what_waits_for_its_key_and_nothing_else(stepping: Stepping) -> None:
    run = await stepping.run(awaiting(**VERDICT), dispatch("ship", inputs={"v": "${{ steps.change.outputs.verdict }}"}))
    assert await stepping.states(run) == {"change": "running", "ship": "pending"}
    await clear_pokes(stepping)
    await tell(stepping, "1.1.1", verdict="go")
    assert not await poked(stepping, run)
    await tell(stepping, verdict="go", noise="x")
    assert await poked(stepping, run)
    await stepping.on(run)
    change, _ = await stepping.steps(run)
    assert (change.state, change.outputs, stepping.sent()) == ("succeeded", {"verdict": "go"}, ["ship"])


async def test_an_event_that_came_before_it_was_waited_for_counts(stepping: Stepping) -> None:
    run = await stepping.run({"id": "soak", "uses": "wait", "with": {"for": "10m"}}, awaiting())
    await tell(stepping)
    await stepping.on(run, later=timedelta(minutes=10))
    assert (await stepping.company.run(run)).state == RunState.SUCCEEDED


async def test_an_event_of_before_the_run_does_not_count(stepping: Stepping) -> None:
    await tell(stepping)
    stepping.clock.moment += timedelta(minutes=1)
    run = await stepping.run(awaiting())
    assert await stepping.states(run) == {"change": "running"}


async def test_an_event_is_for_one_step_of_a_run_and_for_every_run(stepping: Stepping) -> None:
    run = await stepping.run(awaiting("first"), awaiting("second"))
    other = await stepping.run(awaiting())
    await tell(stepping)
    for one in (run, other):
        await stepping.on(one)
    assert await stepping.states(run) == {"first": "succeeded", "second": "running"}
    assert await stepping.states(other) == {"change": "succeeded"}
    await tell(stepping)
    await stepping.on(run)
    assert (await stepping.company.run(run)).state == RunState.SUCCEEDED


async def resumed(stepping: Stepping, run: RunId) -> RunId:
    row = await stepping.company.run(run)
    ana = await stepping.company.person("ana")
    asked = Resumption(run=row, requester=ana, token=None, answers={}, version=row.version)
    new = RunId((await resume(stepping.company.life, asked, f"resume {run}")).run.id)
    await stepping.company.drive(new)
    return new


async def fails(stepping: Stepping, run: RunId) -> None:
    """Its first pipeline."""
    stepping.company.ci.ends_as = ExternalStatus.FAILED
    await stepping.on(run)
    assert (await stepping.company.run(run)).state == RunState.FAILED
    stepping.company.ci.ends_as = ExternalStatus.SUCCEEDED
    stepping.clock.moment += timedelta(minutes=1)


async def test_an_event_that_came_early_is_not_lost_when_the_run_is_resumed(stepping: Stepping) -> None:
    """Twice: what counts is when the first of these runs began."""
    stepping.company.ci.ends_as = ExternalStatus.FAILED
    run = await stepping.run(dispatch("ship"), awaiting(**VERDICT))
    await tell(stepping, verdict="go")
    await fails(stepping, run)
    stepping.company.ci.ends_as = ExternalStatus.FAILED
    run = await resumed(stepping, run)
    await fails(stepping, run)
    new = await resumed(stepping, run)
    await stepping.on(new)
    _, change = await stepping.steps(new)
    assert (change.state, change.outputs) == ("succeeded", {"verdict": "go"})


async def test_an_event_that_a_step_has_had_is_not_had_again_by_the_run_that_resumes_it(stepping: Stepping) -> None:
    stepping.company.ci.ends_as = ExternalStatus.FAILED
    run = await stepping.run(awaiting("first"), awaiting("second", **VERDICT), awaiting("third"))
    await tell(stepping)
    await stepping.on(run)
    stepping.clock.moment += timedelta(minutes=1)
    await tell(stepping, verdict="perhaps")
    await stepping.on(run)
    row = await stepping.company.run(run)
    assert (row.state, await stepping.states(run)) == (
        RunState.FAILED,
        {"first": "succeeded", "second": "failed", "third": "skipped"},
    )
    new = await resumed(stepping, run)
    assert await stepping.states(new) == {"first": "succeeded", "second": "running", "third": "pending"}
    stepping.clock.moment += timedelta(minutes=1)
    await tell(stepping, verdict="go")
    await stepping.on(new)
    assert await stepping.states(new) == {"first": "succeeded", "second": "succeeded", "third": "running"}


async def test_no_event_in_time_fails_the_step(stepping: Stepping) -> None:
    run = await stepping.run(awaiting(timeout="2h"), dispatch("ship"))
    move = await stepping.on(run)
    assert (move.what, round(move.seconds or 0)) == (What.WAIT, 7200)
    await stepping.on(run, later=timedelta(hours=2))
    row = await stepping.company.run(run)
    assert (row.state, "No event of changes about 1.1.0 came" in (row.reason or "")) == (RunState.FAILED, True)
    await tell(stepping)  # too late, and nothing comes of it
    assert stepping.sent() == []


async def test_an_event_that_is_not_as_declared_fails_the_step(stepping: Stepping) -> None:
    run = await stepping.run(awaiting(**VERDICT))
    await tell(stepping, verdict="perhaps")
    await stepping.on(run)
    row = await stepping.company.run(run)
    assert (row.state, "other ones than declared" in (row.reason or "")) == (RunState.FAILED, True)


async def test_what_keeps_an_event_and_what_looks_for_one_never_miss_each_other(stepping: Stepping) -> None:
    """Whoever looks has not committed when the event is kept: it waits, and finds the step that waits."""
    run = await stepping.run({"id": "soak", "uses": "wait", "with": {"for": "10m"}}, awaiting())
    await clear_pokes(stepping)
    stepping.clock.moment += timedelta(minutes=10)
    async with stepping.company.store.write() as tx:
        await advance_within(stepping.company.life, tx, await runs.hold(tx, run))  # waits now, and has found nothing
        telling = asyncio.create_task(tell(stepping))
        await asyncio.sleep(0.2)
        assert not telling.done()
    await telling
    assert await poked(stepping, run)


async def test_a_worker_that_dies_on_the_way_changes_nothing(stepping: Stepping) -> None:
    """It was decided, and whoever decided it is gone before the commit: the next decides the same from the rows."""
    run = await stepping.run(awaiting())
    await tell(stepping)
    with pytest.raises(Killed):
        await _killed_before_the_commit(stepping, run)
    assert await stepping.states(run) == {"change": "running"}
    for _ in range(2):
        await advance(stepping.company.life, run)
    assert (await stepping.company.run(run)).state == RunState.SUCCEEDED


class Killed(Exception):
    pass


async def _killed_before_the_commit(stepping: Stepping, run: RunId) -> None:
    async with stepping.company.store.write() as tx:
        await advance_within(stepping.company.life, tx, await runs.hold(tx, run))
        raise Killed


async def test_a_wait_until_the_window_opens(stepping: Stepping) -> None:
    """A run that has begun goes on under a freeze, and this is where it says that it does not want to."""
    company = stepping.company
    run = await stepping.run(
        {"id": "soak", "uses": "wait", "with": {"for": "10m"}},
        {"id": "window", "uses": "wait", "with": {"window": "open"}, "timeout": "8h"},
        dispatch("ship"),
    )
    await freeze(company, "holidays")
    move = await stepping.on(run, later=timedelta(minutes=10))
    assert (await stepping.states(run))["window"] == "running"
    assert move.what is What.WAIT
    assert 6000 < (move.seconds or 0) <= 7200  # as long as the freeze
    await clear_pokes(stepping)
    await lift(company, "holidays")
    assert await poked(stepping, run)
    await stepping.on(run)
    assert (await stepping.states(run))["window"] == "succeeded"


async def test_a_window_that_does_not_open_in_time_fails_the_step(stepping: Stepping) -> None:
    run = await stepping.run(
        {"id": "soak", "uses": "wait", "with": {"for": "10m"}},
        {"id": "window", "uses": "wait", "with": {"window": "open"}, "timeout": "1h"},
    )
    await freeze(stepping.company, "holidays")
    await stepping.on(run, later=timedelta(minutes=10))
    await stepping.on(run, later=timedelta(hours=1))
    row = await stepping.company.run(run)
    assert (row.state, "The window did not open" in (row.reason or "")) == (RunState.FAILED, True)
