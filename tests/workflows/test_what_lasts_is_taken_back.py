"""Nobody keeps what they have for a time: not by force, by stopping twice, by saying so, and whatever has changed."""

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from company import SHOP, open_company
from locking import Locking
from pydantic import SecretStr
from service_in_memory import LOST, ServiceInMemory, answer
from sqlalchemy import select
from stepping import Step, Stepping, dispatch

from daytwo_actions.recovery import Choice
from daytwo_store import entities, runs
from daytwo_store.clock import GivenClock
from daytwo_store.engine import Store
from daytwo_store.errors import Conflict, Forbidden
from daytwo_store.ids import EntityRef, RunId
from daytwo_store.lasting import Lasting, of_entity
from daytwo_store.notifications import Notice
from daytwo_store.run_visibility import Onlooker
from daytwo_store.settings import StoreSettings
from daytwo_store.states import ExternalStatus, RunState
from daytwo_store.tables import NotificationRow
from daytwo_workflows.life import interventions
from daytwo_workflows.life.asking import undo
from daytwo_workflows.life.resuming import Resumption, preview
from daytwo_workflows.life.taking_away import TakeAway, take_away
from daytwo_workflows.life.undo_choices import choose
from daytwo_workflows.life.undoing import is_told

pytestmark = pytest.mark.anyio
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
FAILS, WORKS = ExternalStatus.FAILED, ExternalStatus.SUCCEEDED
LASTS: Step = {"id": "access", "uses": "temporary", "with": {"for": "4h"}}
LOCK = "${{ entity.name }}/${{ inputs.environment.name }}"


@pytest.fixture
async def stepping(database_url: str, tmp_path: Path) -> AsyncIterator[Stepping]:
    clock = GivenClock(datetime.now(UTC))
    store = Store(StoreSettings(url=SecretStr(database_url), pool_size=4), clock=clock)
    yield Stepping(await open_company(store), clock, tmp_path)
    await store.close()


def grant(**inputs: object) -> Step:
    back = {key: value for key, value in dispatch("revoke", inputs=inputs).items() if key != "id"}
    more = {"outputs": {"image": {"type": "string"}}} if inputs else {}
    return dispatch("grant", undo=back, **more)


async def lasts(stepping: Stepping, *steps: Step, **spec: object) -> RunId:
    run = await stepping.run(*(steps or (grant(), LASTS)), on_error="undo", **spec)  # type: ignore[arg-type]
    for _ in range(3):
        await stepping.on(run)
    assert (await stepping.states(run))["access"] == "running"
    return run


async def end(stepping: Stepping, run: RunId, *, later: timedelta = timedelta(0)) -> RunState:
    await stepping.on(run, later=later)
    for _ in range(3):
        await stepping.on(run)
    return RunState((await stepping.company.run(run)).state)


async def stands(stepping: Stepping) -> list[Lasting]:
    ana = await stepping.company.person("ana")
    async with stepping.company.store.read() as session:
        return list(await of_entity(session, "service:shop", Onlooker(belongs=frozenset(), principal=ana)))


async def cancel(stepping: Stepping, run: RunId, by: str, *, force: bool = False, operator: bool = False) -> None:
    who = await stepping.company.person(by)
    await interventions.cancel(stepping.company.store, run, by=who, reason="", force=force, operator=operator)


@pytest.mark.parametrize(("by", "operator"), [("ana", False), ("ana", True), ("sam", False)])
async def test_only_another_operator_uses_force(stepping: Stepping, by: str, operator: bool) -> None:
    run = await lasts(stepping)
    with pytest.raises(Forbidden, match="without force"):
        await cancel(stepping, run, by, force=True, operator=operator)
    assert (await stepping.company.run(run)).cancel_at is None


async def test_force_leaves_nothing_that_was_done(stepping: Stepping) -> None:
    run = await lasts(stepping)
    await cancel(stepping, run, "pat", force=True, operator=True)
    assert await end(stepping, run) == RunState.CANCELLED
    assert stepping.sent() == ["grant", "revoke"]


async def test_force_on_a_run_that_calls_it_is_no_force_on_it(stepping: Stepping) -> None:
    run, ana = await lasts(stepping), await stepping.company.person("ana")
    async with stepping.company.store.write() as tx:
        await interventions.ask_to_stop(tx, await runs.hold(tx, run), by=ana, reason="", force=True)
    assert (await stepping.company.run(run)).cancel_forced is False
    assert await end(stepping, run) == RunState.CANCELLED
    assert stepping.sent() == ["grant", "revoke"]


async def test_what_may_still_be_running_is_left_by_force_and_shown(stepping: Stepping) -> None:
    stepping.company.ci.ends_as, stepping.company.ci.obeys = None, False
    run = await stepping.run(grant(), LASTS, on_error="undo")
    await cancel(stepping, run, "pat", force=True, operator=True)
    await stepping.on(run)
    assert await end(stepping, run, later=6 * MINUTE) == RunState.CANCELLED
    assert stepping.sent() == ["grant"]
    assert "What grant did stays; it can be undone." in ((await stepping.company.run(run)).reason or "")
    assert [one.stands for one in await stands(stepping)] == [True]


async def test_to_stop_it_twice_ends_no_undo(stepping: Stepping) -> None:
    run, ana = await lasts(stepping), await stepping.company.person("ana")
    stepping.company.ci.ends_as = None
    await cancel(stepping, run, "ana")
    await stepping.on(run)
    assert stepping.sent() == ["grant", "revoke"]
    with pytest.raises(Forbidden):
        await cancel(stepping, run, "ana")
    async with stepping.company.store.write() as tx:  # as a run above it does, or one that wants its lock
        await interventions.ask_to_stop(tx, await runs.hold(tx, run), by=ana, reason="")
    assert (await stepping.company.run(run)).cancel_at is None
    stepping.company.ci.end("2", WORKS)
    assert await end(stepping, run) == RunState.CANCELLED
    assert ((await stepping.company.run(run)).reason or "").endswith("Undone: grant.")


async def not_taken_back(stepping: Stepping, **spec: object) -> RunId:
    """Its time is over, and its revocation fails."""
    run = await lasts(stepping, **spec)
    stepping.company.ci.ends_as = FAILS
    assert await end(stepping, run, later=5 * HOUR) == RunState.NEEDS_ATTENTION
    return run


async def test_who_asked_does_not_say_that_it_stays(stepping: Stepping) -> None:
    run, store = await not_taken_back(stepping), stepping.company.store
    with pytest.raises(Forbidden, match="does not say that it stays"):
        await choose(store, run, Choice.LEAVE, by=await stepping.company.person("ana"), reason="", decides=True)
    await choose(store, run, Choice.LEAVE, by=await stepping.company.person("sam"), reason="by hand", decides=True)
    assert await end(stepping, run) == RunState.SUCCEEDED
    [one] = await stands(stepping)
    assert (one.run, one.stands) == (run, True), "it stands, so the entity says so"


async def test_what_failed_is_tried_again_by_itself_and_shown_until_then(stepping: Stepping) -> None:
    run = await not_taken_back(stepping)
    assert [one.stands for one in await stands(stepping)] == [True]
    assert "tried again by itself" in ((await stepping.company.run(run)).reason or "")
    assert stepping.sent() == ["grant", "revoke"]
    await end(stepping, run, later=3 * MINUTE)
    assert stepping.sent() == ["grant", "revoke", "revoke"]
    await end(stepping, run, later=3 * MINUTE)
    assert len(stepping.sent()) == 3, "the second pause is longer"
    stepping.company.ci.ends_as = WORKS
    assert await end(stepping, run, later=2 * MINUTE) == RunState.SUCCEEDED
    assert (len(stepping.sent()), await stands(stepping)) == (4, [])


async def alarms(stepping: Stepping, run: RunId) -> int:
    """How often its people were told that it needs somebody."""
    async with stepping.company.store.read() as session:
        notices = await session.scalars(select(NotificationRow.kind).where(NotificationRow.run_id == run))
        return [*notices].count(Notice.RUN_NEEDS_ATTENTION)


async def test_it_is_tried_until_it_is_done_and_loud_meanwhile(stepping: Stepping) -> None:
    run = await not_taken_back(stepping)
    for number in range(2, 10):
        await stepping.on(run, later=HOUR)
        await stepping.on(run)
        assert stepping.sent().count("revoke") == number, "an hour is the longest pause"
        assert await alarms(stepping, run) == min(number, 7)
    row = await stepping.company.run(run)
    assert row.state == RunState.NEEDS_ATTENTION
    assert "It has failed 9 times, and what was for a time still stands: somebody has to see to it." in (
        row.reason or ""
    )
    assert "tried again by itself" in (row.reason or "")
    stepping.company.ci.ends_as = WORKS
    assert await end(stepping, run, later=HOUR) == RunState.SUCCEEDED
    assert await stands(stepping) == []


def test_who_was_alarmed_is_told_once_a_day() -> None:
    assert [tries for tries in range(1, 60) if is_told(tries)] == [1, 2, 3, 4, 5, 6, 7, 31, 55]


async def by_request(stepping: Stepping, pager: ServiceInMemory) -> RunId:
    """Its time is over, and it is taken back by a request that is not made twice."""
    stepping.company.life = replace(stepping.company.life, services={"pager": pager})
    call = {"service": "pager", "method": "DELETE", "path": "/grants"}
    granted = dispatch("grant", undo={"uses": "http", "effect": "once", "with": call})
    run = await lasts(stepping, granted, LASTS)
    await end(stepping, run, later=5 * HOUR)
    return run


async def test_what_is_done_once_at_most_is_tried_again_where_it_was_not_done(stepping: Stepping) -> None:
    pager = ServiceInMemory(says=lambda number: answer(403) if number < 2 else answer())
    run = await by_request(stepping, pager)
    assert (len(pager.calls), await alarms(stepping, run)) == (1, 1)
    for _ in range(2):
        await end(stepping, run, later=HOUR)
    assert (len(pager.calls), (await stepping.company.run(run)).state) == (3, RunState.SUCCEEDED)


async def test_what_is_done_once_at_most_and_may_have_been_waits_for_a_person(stepping: Stepping) -> None:
    pager = ServiceInMemory(says=lambda _: LOST)
    run = await by_request(stepping, pager)
    for _ in range(3):
        await end(stepping, run, later=HOUR)
    assert (len(pager.calls), (await stepping.company.run(run)).state) == (1, RunState.NEEDS_ATTENTION)


async def test_what_cannot_be_worked_out_is_not_tried_over_and_over(stepping: Stepping) -> None:
    stepping.company.ci.ends_as = FAILS
    run = await stepping.run(grant(what="${{ steps.grant.outputs.image }}"), LASTS, on_error="undo")
    for _ in range(3):
        await end(stepping, run, later=2 * HOUR)
    assert (await stepping.company.run(run)).state == RunState.NEEDS_ATTENTION
    assert [step.path for step in await stepping.steps(run) if step.undoes is not None] == ["grant.undo"]


async def pushed(stepping: Stepping, *, text: str | None = None) -> RunId:
    """What was approved lasts, and somebody has pushed into the repository of its pipelines. `text`: of their files."""
    run = await stepping.ask(grant(), LASTS, on_error="undo", approval=[{"from": ["group:sre"]}])
    await stepping.company.decide("sam", run)
    for _ in range(3):
        await stepping.on(run)
    assert (await stepping.states(run))["access"] == "running"
    stepping.company.ci.commit = "e" * 40
    if text is not None:
        stepping.company.ci.pipeline_texts["e" * 40] = text
    return run


async def test_what_else_is_pushed_does_not_put_off_the_end(stepping: Stepping) -> None:
    run = await pushed(stepping)
    assert await end(stepping, run, later=5 * HOUR) == RunState.SUCCEEDED
    assert (stepping.sent(), await stands(stepping)) == (["grant", "revoke"], [])
    assert stepping.company.ci.ledger[-1].pinned.commit == "e" * 40
    (moved,) = [one for one in await stepping.company.audit(run) if one.action == "undo.ref_moved"]
    assert (moved.facts["step"], moved.facts["from"], moved.facts["to"]) == ("grant.undo", "c" * 40, "e" * 40)


async def test_a_pipeline_that_is_another_one_is_looked_at_first(stepping: Stepping) -> None:
    run = await pushed(stepping, text="on: workflow_dispatch")
    for _ in range(3):
        assert await end(stepping, run, later=5 * HOUR) == RunState.NEEDS_ATTENTION
    assert (stepping.sent(), [one.stands for one in await stands(stepping)]) == (["grant"], [True])
    sam = await stepping.company.person("sam")
    await choose(stepping.company.store, run, Choice.AGAIN, by=sam, reason="looked at it", decides=True)
    assert await end(stepping, run) == RunState.SUCCEEDED
    assert stepping.sent() == ["grant", "revoke"]


async def test_a_step_that_goes_on_after_its_time_ends_nothing(stepping: Stepping) -> None:
    run = await lasts(stepping, grant(), LASTS, dispatch("tell"))
    stepping.company.ci.ends_as, stepping.company.ci.obeys = None, False
    await stepping.on(run, later=5 * HOUR)
    assert stepping.sent() == ["grant", "tell"]
    await cancel(stepping, run, "ana")
    await stepping.on(run)
    stepping.company.ci.end("2", WORKS)
    stepping.company.ci.ends_as = WORKS
    assert await end(stepping, run) == RunState.SUCCEEDED
    assert stepping.sent() == ["grant", "tell", "revoke"]


async def test_what_it_is_about_may_be_gone(stepping: Stepping) -> None:
    stepping.company.ci.left = {"image": "shop@1"}
    run = await lasts(stepping, grant(what="${{ entity.name }}: ${{ steps.grant.outputs.image }}"), LASTS)
    async with stepping.company.store.write() as tx:
        for ref in (SHOP, EntityRef("person:ana")):
            await entities.delete(tx, ref, by="daytwo")
    assert await end(stepping, run, later=5 * HOUR) == RunState.SUCCEEDED
    assert stepping.sent() == ["grant", "revoke"]
    assert json.loads(stepping.company.ci.ledger[1].body)["inputs"]["what"] == "shop: shop@1"


async def test_what_it_wrote_into_the_catalog_is_taken_back_when_an_approver_has_left(stepping: Stepping) -> None:
    write = {"kind": "service", "name": "shop", "properties": {"description": "Open."}}
    before = {**write, "properties": {"description": "${{ entity.properties.description }}"}}
    note: Step = {"id": "note", "uses": "catalog", "with": {"upsert": write}}
    note["undo"] = {"uses": "catalog", "with": {"upsert": before}}
    run = await stepping.ask(grant(), note, LASTS, on_error="undo", approval=[{"from": ["group:sre"]}])
    await stepping.company.decide("sam", run)
    for _ in range(3):
        await stepping.on(run)
    async with stepping.company.store.write() as tx:
        await entities.delete(tx, EntityRef("person:sam"), by="daytwo")
    assert await end(stepping, run, later=5 * HOUR) == RunState.SUCCEEDED
    assert stepping.sent() == ["grant", "revoke"]


async def test_the_lock_is_taken_again_when_it_was_taken_away(stepping: Stepping) -> None:
    company = stepping.company
    run = await lasts(stepping, lock=LOCK)
    company.ci.ends_as = None
    other = await company.ask("ana", "1.2.0", "staging", action="runbook-1")
    await company.drive(other)
    fence = (await company.run(run)).fence
    assert fence is not None
    asked = TakeAway(key="shop/staging", fence=fence, by=await company.person("pat"), reason="a deploy")
    await take_away(company.store, asked)
    await company.drive(other)
    assert await Locking(company).holders() == {"shop/staging": other}
    await end(stepping, run, later=5 * HOUR)
    assert stepping.sent() == ["grant", "grant"], "it waits for who has the lock"
    company.ci.ends_as = WORKS
    company.ci.end("2", WORKS)
    await stepping.on(other)
    await cancel(stepping, other, "ana")
    assert await end(stepping, other) == RunState.CANCELLED
    assert await end(stepping, run) == RunState.SUCCEEDED
    assert stepping.sent().count("revoke") == 2
    assert await Locking(company).holders() == {}


async def test_what_stands_is_not_carried_over(stepping: Stepping) -> None:
    """A run that goes on from it would end, and nothing would take it back."""
    run, ana = await not_taken_back(stepping), await stepping.company.person("ana")
    sam = await stepping.company.person("sam")
    await cancel(stepping, run, "pat", operator=True)
    await end(stepping, run)
    row = await stepping.company.run(run)
    assert row.state == RunState.SUCCEEDED, "as it would have ended"
    stepping.company.ci.ends_as = WORKS
    other = await lasts(stepping)
    stepping.company.ci.ends_as = FAILS
    await cancel(stepping, other, "ana")
    assert await end(stepping, other) == RunState.NEEDS_ATTENTION
    await choose(stepping.company.store, other, Choice.LEAVE, by=sam, reason="", decides=True)
    assert await end(stepping, other) == RunState.CANCELLED
    asked = Resumption(run=await stepping.company.run(other), requester=ana, token=None, answers={})
    with pytest.raises(Conflict, match="Undo the run first"):
        await preview(stepping.company.life, asked)
    stepping.company.ci.ends_as = WORKS
    again = await undo(stepping.company.life, asked.run, ana, None, comment=None, key="undo")
    assert await end(stepping, RunId(again.run.id)) == RunState.SUCCEEDED
    assert [one.run for one in await stands(stepping)] == [run]


async def test_what_was_done_for_good_is_not_carried_into_what_is_temporary(stepping: Stepping) -> None:
    stepping.company.ci.ends_as = None
    run = await stepping.run(grant(), dispatch("bad"), on_error="stop")
    for number, ends in (("1", WORKS), ("2", FAILS)):
        stepping.company.ci.end(number, ends)
        await stepping.on(run)
    assert (await stepping.company.run(run)).state == RunState.FAILED
    stepping.loaded = 0
    (stepping.folder / "runbook-1").rename(stepping.folder / "old")
    await stepping.ask(grant(), dispatch("bad"), LASTS, on_error="undo")
    ana = await stepping.company.person("ana")
    asked = Resumption(run=await stepping.company.run(run), requester=ana, token=None, answers={})
    with pytest.raises(Conflict, match="after the end of what is temporary"):
        await preview(stepping.company.life, asked)
