"""A run that has ended badly is gone on with: what is done is carried over, what nobody knows is found out or asked."""

import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from company import open_company
from pydantic import SecretStr
from service_in_memory import LOST, ServiceInMemory, answer
from stepping import Step, Stepping, dispatch, wait

from daytwo_actions.backends.base import Accepted, Ambiguous
from daytwo_actions.plan.model import PlannedResume
from daytwo_actions.recovery import Does, Said
from daytwo_store import tasks
from daytwo_store.clock import GivenClock
from daytwo_store.engine import Store
from daytwo_store.errors import Conflict, Forbidden, Rejected
from daytwo_store.ids import AttemptNo, ExternalRunId, RunId, StepPath, TaskId
from daytwo_store.settings import StoreSettings
from daytwo_store.states import AttemptState, ExternalStatus, RunState
from daytwo_workflows.life.asking import rerun
from daytwo_workflows.life.asking import undo as ask_undo
from daytwo_workflows.life.doing import Done, complete
from daytwo_workflows.life.interventions import cancel
from daytwo_workflows.life.reconcile import reconcile
from daytwo_workflows.life.resumable import must_be_resumable
from daytwo_workflows.life.resuming import Preview, Resumption, preview, resume

pytestmark = pytest.mark.anyio
FAILS, WORKS = ExternalStatus.FAILED, ExternalStatus.SUCCEEDED
BUILT = {"outputs": {"image": {"type": "string"}}}
IMAGE = "${{ steps.build.outputs.image }}"
ASK = [{"from": ["group:sre"]}]
MINUTE = timedelta(minutes=1)


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


def page(effect: str = "once", **more: object) -> Step:
    call: dict[str, object] = {"service": "pager", "method": "POST", "path": "/incidents"}
    if effect == "checkable":
        call["probe"] = {"path": "/incidents?of=shop", "done": "${{ response.status == 200 }}"}
    return {"id": "page", "uses": "http", "effect": effect, "with": call, **more}


async def failed(stepping: Stepping, *steps: Step, bad: str = "bad", **spec: object) -> RunId:
    """A run whose pipelines succeed up to the one that is called so."""
    stepping.company.ci.ends_as = None
    run = await stepping.ask(*steps, **spec)  # type: ignore[arg-type]  # as `run` has them
    await stepping.company.drive(run)
    await end_all(stepping, run, bad)
    return run


async def end_all(stepping: Stepping, run: RunId, bad: str = "") -> None:
    for _ in range(8):
        before = stepping.sent()
        for number, name in enumerate(before, 1):
            if stepping.company.ci.states[str(number)].status == ExternalStatus.RUNNING:
                stepping.company.ci.end(str(number), FAILS if name == bad else WORKS)
        await stepping.on(run)
        if stepping.sent() == before:
            return


async def asked(stepping: Stepping, run: RunId, answers: Mapping[str, Said] | None = None, **more: str) -> Resumption:
    row = await stepping.company.run(run)
    who = await stepping.company.person("ana")
    return Resumption(run=row, requester=who, token=None, answers=answers or {}, **more)


async def shown(stepping: Stepping, run: RunId, answers: Mapping[str, Said] | None = None) -> Preview:
    return await preview(stepping.company.life, await asked(stepping, run, answers))


async def proposed(stepping: Stepping, run: RunId) -> dict[str, Does]:
    return {step.path: step.does for step in (await shown(stepping, run)).steps}


async def resumed(
    stepping: Stepping, run: RunId, answers: Mapping[str, Said] | None = None, key: str = "resume", **more: str
) -> RunId:
    accepted = await resume(stepping.company.life, await asked(stepping, run, answers, **more), key)
    new = RunId(accepted.run.id)
    await stepping.company.drive(new)
    return new


async def test_that_a_run_names_itself_is_no_difference(stepping: Stepping) -> None:
    """Neither alone nor within a sentence; what it says beside that is one."""
    said = {"run": "${{ run.id }}", "version": "by ${{ run.id }}, ${{ inputs.version }}"}
    writes = {"upsert": {"kind": "deployment", "name": "shop-staging", "properties": said}}
    run = await failed(stepping, dispatch("bad"), catalog=[writes])
    assert (await shown(stepping, run)).changes == []


async def test_what_is_done_is_carried_over_with_what_it_left_and_the_rest_goes_on(stepping: Stepping) -> None:
    stepping.company.ci.left = {"image": "shop@1"}
    steps = (dispatch("build", **BUILT), wait("soak", "1m"), dispatch("bad", inputs={"image": IMAGE}), dispatch("tell"))
    run = await failed(stepping, *steps)
    await stepping.on(run, later=MINUTE)
    await end_all(stepping, run, "bad")
    assert (await stepping.company.run(run)).state == RunState.FAILED
    found = await shown(stepping, run)
    assert {step.path: step.does for step in found.steps} == {
        "build": Does.SKIP,
        "soak": Does.SKIP,
        "bad": Does.REPEAT,
        "tell": Does.BEGIN,
    }
    assert (found.changes, stepping.sent()) == ([], ["build", "bad"]), "a preview changes and sends nothing"
    new = await resumed(stepping, run)
    row = await stepping.company.run(new)
    assert (row.resume_of, row.state) == (run, RunState.RUNNING)
    assert json.loads(row.plan)["resumes"] == {
        "run": run,
        "done": {"build": {"image": "shop@1"}, "soak": {}},
        "said": {},
    }
    assert json.loads(stepping.company.ci.ledger[2].body)["inputs"]["image"] == "shop@1"
    await end_all(stepping, new)
    assert stepping.sent() == ["build", "bad", "bad", "tell"]
    assert (await stepping.company.run(new)).state == RunState.SUCCEEDED
    [build, *_] = await stepping.steps(new)
    assert (build.state, build.note) == ("succeeded", f"carried over: done in run {run}")


async def test_what_people_had_filled_in_is_carried_over_too(stepping: Stepping) -> None:
    fields = {"note": {"type": "string"}, "more": {"type": "string"}}
    form = {"pages": [{"title": "What", "properties": fields}]}
    give: Step = {"id": "give", "uses": "input", "with": {"from": ["group:sre"], "form": form}}
    said = {name: f"${{{{ steps.give.outputs.{name} }}}}" for name in fields}
    run = await failed(stepping, give, dispatch("bad", inputs=said))
    async with stepping.company.store.read() as session:
        row = await tasks.newest(session, run, StepPath("give"))
    assert row is not None
    sam = await stepping.company.person("sam")
    await complete(stepping.company.life, Done(task=TaskId(row.id), by=sam, answers={"note": "slowly"}, words=""))
    await stepping.on(run)
    await end_all(stepping, run, "bad")
    await resumed(stepping, run)
    for sent in stepping.company.ci.ledger:
        inputs = json.loads(sent.body)["inputs"]
        assert (inputs["note"], inputs["more"]) == ("slowly", None), "what nobody filled in is null, and meant so"
    assert len(stepping.company.ci.ledger) == 2


async def test_a_resumed_run_is_approved_anew_and_the_difference_is_shown(stepping: Stepping) -> None:
    company = stepping.company
    company.ci.ends_as = None
    run = await stepping.ask(dispatch("build"), dispatch("bad"), approval=ASK)
    await company.drive(run)
    await company.decide("sam", run)
    await company.drive(run)
    await end_all(stepping, run, "bad")
    company.ci.commit = "e" * 40  # the pipeline is another one by now
    new = await resumed(stepping, run)
    assert (await company.run(new)).state == RunState.WAITING_APPROVAL
    [approval] = await company.approvals(new)
    assert {one["field"] for one in approval.drift} == {f"steps[{n}].pinned.commit" for n in (0, 1)}
    assert stepping.sent() == ["build", "bad"]
    await company.decide("sam", new)
    await company.drive(new)
    assert stepping.sent() == ["build", "bad", "bad"]


async def test_a_cancelled_run_is_resumed(stepping: Stepping) -> None:
    stepping.company.ci.ends_as = None
    run = await stepping.run(dispatch("build"), dispatch("ship"), dispatch("tell"))
    stepping.company.ci.end("1", WORKS)
    await stepping.on(run)
    by = await stepping.company.person("ana")
    await cancel(stepping.company.store, run, by=by, reason="", force=False)
    await stepping.on(run)
    assert (await stepping.company.run(run)).state == RunState.CANCELLED
    assert await proposed(stepping, run) == {"build": Does.SKIP, "ship": Does.REPEAT, "tell": Does.BEGIN}
    new = await resumed(stepping, run)
    await end_all(stepping, new)
    assert stepping.sent() == ["build", "ship", "ship", "tell"]


async def test_only_one_resumes_it_and_the_same_key_is_the_same_run(stepping: Stepping) -> None:
    run = await failed(stepping, dispatch("build"), dispatch("bad"))
    new = await resumed(stepping, run)
    assert await resumed(stepping, run) == new
    with pytest.raises(Conflict, match="has gone on from here already"):
        await resumed(stepping, run, key="another")
    await end_all(stepping, new, "bad")
    assert await proposed(stepping, new) == {"build": Does.SKIP, "bad": Does.REPEAT}
    newest = await resumed(stepping, new, key="once more")
    await end_all(stepping, newest)
    assert stepping.sent() == ["build", "bad", "bad", "bad"]
    assert (await stepping.company.run(newest)).state == RunState.SUCCEEDED


async def test_what_cannot_be_resumed_says_why(stepping: Stepping) -> None:
    stepping.company.ci.ends_as = None
    run = await stepping.run(dispatch("build"))
    with pytest.raises(Conflict, match="has not ended"):
        await shown(stepping, run)
    await end_all(stepping, run)
    with pytest.raises(Conflict, match="nothing left to do"):
        await shown(stepping, run)


async def test_approvals_and_checks_are_not_carried_over(stepping: Stepping) -> None:
    approve: Step = {"id": "approve", "uses": "approval", "with": {"from": ["group:sre"]}}
    look: Step = {"id": "look", "uses": "check", "with": {"until": "${{ entity.name == 'shop' }}"}}
    company = stepping.company
    company.ci.ends_as = None
    run = await stepping.run(approve, look, dispatch("bad"))
    await company.decide("sam", run)
    await stepping.on(run)
    await stepping.on(run, later=MINUTE)
    await end_all(stepping, run, "bad")
    assert (await company.run(run)).state == RunState.FAILED
    assert await proposed(stepping, run) == {"approve": Does.BEGIN, "look": Does.CHECK, "bad": Does.REPEAT}
    new = await resumed(stepping, run)
    assert (await stepping.states(new))["approve"] == "running"
    assert stepping.sent() == ["bad"]


async def test_what_is_carried_over_leads_past_no_approval(stepping: Stepping) -> None:
    """Nor is it done again when that approval is void."""
    approve: Step = {"id": "approve", "uses": "approval", "with": {"from": ["group:sre"]}}
    company = stepping.company
    company.ci.ends_as = None
    run = await stepping.run(approve, dispatch("build"), dispatch("bad"))
    await company.decide("sam", run)
    await stepping.on(run)
    await end_all(stepping, run, "bad")
    assert stepping.sent() == ["build", "bad"]
    assert await proposed(stepping, run) == {"approve": Does.BEGIN, "build": Does.SKIP, "bad": Does.REPEAT}
    new = await resumed(stepping, run)
    await stepping.on(new)
    assert stepping.sent() == ["build", "bad"], "nobody has approved that"
    company.ci.commit = "e" * 40  # what was approved is another one by the time that it is sent
    await company.decide("sam", new)
    await stepping.on(new)
    assert (await stepping.states(new), stepping.sent()) == (
        {"approve": "running", "build": "succeeded", "bad": "pending"},
        ["build", "bad"],
    )
    await company.decide("sam", new)
    await stepping.on(new)
    assert stepping.sent() == ["build", "bad", "bad"]


async def test_what_was_undone_is_done_again(stepping: Stepping) -> None:
    taken = dispatch("unbuild")
    build = dispatch("build", undo={key: taken[key] for key in ("uses", "with")})
    run = await failed(stepping, build, dispatch("bad"), on_error="undo")
    assert stepping.sent() == ["build", "bad", "unbuild"]
    assert await proposed(stepping, run) == {"build": Does.BEGIN, "bad": Does.REPEAT}
    new = await resumed(stepping, run)
    await end_all(stepping, new)
    assert stepping.sent() == ["build", "bad", "unbuild", "build", "bad"]


async def test_what_failed_and_is_to_be_done_once_is_asked_about(stepping: Stepping) -> None:
    run = await failed(stepping, dispatch("bad", effect="once"), dispatch("tell"))
    assert (await proposed(stepping, run))["bad"] is Does.ASK
    with pytest.raises(Rejected) as refused:
        await resumed(stepping, run)
    assert [fault.pointer for fault in refused.value.errors] == ["/answers/bad"]
    with pytest.raises(Rejected):
        await resumed(stepping, run, {"bad": Said.AGAIN, "tell": Said.DONE}, key="too much")
    new = await resumed(stepping, run, {"bad": Said.AGAIN}, key="said")
    assert json.loads((await stepping.company.run(new)).plan)["resumes"]["said"] == {"bad": "again"}
    await end_all(stepping, new)
    assert stepping.sent() == ["bad", "bad", "tell"]


async def given_up(stepping: Stepping, *steps: Step) -> RunId:
    """Nobody knows what became of the last thing that was sent, and somebody has ended the run by force."""
    run = await stepping.run(*steps)
    await give_up(stepping, run)
    return run


async def give_up(stepping: Stepping, run: RunId) -> None:
    by = await stepping.company.person("ana")
    await cancel(stepping.company.store, run, by=by, reason="", force=True)
    for _ in range(3):
        await stepping.on(run, later=MINUTE)
    assert (await stepping.company.run(run)).state == RunState.CANCELLED


@pytest.mark.parametrize(("said", "calls"), [(Said.DONE, 1), (Said.AGAIN, 2)])
async def test_a_request_of_which_nobody_knows_is_repeated_by_a_person_alone(
    stepping: Stepping, pager: ServiceInMemory, said: Said, calls: int
) -> None:
    pager.says = lambda number: LOST if number == 0 else answer()
    run = await given_up(stepping, page(), dispatch("tell"))
    assert (await proposed(stepping, run))["page"] is Does.ASK
    with pytest.raises(Rejected):
        await resumed(stepping, run)
    assert len(pager.calls) == 1
    await resumed(stepping, run, {"page": said}, key="said")
    assert (len(pager.calls), stepping.sent()) == (calls, ["tell"])


def keys(pager: ServiceInMemory, path: str = "/incidents") -> list[str]:
    """What the service has seen as the keys of what it was asked for there, in order."""
    return [call.headers["Idempotency-Key"] for call in pager.calls if call.path == path]


async def test_what_may_have_been_carried_out_is_asked_for_under_the_same_key(
    stepping: Stepping, pager: ServiceInMemory
) -> None:
    """However many runs go on from there: for the service it is one request."""
    pager.says = lambda _: LOST
    run = await given_up(stepping, page("idempotent"), dispatch("tell"))
    assert (await proposed(stepping, run))["page"] is Does.REPEAT
    again = await resumed(stepping, run)
    assert len(pager.calls) == 2
    await give_up(stepping, again)
    pager.says = lambda _: answer()
    last = await resumed(stepping, again, key="once more")
    assert (await stepping.states(last))["page"] == "succeeded"
    assert len(set(keys(pager))) == 1
    assert len(keys(pager)) >= 3
    other = await stepping.run(page("idempotent"))
    assert (await stepping.states(other))["page"] == "succeeded"
    assert len(set(keys(pager))) == 2, "another run is another request"


async def test_what_was_refused_or_undone_is_asked_for_anew(stepping: Stepping, pager: ServiceInMemory) -> None:
    """A service that keeps its answers by their keys would give that of then."""
    pager.says = lambda number: answer(422) if number == 0 else answer()
    run = await stepping.run(page("idempotent"), dispatch("bad"))
    assert (await stepping.company.run(run)).state == RunState.FAILED
    away = {"uses": "http", "with": {"service": "pager", "method": "DELETE", "path": "/incidents/last"}}
    await resumed(stepping, run)
    assert len(set(keys(pager))) == len(keys(pager)) == 2
    run = await failed(stepping, page("idempotent", undo=away), dispatch("bad"), on_error="undo")
    assert [call.path for call in pager.calls][2:] == ["/incidents", "/incidents/last"]
    await resumed(stepping, run, key="after the undo")
    assert len(set(keys(pager))) == len(keys(pager)) == 4


async def test_what_is_lost_cannot_count_as_done(stepping: Stepping, pager: ServiceInMemory) -> None:
    pager.says = lambda _: LOST
    numbered = page(outputs={"number": {"type": "integer"}})
    run = await given_up(stepping, numbered, dispatch("tell", inputs={"n": "${{ steps.page.outputs.number }}"}))
    with pytest.raises(Rejected) as refused:
        await resumed(stepping, run, {"page": Said.DONE})
    assert "is lost" in refused.value.errors[0].detail


@pytest.mark.parametrize(("there", "does", "posts"), [(True, Does.SKIP, 1), (False, Does.REPEAT, 2)])
async def test_what_can_be_looked_for_is_looked_for(
    stepping: Stepping, pager: ServiceInMemory, there: bool, does: Does, posts: int
) -> None:
    def says(number: int) -> object:
        if pager.calls[number].method == "GET":
            return answer(200 if there else 404)
        return LOST if number == 0 else answer()

    pager.says = says  # type: ignore[assignment]  # both are results
    run = await stepping.run(page("checkable"), dispatch("tell"))
    by = await stepping.company.person("ana")
    await cancel(stepping.company.store, run, by=by, reason="", force=True)
    for _ in range(3):
        await stepping.on(run, later=MINUTE)
    assert (await proposed(stepping, run))["page"] is does
    await resumed(stepping, run)
    assert sum(call.method == "POST" for call in pager.calls) == posts
    assert stepping.sent() == ["tell"]


async def test_a_pipeline_that_may_still_run_is_asked_about(stepping: Stepping) -> None:
    stepping.company.ci.ends_as, stepping.company.ci.obeys = None, False
    run = await given_up(stepping, dispatch("ship"), dispatch("tell"))
    found = await shown(stepping, run)
    assert (found.steps[0].does, "may still be running" in found.steps[0].why) == (Does.ASK, True)


async def test_a_changed_definition_has_to_be_chosen(stepping: Stepping) -> None:
    run = await failed(stepping, dispatch("build"), dispatch("bad"))
    stepping.loaded = 0
    (stepping.folder / "runbook-1").rename(stepping.folder / "old")
    stepping.company.ci.ends_as = None
    await stepping.ask(dispatch("build"), dispatch("bad", inputs={"more": "care"}), dispatch("extra"))
    found = await shown(stepping, run)
    assert found.version.digest != (await stepping.company.run(run)).version
    assert {change.name for change in found.changes} >= {"action.version", "steps[1].inputs.more"}
    assert {step.path: step.does for step in found.steps}["extra"] is Does.BEGIN
    with pytest.raises(Conflict, match="definition of runbook-1 has changed"):
        await resumed(stepping, run)
    new = await resumed(stepping, run, key="chosen", version=found.version.digest)
    assert json.loads(stepping.company.ci.ledger[-1].body)["inputs"]["more"] == "care"
    assert (await stepping.company.run(new)).version == found.version.digest


async def test_a_resumed_run_undoes_only_what_it_has_done_itself(stepping: Stepping) -> None:
    run = await failed(stepping, able("one"), able("bad"), on_error="stop")
    new = await resumed(stepping, run)
    await end_all(stepping, new, "bad")
    assert stepping.sent() == ["one", "bad", "bad"]
    assert "What bad did stays; it can be undone." in ((await stepping.company.run(new)).reason or "")


async def undo(stepping: Stepping, run: RunId, key: str = "undo") -> RunId:
    row, by = await stepping.company.run(run), await stepping.company.person("ana")
    accepted = await ask_undo(stepping.company.life, row, by, None, comment=None, key=key)
    new = RunId(accepted.run.id)
    await stepping.company.drive(new)
    return new


async def test_an_undo_on_demand_takes_back_what_the_steps_did_and_asks_again(stepping: Stepping) -> None:
    company = stepping.company
    company.ci.left = {"image": "shop@1"}
    steps = []
    for name, inputs in (("build", {"image": IMAGE}), ("ship", {"was": "${{ entity.properties.description }}"})):
        taken = dispatch(f"{name}-back", inputs=inputs)
        more = BUILT if name == "build" else {}
        steps.append(dispatch(name, undo={key: taken[key] for key in ("uses", "with")}, **more))
    run = await stepping.ask(*steps, approval=ASK)
    await company.drive(run)
    await company.decide("sam", run)
    for _ in range(4):
        await stepping.on(run)
    assert (await company.run(run)).state == RunState.SUCCEEDED
    new = await undo(stepping, run)
    row = await company.run(new)
    assert (row.state, row.undo_of, stepping.sent()) == (RunState.WAITING_APPROVAL, run, ["build", "ship"])
    plan = json.loads(row.plan)
    assert [one["path"] for one in plan["steps"]] == ["ship.undo", "build.undo"]
    assert plan["steps"][1]["inputs"] == {"image": "shop@1"}, (
        "what it goes back to is approved, and not how it is found"
    )
    await company.decide("sam", new)
    for _ in range(4):
        await stepping.on(new)
    assert stepping.sent() == ["build", "ship", "ship-back", "build-back"]
    assert (await company.run(new)).state == RunState.SUCCEEDED
    with pytest.raises(Conflict, match="left to be undone"):
        await undo(stepping, run, "again")


async def test_what_a_failed_run_did_is_undone_on_demand(stepping: Stepping) -> None:
    taken = dispatch("one-back")
    one = dispatch("one", undo={key: taken[key] for key in ("uses", "with")})
    run = await failed(stepping, one, dispatch("bad"), on_error="stop")
    new = await undo(stepping, run)
    await end_all(stepping, new)
    assert stepping.sent() == ["one", "bad", "one-back"]
    assert (await stepping.company.run(new)).state == RunState.SUCCEEDED
    with pytest.raises(Conflict, match="was undone"):
        await shown(stepping, run)


def able(name: str) -> Step:
    taken = dispatch(f"{name}-back")
    return dispatch(name, undo={key: taken[key] for key in ("uses", "with")})


async def test_a_run_is_resumed_or_undone_and_never_both_at_once(stepping: Stepping) -> None:
    run = await failed(stepping, able("one"), dispatch("bad"), on_error="stop")
    new = await undo(stepping, run)
    with pytest.raises(Conflict, match="takes back what it has done"):
        await shown(stepping, run)
    by = await stepping.company.person("ana")
    await cancel(stepping.company.store, new, by=by, reason="", force=False)
    await end_all(stepping, new, "one-back")
    going_on = await resumed(stepping, run, {"one": Said.AGAIN})
    with pytest.raises(Conflict, match="goes on from where it ended"):
        await undo(stepping, run, "another")
    await end_all(stepping, going_on)
    assert stepping.sent() == ["one", "bad", "one-back", "one", "bad"]


async def test_what_an_undo_has_done_before_it_failed_is_not_carried_over(stepping: Stepping) -> None:
    run = await failed(stepping, able("one"), able("two"), able("three"), dispatch("bad"), on_error="stop")
    new = await undo(stepping, run)
    await end_all(stepping, new, "two-back")
    assert stepping.sent()[-2:] == ["three-back", "two-back"]
    assert (await stepping.company.run(new)).state == RunState.FAILED
    does = await proposed(stepping, run)
    assert does == {"one": Does.SKIP, "two": Does.ASK, "three": Does.BEGIN, "bad": Does.REPEAT}
    async with stepping.company.store.write() as tx:
        with pytest.raises(Conflict, match="three was undone meanwhile"):
            await must_be_resumable(tx, PlannedResume(run=run, done={"one": {}, "three": {}}))


async def test_what_was_carried_over_and_undone_in_the_first_run_is_not_carried_on(stepping: Stepping) -> None:
    run = await failed(stepping, able("one"), dispatch("bad"), on_error="stop")
    new = await resumed(stepping, run)
    await end_all(stepping, new, "bad")
    await end_all(stepping, await undo(stepping, run))
    assert stepping.sent() == ["one", "bad", "bad", "one-back"]
    assert await proposed(stepping, new) == {"one": Does.BEGIN, "bad": Does.REPEAT}


async def test_who_approves_an_undo_is_as_it_is_today(stepping: Stepping) -> None:
    run = await failed(stepping, able("one"), dispatch("bad"), on_error="stop")
    stepping.loaded = 0
    (stepping.folder / "runbook-1").rename(stepping.folder / "old")
    await stepping.ask(able("one"), dispatch("bad"), on_error="stop", approval=ASK)
    new = await undo(stepping, run)
    row = await stepping.company.run(new)
    assert (row.state, stepping.sent()) == (RunState.WAITING_APPROVAL, ["one", "bad"])
    assert json.loads(row.plan)["approval"]["needed_from"] == ["group:sre"]
    await stepping.company.decide("sam", new)
    await stepping.company.drive(new)
    await end_all(stepping, new)
    assert (stepping.sent(), (await stepping.company.run(new)).state) == (
        ["one", "bad", "one-back"],
        RunState.SUCCEEDED,
    )


async def test_who_may_undo_is_as_it_is_today(stepping: Stepping) -> None:
    run = await failed(stepping, able("one"), dispatch("bad"), on_error="stop")
    stepping.loaded = 0
    (stepping.folder / "runbook-1").rename(stepping.folder / "old")
    with pytest.raises(Forbidden):  # Ana is the one who asks here as well
        await stepping.ask(able("one"), dispatch("bad"), on_error="stop", allow={"run": ["group:sre"]})
    with pytest.raises(Forbidden):
        await undo(stepping, run)


async def test_a_run_with_nothing_to_undo_says_so(stepping: Stepping) -> None:
    run = await failed(stepping, dispatch("one"), dispatch("bad"))
    with pytest.raises(Conflict, match="Only a run that has succeeded"):
        await undo(stepping, run)


async def test_a_lost_dispatch_is_looked_for_before_it_is_sent_again(stepping: Stepping) -> None:
    company = stepping.company
    company.ci.says, company.ci.hidden = (lambda run: Ambiguous(detail="lost")), True
    run = await stepping.ask(dispatch("ship"), dispatch("tell"))
    await company.step(run)
    company.ci.lists_all = False
    by = await company.person("ana")
    company.life = replace(company.life, windows=company.life.windows.model_copy(update={"give_up_looking": MINUTE}))
    for _ in range(2):
        await reconcile(company.life, run, StepPath("ship"), AttemptNo(1), lambda: None)
        stepping.clock.moment += timedelta(minutes=20)
        company.ci.ahead += timedelta(minutes=20)
    assert [one.state for one in await company.attempts(run)] == [AttemptState.HELD]
    await company.drive(run)
    await cancel(company.store, run, by=by, reason="", force=True)
    await company.drive(run)
    assert (await company.run(run)).state == RunState.CANCELLED
    assert (await proposed(stepping, run))["ship"] is Does.ASK, "no listing proves anything"
    company.ci.hidden, company.ci.lists_all = False, True
    company.ci.says = lambda run: Accepted(id=ExternalRunId(run), url=None)
    assert (await proposed(stepping, run))["ship"] is Does.SKIP
    await resumed(stepping, run)
    assert stepping.sent() == ["ship", "tell"]


async def test_a_rerun_of_a_resumed_run_begins_anew(stepping: Stepping) -> None:
    run = await failed(stepping, dispatch("build"), dispatch("bad"))
    new = await resumed(stepping, run)
    await end_all(stepping, new, "bad")
    row, by = await stepping.company.run(new), await stepping.company.person("ana")
    accepted = await rerun(stepping.company.life, row, by, None, comment=None, key="rerun")
    assert "resumes" not in json.loads(accepted.run.plan)
