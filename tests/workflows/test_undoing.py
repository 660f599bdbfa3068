"""A run that fails is undone by its own plan: the last first, each once, and what cannot be undone is said."""

import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from company import SHOP, open_company
from pydantic import SecretStr
from service_in_memory import ServiceInMemory
from stepping import Step, Stepping, dispatch, wait

from daytwo_actions.backends.base import Ambiguous
from daytwo_actions.recovery import Choice
from daytwo_store import entities, freezes, runs
from daytwo_store.clock import GivenClock
from daytwo_store.engine import Store
from daytwo_store.entities import EVERYTHING
from daytwo_store.errors import Conflict, Forbidden, Rejected
from daytwo_store.ids import RunId
from daytwo_store.settings import StoreSettings
from daytwo_store.states import ApprovalState, AttemptState, ExternalStatus, RunState
from daytwo_workflows.contracts import What
from daytwo_workflows.life.asking import undo as ask_undo
from daytwo_workflows.life.interventions import cancel
from daytwo_workflows.life.lending import Lending, lend, revoke
from daytwo_workflows.life.undo_choices import choices, choose

pytestmark = pytest.mark.anyio
FAILS, WORKS = ExternalStatus.FAILED, ExternalStatus.SUCCEEDED
BUILT = {"outputs": {"image": {"type": "string"}}}
ASK = [{"from": ["group:sre"]}]


@pytest.fixture
def pager() -> ServiceInMemory:
    return ServiceInMemory()


@pytest.fixture
async def stepping(database_url: str, tmp_path: Path, pager: ServiceInMemory) -> AsyncIterator[Stepping]:
    clock = GivenClock(datetime.now(UTC))
    store = Store(StoreSettings(url=SecretStr(database_url), pool_size=4), clock=clock)
    company = await open_company(store)
    company.life = replace(company.life, services={"pager": pager})
    yield Stepping(company, clock, tmp_path)
    await store.close()


def back(name: str, **inputs: object) -> dict[str, object]:
    """The undo of a step: a pipeline."""
    taken = dispatch(name, inputs=inputs)
    return {key: taken[key] for key in ("uses", "with")}


def undoable(name: str, **more: object) -> Step:
    return dispatch(name, undo=back(f"{name}-back"), **more)


async def until_it_breaks(stepping: Stepping, *steps: Step, **spec: object) -> RunId:
    """A run whose pipelines succeed up to `bad`, which fails; on, to where it waits or has ended."""
    run = await stepping.run(*steps, **{"on_error": "undo", **spec})  # type: ignore[arg-type]
    await go_on(stepping, run)
    return run


async def go_on(stepping: Stepping, run: RunId, *, bad: str = "bad") -> None:
    """As long as pipelines end."""
    for _ in range(12):
        before = stepping.sent()
        for number, name in enumerate(before, 1):
            if stepping.company.ci.states[str(number)].status == ExternalStatus.RUNNING:
                stepping.company.ci.end(str(number), FAILS if name == bad else WORKS)
        move = await stepping.on(run)
        if move.what is What.END or stepping.sent() == before:
            return


@pytest.fixture(autouse=True)
def _running(stepping: Stepping) -> None:
    stepping.company.ci.ends_as = None


async def test_what_was_done_is_undone_in_reverse_order_and_each_thing_once(stepping: Stepping) -> None:
    run = await until_it_breaks(stepping, undoable("one"), undoable("two"), dispatch("lasts"), dispatch("bad"))
    assert stepping.sent() == ["one", "two", "lasts", "bad", "two-back", "one-back"]
    row = await stepping.company.run(run)
    assert row.state == RunState.FAILED
    assert (row.reason or "").startswith("Step bad: github run 4 failed.")
    assert (row.reason or "").endswith("Undone: two, one. What cannot be undone stays: lasts, bad.")
    states = await stepping.states(run)
    assert (states["two.undo"], states["one.undo"], states["bad"]) == ("succeeded", "succeeded", "failed")
    assert [one.action for one in await stepping.company.audit(run)].count("run.undoing") == 1
    assert not await stepping.company.approvals(run), "the undo was part of the plan: nobody is asked"


async def test_the_undo_is_sealed_with_the_plan_and_names_what_stays(stepping: Stepping) -> None:
    run = await stepping.run(undoable("one"), dispatch("two"), wait("soak"), on_error="undo")
    plan = json.loads((await stepping.company.run(run)).plan)
    assert [(one["path"], one["pipeline"]) for one in plan["undo"]] == [("one.undo", "one-back.yml")]
    assert plan["undo"][0]["request"]["sha256"]
    assert (plan["on_error"], plan["stays"]) == ("undo", ["two"])
    other = await stepping.run(dispatch("one"))
    assert not {"undo", "on_error", "stays"} & json.loads((await stepping.company.run(other)).plan).keys()


async def test_what_failed_half_way_is_undone_too_and_what_never_began_is_not(stepping: Stepping) -> None:
    await until_it_breaks(stepping, undoable("one"), undoable("bad"), undoable("three"))
    assert stepping.sent() == ["one", "bad", "bad-back", "one-back"]


async def test_an_undo_uses_what_its_step_has_left(stepping: Stepping) -> None:
    stepping.company.ci.left = {"image": "shop@1"}
    build = dispatch("build", undo=back("unbuild", image="${{ steps.build.outputs.image }}"), **BUILT)
    run = await until_it_breaks(stepping, build, dispatch("bad"))
    assert stepping.sent() == ["build", "bad", "unbuild"]
    assert json.loads(stepping.company.ci.ledger[2].body)["inputs"]["image"] == "shop@1"
    assert (await stepping.company.run(run)).state == RunState.FAILED


async def test_an_undo_goes_back_to_what_was_true_before_the_run(stepping: Stepping) -> None:
    """Although a step of the run has written something else into the catalog since."""
    write = {"kind": "service", "name": "shop", "properties": {"description": "Something else."}}
    ship = dispatch("ship", undo=back("ship-back", was="${{ entity.properties.description }}"))
    note = {
        "id": "note",
        "uses": "catalog",
        "with": {"upsert": write},
        "undo": {
            "uses": "catalog",
            "with": {"upsert": {**write, "properties": {"description": "${{ entity.properties.description }}"}}},
        },
    }
    async with stepping.company.store.read() as session:
        shop = await entities.get(session, SHOP, sees=EVERYTHING)
    assert shop is not None
    before = shop.properties["description"]
    run = await until_it_breaks(stepping, ship, note, dispatch("bad"))
    assert stepping.sent() == ["ship", "bad", "ship-back"]
    assert json.loads(stepping.company.ci.ledger[2].body)["inputs"]["was"] == before
    async with stepping.company.store.read() as session:
        shop = await entities.get(session, SHOP, sees=EVERYTHING)
    assert shop is not None
    assert shop.properties["description"] == before
    assert "What its steps wrote into the catalog stays" in ((await stepping.company.run(run)).reason or "")


async def test_an_undo_may_be_a_request_to_a_service(stepping: Stepping, pager: ServiceInMemory) -> None:
    call = {"service": "pager", "method": "POST", "path": "/incidents"}
    closing = {**call, "path": "/incidents/close"}
    page: Step = {"id": "page", "uses": "http", "with": call, "undo": {"uses": "http", "with": closing}}
    await until_it_breaks(stepping, page, dispatch("bad"))
    assert [call.path for call in pager.calls] == ["/incidents", "/incidents/close"]


async def test_stop_leaves_everything_and_says_that_it_could_be_undone(stepping: Stepping) -> None:
    run = await until_it_breaks(stepping, undoable("one"), dispatch("bad"), on_error="stop")
    assert stepping.sent() == ["one", "bad"]
    row = await stepping.company.run(run)
    assert (row.state, "What one did stays; it can be undone." in (row.reason or "")) == (RunState.FAILED, True)


async def test_ask_waits_for_somebody_who_says_so(stepping: Stepping) -> None:
    run = await until_it_breaks(stepping, undoable("one"), dispatch("bad"), on_error="ask")
    row = await stepping.company.run(run)
    assert (row.state, row.lock_key, stepping.sent()) == (RunState.NEEDS_ATTENTION, None, ["one", "bad"])
    assert "Say whether it is undone now, or stays as it is." in (row.reason or "")
    assert choices(row, await stepping.steps(run)) == [Choice.UNDO, Choice.STOP]
    by = await stepping.company.person("ana")
    with pytest.raises(Conflict):
        await choose(stepping.company.store, run, Choice.AGAIN, by=by, reason="", decides=True)
    await choose(stepping.company.store, run, Choice.UNDO, by=by, reason="it must not stay", decides=True)
    with pytest.raises(Conflict):
        await choose(stepping.company.store, run, Choice.UNDO, by=by, reason="twice", decides=True)
    await go_on(stepping, run)
    assert stepping.sent() == ["one", "bad", "one-back"]
    row = await stepping.company.run(run)
    assert (row.state, (row.reason or "").count("Undone: one.")) == (RunState.FAILED, 1)


async def test_ask_and_nothing_is_undone(stepping: Stepping) -> None:
    run = await until_it_breaks(stepping, undoable("one"), dispatch("bad"), on_error="ask")
    by = await stepping.company.person("ana")
    await choose(stepping.company.store, run, Choice.STOP, by=by, reason="", decides=True)
    row = await stepping.company.run(run)
    assert (row.state, stepping.sent()) == (RunState.FAILED, ["one", "bad"])
    assert (row.reason or "").endswith("Not undone: one. What cannot be undone stays: bad.")
    assert [one.actor for one in await stepping.company.audit(run) if one.action == "run.undo_choice"] == [by]


async def test_an_undo_that_fails_stops_and_asks_and_is_tried_again_or_left(stepping: Stepping) -> None:
    run = await stepping.run(undoable("one"), undoable("two"), dispatch("bad"), on_error="undo")
    ends = {"bad": FAILS, "two-back": FAILS}
    for _ in range(6):
        for number, name in enumerate(stepping.sent(), 1):
            if stepping.company.ci.states[str(number)].status == ExternalStatus.RUNNING:
                stepping.company.ci.end(str(number), ends.get(name, WORKS))
        await stepping.on(run)
    row = await stepping.company.run(run)
    assert (row.state, stepping.sent()) == (RunState.NEEDS_ATTENTION, ["one", "two", "bad", "two-back"])
    assert "Undoing two has failed: github run 4 failed." in (row.reason or "")
    assert choices(row, await stepping.steps(run)) == [Choice.AGAIN, Choice.LEAVE]
    by = await stepping.company.person("ana")
    await choose(stepping.company.store, run, Choice.AGAIN, by=by, reason="", decides=True)
    await stepping.on(run)
    assert stepping.sent()[-1] == "two-back"
    assert (await stepping.states(run))["two.undo"] == "failed", "what has failed stays as it is"
    stepping.company.ci.end("5", FAILS)
    await stepping.on(run)
    await choose(stepping.company.store, run, Choice.LEAVE, by=by, reason="", decides=True)
    await go_on(stepping, run)
    assert stepping.sent() == ["one", "two", "bad", "two-back", "two-back", "one-back"]
    row = await stepping.company.run(run)
    assert row.state == RunState.FAILED
    assert (row.reason or "").endswith("Undone: one. Not undone: two. What cannot be undone stays: bad.")
    corrs = [one.corr for one in await stepping.company.attempts(run)]
    assert len(set(corrs)) == len(corrs) == 6


async def test_what_nobody_knows_of_an_undo_is_never_sent_twice(stepping: Stepping) -> None:
    company = stepping.company
    run = await stepping.run(undoable("one"), dispatch("bad"), on_error="undo")
    company.ci.end("1", WORKS)
    await stepping.on(run)
    company.ci.says = lambda run: Ambiguous(detail="the answer got lost")
    company.ci.end("2", FAILS)
    await stepping.on(run)
    assert stepping.sent() == ["one", "bad", "one-back"]
    assert [one.state for one in await company.attempts(run) if one.path == "one.undo"] == [AttemptState.ACCEPTED]
    await go_on(stepping, run)
    assert (stepping.sent(), (await company.run(run)).state) == (["one", "bad", "one-back"], RunState.FAILED)


async def test_a_cancelled_run_is_undone_as_a_failed_one(stepping: Stepping) -> None:
    run = await stepping.run(undoable("one"), undoable("two"), dispatch("three"), on_error="undo")
    stepping.company.ci.end("1", WORKS)
    await stepping.on(run)
    by = await stepping.company.person("ana")
    await cancel(stepping.company.store, run, by=by, reason="not today", force=False)
    await go_on(stepping, run)
    assert stepping.sent() == ["one", "two", "two-back", "one-back"]
    row = await stepping.company.run(run)
    assert (row.state, (row.reason or "").startswith("Cancelled (not today).")) == (RunState.CANCELLED, True)
    assert (row.reason or "").endswith("Undone: two, one.")


async def test_an_undo_can_be_stopped(stepping: Stepping) -> None:
    run = await stepping.run(undoable("one"), undoable("bad"), on_error="undo")
    stepping.company.ci.end("1", WORKS)
    await stepping.on(run)
    stepping.company.ci.end("2", FAILS)
    await stepping.on(run)
    assert stepping.sent() == ["one", "bad", "bad-back"]
    by = await stepping.company.person("ana")
    await cancel(stepping.company.store, run, by=by, reason="enough", force=False)
    await stepping.on(run)
    row = await stepping.company.run(run)
    assert (row.state, stepping.sent()) == (RunState.FAILED, ["one", "bad", "bad-back"])
    assert (row.reason or "").endswith("Not undone: bad, one.")


async def test_what_was_ended_by_force_is_not_undone(stepping: Stepping) -> None:
    """Something of it may still be running."""
    run = await stepping.run(undoable("one"), undoable("two"), on_error="undo")
    stepping.company.ci.end("1", WORKS)
    await stepping.on(run)
    stepping.company.ci.obeys = False
    by = await stepping.company.person("ana")
    await cancel(stepping.company.store, run, by=by, reason="", force=True)
    await stepping.on(run)
    await stepping.on(run, later=timedelta(minutes=6))
    row = await stepping.company.run(run)
    assert (row.state, stepping.sent()) == (RunState.CANCELLED, ["one", "two"])


async def test_the_lock_is_kept_until_all_is_undone(stepping: Stepping) -> None:
    lock = "${{ entity.name }}/${{ inputs.environment.name }}"
    run = await stepping.run(undoable("one"), dispatch("bad"), on_error="undo", lock=lock)
    other = await stepping.company.ask("ana", "1.2.0", "staging", action="runbook-1")
    await stepping.company.drive(other)
    stepping.company.ci.end("1", WORKS)
    await stepping.on(run)
    stepping.company.ci.end("2", FAILS)
    await stepping.on(run)
    await stepping.company.drive(other)
    assert ((await stepping.company.run(other)).state, stepping.sent()[-1]) == (RunState.WAITING_LOCK, "one-back")
    stepping.company.ci.end("3", WORKS)
    await stepping.on(run)
    await stepping.company.drive(other)
    assert (await stepping.company.run(other)).state == RunState.RUNNING


async def test_the_undo_of_an_approved_run_needs_no_second_approval(stepping: Stepping) -> None:
    run = await stepping.ask(undoable("one"), dispatch("bad"), on_error="undo", approval=ASK)
    await stepping.company.drive(run)
    await stepping.company.decide("sam", run)
    await stepping.company.drive(run)
    await go_on(stepping, run)
    assert stepping.sent() == ["one", "bad", "one-back"]
    assert [one.state for one in await stepping.company.approvals(run)] == [ApprovalState.APPROVED]


async def test_the_global_stop_holds_an_undo_back_too(stepping: Stepping) -> None:
    run = await stepping.run(undoable("one"), dispatch("bad"), on_error="undo")
    stepping.company.ci.end("1", WORKS)
    await stepping.on(run)
    async with stepping.company.store.write() as tx:
        await freezes.stop(tx, by=await stepping.company.person("pat"), reason="an incident")
    stepping.company.ci.end("2", FAILS)
    assert (await stepping.on(run)).what is What.WAIT
    assert stepping.sent() == ["one", "bad"]
    async with stepping.company.store.write() as tx:
        await freezes.lift(tx, by=await stepping.company.person("pat"), why="over")
    await stepping.on(run)
    assert stepping.sent() == ["one", "bad", "one-back"]


async def test_an_undo_whose_pipeline_has_moved_asks_where_somebody_had_to_approve(stepping: Stepping) -> None:
    run = await stepping.ask(undoable("one"), dispatch("bad"), on_error="undo", approval=ASK)
    await stepping.company.drive(run)
    await stepping.company.decide("sam", run)
    await stepping.company.drive(run)
    stepping.company.ci.end("1", WORKS)
    await stepping.on(run)
    stepping.company.ci.commit = "e" * 40
    stepping.company.ci.end("2", FAILS)
    await stepping.on(run)
    row = await stepping.company.run(run)
    assert (row.state, stepping.sent()) == (RunState.NEEDS_ATTENTION, ["one", "bad"])
    assert "one.undo was not sent" in (row.reason or "")


async def moved(stepping: Stepping, *, approval: object) -> RunId:
    """A run that fails, and then is undone by a pipeline that is another one by now."""
    run = await stepping.ask(undoable("one"), dispatch("bad"), on_error="undo", approval=approval)
    await stepping.company.drive(run)
    if approval:
        await stepping.company.decide("sam", run)
        await stepping.company.drive(run)
    stepping.company.ci.end("1", WORKS)
    await stepping.on(run)
    stepping.company.ci.commit = "e" * 40
    stepping.company.ci.end("2", FAILS)
    await stepping.on(run, later=timedelta(minutes=10))
    return run


async def test_a_moved_undo_is_agreed_to_by_a_decision_and_by_nobody_who_is_one_person_with_who_asked(
    stepping: Stepping,
) -> None:
    run, company = await moved(stepping, approval=ASK), stepping.company
    sam, ana = await company.person("sam"), await company.person("ana")
    with pytest.raises(Forbidden, match="the scope 'approve'"):  # a token that is good for runs alone
        await choose(company.store, run, Choice.AGAIN, by=sam, reason="", decides=False)
    ends = stepping.clock.moment + timedelta(days=1)
    lent = Lending(by=ana, to="person:sam", begins_at=None, ends_at=ends, reason="away", key="lend-ana-sam")
    made = await lend(company.store, lent)
    await choose(company.store, run, Choice.AGAIN, by=sam, reason="", decides=True)
    await stepping.on(run)
    assert stepping.sent() == ["one", "bad"]
    await revoke(company.store, made.id, by=ana, anybody=False)
    await choose(company.store, run, Choice.AGAIN, by=sam, reason="", decides=True)
    await go_on(stepping, run)
    assert stepping.sent() == ["one", "bad", "one-back"]


async def test_an_undo_that_nobody_had_to_approve_goes_where_its_pipeline_is_now(stepping: Stepping) -> None:
    run = await moved(stepping, approval=[])
    await go_on(stepping, run)
    assert stepping.sent() == ["one", "bad", "one-back"]
    assert stepping.company.ci.ledger[-1].pinned.commit == "e" * 40
    assert (await stepping.company.run(run)).state == RunState.FAILED


async def test_who_approves_says_that_a_moved_undo_is_sent_and_only_as_it_was_shown(stepping: Stepping) -> None:
    run, store = await moved(stepping, approval=ASK), stepping.company.store
    assert "is eeeeeeeeeeee now" in ((await stepping.company.run(run)).reason or "")
    for name in ("ana", "fay"):  # who asked, and somebody who approves nothing here
        await choose(store, run, Choice.AGAIN, by=await stepping.company.person(name), reason="", decides=True)
        await stepping.on(run)
        assert stepping.sent() == ["one", "bad"]
    await choose(store, run, Choice.AGAIN, by=await stepping.company.person("sam"), reason="looked at it", decides=True)
    stepping.company.ci.commit = "f" * 40
    await stepping.on(run)
    assert stepping.sent() == ["one", "bad"], "it has moved once more"
    await choose(store, run, Choice.AGAIN, by=await stepping.company.person("sam"), reason="looked at it", decides=True)
    await go_on(stepping, run)
    assert stepping.sent() == ["one", "bad", "one-back"]
    assert stepping.company.ci.ledger[-1].pinned.commit == "f" * 40


async def test_an_undo_of_its_own_is_not_stopped_for_who_wants_the_lock(stepping: Stepping) -> None:
    lock = {"keys": ["${{ entity.name }}/${{ inputs.environment.name }}"], "queue": "replace"}
    run = await stepping.run(undoable("one"), undoable("bad"), on_error="undo", lock=lock)
    stepping.company.ci.end("1", WORKS)
    await stepping.on(run)
    stepping.company.ci.end("2", FAILS)
    await stepping.on(run)
    assert stepping.sent() == ["one", "bad", "bad-back"]
    other = await stepping.company.ask("ana", "1.2.0", "staging", action="runbook-1")
    await stepping.company.drive(other)
    assert (await stepping.company.run(other)).state == RunState.WAITING_LOCK
    assert (await stepping.company.run(run)).cancel_at is None
    await go_on(stepping, run)
    assert ((await stepping.company.run(run)).reason or "").endswith("Undone: bad, one.")


async def test_an_undo_that_cannot_be_worked_out_is_named_and_asked_about(stepping: Stepping) -> None:
    """The pipeline failed, so it left nothing that its undo could use."""
    stepping.company.ci.left = None
    bad = dispatch("bad", undo=back("bad-back", image="${{ steps.bad.outputs.image | upper }}"), **BUILT)
    run = await until_it_breaks(stepping, undoable("one"), bad)
    row = await stepping.company.run(run)
    assert (row.state, stepping.sent()) == (RunState.NEEDS_ATTENTION, ["one", "bad"])
    assert "Undoing bad has failed: `inputs.image` of step bad.undo cannot be worked out" in (row.reason or "")
    by = await stepping.company.person("ana")
    await choose(stepping.company.store, run, Choice.LEAVE, by=by, reason="nothing was built", decides=True)
    await go_on(stepping, run)
    assert stepping.sent() == ["one", "bad", "one-back"]


async def half_way(stepping: Stepping, undo: Step, **spec: object) -> RunId:
    """A run whose step fails before it has left what its undo names."""
    stepping.company.ci.left = None
    return await until_it_breaks(stepping, undoable("one"), dispatch("bad", undo=undo, **BUILT), **spec)


LEFT_OUT = "`image` is not there: bad has failed and has not left it"


async def test_an_undo_whose_value_is_missing_is_not_sent_without_it(stepping: Stepping) -> None:
    """Without it the pipeline would take its own default, which is not what was there before."""
    run = await half_way(stepping, back("bad-back", image="${{ steps.bad.outputs.image }}"))
    row = await stepping.company.run(run)
    assert (row.state, stepping.sent()) == (RunState.NEEDS_ATTENTION, ["one", "bad"])
    assert LEFT_OUT in (row.reason or "")
    assert "Take back by hand what has to be, then say that it is left as it is." in (row.reason or "")
    by = await stepping.company.person("ana")
    await choose(stepping.company.store, run, Choice.AGAIN, by=by, reason="", decides=True)
    await go_on(stepping, run)
    assert ((await stepping.company.run(run)).state, stepping.sent()) == (RunState.NEEDS_ATTENTION, ["one", "bad"])
    await choose(stepping.company.store, run, Choice.LEAVE, by=by, reason="nothing was built", decides=True)
    await go_on(stepping, run)
    assert stepping.sent() == ["one", "bad", "one-back"]


@pytest.mark.parametrize(
    "image",
    [
        "${{ steps.bad.outputs.image | default('none') }}",
        "${{ steps.bad.outputs.image or 'none' }}",
        "${{ 'none' if steps.bad.outputs.image is none else steps.bad.outputs.image }}",
        "${{ steps.bad.outputs.image if steps.bad.state == 'succeeded' else 'none' }}",
    ],
)
async def test_an_undo_that_says_what_is_meant_instead_is_sent_with_that(stepping: Stepping, image: str) -> None:
    run = await half_way(stepping, back("bad-back", image=image))
    await go_on(stepping, run)
    assert stepping.sent() == ["one", "bad", "bad-back", "one-back"]
    assert json.loads(stepping.company.ci.ledger[2].body)["inputs"]["image"] == "none"


async def test_what_says_that_nothing_is_meant_instead_is_sent_without_it(stepping: Stepping) -> None:
    run = await half_way(stepping, back("bad-back", image="${{ steps.bad.outputs.image | default(null) }}"))
    await go_on(stepping, run)
    assert json.loads(stepping.company.ci.ledger[2].body)["inputs"]["image"] is None


@pytest.mark.parametrize("where", [{"body": {"was": ["${{ IT }}"]}}, {"headers": {"was": "${{ IT }}"}}])
async def test_nor_is_a_request_to_a_service_sent_without_it(
    stepping: Stepping, pager: ServiceInMemory, where: Mapping[str, object]
) -> None:
    what = json.loads(json.dumps(where).replace("IT", "steps.bad.outputs.image"))
    call = {"service": "pager", "method": "POST", "path": "/images", **what}
    run = await half_way(stepping, {"uses": "http", "with": call})
    row = await stepping.company.run(run)
    assert (row.state, pager.calls) == (RunState.NEEDS_ATTENTION, [])
    assert LEFT_OUT in (row.reason or "")


async def test_nor_is_it_undone_on_demand(stepping: Stepping) -> None:
    run = await half_way(stepping, back("bad-back", image="${{ steps.bad.outputs.image }}"), on_error="stop")
    row, by = await stepping.company.run(run), await stepping.company.person("ana")
    with pytest.raises(Rejected) as caught:
        await ask_undo(stepping.company.life, row, by, None, comment=None, key="undo")
    assert LEFT_OUT in caught.value.detail
    assert "Nothing was started." in caught.value.detail


async def test_a_run_that_succeeds_undoes_nothing(stepping: Stepping) -> None:
    run = await stepping.run(undoable("one"), undoable("two"), on_error="undo")
    await go_on(stepping, run)
    async with stepping.company.store.read() as session:
        paths = [step.path for step in await runs.steps(session, run)]
    assert ((await stepping.company.run(run)).state, paths) == (RunState.SUCCEEDED, ["one", "two"])
