"""A list that goes in waves: sealed with the plan, canary first, checks and pauses between, within what may fail."""

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from company import open_company
from more_actions import like_deploy, load_beside
from pydantic import SecretStr
from sqlalchemy import delete, insert, select, update
from stepping import Step, Stepping, dispatch

from daytwo_actions.plan.model import Plan
from daytwo_actions.plan.steps import PlannedKind
from daytwo_actions.recovery import Said
from daytwo_api.services.step_words import step_waits
from daytwo_store import connections, entities, runs, tasks
from daytwo_store.clock import GivenClock
from daytwo_store.connections import Allowance
from daytwo_store.engine import Store
from daytwo_store.entities import Draft
from daytwo_store.errors import Conflict, Rejected
from daytwo_store.ids import ApprovalId, RunId, StepPath, TaskId
from daytwo_store.settings import StoreSettings
from daytwo_store.states import ExternalStatus, RunState
from daytwo_store.tables import EntityRow, RelationRow, RunRow, TaskRow
from daytwo_workflows.contracts import What
from daytwo_workflows.life.doing import Done, complete, give_up
from daytwo_workflows.life.resuming import Resumption, resume
from daytwo_workflows.life.steps.called import asked_for
from daytwo_workflows.life.taking_back import take_back

pytestmark = pytest.mark.anyio
PLAIN: dict[str, object] = {"approval": [], "catalog": [], "undo": None, "lock": None}
INPUTS = {"version": "${{ inputs.version }}", "environment": "${{ inputs.environment.ref }}"}
ASK = {"from": ["group:sre"]}
PROBE = {"action": "probe", "entity": "service:shop", "inputs": {**INPUTS, "version": "1.${{ item.number }}.0"}}


@pytest.fixture
async def stepping(database_url: str, tmp_path: Path) -> AsyncIterator[Stepping]:
    clock = GivenClock(datetime.now(UTC))
    store = Store(StoreSettings(url=SecretStr(database_url), pool_size=4), clock=clock)
    yield Stepping(await open_company(store), clock, tmp_path)
    await store.close()


async def in_catalog(stepping: Stepping, *names: str, visible_to: tuple[str, ...] = ()) -> None:
    """Services that nothing but their language tells from others."""
    async with stepping.company.store.write() as tx:
        for name in names:
            said = {"description": "one of many", "repository": "acme/shop", "language": "Elm"}
            draft = Draft(
                kind="service", name=name, title=name, owner="group:storefront", properties=said, visible_to=visible_to
            )
            await entities.upsert(tx, draft, by="test")


def roll(**more: object) -> Step:
    targets = {"kind": "service", "where": {"language": "Elm"}}
    what = {"action": "child", "targets": targets, "inputs": INPUTS, "at_once": 10}
    return {"id": "roll", "uses": "foreach", "with": {**what, **more}}


async def rolled(
    stepping: Stepping,
    *,
    count: int = 6,
    parent: dict[str, object] | None = None,
    before: Sequence[Step] = (),
    when: str | None = None,
    timeout: str = "24h",
    **more: object,
) -> RunId:
    """A run over so many services, moved to where it waits."""
    await in_catalog(stepping, *(f"s{number}" for number in range(1, count + 1)))
    stepping.loaded += 1
    folder = stepping.folder / f"waves-{stepping.loaded}"
    folder.mkdir()
    child = like_deploy("child", **PLAIN, steps=[dispatch("ship")])
    probe = like_deploy("probe", **PLAIN, steps=[dispatch("probe")])
    step = {**roll(**more), "timeout": timeout, **({"if": when} if when else {})}
    whole = like_deploy("parent", **{**PLAIN, **(parent or {})}, steps=[*before, step])
    await load_beside(stepping.company, folder, child, probe, whole)
    run = await stepping.company.ask("ana", "1.1.0", "staging", action="parent")
    await stepping.company.drive(run, moves=100)
    return run


async def called(stepping: Stepping, run: RunId) -> list[str]:
    """What each run that it has called is about, in order: s1, s2, probe …"""
    async with stepping.company.store.read() as session:
        rows = await session.scalars(select(RunRow).where(RunRow.parent_run == run).order_by(RunRow.id))
        return [one.action if one.action == "probe" else str(one.entity).removeprefix("service:") for one in rows]


async def finish(stepping: Stepping, run: RunId, *bad: str) -> None:
    """What goes on ends, well but for those that are named, and the run looks again."""
    async with stepping.company.store.read() as session:
        rows: Sequence[RunRow] = (
            await session.scalars(select(RunRow).where(RunRow.parent_run == run, RunRow.ended_at.is_(None)))
        ).all()
    for child in rows:
        failed = child.action in bad or str(child.entity).removeprefix("service:") in bad
        stepping.company.ci.ends_as = ExternalStatus.FAILED if failed else ExternalStatus.SUCCEEDED
        await stepping.company.drive(RunId(child.id))
        await stepping.on(RunId(child.id))
    await stepping.on(run)


async def has_left(stepping: Stepping, remaining: int, resets_at: datetime) -> None:
    async with stepping.company.store.write() as tx:
        told = Allowance(limit=5000, remaining=remaining, resets_at=resets_at, held_until=None)
        await connections.learn(tx, "github", told)


async def test_a_list_that_waits_for_room_ends_in_time(stepping: Stepping) -> None:
    """The vendor's next period is later than that."""
    await has_left(stepping, 999, stepping.clock.moment + timedelta(minutes=50))
    run = await rolled(stepping, count=2, timeout="30m")
    move = await stepping.on(run, later=timedelta(minutes=10))
    assert (move.what, round(move.seconds or 0)) == (What.WAIT, 1200)
    await stepping.on(run, later=timedelta(minutes=20))
    state, reason = await ended(stepping, run)
    assert (state, await called(stepping, run)) == (RunState.FAILED, []), reason
    assert "github has 999 of 5000 requests left" in reason
    assert "2 were not begun" in reason


async def test_a_wave_leaves_the_last_fifth_of_the_requests_to_others_and_loses_nothing(stepping: Stepping) -> None:
    resets_at = stepping.clock.moment + timedelta(minutes=40)

    async def left(remaining: int) -> None:
        await has_left(stepping, remaining, resets_at)

    await left(1000)
    run = await rolled(stepping, count=6, batch=2)
    assert await called(stepping, run) == ["s1", "s2"], "a fifth is enough"
    await left(999)
    await finish(stepping, run)
    assert len(await called(stepping, run)) == 2
    async with stepping.company.store.read() as session:
        step = await runs.step(session, run, StepPath("roll"))
    assert "github has 999 of 5000 requests left" in str(step.note)
    direct = await stepping.company.ask("ana", "1.1.0", "staging", action="child")
    await stepping.company.drive(direct)
    assert stepping.sent()[-1] == "ship", "who asks for one gets it"
    await stepping.on(run, later=timedelta(minutes=39))
    assert len(await called(stepping, run)) == 2
    await stepping.on(run, later=timedelta(minutes=2))
    assert await called(stepping, run) == ["s1", "s2", "s3", "s4"]
    for _ in range(2):
        await finish(stepping, run)
    assert (await stepping.company.run(run)).state == RunState.SUCCEEDED
    assert await called(stepping, run) == ["s1", "s2", "s3", "s4", "s5", "s6"]


async def asked(stepping: Stepping, run: RunId) -> TaskRow:
    async with stepping.company.store.read() as session:
        row = await tasks.newest(session, run, StepPath("roll"))
    assert row is not None
    return row


async def ended(stepping: Stepping, run: RunId) -> tuple[str, str]:
    row = await stepping.company.run(run)
    return row.state, row.reason or ""


def sealed(row: RunRow) -> list[str]:
    step = Plan.model_validate_json(row.plan).step("roll")
    assert isinstance(step, PlannedKind)
    return [one["key"] for one in step.given["sealed"]]  # type: ignore[index, union-attr]


async def test_canary_then_batches_each_when_the_one_before_is_over(stepping: Stepping) -> None:
    run = await rolled(stepping, canary=1, batch="50%")
    assert await called(stepping, run) == ["s1"]
    await finish(stepping, run)
    assert await called(stepping, run) == ["s1", "s2", "s3", "s4"]
    await finish(stepping, run)
    await finish(stepping, run)
    assert await called(stepping, run) == [f"s{number}" for number in range(1, 7)]
    [step] = await stepping.steps(run)
    assert (step.state, step.note) == ("succeeded", "6 of 6 have succeeded")
    assert [one["wave"] for one in asked_for(step)] == [0, 1, 1, 1, 2, 2]


async def test_the_list_is_looked_for_once_sealed_and_approved(stepping: Stepping) -> None:
    run = await rolled(stepping, count=2, max_failures=1, parent={"approval": [{"from": ["group:sre"]}]})
    before = await stepping.company.run(run)
    assert (before.state, sealed(before)) == (RunState.WAITING_APPROVAL, ["service:s1", "service:s2"])
    [approval] = await stepping.company.approvals(run)
    assert '"entity":"service:s2"' in approval.document, "what is approved names each of them, and what it gets"
    await in_catalog(stepping, "s3")
    async with stepping.company.store.write() as tx:
        await tx.session.execute(delete(EntityRow).where(EntityRow.ref == "service:s1"))
    await stepping.company.decide("sam", run)
    await stepping.company.drive(run)
    await finish(stepping, run)
    assert await called(stepping, run) == ["s2"], "what is new is not on the list, what is gone is refused"
    [step] = await stepping.steps(run)
    assert (step.state, step.note) == ("succeeded", "1 of 2 have succeeded")
    assert "There is no service:s1" in str(asked_for(step)[0]["note"])


async def test_who_has_approved_the_list_may_not_any_more_and_no_other_begins(stepping: Stepping) -> None:
    run = await rolled(stepping, count=2, batch=1, parent={"approval": [{"from": ["group:sre"]}]})
    await stepping.company.decide("sam", run)
    await stepping.company.drive(run)
    async with stepping.company.store.write() as tx:
        await tx.session.execute(delete(EntityRow).where(EntityRow.ref == "person:sam"))
    await finish(stepping, run)
    assert (await ended(stepping, run))[0] == RunState.RUNNING, "somebody may come back"
    await stepping.on(run, later=timedelta(days=2))
    state, reason = await ended(stepping, run)
    assert (state, "What was approved does not hold any more" in reason) == (RunState.FAILED, True), reason
    assert await called(stepping, run) == ["s1"]


async def test_a_check_comes_between_two_waves(stepping: Stepping) -> None:
    run = await rolled(stepping, count=3, canary=1, check=PROBE)
    await finish(stepping, run)
    assert await called(stepping, run) == ["s1", "probe"]
    await finish(stepping, run)
    assert await called(stepping, run) == ["s1", "probe", "s2", "s3"]
    await finish(stepping, run)
    assert (await ended(stepping, run))[0] == RunState.SUCCEEDED


async def test_a_check_that_fails_ends_it(stepping: Stepping) -> None:
    run = await rolled(stepping, count=3, canary=1, check=PROBE)
    await finish(stepping, run)
    await finish(stepping, run, "probe")
    state, reason = await ended(stepping, run)
    assert (state, "check after wave 1 is failed" in reason) == (RunState.FAILED, True), reason
    assert "2 were not begun" in reason


async def test_a_pause_is_waited_for(stepping: Stepping) -> None:
    run = await rolled(stepping, count=2, batch=1, pause="10m")
    await finish(stepping, run)
    move = await stepping.on(run, later=timedelta(minutes=9))
    assert (await called(stepping, run), move.seconds is not None and 0 < move.seconds < 61) == (["s1"], True)
    await stepping.on(run, later=timedelta(minutes=1))
    assert await called(stepping, run) == ["s1", "s2"]


async def test_somebody_says_go_on(stepping: Stepping) -> None:
    run = await rolled(stepping, count=3, batch=1, pause="ask", ask=ASK)
    await finish(stepping, run)
    first = await asked(stepping, run)
    assert (first.needed_from, "Wave 1 of 3 is over: 1 of 1" in (first.text or "")) == (["group:sre"], True)
    sam = await stepping.company.person("sam")
    await complete(stepping.company.life, Done(task=TaskId(first.id), by=sam, answers={}))
    await stepping.on(run)
    assert await called(stepping, run) == ["s1", "s2"]
    await finish(stepping, run)
    second = await asked(stepping, run)
    assert second.id != first.id, "after each wave they are asked anew"
    await give_up(stepping.company.life, TaskId(second.id), by=sam, words="it is late")
    await stepping.on(run)
    state, reason = await ended(stepping, run)
    assert (state, "It does not go on (Sam: it is late)" in reason) == (RunState.FAILED, True), reason
    assert await called(stepping, run) == ["s1", "s2"]


async def test_more_failures_than_may_be_and_somebody_is_asked(stepping: Stepping) -> None:
    run = await rolled(stepping, count=4, batch=2, on_too_many="ask", ask=ASK)
    await finish(stepping, run, "s2")
    row = await asked(stepping, run)
    assert "1 of 4 have failed (service:s2). Does it go on with the 2" in (row.text or ""), row.text
    sam = await stepping.company.person("sam")
    await complete(stepping.company.life, Done(task=TaskId(row.id), by=sam, answers={}))
    await stepping.on(run)
    await finish(stepping, run)
    [step] = await stepping.steps(run)
    assert (step.state, step.note) == ("succeeded", "3 of 4 have succeeded")


async def test_a_canary_that_fails_stops_it_however_many_may_fail_of_all(stepping: Stepping) -> None:
    run = await rolled(stepping, count=10, canary=1, batch="50%", max_failures="20%")
    await finish(stepping, run, "s1")
    state, reason = await ended(stepping, run)
    assert (state, await called(stepping, run)) == (RunState.FAILED, ["s1"]), reason
    assert "The canary has failed. 1 of 10 have failed" in reason
    assert "9 were not begun" in reason


async def test_of_a_canary_of_several_none_begins_after_one_has_failed(stepping: Stepping) -> None:
    run = await rolled(stepping, count=10, canary=3, max_failures=2, at_once=1)
    await finish(stepping, run, "s1")
    assert ((await ended(stepping, run))[0], await called(stepping, run)) == (RunState.FAILED, ["s1"])


async def test_a_failed_canary_is_let_pass_and_later_waves_have_their_budget(stepping: Stepping) -> None:
    run = await rolled(stepping, count=5, canary=1, batch=2, max_failures=2, on_too_many="ask", ask=ASK)
    await finish(stepping, run, "s1")
    row = await asked(stepping, run)
    assert "1 of 5 have failed (service:s1). Does it go on with the 4" in (row.text or ""), row.text
    sam = await stepping.company.person("sam")
    await complete(stepping.company.life, Done(task=TaskId(row.id), by=sam, answers={}))
    await stepping.on(run)
    assert await called(stepping, run) == ["s1", "s2", "s3"]
    await finish(stepping, run, "s3")
    await finish(stepping, run)
    [step] = await stepping.steps(run)
    assert (step.state, step.note) == ("succeeded", "3 of 5 have succeeded")


async def test_nobody_says_anything_in_time(stepping: Stepping) -> None:
    run = await rolled(stepping, count=2, batch=1, pause="ask", ask=ASK)
    await finish(stepping, run)
    await stepping.on(run, later=timedelta(hours=25))
    state, reason = await ended(stepping, run)
    assert (state, "1 were not begun" in reason, (await asked(stepping, run)).state) == (
        RunState.FAILED,
        True,
        "expired",
    ), reason
    assert "Nobody said in time that it goes on." in reason


async def test_a_resumed_run_goes_on_with_the_sealed_list_and_what_is_not_done(stepping: Stepping) -> None:
    run = await rolled(stepping, count=4, batch=2)
    await finish(stepping, run, "s2")
    await in_catalog(stepping, "s0")
    old = await stepping.company.run(run)
    again = Resumption(
        run=old,
        version=old.version,
        requester=await stepping.company.person("ana"),
        token=None,
        answers={"roll": Said.AGAIN},
    )
    new = RunId((await resume(stepping.company.life, again, "resume-1")).run.id)
    await stepping.company.drive(new)
    assert sealed(await stepping.company.run(new)) == [f"service:s{number}" for number in range(1, 5)]
    assert await called(stepping, new) == ["s2", "s3"]
    await finish(stepping, new)
    await finish(stepping, new)
    assert (await ended(stepping, new))[0] == RunState.SUCCEEDED


@pytest.mark.parametrize(("count", "said"), [(0, "none that you may see fits"), (501, "501 entities, and 500 are")])
async def test_a_list_of_none_or_too_many_is_refused_when_it_is_asked_for(
    stepping: Stepping, count: int, said: str
) -> None:
    same = {"kind": "service", "title": "x", "properties": {"language": "Elm"}, "relations": {}, "version": 1}
    async with stepping.company.store.write() as tx:
        changed = {"changed_at": tx.now, "changed_by": "file:x"}
        rows = [{"ref": f"service:x{one}", "name": f"x{one}", **same, **changed} for one in range(count)]
        if rows:
            await tx.session.execute(insert(EntityRow), rows)
    with pytest.raises(Rejected, match=said):
        await rolled(stepping, count=0)


async def test_what_it_goes_through_is_shown_to_everybody_who_sees_the_run(stepping: Stepping) -> None:
    await in_catalog(stepping, "secret", visible_to=("group:storefront",))
    with pytest.raises(Rejected, match="1 entities that not everybody may see who sees this run"):
        await rolled(stepping, count=2)


async def test_a_list_of_a_step_that_is_skipped_may_be_empty(stepping: Stepping) -> None:
    run = await rolled(stepping, count=0, when="${{ inputs.version == '9.9.9' }}")
    assert (await stepping.company.run(run)).state == RunState.SUCCEEDED
    assert await called(stepping, run) == []


async def test_what_has_begun_keeps_its_approval_and_is_not_called_again(stepping: Stepping) -> None:
    ok: Step = {"id": "ok", "uses": "approval", "with": {"from": ["group:sre"]}}
    run = await rolled(stepping, count=4, batch=2, before=[ok])
    await stepping.company.decide("sam", run)
    await stepping.on(run)
    assert await called(stepping, run) == ["s1", "s2"]
    [approval] = await stepping.company.approvals(run)
    sam = await stepping.company.person("sam")
    with pytest.raises(Conflict, match="too late: roll has begun since"):
        await take_back(stepping.company.store, ApprovalId(approval.id), by=sam)
    await finish(stepping, run)
    await finish(stepping, run)
    assert await called(stepping, run) == ["s1", "s2", "s3", "s4"]


async def test_while_what_was_approved_does_not_hold_nothing_more_is_called_and_nothing_is_lost(
    stepping: Stepping,
) -> None:
    """Who approved is out of the group for an hour."""
    run = await rolled(stepping, count=3, batch=1, parent={"approval": [{"from": ["group:sre"]}]})
    await stepping.company.decide("sam", run)
    await stepping.on(run)
    assert await called(stepping, run) == ["s1"]
    async with stepping.company.store.write() as tx:
        gone = delete(RelationRow).where(RelationRow.source == "person:sam", RelationRow.target == "group:sre")
        await tx.session.execute(gone)
    await finish(stepping, run)
    row = await stepping.company.run(run)
    async with stepping.company.store.read() as session:
        step = await runs.step(session, run, StepPath("roll"))
    waits = step_waits(step)
    assert (row.state, await called(stepping, run)) == (RunState.RUNNING, ["s1"])
    assert waits is not None
    assert "the next is not begun, and is tried again: What was approved does not hold any more" in waits.text
    async with stepping.company.store.write() as tx:
        await tx.session.execute(
            insert(RelationRow).values(source="person:sam", target="group:sre", name=entities.MEMBER_OF)
        )
    await stepping.on(run, later=timedelta(minutes=3))
    assert await called(stepping, run) == ["s1", "s2"]
    await finish(stepping, run)
    await finish(stepping, run)
    assert (await ended(stepping, run))[0] == RunState.SUCCEEDED


async def test_where_nobody_can_be_asked_it_ends_and_says_so(stepping: Stepping) -> None:
    run = await rolled(stepping, count=2, batch=1, pause="ask", ask={"from": ["owner"]})
    async with stepping.company.store.write() as tx:
        await tx.session.execute(update(EntityRow).where(EntityRow.ref == "service:shop").values(owner=None))
    await finish(stepping, run)
    state, reason = await ended(stepping, run)
    assert (state, "Nobody could be asked whether it goes on" in reason) == (RunState.FAILED, True), reason
    assert await called(stepping, run) == ["s1"]
