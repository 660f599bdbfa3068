"""Whoever gives a value in the middle of a run does not decide on it alone, in whatever run it is used."""

from collections.abc import AsyncIterator, Collection
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from company import open_company
from more_actions import like_deploy, load_beside
from pydantic import SecretStr
from stepping import Step, Stepping, dispatch

from daytwo_store import approval_pages, runs, tasks
from daytwo_store.approval_pages import ApprovalFilter, Reader, Right
from daytwo_store.clock import GivenClock
from daytwo_store.engine import Store
from daytwo_store.errors import Forbidden
from daytwo_store.ids import ApprovalId, RunId, StepPath, TaskId
from daytwo_store.settings import StoreSettings
from daytwo_store.states import ApprovalState, ExternalStatus, RunState
from daytwo_workflows.contracts import What
from daytwo_workflows.life.doing import Done, complete
from daytwo_workflows.life.lending import Lending, lend
from daytwo_workflows.life.resuming import Resumption, resume
from daytwo_workflows.life.taking_back import take_back

pytestmark = pytest.mark.anyio
BOTH = ["group:sre", "group:platform"]
FORM = {"properties": {"database": {"type": "string"}}, "required": ["database"], "title": "Which"}
WHICH: Step = {"id": "which", "uses": "input", "with": {"from": BOTH, "form": {"pages": [FORM]}}}
CHORE: Step = {"id": "which", "uses": "task", "with": {"from": BOTH, "text": "Look", "form": {"pages": [FORM]}}}
DROP = dispatch("drop", inputs={"database": "${{ steps.which.outputs.database }}"}, protected=True)
ASKED: list[dict[str, Any]] = [{"from": BOTH}]
YOU = "You filled in a value or did a task"


@pytest.fixture
async def stepping(database_url: str, tmp_path: Path) -> AsyncIterator[Stepping]:
    clock = GivenClock(datetime.now(UTC))
    store = Store(StoreSettings(url=SecretStr(database_url), pool_size=4), clock=clock)
    yield Stepping(await open_company(store), clock, tmp_path)
    await store.close()


async def gives(stepping: Stepping, run: RunId, name: str = "sam", database: str = "shop") -> None:
    async with stepping.company.store.read() as session:
        row = await tasks.newest(session, run, StepPath("which"))
    assert row is not None
    by = await stepping.company.person(name)
    await complete(stepping.company.life, Done(task=TaskId(row.id), by=by, answers={"database": database}, words=""))
    stepping.clock.moment += timedelta(milliseconds=1)
    await stepping.company.drive(run)


async def decides(stepping: Stepping, name: str, run: RunId) -> None:
    """Somebody approves what was asked last, and the run goes on."""
    await stepping.company.decide(name, run)
    stepping.clock.moment += timedelta(milliseconds=1)
    await stepping.company.drive(run)


async def filled(stepping: Stepping, *steps: Step, approval: list[dict[str, Any]]) -> RunId:
    """Ana asks, Pat approves the run where that is asked, and Sam says which database."""
    run = await stepping.run(*steps, approval=approval)
    if approval:
        await decides(stepping, "pat", run)
    await gives(stepping, run)
    return run


async def lends(stepping: Stepping, by: str, to: str) -> None:
    ends, who = stepping.clock.moment + timedelta(days=1), await stepping.company.person(by)
    asked = Lending(by=who, to=f"person:{to}", begins_at=None, ends_at=ends, reason="", key=f"lend-{by}-{to}")
    await lend(stepping.company.store, asked)


async def mine(stepping: Stepping, name: str, groups: Collection[str] = BOTH, *, lent_by: str | None = None) -> int:
    """How many approvals the list of what one may decide has."""

    async def right(of: str, *belongs: str) -> Right:
        ref = f"person:{of}"
        never = frozenset({ref, f"person:{lent_by}"}) if lent_by else frozenset({ref})
        who = await stepping.company.person(of)
        return Right(principal=who, human=ref, belongs=frozenset({ref, *belongs}), never_for=never)

    lent = [await right(lent_by, *groups)] if lent_by else []
    reader = Reader(own=await right(name, *(() if lent_by else groups)), lent=lent)
    async with stepping.company.store.read() as session:
        wanted = ApprovalFilter(state=ApprovalState.PENDING, mine=True)
        return len(await approval_pages.page(session, wanted, reader=reader, after=None, limit=50))


@pytest.mark.parametrize("step", [WHICH, CHORE], ids=["input", "task"])
async def test_who_filled_in_the_value_does_not_decide_on_it(stepping: Stepping, step: Step) -> None:
    """The attack: Ana asks, Sam says which database is dropped, and approves that alone."""
    company = stepping.company
    run = await filled(stepping, step, DROP, approval=ASKED)
    assert (await company.approvals(run))[-1].fillers == ["person:sam"]
    with pytest.raises(Forbidden, match=YOU):
        await company.decide("sam", run)
    assert (await mine(stepping, "sam"), await mine(stepping, "pat")) == (0, 1)
    await stepping.on(run)
    assert stepping.sent() == []
    await decides(stepping, "pat", run)
    assert stepping.sent() == ["drop"]


async def test_nor_whoever_is_one_person_with_them(stepping: Stepping) -> None:
    company = stepping.company
    run = await filled(stepping, WHICH, DROP, approval=ASKED)
    await lends(stepping, "sam", "fay")
    with pytest.raises(Forbidden, match="person:sam, who filled in a value or did a task in this run, lets you decide"):
        await company.decide("fay", run)
    assert await mine(stepping, "fay", lent_by="sam") == 0
    await lends(stepping, "pat", "sam")
    with pytest.raises(Forbidden, match=YOU):
        await company.decide("sam", run)
    with pytest.raises(Forbidden, match="person:sam, who filled in a value or did a task in this run, decides for you"):
        await company.decide("pat", run)


async def test_whoever_did_it_for_somebody_and_they_are_both_kept(stepping: Stepping) -> None:
    company = stepping.company
    await lends(stepping, "sam", "fay")
    run = await stepping.run(WHICH, {"id": "ok", "uses": "approval", "with": {"from": [*BOTH, "group:finance"]}})
    await gives(stepping, run, "fay")
    assert (await company.approvals(run))[-1].fillers == ["person:fay", "person:sam"]
    for name in ("fay", "sam"):
        with pytest.raises(Forbidden, match=YOU):
            await company.decide(name, run)


async def test_every_stage_of_a_step_keeps_them_off_and_all_are_the_others(stepping: Stepping) -> None:
    """`all` are those who may decide: it asks for nobody who filled in."""
    company = stepping.company
    everybody: Step = {"id": "ok", "uses": "approval", "with": {"from": BOTH, "count": "all"}}
    run = await stepping.run(WHICH, everybody, DROP, approval=[{"from": ["group:platform"]}, ASKED[0]])
    await decides(stepping, "pat", run)
    await decides(stepping, "sam", run)
    await gives(stepping, run)
    row = (await company.approvals(run))[-1]
    assert (row.path, row.needed_from, row.count) == ("ok", ["person:pat"], 1)
    await decides(stepping, "pat", run)
    await decides(stepping, "pat", run)
    row = (await company.approvals(run))[-1]
    assert (row.path, row.stage, row.fillers) == ("drop", 2, ["person:sam"])
    with pytest.raises(Forbidden, match=YOU):
        await company.decide("sam", run)


async def test_a_stage_may_let_them_and_the_audit_says_so(stepping: Stepping) -> None:
    company = stepping.company
    run = await filled(stepping, WHICH, DROP, approval=[{"from": BOTH, "self_approval": True}])
    assert await mine(stepping, "sam") == 1
    await decides(stepping, "sam", run)
    assert stepping.sent() == ["drop"]
    told = [one.facts for one in await company.audit(run) if one.action == "decision.approve"]
    assert [one.get("own_values") for one in told] == [None, "true"]


async def test_what_is_set_back_is_not_decided_any_more_and_keeps_off_who_fills_in_then(stepping: Stepping) -> None:
    """Pat takes back what came before the value: what waits behind it is void as well, and is asked for anew."""
    company = stepping.company
    gate: Step = {"id": "ok", "uses": "approval", "with": {"from": BOTH}}
    run = await stepping.run(gate, WHICH, DROP, approval=ASKED)
    await decides(stepping, "pat", run)
    await decides(stepping, "pat", run)
    await gives(stepping, run)
    _, first, waiting = await company.approvals(run)
    await take_back(company.store, ApprovalId(first.id), by=await company.person("pat"))
    stepping.clock.moment += timedelta(milliseconds=1)
    held = {one.path: one.state for one in await company.approvals(run)}
    assert held == {None: "approved", "ok": "superseded", "drop": "superseded"}
    await company.drive(run)
    await decides(stepping, "sam", run)  # what he gave stands nowhere any more
    await gives(stepping, run, "pat")
    row = (await company.approvals(run))[-1]
    assert (row.path, row.supersedes, row.fillers) == ("drop", waiting.id, ["person:pat"])
    with pytest.raises(Forbidden, match=YOU):
        await company.decide("pat", run)
    await decides(stepping, "sam", run)
    assert stepping.sent() == ["drop"]


async def test_what_a_resumed_run_carries_over_was_filled_in_by_them_too(stepping: Stepping) -> None:
    company = stepping.company
    company.ci.ends_as = ExternalStatus.FAILED
    plain = {key: value for key, value in DROP.items() if key != "protected"}
    run = await filled(stepping, WHICH, plain, approval=ASKED)
    await stepping.on(run)
    assert (await company.run(run)).state == RunState.FAILED
    ana = await company.person("ana")
    wish = Resumption(run=await company.run(run), requester=ana, token=None, answers={})
    again = RunId((await resume(company.life, wish, "resume")).run.id)
    assert (await company.drive(again)).what is What.WAIT
    with pytest.raises(Forbidden, match=YOU):
        await company.decide("sam", again)
    await company.decide("pat", again)


async def test_a_value_from_the_run_that_called_this_one_keeps_them_off_too(stepping: Stepping) -> None:
    """Sam fills in, the run calls another with that, and that other is asked about."""
    company = stepping.company
    inputs = {"version": "${{ steps.which.outputs.database }}", "environment": "environment:staging"}
    calls: Step = {"id": "sub", "uses": "action", "with": {"action": "child", "inputs": inputs}}
    plain: dict[str, Any] = {"approval": [], "catalog": [], "undo": None, "lock": None}
    child = like_deploy("child", **plain | {"approval": ASKED, "steps": [dispatch("drop")]})
    await load_beside(company, stepping.folder, child, like_deploy("parent", **plain, steps=[WHICH, calls]))
    run = await company.ask("ana", "1.1.0", "staging", action="parent")
    await company.drive(run)
    await gives(stepping, run, database="1.2.0")
    async with company.store.read() as session:
        [called] = await runs.called(session, run, StepPath("sub"))
    assert (await company.approvals(called.id))[-1].fillers == ["person:sam"]
    with pytest.raises(Forbidden, match=YOU):
        await company.decide("sam", called.id)
    await company.decide("pat", called.id)
