"""A step runs another action, once or for each of a list: linked both ways, once each, within a budget of failures."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from company import SHOP, open_company
from more_actions import like_deploy, load_beside
from pydantic import SecretStr
from sqlalchemy import select
from stepping import Step, Stepping, dispatch, wait

from daytwo_actions.definitions import DefinitionRejected
from daytwo_actions.plan.model import PlannedCause
from daytwo_actions.recovery import Said
from daytwo_store import approvals, runs
from daytwo_store.clock import GivenClock
from daytwo_store.engine import Store, Tx
from daytwo_store.errors import Forbidden
from daytwo_store.ids import AttemptNo, RunId, StepPath
from daytwo_store.settings import StoreSettings
from daytwo_store.states import ExternalStatus, RunState
from daytwo_store.tables import RunRow
from daytwo_workflows.contracts import What
from daytwo_workflows.life import call_act
from daytwo_workflows.life.advance import advance
from daytwo_workflows.life.asking import Wish, rerun, start
from daytwo_workflows.life.causes import Cause
from daytwo_workflows.life.interventions import cancel
from daytwo_workflows.life.resuming import Resumption, preview, resume
from daytwo_workflows.life.steps.call import key_of
from daytwo_workflows.life.steps.called import asked_for

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


CALLED = "${{ run.called_by == 'parent' }}"


@pytest.mark.parametrize(
    "child",
    [
        {"allow": {"run": [CALLED]}},
        {"approval": [{"when": "${{ run.called_by != 'parent' }}", "from": ["group:sre"]}]},
    ],
)
async def test_an_action_can_tell_who_calls_it_from_who_asks_directly(
    stepping: Stepping, child: dict[str, object]
) -> None:
    """What needs no approval of its own within a list does not become a way past the approval of the list."""
    await loaded(stepping, call(), **child)
    run = await started(stepping)
    [called] = await children(stepping, run)
    await stepping.company.through(RunId(called.id))
    called = await stepping.company.run(RunId(called.id))
    assert (called.state, stepping.sent()) == (RunState.SUCCEEDED, ["ship"])
    if "allow" in child:
        with pytest.raises(Forbidden, match="Nobody may run"):
            await stepping.company.ask("ana", "1.1.0", "staging", action="child")
        with pytest.raises(Forbidden):
            await rerun(
                stepping.company.life, called, await stepping.company.person("ana"), None, comment=None, key="2"
            )
        return
    asked = await stepping.company.ask("ana", "1.1.0", "staging", action="child")
    assert (await stepping.company.run(asked)).state == RunState.WAITING_APPROVAL


async def children(stepping: Stepping, run: RunId) -> Sequence[RunRow]:
    async with stepping.company.store.read() as session:
        found = await session.scalars(select(RunRow).where(RunRow.parent_run == run).order_by(RunRow.id))
        return found.all()


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


async def scheduled(stepping: Stepping) -> RunId:
    """A run of the parent that something asks for in Ana's name, written by Sam, after a run that a trigger began."""

    async def take(_tx: Tx, _run: RunRow) -> None: ...

    wish = Wish(
        action="parent",
        requester=await stepping.company.person("ana"),
        token=None,
        entity=SHOP,
        inputs={"version": "1.1.0", "environment": "environment:staging"},
        version=None,
        cause=Cause(
            planned=PlannedCause(kind="trigger", name="alerts", writers=["person:sam"]), facts={"depth": 2}, take=take
        ),
    )
    run = RunId((await start(stepping.company.life, wish, "trigger-1")).run.id)
    await stepping.company.drive(run)
    return run


async def test_who_wrote_what_asks_for_the_first_does_not_approve_what_it_calls(stepping: Stepping) -> None:
    await loaded(stepping, call(), approval=[{"from": ["group:sre"]}])
    run = await scheduled(stepping)
    [child] = await children(stepping, run)
    await approved_by_nobody(stepping, child, run)
    await cancel(stepping.company.store, RunId(child.id), by=child.requester, reason="", force=False)
    row = await stepping.company.run(RunId(child.id))
    ana = await stepping.company.person("ana")
    again = await rerun(stepping.company.life, row, ana, None, comment=None, key="again-1")
    await approved_by_nobody(stepping, again.run, RunId(child.id))


async def approved_by_nobody(stepping: Stepping, run: RunRow, cause: RunId) -> None:
    """Not by Sam; and it is as deep in a chain of triggers as what asked for it."""
    assert run.cause == {"kind": "run", "name": cause, "writers": ["person:sam"], "depth": 2}
    async with stepping.company.store.read() as session:
        [asked] = await approvals.of_run(session, RunId(run.id))
    assert approvals.editors_of(asked) == {"person:sam"}
    with pytest.raises(Forbidden, match="last changed"):
        await stepping.company.decide("sam", RunId(run.id))


async def test_the_undo_of_what_it_called_is_not_stopped_with_it(stepping: Stepping) -> None:
    undo = dispatch("back")
    ship = dispatch("ship", undo={"uses": undo["uses"], "with": undo["with"]})
    await loaded(stepping, call(), steps=[ship, dispatch("more")], on_error="undo")
    stepping.company.ci.ends_as = None
    run = await started(stepping)
    [child] = await children(stepping, run)
    await stepping.company.drive(below := RunId(child.id))
    stepping.company.ci.end("1", ExternalStatus.SUCCEEDED)
    await stepping.on(below)
    await cancel(stepping.company.store, run, by=await stepping.company.person("ana"), reason="", force=False)
    await stepping.on(run)
    stepping.company.ci.end("2", ExternalStatus.CANCELLED)
    for _ in range(3):
        await stepping.on(below)
        await stepping.on(run)
    assert stepping.sent() == ["ship", "more", "back"]
    row = await stepping.company.run(below)
    assert (row.undoing is not None, row.cancel_at) == (True, None), "its undo goes on"
    stepping.company.ci.end("3", ExternalStatus.SUCCEEDED)
    await stepping.on(below)
    await stepping.on(run)
    row = await stepping.company.run(below)
    assert (row.state, "Undone: ship." in (row.reason or "")) == (RunState.CANCELLED, True), row.reason
    assert (await stepping.company.run(run)).state == RunState.CANCELLED


async def test_what_does_not_end_when_its_time_is_over_is_not_looked_at_all_the_time(stepping: Stepping) -> None:
    await loaded(stepping, call(timeout="1h"))
    stepping.company.ci.ends_as = None
    run = await started(stepping)
    [child] = await children(stepping, run)
    await stepping.company.drive(RunId(child.id))
    move = await stepping.on(run, later=timedelta(hours=1))
    assert (move.what, move.seconds) == (What.WAIT, 3600), "its end wakes us"
    assert (await stepping.company.run(RunId(child.id))).cancel_at is not None


async def test_a_key_that_somebody_else_has_used_is_no_call(stepping: Stepping) -> None:
    await loaded(stepping, call())
    run = await stepping.company.ask("ana", "1.1.0", "staging", action="parent")
    await advance(stepping.company.life, run)
    [step] = await stepping.steps(run)
    [item] = asked_for(step)
    assert key_of(step, item) != key_of(step, {"key": item["key"]}), "nobody can guess it"
    async with stepping.company.store.write() as tx:  # as a worker of before has written it
        row = await runs.step(tx.session, run, StepPath("sub"))
        row.data = {"calls": [{name: value for name, value in item.items() if name != "token"}]}
    taken = Wish(
        action="child",
        requester=await stepping.company.person("ana"),
        token=None,
        entity=SHOP,
        inputs={"version": "1.1.0", "environment": "environment:staging"},
        version=None,
        comment=f"called by run {run}, step sub",
    )
    await start(stepping.company.life, taken, key_of(step, {"key": item["key"]}))
    await stepping.company.drive(run)
    row = await stepping.company.run(run)
    assert (row.state, "by somebody else" in (row.reason or "")) == (RunState.FAILED, True), row.reason


async def test_two_that_call_what_needs_the_lock_of_the_other_do_not_wait_for_ever(stepping: Stepping) -> None:
    folder = stepping.folder / "crossing"
    folder.mkdir()
    actions = []
    for one, other in (("a", "b"), ("b", "a")):
        asks: dict[str, object] = {**PLAIN, "lock": other, "approval": [{"from": ["group:sre"]}]}
        actions.append(like_deploy(f"below-{one}", **{**asks, "steps": [dispatch("ship")]}))
        calls = {"id": "sub", "uses": "action", "with": {"action": f"below-{one}", "inputs": GIVEN}}
        actions.append(like_deploy(f"has-{one}", **{**PLAIN, "lock": one, "steps": [calls]}))
    await load_beside(stepping.company, folder, *actions)
    first, second = [await stepping.company.ask("ana", "1.1.0", "staging", action=f"has-{one}") for one in ("a", "b")]
    await stepping.company.drive(first)
    await stepping.company.drive(second)
    [waits] = await children(stepping, first)
    assert waits.state == RunState.WAITING_APPROVAL
    row = await stepping.company.run(second)
    assert (row.state, "neither would ever go on" in (row.reason or "")) == (RunState.FAILED, True), row.reason
    assert list(await children(stepping, second)) == []


async def test_of_a_list_what_had_succeeded_is_not_asked_for_when_it_is_resumed(stepping: Stepping) -> None:
    await loaded(stepping, each(["1.0.0", "1.1.0", "1.2.0"], at_once=1))
    run = await started(stepping)
    await finish(stepping, run)
    await finish(stepping, run, ExternalStatus.FAILED)
    assert (await stepping.company.run(run)).state == RunState.FAILED
    asked = Resumption(
        run=await stepping.company.run(run),
        requester=await stepping.company.person("ana"),
        token=None,
        answers={"sub": Said.AGAIN},
    )
    [shown] = (await preview(stepping.company.life, asked)).steps
    assert "1 of 3 have succeeded, and `again` leaves these out" in shown.why
    again = RunId((await resume(stepping.company.life, asked, "resume-1")).run.id)
    await stepping.company.drive(again)
    await finish(stepping, again)
    await finish(stepping, again)
    assert [one.inputs["version"] for one in await children(stepping, again)] == ["1.1.0", "1.2.0"]
    row = await stepping.company.run(again)
    [step] = await stepping.steps(again)
    assert (row.state, step.note) == (RunState.SUCCEEDED, "3 of 3 have succeeded")
    assert asked_for(step)[0]["run"] == (await children(stepping, run))[0].id
