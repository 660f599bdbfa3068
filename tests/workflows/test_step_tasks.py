"""People do something, or give values, in the middle of a run: who may, once, in time, and what they leave."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from company import open_company
from pydantic import JsonValue, SecretStr
from sqlalchemy import select
from stepping import Step, Stepping, dispatch

from daytwo_store import runs, tasks
from daytwo_store.clock import GivenClock
from daytwo_store.engine import Store
from daytwo_store.errors import Conflict, DaytwoError, Forbidden, Rejected
from daytwo_store.ids import RunId, StepPath, TaskId
from daytwo_store.secret_values import open_inputs
from daytwo_store.settings import StoreSettings
from daytwo_store.states import RunState, TaskState
from daytwo_store.tables import NotificationRow, TaskRow
from daytwo_workflows.life import doing
from daytwo_workflows.life.advance import advance, advance_within
from daytwo_workflows.life.doing import Done
from daytwo_workflows.life.interventions import cancel

pytestmark = pytest.mark.anyio
HOUR = timedelta(hours=1)
PLAN = {"outputs": {"regions": {"type": "array", "items": {"type": "string"}}}}
REGION: dict[str, JsonValue] = {"type": "string", "from": {"values": "${{ steps.plan.outputs.regions }}"}}


@pytest.fixture
async def stepping(database_url: str, tmp_path: Path) -> AsyncIterator[Stepping]:
    clock = GivenClock(datetime.now(UTC))
    store = Store(StoreSettings(url=SecretStr(database_url), pool_size=4), clock=clock)
    company = await open_company(store)
    company.ci.left = {"regions": ["eu", "us"]}
    yield Stepping(company, clock, tmp_path)
    await store.close()


def form(required: tuple[str, ...] = (), **fields: JsonValue) -> dict[str, object]:
    return {"pages": [{"title": "What", "required": list(required), "properties": fields}]}


def task(name: str = "switch", **more: object) -> Step:
    return {"id": name, "uses": "task", "with": {"from": ["group:sre"], "text": "Switch it", **more}}


def asks(name: str = "where", **more: object) -> Step:
    return {"id": name, "uses": "input", "with": {"from": ["group:sre", "owner"], **more}}


async def newest(stepping: Stepping, run: RunId, path: str = "switch") -> TaskRow:
    async with stepping.company.store.read() as session:
        row = await tasks.newest(session, run, StepPath(path))
    assert row is not None
    return row


async def complete(
    stepping: Stepping, name: str, run: RunId, path: str = "switch", words: str = "", **answers: JsonValue
) -> bool:
    row = await newest(stepping, run, path)
    by = await stepping.company.person(name)
    return await doing.complete(stepping.company.life, Done(task=TaskId(row.id), by=by, answers=answers, words=words))


async def test_a_task_is_done_by_who_may_and_its_results_flow_on(stepping: Stepping) -> None:
    step = task(
        form=form(("note",), note={"type": "string"}, count={"type": "integer"}),
        evidence={"required": ["link"], "properties": {"link": {"type": "string", "format": "uri"}}},
    )
    ship = dispatch(
        "ship", inputs={"note": "${{ steps.switch.outputs.note }}", "l": "${{ steps.switch.outputs.link }}"}
    )
    run = await stepping.run(step, ship)
    assert await stepping.states(run) == {"switch": "running", "ship": "pending"}
    with pytest.raises(Forbidden, match="This is done by group:sre"):
        await complete(stepping, "ana", run, note="x", link="https://a.example")
    for wrong in (
        {},
        {"note": "x"},
        {"note": "x", "link": "no link"},
        {"note": "x", "link": "https://a.example", "q": 1},
    ):
        with pytest.raises(DaytwoError):
            await complete(stepping, "sam", run, **wrong)  # type: ignore[arg-type]
    assert (await newest(stepping, run)).state == TaskState.OPEN
    assert not await complete(stepping, "sam", run, words="done by hand", note="x", link="https://a.example")
    assert await complete(stepping, "sam", run, note="x", link="https://a.example")  # told twice is done once
    await stepping.on(run)
    first, _ = await stepping.steps(run)
    assert first.outputs == {"note": "x", "count": None, "link": "https://a.example"}
    assert (first.note, stepping.sent()) == ("done by Sam", ["ship"])
    assert b'"l":"https://a.example"' in stepping.company.ci.ledger[0].body.replace(b" ", b"")


async def test_values_in_the_middle_are_chosen_from_what_an_earlier_step_left(stepping: Stepping) -> None:
    plan = dispatch("plan", **PLAN)
    ship = dispatch("ship", inputs={"region": "${{ steps.where.outputs.region }}"})
    run = await stepping.run(plan, asks(form=form(("region",), region=REGION)), ship)
    await stepping.on(run)
    with pytest.raises(DaytwoError):
        await complete(stepping, "ana", run, "where", region="mars")
    await complete(stepping, "ana", run, "where", region="eu")
    await stepping.on(run)
    assert b'"region":"eu"' in stepping.company.ci.ledger[1].body.replace(b" ", b"")


async def test_what_a_choice_comes_from_is_not_there_and_nothing_else_is_taken(stepping: Stepping) -> None:
    stepping.company.ci.left = {"regions": []}
    run = await stepping.run(dispatch("plan", **PLAN), asks(form=form(("region",), region=REGION)))
    await stepping.on(run)
    with pytest.raises(DaytwoError):
        await complete(stepping, "ana", run, "where", region="eu")
    assert await stepping.states(run) == {"plan": "succeeded", "where": "running"}


async def test_a_secret_is_kept_encrypted_and_stands_nowhere_else(stepping: Stepping) -> None:
    company = stepping.company
    company.life = replace(company.life, hand_tokens=frozenset({"github"}))  # so that its pipeline can say who it is
    ship = {**dispatch("ship"), "secrets": ["where.token"]}
    fields = {"token": {"type": "string", "secret": True}, "note": {"type": "string"}}
    run = await stepping.run(asks(form=form((), **fields)), ship)
    await complete(stepping, "ana", run, "where", token="correct-horse-battery", note="n")
    row = await newest(stepping, run, "where")
    assert row.answers == {"note": "n"}
    async with company.store.read() as session:
        assert await open_inputs(session, company.life.keys.ring, run) == {"where.token": "correct-horse-battery"}
    await stepping.on(run)
    assert stepping.sent() == ["ship"], "a secret that came later changes nothing of the plan"
    assert (await company.run(run)).plan.count("where.token") == 1
    where, _ = await stepping.steps(run)
    assert where.outputs == {"note": "n"}


async def test_four_eyes_keep_off_who_asked(stepping: Stepping) -> None:
    everybody = {"from": ["owner", "group:sre"], "text": "x"}
    run = await stepping.run({"id": "switch", "uses": "task", "with": {**everybody, "four_eyes": True}})
    with pytest.raises(Forbidden, match="You asked for this run"):
        await complete(stepping, "ana", run)
    await complete(stepping, "sam", run)
    other = await stepping.run({"id": "switch", "uses": "task", "with": everybody})
    await complete(stepping, "ana", other)


async def test_one_takes_it_and_hands_it_over(stepping: Stepping) -> None:
    company = stepping.company
    run = await stepping.run({"id": "switch", "uses": "task", "with": {"from": ["owner", "group:sre"], "text": "x"}})
    named = {name: await company.person(name) for name in ("ana", "ben", "sam")}
    which = TaskId((await newest(stepping, run)).id)
    await doing.claim(company.life, which, by=named["ana"])
    with pytest.raises(Conflict, match="person:ana has taken this"):
        await complete(stepping, "sam", run)
    with pytest.raises(Rejected, match="person:fay is not one of those"):
        await doing.hand_over(company.life, which, by=named["ana"], to="person:fay")
    with pytest.raises(Rejected):
        await doing.hand_over(company.life, which, by=named["ana"], to="person:nobody")
    await doing.hand_over(company.life, which, by=named["ana"], to="person:ben")
    with pytest.raises(Conflict):
        await doing.claim(company.life, which, by=named["sam"])
    await doing.claim(company.life, which, by=named["sam"], over=True)
    await doing.hand_over(company.life, which, by=named["sam"], to=None)
    await complete(stepping, "ben", run)
    await stepping.on(run)
    assert (await company.run(run)).state == RunState.SUCCEEDED


async def test_it_cannot_be_done_and_the_step_fails_with_what_was_said(stepping: Stepping) -> None:
    run = await stepping.run(task(), dispatch("ship"))
    by, which = await stepping.company.person("sam"), TaskId((await newest(stepping, run)).id)
    with pytest.raises(Rejected):
        await doing.give_up(stepping.company.life, which, by=by, words=" ")
    await doing.give_up(stepping.company.life, which, by=by, words="no key to the room")
    await stepping.on(run)
    row = await stepping.company.run(run)
    assert (row.state, "no key to the room" in (row.reason or ""), stepping.sent()) == (RunState.FAILED, True, [])


async def test_nobody_does_it_in_time(stepping: Stepping) -> None:
    run = await stepping.run(task(due="2h", remind=["50%"]))
    move = await stepping.on(run)
    assert round(move.seconds or 0) == 3600
    await stepping.on(run, later=HOUR)
    await stepping.on(run)
    assert await told(stepping, run) == ["task.asked", "task.reminder"]
    await stepping.on(run, later=HOUR)
    row = await stepping.company.run(run)
    assert (row.state, "Nobody did it in time" in (row.reason or "")) == (RunState.FAILED, True)
    with pytest.raises(Conflict):
        await complete(stepping, "sam", run)


async def test_what_is_due_is_asked_of_others_as_well(stepping: Stepping) -> None:
    step = {
        "id": "switch",
        "uses": "task",
        "timeout": "5h",
        "with": task()["with"] | {"due": "2h", "escalate": ["owner"]},
    }
    run = await stepping.run(step)
    await stepping.on(run, later=3 * HOUR)
    row = await newest(stepping, run)
    assert (row.state, row.needed_from) == (TaskState.OPEN, ["group:sre", "group:storefront"])
    assert await told(stepping, run) == ["task.asked", "task.escalated"]
    await complete(stepping, "ben", run)


async def told(stepping: Stepping, run: RunId) -> list[str]:
    async with stepping.company.store.read() as session:
        rows = await session.scalars(
            select(NotificationRow.kind).where(NotificationRow.run_id == run).order_by(NotificationRow.n)
        )
        return list(rows)


async def test_a_task_that_nobody_may_do_says_so_and_goes_on_when_somebody_may(stepping: Stepping) -> None:
    run = await stepping.run(
        {"id": "switch", "uses": "task", "with": {"from": ["person:ana"], "text": "x", "four_eyes": True}}
    )
    [step] = await stepping.steps(run)
    assert (step.data or {})["nobody"] is True
    other = await stepping.run({"id": "switch", "uses": "task", "with": {"from": ["group:nobody-in-it"], "text": "x"}})
    [step] = await stepping.steps(other)
    assert (step.data or {})["nobody"] is True
    third = await stepping.run(task())
    [step] = await stepping.steps(third)
    assert (step.data or {})["nobody"] is False


async def test_what_is_stopped_asks_nobody_any_more(stepping: Stepping) -> None:
    run = await stepping.run(task(), dispatch("ship"))
    await cancel(stepping.company.store, run, by=await stepping.company.person("ana"), reason="", force=False)
    with pytest.raises(Conflict, match="being stopped"):
        await complete(stepping, "sam", run)
    await stepping.on(run)
    assert (await newest(stepping, run)).state == TaskState.WITHDRAWN
    assert (await stepping.company.run(run)).state == RunState.CANCELLED


async def test_what_fails_elsewhere_takes_the_task_with_it(stepping: Stepping) -> None:
    run = await stepping.run(
        {**task(), "needs": []},
        {"id": "gone", "uses": "wait", "needs": [], "timeout": "1h", "with": {"event": {"source": "s", "key": "k"}}},
    )
    await stepping.on(run, later=HOUR)
    assert (await newest(stepping, run)).state == TaskState.WITHDRAWN


async def test_of_two_who_do_it_at_once_one_has_done_it(stepping: Stepping) -> None:
    run = await stepping.run({"id": "switch", "uses": "task", "with": {"from": ["owner", "group:sre"], "text": "x"}})
    for name in ("ana", "sam"):
        await stepping.company.person(name)
    results = await asyncio.gather(
        *(complete(stepping, name, run) for name in ("ana", "sam", "ana", "sam")), return_exceptions=True
    )
    assert sum(one is False for one in results) == 1
    assert all(one in (True, False) or isinstance(one, Conflict) for one in results)


class Killed(Exception):
    pass


async def test_a_worker_that_dies_asks_nobody_twice(stepping: Stepping) -> None:
    run = await stepping.ask(task())
    store, life = stepping.company.store, stepping.company.life

    async def killed() -> None:
        async with store.write() as tx:
            await advance_within(life, tx, await runs.hold(tx, run))
            raise Killed

    with pytest.raises(Killed):
        await killed()
    await asyncio.gather(*(advance(life, run) for _ in range(3)))
    async with store.read() as session:
        assert len(await tasks.of_run(session, run)) == 1
