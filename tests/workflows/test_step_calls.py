"""A step runs another action, once or for each of a list: linked both ways, once each, within a budget of failures."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from company import open_company
from more_actions import like_deploy, load_beside
from pydantic import SecretStr
from sqlalchemy import select
from stepping import Step, Stepping, dispatch, wait

from daytwo_actions.definitions import DefinitionRejected
from daytwo_store import runs
from daytwo_store.clock import GivenClock
from daytwo_store.engine import Store
from daytwo_store.ids import AttemptNo, RunId, StepPath
from daytwo_store.settings import StoreSettings
from daytwo_store.states import ExternalStatus, RunState
from daytwo_store.tables import RunRow
from daytwo_workflows.contracts import What
from daytwo_workflows.life import call_act
from daytwo_workflows.life.advance import advance
from daytwo_workflows.life.interventions import cancel

pytestmark = pytest.mark.anyio
GIVEN = {"version": "${{ inputs.version }}", "environment": "${{ inputs.environment.ref }}"}
MANY = json.dumps([str(number) for number in range(501)])
PLAIN: dict[str, object] = {"approval": [], "catalog": [], "undo": None, "lock": None}


@pytest.fixture
async def stepping(database_url: str, tmp_path: Path) -> AsyncIterator[Stepping]:
    clock = GivenClock(datetime.now(UTC))
    store = Store(StoreSettings(url=SecretStr(database_url), pool_size=4), clock=clock)
    yield Stepping(await open_company(store), clock, tmp_path)
    await store.close()


def call(**more: object) -> Step:
    return {"id": "sub", "uses": "action", "with": {"action": "child", "inputs": GIVEN}, **more}


def each(items: object, **more: object) -> Step:
    version = {**GIVEN, "version": "${{ item }}"}
    return {"id": "sub", "uses": "foreach", "with": {"action": "child", "items": items, "inputs": version, **more}}


async def loaded(stepping: Stepping, *steps: Step, **child: object) -> None:
    """Actions `parent`, of these steps, and `child`, which starts one pipeline."""
    stepping.loaded += 1
    folder = stepping.folder / f"calls-{stepping.loaded}"
    folder.mkdir()
    called = like_deploy("child", **{**PLAIN, "steps": [dispatch("ship")], **child})
    await load_beside(stepping.company, folder, called, like_deploy("parent", **PLAIN, steps=list(steps)))


async def started(stepping: Stepping) -> RunId:
    run = await stepping.company.ask("ana", "1.1.0", "staging", action="parent")
    await stepping.company.drive(run)
    return run


async def children(stepping: Stepping, run: RunId) -> Sequence[RunRow]:
    async with stepping.company.store.read() as session:
        return await runs.called(session, run, StepPath("sub"))


async def finish(stepping: Stepping, run: RunId, state: ExternalStatus = ExternalStatus.SUCCEEDED) -> None:
    """The runs that it called and that go on end so, and it looks again."""
    stepping.company.ci.ends_as = state
    for child in await children(stepping, run):
        if child.ended_at is None:
            await stepping.company.drive(RunId(child.id))
            await stepping.on(RunId(child.id))
    await stepping.on(run)


async def test_another_action_is_run_and_its_results_flow_on(stepping: Stepping) -> None:
    stepping.company.ci.left = {"image": "shop@1"}
    image = {"outputs": {"image": {"type": "string"}}}
    ship = {"approval": [{"from": ["group:sre"]}], "steps": [dispatch("build", **image)]}
    await loaded(stepping, call(**image), dispatch("tell", inputs={"i": "${{ steps.sub.outputs.image }}"}), **ship)
    run = await started(stepping)
    [child] = await children(stepping, run)
    assert (child.parent_run, child.parent_path, child.requester) == (
        run,
        "sub",
        (await stepping.company.run(run)).requester,
    )
    assert child.state == RunState.WAITING_APPROVAL, "it keeps its own approval"
    assert stepping.sent() == []
    await stepping.company.decide("sam", RunId(child.id))
    await finish(stepping, run)
    await stepping.on(run)
    assert stepping.sent() == ["build", "tell"]
    assert (await stepping.company.run(run)).state == RunState.SUCCEEDED


async def test_what_it_called_fails_and_so_does_the_step(stepping: Stepping) -> None:
    await loaded(stepping, call(), dispatch("tell"))
    run = await started(stepping)
    await finish(stepping, run, ExternalStatus.FAILED)
    row = await stepping.company.run(run)
    assert (row.state, "it called is failed" in (row.reason or ""), stepping.sent()) == (
        RunState.FAILED,
        True,
        ["ship"],
    )


async def test_a_worker_that_dies_in_between_has_called_once(stepping: Stepping) -> None:
    await loaded(stepping, call())
    run = await stepping.company.ask("ana", "1.1.0", "staging", action="parent")
    move = await advance(stepping.company.life, run)
    assert move.what is What.ACT
    for _ in range(2):  # the first has been killed before anybody knew of it
        await call_act.act_call(stepping.company.life, run, StepPath("sub"), AttemptNo(1))
    await asyncio.gather(
        *(call_act.act_call(stepping.company.life, run, StepPath("sub"), AttemptNo(1)) for _ in range(3))
    )
    await stepping.company.drive(run)
    assert len(await children(stepping, run)) == 1


async def test_stopping_it_stops_what_it_called_and_it_calls_nothing_more(stepping: Stepping) -> None:
    await loaded(stepping, call(), approval=[{"from": ["group:sre"]}])
    run = await started(stepping)
    await cancel(stepping.company.store, run, by=await stepping.company.person("ana"), reason="", force=False)
    await stepping.company.drive(run)
    [child] = await children(stepping, run)
    assert (child.state, (await stepping.company.run(run)).state) == (RunState.CANCELLED, RunState.CANCELLED)


async def test_a_run_that_is_to_stop_calls_nothing_more(stepping: Stepping) -> None:
    await loaded(stepping, call())
    run = await stepping.company.ask("ana", "1.1.0", "staging", action="parent")
    await advance(stepping.company.life, run)
    await cancel(stepping.company.store, run, by=await stepping.company.person("ana"), reason="", force=False)
    await call_act.act_call(stepping.company.life, run, StepPath("sub"), AttemptNo(1))
    assert list(await children(stepping, run)) == []


async def test_who_may_not_run_it_does_not_by_another_action(stepping: Stepping) -> None:
    await loaded(stepping, call(), allow={"run": ["group:platform"]})
    run = await started(stepping)
    row = await stepping.company.run(run)
    assert (row.state, list(await children(stepping, run))) == (RunState.FAILED, [])


async def test_what_would_wait_for_the_lock_of_who_calls_it_is_not_begun(stepping: Stepping) -> None:
    stepping.loaded += 1
    folder = stepping.folder / f"calls-{stepping.loaded}"
    folder.mkdir()
    lock = {"lock": "${{ entity.name }}"}
    child = like_deploy("child", **{**PLAIN, **lock, "steps": [dispatch("ship")]})
    await load_beside(stepping.company, folder, child, like_deploy("parent", **{**PLAIN, **lock, "steps": [call()]}))
    row = await stepping.company.run(run := await started(stepping))
    assert (row.state, "neither would ever go on" in (row.reason or "")) == (RunState.FAILED, True), row.reason
    assert list(await children(stepping, run)) == []


async def test_its_time_is_over(stepping: Stepping) -> None:
    await loaded(stepping, call(timeout="1h"), approval=[{"from": ["group:sre"]}])
    run = await started(stepping)
    await stepping.on(run, later=timedelta(hours=1))
    await stepping.on(run)
    [child] = await children(stepping, run)
    assert (child.state, (await stepping.company.run(run)).state) == (RunState.CANCELLED, RunState.FAILED)


async def test_each_of_a_list_within_what_goes_on_at_once(stepping: Stepping) -> None:
    await loaded(stepping, each(["1.0.0", "1.1.0", "1.2.0"], at_once=2))
    run = await started(stepping)
    assert len(await children(stepping, run)) == 2
    await finish(stepping, run)
    assert len(await children(stepping, run)) == 3
    await finish(stepping, run)
    row = await stepping.company.run(run)
    assert (row.state, [one.inputs["version"] for one in await children(stepping, run)]) == (
        RunState.SUCCEEDED,
        ["1.0.0", "1.1.0", "1.2.0"],
    )


async def test_more_failures_than_the_budget_and_none_begins_any_more(stepping: Stepping) -> None:
    await loaded(stepping, each(["1.0.0", "1.1.0", "1.2.0"], at_once=1))
    run = await started(stepping)
    await finish(stepping, run, ExternalStatus.FAILED)
    row = await stepping.company.run(run)
    assert (row.state, len(await children(stepping, run))) == (RunState.FAILED, 1)
    assert "1 of 3 have failed: 1.0.0" in (row.reason or "")
    assert "2 were not begun" in (row.reason or "")


async def test_failures_within_the_budget_are_borne(stepping: Stepping) -> None:
    wanted = {"outputs": {"failed": {"type": "array", "items": {"type": "string"}}}}
    step = {**each(["1.0.0", "1.1.0"], at_once=1, max_failures="50%"), **wanted}
    await loaded(stepping, step)
    run = await started(stepping)
    await finish(stepping, run, ExternalStatus.FAILED)
    await finish(stepping, run)
    [step_row] = await stepping.steps(run)
    assert (step_row.state, step_row.outputs) == ("succeeded", {"failed": ["1.0.0"]})


@pytest.mark.parametrize(
    ("items", "said"),
    [
        (f"${{{{ fromJSON('{MANY}') }}}}", "500 are the most"),
        ("${{ inputs.version }}", "no list"),
        (["1.0.0", "1.0.0"], "Two items are named '1.0.0'"),
        (["1.0.0", {"a": 1}], "Item 2 has no `key`"),
    ],
)
async def test_a_list_that_cannot_be_gone_through_starts_nothing(stepping: Stepping, items: object, said: str) -> None:
    try:
        await loaded(stepping, each(items))
    except DefinitionRejected:
        pytest.fail("it can only be known when it begins")
    run = await started(stepping)
    row = await stepping.company.run(run)
    assert (row.state, said in (row.reason or "")) == (RunState.FAILED, True), row.reason
    assert list(await children(stepping, run)) == []


async def test_what_fails_elsewhere_stops_what_has_not_begun_and_waits_for_the_rest(stepping: Stepping) -> None:
    late = {"id": "late", "uses": "wait", "needs": [], "timeout": "1h", "with": {"event": {"source": "s", "key": "k"}}}
    await loaded(stepping, {**each(["1.0.0", "1.1.0"], at_once=1), "needs": []}, late)
    stepping.company.ci.ends_as = None
    run = await started(stepping)
    [child] = await children(stepping, run)
    await stepping.company.drive(RunId(child.id))
    await stepping.on(run, later=timedelta(hours=1))
    assert (await stepping.company.run(run)).state == RunState.RUNNING, "what it called goes on elsewhere"
    [external] = [one.external_id for one in await stepping.company.attempts(RunId(child.id))]
    stepping.company.ci.end(external, ExternalStatus.SUCCEEDED)
    await stepping.on(RunId(child.id))
    await stepping.on(run)
    row = await stepping.company.run(run)
    assert (row.state, len(await children(stepping, run))) == (RunState.FAILED, 1)


@pytest.mark.parametrize(
    ("steps", "said"),
    [
        ([{"id": "sub", "uses": "action", "with": {"action": "chil", "inputs": GIVEN}}], "Did you mean `child`"),
        ([{"id": "sub", "uses": "action", "with": {"action": "parent", "inputs": GIVEN}}], "It calls itself"),
        ([{"id": "sub", "uses": "action", "with": {"action": "child"}}], "`child` needs its field `"),
        (
            [{"id": "sub", "uses": "action", "with": {"action": "child", "inputs": {**GIVEN, "vrsion": "x"}}}],
            "`child` has no field `vrsion`. Did you mean `version`",
        ),
    ],
)
async def test_what_cannot_be_called_is_refused_when_it_is_registered(
    stepping: Stepping, steps: list[Step], said: str
) -> None:
    with pytest.raises(DefinitionRejected) as refused:
        await loaded(stepping, *steps)
    assert said in str(refused.value)


async def test_two_that_call_each_other_are_refused(stepping: Stepping) -> None:
    back = [{"id": "back", "uses": "action", "with": {"action": "parent", "inputs": GIVEN}}]
    with pytest.raises(DefinitionRejected, match=r"`parent` → `child` → `parent`|`child` → `parent` → `child`"):
        await loaded(stepping, call(), steps=back)


async def test_an_action_that_is_gone_by_then_is_named(stepping: Stepping) -> None:
    await loaded(stepping, wait("soak"), call())
    run = await started(stepping)
    folder = stepping.folder / "without"
    folder.mkdir()
    await load_beside(stepping.company, folder, like_deploy("parent", **PLAIN, steps=[wait("soak")]))
    await stepping.on(run, later=timedelta(minutes=10))
    row = await stepping.company.run(run)
    assert (row.state, "There is no action child" in (row.reason or "")) == (RunState.FAILED, True), row.reason


async def test_an_action_that_is_another_one_by_then_is_not_run(stepping: Stepping) -> None:
    await loaded(stepping, wait("soak"), call())
    run = await started(stepping)
    await loaded(stepping, wait("soak"), call(), steps=[dispatch("other")])
    await stepping.on(run, later=timedelta(minutes=10))
    row = await stepping.company.run(run)
    assert (row.state, "has changed" in (row.reason or ""), list(await children(stepping, run))) == (
        RunState.FAILED,
        True,
        [],
    ), row.reason


async def test_a_called_run_is_in_the_history_of_both(stepping: Stepping) -> None:
    await loaded(stepping, call())
    run = await started(stepping)
    async with stepping.company.store.read() as session:
        found = (await session.scalars(select(RunRow).where(RunRow.parent_run == run))).all()
    [step] = await stepping.steps(run)
    calls = (step.data or {})["calls"]
    assert [one["run"] for one in calls] == [one.id for one in found]  # type: ignore[index, union-attr]
