"""Freezes and the global stop in the life of a run: decided where the dispatch is sealed, never later, never lost."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from company import EXAMPLES, Company, open_company
from hearing import HOUR, NIGHT, says
from more_actions import like_deploy, load_beside
from pydantic import JsonValue, SecretStr
from sqlalchemy import delete, insert, inspect, select, text

from daytwo_actions.definitions import DefinitionRejected
from daytwo_actions.freezes import as_document, freeze_of
from daytwo_store import entities, freezes, locks, runs
from daytwo_store.clock import GivenClock
from daytwo_store.engine import Store
from daytwo_store.ids import EntityRef, LockKey, RunId
from daytwo_store.lock_reading import situations
from daytwo_store.settings import StoreSettings
from daytwo_store.states import RunState
from daytwo_store.tables import AuditHeadRow, OutboxRow, RunRow
from daytwo_workflows.company import load_company
from daytwo_workflows.contracts import What
from daytwo_workflows.life import exceptions, interventions
from daytwo_workflows.life.advance import advance
from daytwo_workflows.life.dispatch import dispatch
from daytwo_workflows.life.exceptions import Asking, Deciding
from daytwo_workflows.life.frozen import made
from daytwo_workflows.life.window import next_of_window

pytestmark = pytest.mark.anyio
MONDAY = datetime(2026, 11, 23, 12, tzinfo=UTC)  # before now: what the CI system starts is newer
STAGING = LockKey("shop/staging")


@dataclass
class Frozen:
    """A company whose clock somebody else moves."""

    company: Company
    clock: GivenClock

    async def freeze(self, name: str, **spec: JsonValue) -> None:
        """From now for two hours, unless it says otherwise."""
        now = self.clock.moment
        given: dict[str, JsonValue] = {
            "reason": "Nobody is there",
            "from": now.isoformat(),
            "until": (now + timedelta(hours=2)).isoformat(),
        }
        if "calendar" in spec:
            given = {"reason": "Nobody is there"}
        document = as_document(name=name, title=name.title(), description="", owner="group:sre", spec=given | spec)
        made_of = made(name, freeze_of(document))
        by = await self.company.person("pat")
        async with self.company.store.write() as tx:
            await freezes.add(tx, made_of, by=by, key=name, body_sha256="")

    async def lift(self, name: str) -> None:
        async with self.company.store.write() as tx:
            await freezes.write_locked(tx)
            await freezes.remove(tx, await freezes.get(tx.session, name), by=await self.company.person("pat"))

    async def stop(self) -> None:
        by = await self.company.person("pat")
        async with self.company.store.write() as tx:
            await freezes.stop(tx, by=by, reason="The network is on fire")

    async def start(self) -> None:
        by = await self.company.person("pat")
        async with self.company.store.write() as tx:
            await freezes.lift(tx, by=by, why="It is out")

    async def window(self, run: RunId) -> Mapping[str, JsonValue]:
        row = await self.company.run(run)
        assert row.state == RunState.WAITING_WINDOW
        assert row.window is not None
        return row.window

    async def queue(self) -> tuple[RunId | None, tuple[RunId, ...]]:
        async with self.company.store.read() as session:
            (found,) = await situations(session, [STAGING])
        return found.holder, found.queue

    def pass_time(self, **much: float) -> None:
        self.clock.moment += timedelta(**much)


@pytest.fixture
async def frozen(database_url: str) -> AsyncIterator[Frozen]:
    clock = GivenClock(MONDAY)
    store = Store(StoreSettings(url=SecretStr(database_url), pool_size=5), clock=clock)
    yield Frozen(await open_company(store), clock)
    await store.close()


async def test_a_frozen_run_waits_until_the_freeze_is_over_and_then_goes_on_by_itself(frozen: Frozen) -> None:
    company = frozen.company
    await frozen.freeze("year-end")
    run = await company.ask("ana", "1.1.0", "staging")
    move = await company.drive(run)
    assert (move.what, move.seconds) == (What.WAIT, 7200)
    window = await frozen.window(run)
    assert window["opens"] == (MONDAY + timedelta(hours=2)).isoformat()
    assert window["holds"][0]["title"] == "Year-End"  # type: ignore[index,call-overload]
    assert await frozen.queue() == (None, ()), "no lock is held while it waits"
    frozen.pass_time(hours=1, minutes=59)
    await company.drive(run)
    assert company.ci.posts == 0
    frozen.pass_time(minutes=1)
    await company.through(run)
    row = await company.run(run)
    assert (row.state, row.window, company.ci.posts) == (RunState.SUCCEEDED, None, 1)


async def test_a_freeze_that_begins_after_the_approval_holds_and_needs_no_second_approval(frozen: Frozen) -> None:
    company = frozen.company
    run = await company.ask("ana", "1.1.0", "production")
    await company.drive(run)
    await company.decide("sam", run)
    await frozen.freeze("sudden")
    await company.drive(run)
    assert company.ci.posts == 0
    await frozen.window(run)
    await frozen.lift("sudden")
    await company.through(run)
    assert (await company.run(run)).state == RunState.SUCCEEDED
    assert len(await company.approvals(run)) == 1


async def test_a_freeze_that_begins_between_lock_and_seal_takes_the_lock_and_keeps_the_place(frozen: Frozen) -> None:
    company = frozen.company
    first = await company.ask("ana", "1.1.0", "staging")
    about_to = await advance(company.life, first)
    assert about_to.what is What.DISPATCH
    assert (await frozen.queue())[0] == first
    second, third = [await company.ask("ana", "1.1.0", "staging") for _ in range(2)]
    await company.drive(second)
    await company.drive(third)
    assert await frozen.queue() == (first, (second, third))
    await frozen.freeze("sudden", **{"except": {"groups": ["group:platform"]}})
    move = await dispatch(company.life, first, about_to.path, about_to.attempt)
    assert move.what is What.WAIT
    assert company.ci.posts == 0
    assert (await company.run(first)).fence is None
    assert (await frozen.queue())[0] == second, "the lock was given back"
    for run in (second, third):
        await company.drive(run)
        await frozen.window(run)
    assert await frozen.queue() == (None, ())
    await frozen.lift("sudden")
    await company.drive(third)  # wakes first, and yet …
    assert (await frozen.queue())[0] == third
    await company.drive(second)
    await company.drive(first)
    assert await frozen.queue() == (third, (first, second)), "… the others stand where they stood"


async def test_what_has_begun_goes_on_under_a_freeze(frozen: Frozen) -> None:
    company = frozen.company
    run = await company.ask("ana", "1.1.0", "staging")
    await company.drive(run)
    assert company.ci.posts == 1
    await frozen.freeze("late")
    await frozen.stop()
    await company.look(run)
    await company.drive(run)
    assert (await company.run(run)).state == RunState.SUCCEEDED


async def test_nothing_is_sent_after_a_stop_and_everything_goes_on_when_it_is_lifted(frozen: Frozen) -> None:
    company = frozen.company
    sealed_before, other = [await company.ask("ana", "1.1.0", name) for name in ("staging", "staging")]
    about_to = await advance(company.life, sealed_before)
    await frozen.stop()
    await dispatch(company.life, sealed_before, about_to.path, about_to.attempt)
    await company.drive(other)
    for run in (sealed_before, other):
        window = await frozen.window(run)
        assert window["stop"]["reason"] == "The network is on fire"  # type: ignore[index,call-overload]
        assert window["opens"] is None
    assert company.ci.posts == 0
    async with company.store.read() as session:
        assert await freezes.stopped(session) is not None
    await frozen.start()
    await company.through(sealed_before)
    await company.through(other)
    assert company.ci.posts == 2


async def test_a_run_that_waits_can_be_withdrawn_and_leaves_no_place_behind(frozen: Frozen) -> None:
    company = frozen.company
    await frozen.freeze("year-end")
    run = await company.ask("ana", "1.1.0", "staging")
    await company.drive(run)
    await interventions.withdraw(company.store, run, by=await company.person("ana"), reason="")
    assert (await company.run(run)).state == RunState.WITHDRAWN
    other = await company.ask("ana", "1.1.0", "staging")
    async with company.store.write() as tx:
        want = locks.wanted(await runs.peek(tx.session, other))
        assert want is not None
        assert isinstance(await locks.acquire(tx, want), locks.Held)


async def test_a_stop_waits_for_seals_under_way_and_holds_for_every_later_one(frozen: Frozen) -> None:
    """The database decides: whoever seals holds off who stops, and then sees the stop."""
    company = frozen.company
    run = await company.ask("ana", "1.1.0", "staging")
    about_to = await advance(company.life, run)
    async with company.store.write() as sealing:
        await freezes.read_locked(sealing.session)  # a seal that has looked and found nothing
        stopping = asyncio.create_task(frozen.stop())
        await until_somebody_waits(company)
        assert not stopping.done()
    await stopping
    await dispatch(company.life, run, about_to.path, about_to.attempt)
    assert company.ci.posts == 0
    await frozen.window(run)


async def test_a_seal_holds_off_who_stops_until_it_is_written(frozen: Frozen) -> None:
    company = frozen.company
    run = await company.ask("ana", "1.1.0", "staging")
    about_to = await advance(company.life, run)
    async with company.store.write() as auditing:  # whoever writes has to wait for the head of the audit
        await auditing.session.execute(select(AuditHeadRow).with_for_update())
        sealing = asyncio.create_task(dispatch(company.life, run, about_to.path, about_to.attempt))
        await until("SELECT count(*) FROM pg_locks WHERE NOT granted", company)
        stopping = asyncio.create_task(frozen.stop())
        await until_somebody_waits(company)
    await asyncio.gather(sealing, stopping)
    assert company.ci.posts == 1, "it was sealed before the stop was there"
    other = await company.ask("ana", "1.1.0", "staging")
    await company.drive(other)
    await frozen.window(other)


async def until_somebody_waits(company: Company) -> None:
    """For an advisory lock, as that of freezes."""
    await until("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted", company)


async def until(count: str, company: Company) -> None:
    async with asyncio.timeout(60):
        while True:
            async with company.store.read() as session:
                if await session.scalar(text(count)):
                    return
            await asyncio.sleep(0.02)


async def test_a_freeze_that_is_lifted_while_a_run_begins_to_wait_wakes_it(frozen: Frozen) -> None:
    """Whoever lifts waits for the run to be written down as waiting, and finds it."""
    company = frozen.company
    await frozen.freeze("short")
    run = await company.ask("ana", "1.1.0", "staging")
    async with company.store.write() as tx:
        row = await runs.hold(tx, run)
        assert (await next_of_window(company.life, tx, row)) is not None
        lifting = asyncio.create_task(frozen.lift("short"))
        await until_somebody_waits(company)
    await lifting
    assert run in await poked(company)


async def poked(company: Company) -> set[RunId]:
    async with company.store.read() as session:
        return {RunId(one) for one in await session.scalars(select(OutboxRow.run_id))}


async def test_hundreds_of_waiting_runs_are_woken_by_one_change(frozen: Frozen) -> None:
    company = frozen.company
    await frozen.freeze("year-end")
    first = await company.ask("ana", "1.1.0", "staging")
    await company.drive(first)
    async with company.store.write() as tx:  # as many more as that one
        row = await runs.peek(tx.session, first)
        kept = {one.key: getattr(row, one.key) for one in inspect(RunRow).column_attrs}
        many = [kept | {"id": f"r_{number}", "idempotency_key": f"many-{number}"} for number in range(400)]
        await tx.session.execute(insert(RunRow), many)
        await tx.session.execute(delete(OutboxRow))
    await frozen.lift("year-end")
    assert await poked(company) == {first, *(f"r_{number}" for number in range(400))}


async def test_another_process_and_another_workflow_find_the_run_waiting(frozen: Frozen) -> None:
    """A restart: everything that is known of the wait is in the database."""
    company = frozen.company
    await frozen.freeze("year-end")
    run = await company.ask("ana", "1.1.0", "staging")
    await company.drive(run)
    row = await company.run(run)
    assert row.next_at == frozen.clock.moment + timedelta(hours=2), "the sweeper looks when it opens"
    again = Company(life=replace(company.life, frozen=type(company.life.frozen)()), ci=company.ci)
    move = await again.drive(run)
    assert (move.what, move.seconds) == (What.WAIT, 7200)
    frozen.pass_time(hours=2)
    await again.through(run)
    assert (await again.run(run)).state == RunState.SUCCEEDED


async def test_a_changed_plan_makes_an_exception_void(frozen: Frozen) -> None:
    company = frozen.company
    await frozen.freeze("year-end")
    run = await company.ask("ana", "1.1.0", "staging")
    await company.drive(run)
    asking = Asking(run=run, freeze="year-end", by=await company.person("ana"), reason="now", key="ask-1")
    exception = await exceptions.ask(company.life, asking)
    deciding = Deciding(
        exception=exception.id,
        by=await company.person("sam"),
        grant=True,
        until=frozen.clock.moment + timedelta(hours=1),
        comment="",
    )
    await exceptions.decide(company.life, deciding)
    async with company.store.write() as tx:
        (await runs.hold(tx, run)).digest = "0" * 64  # the plan is another one
    await company.drive(run)
    await frozen.window(run)
    assert company.ci.posts == 0


async def test_an_exception_falls_with_who_granted_it(frozen: Frozen) -> None:
    company = frozen.company
    await frozen.freeze("year-end")
    run = await company.ask("ana", "1.1.0", "staging")
    await company.drive(run)
    asking = Asking(run=run, freeze="year-end", by=await company.person("ana"), reason="now", key="ask-1")
    exception = await exceptions.ask(company.life, asking)
    until = frozen.clock.moment + timedelta(hours=1)
    sam = await company.person("sam")
    await exceptions.decide(company.life, Deciding(exception=exception.id, by=sam, grant=True, until=until, comment=""))
    async with company.store.write() as tx:
        await entities.delete(tx, EntityRef("person:sam"), by="test:x")
    await company.drive(run)
    await frozen.window(run)
    assert company.ci.posts == 0
    again = await exceptions.ask(company.life, replace(asking, key="ask-2"))
    assert again.id != exception.id, "another one may be asked for"


async def test_an_exception_stays_granted_in_silence_and_falls_with_the_group(frozen: Frozen) -> None:
    company = frozen.company
    await says(company, "sam", "group:sre")
    await frozen.freeze("year-end")
    first, second = await company.ask("ana", "1.1.0", "staging"), await company.ask("ana", "1.2.0", "staging")
    sam, until = await company.person("sam"), frozen.clock.moment + HOUR
    for run in (first, second):
        await company.drive(run)
        asking = Asking(run=run, freeze="year-end", by=await company.person("ana"), reason="now", key=f"ask-{run}")
        made = await exceptions.ask(company.life, asking)
        deciding = Deciding(exception=made.id, by=sam, grant=True, until=until, comment="")
        await exceptions.decide(company.life, deciding)
    await says(company, "sam", "group:sre", ago=NIGHT)
    await company.through(first)
    assert (await company.run(first)).state == RunState.SUCCEEDED
    await says(company, "sam")
    await company.drive(second)
    assert (await company.run(second)).state == RunState.WAITING_WINDOW
    assert company.ci.posts == 1


async def test_a_stop_keeps_the_next_step_of_what_has_begun_and_its_lock(frozen: Frozen, tmp_path: Path) -> None:
    company = frozen.company
    ship = like_deploy("two", approval=[])["spec"]["steps"][0]
    await load_beside(company, tmp_path, like_deploy("two", approval=[], steps=[ship, {**ship, "id": "again"}]))
    run = await company.ask("ana", "1.1.0", "staging", action="two")
    await company.drive(run)
    assert company.ci.posts == 1
    await frozen.stop()
    await frozen.freeze("late")
    await company.look(run)
    move = await company.drive(run)
    row = await company.run(run)
    assert (move.what, row.state, company.ci.posts) == (What.WAIT, RunState.RUNNING, 1)
    assert row.window is not None
    assert (await frozen.queue())[0] == run, "half a runbook keeps its lock"
    await frozen.start()
    assert run in await poked(company)
    await company.drive(run)
    assert company.ci.posts == 2, "the freeze is not for what has begun"
    await company.look(run)
    await company.drive(run)
    assert (await company.run(run)).state == RunState.SUCCEEDED


async def test_a_broken_file_loads_nothing_and_the_last_good_freeze_stays(frozen: Frozen, tmp_path: Path) -> None:
    company = frozen.company
    file = tmp_path / "freeze.yaml"
    good = {
        "apiVersion": "daytwo/v1",
        "kind": "Freeze",
        "metadata": {"name": "moving", "title": "Moving", "owner": "group:sre"},
        "spec": {"reason": "x", "from": "2026-11-01T00:00Z", "until": "2026-12-24T00:00Z"},
    }
    folders = [EXAMPLES / "catalog", EXAMPLES / "actions", tmp_path]
    file.write_text(json.dumps(good))
    await load_company(company.store, folders, {"github": "github"})
    run = await company.ask("ana", "1.1.0", "staging")
    await company.drive(run)
    await frozen.window(run)
    file.write_text(json.dumps(good).replace("2026-12-24", "2026-10-24"))
    with pytest.raises(DefinitionRejected, match=r"freeze\.yaml:1:"):
        await load_company(company.store, folders, {"github": "github"})
    await company.drive(run)
    await frozen.window(run)
    file.unlink()
    async with company.store.write() as tx:
        await tx.session.execute(delete(OutboxRow))
    await load_company(company.store, folders, {"github": "github"})
    assert run in await poked(company)
    await company.through(run)
    assert (await company.run(run)).state == RunState.SUCCEEDED
