"""People decide in the middle of a run: on the plan with what earlier steps have left."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from company import open_company
from pydantic import SecretStr
from stepping import Step, Stepping, dispatch, wait

from daytwo_store import runs
from daytwo_store.clock import GivenClock
from daytwo_store.engine import Session, Store
from daytwo_store.errors import Conflict, Forbidden
from daytwo_store.ids import RunId
from daytwo_store.settings import StoreSettings
from daytwo_store.states import ApprovalState, RunState, Verdict
from daytwo_store.tables import StepRow
from daytwo_workflows.life.interventions import cancel

pytestmark = pytest.mark.anyio
IMAGE = {"outputs": {"image": {"type": "string"}}}
BUILT = {"image": "${{ steps.build.outputs.image }}"}
ASKED = [{"from": ["group:sre"]}]


@pytest.fixture
async def stepping(database_url: str, tmp_path: Path) -> AsyncIterator[Stepping]:
    clock = GivenClock(datetime.now(UTC))
    store = Store(StoreSettings(url=SecretStr(database_url), pool_size=4), clock=clock)
    company = await open_company(store)
    company.ci.left = {"image": "shop@1"}
    yield Stepping(company, clock, tmp_path)
    await store.close()


def gate(**more: object) -> Step:
    return {"id": "ok", "uses": "approval", "with": {"from": ["group:sre"], **more}}


async def test_a_run_waits_in_the_middle_for_whoever_is_asked(stepping: Stepping) -> None:
    company = stepping.company
    run = await stepping.run(dispatch("build", **IMAGE), gate(), dispatch("ship", inputs=BUILT))
    await stepping.on(run)
    [asked] = await company.approvals(run)
    assert (asked.path, asked.state, (await company.run(run)).state) == ("ok", "pending", RunState.RUNNING)
    sealed = json.loads(asked.document)
    assert (sealed["at"], sealed["results"]) == ("ok", {"build": {"image": "shop@1"}})
    with pytest.raises(Forbidden):
        await company.decide("ana", run)
    assert stepping.sent() == ["build"]
    await company.decide("sam", run)
    await stepping.on(run)
    assert stepping.sent() == ["build", "ship"]
    with pytest.raises(Conflict):
        await company.decide("sam", run, Verdict.REJECT, comment="too late")


async def test_a_rejection_in_the_middle_fails_the_step_with_its_reason(stepping: Stepping) -> None:
    run = await stepping.run(dispatch("build"), gate(), dispatch("ship"))
    await stepping.on(run)
    await stepping.company.decide("sam", run, Verdict.REJECT, comment="wrong image")
    await stepping.on(run)
    row = await stepping.company.run(run)
    assert (row.state, stepping.sent()) == (RunState.FAILED, ["build"])
    assert "wrong image" in (row.reason or "")


async def test_nobody_decides_in_time(stepping: Stepping) -> None:
    run = await stepping.run(gate(expires="2h"), dispatch("ship"))
    await stepping.on(run, later=timedelta(hours=2))
    [asked] = await stepping.company.approvals(run)
    row = await stepping.company.run(run)
    assert (asked.state, row.state, stepping.sent()) == (ApprovalState.EXPIRED, RunState.FAILED, [])


async def test_what_waits_for_a_decision_is_withdrawn_when_the_run_is_stopped(stepping: Stepping) -> None:
    run = await stepping.run(gate(), dispatch("ship"))
    by = await stepping.company.person("ana")
    await cancel(stepping.company.store, run, by=by, reason="", force=False)
    await stepping.on(run)
    [asked] = await stepping.company.approvals(run)
    assert (asked.state, (await stepping.company.run(run)).state) == (ApprovalState.WITHDRAWN, RunState.CANCELLED)


async def test_two_steps_wait_for_decisions_at_once(stepping: Stepping) -> None:
    one, other = {**gate(), "id": "one", "needs": []}, {**gate(), "id": "other", "needs": []}
    run = await stepping.run(one, other, dispatch("ship", needs=["one", "other"]))
    assert sorted(row.path or "" for row in await stepping.company.approvals(run)) == ["one", "other"]


async def test_what_a_protected_step_gets_is_approved_before_it_is_sent(stepping: Stepping) -> None:
    company = stepping.company
    ship = dispatch("ship", inputs=BUILT, protected=True)
    run = await stepping.run(dispatch("build", **IMAGE), wait("soak"), ship, approval=ASKED)
    await company.decide("sam", run)
    await company.drive(run)
    await stepping.on(run)
    await stepping.on(run, later=timedelta(minutes=10))
    before, again = await company.approvals(run)
    assert (before.path, again.path, again.state) == (None, "ship", ApprovalState.PENDING)
    assert json.loads(again.document)["filled"] == {"inputs.image": "shop@1"}
    assert (again.digest != before.digest, stepping.sent()) == (True, ["build"])
    await company.decide("sam", run)
    await stepping.on(run)
    assert stepping.sent() == ["build", "ship"]


async def test_what_was_approved_at_a_step_is_what_is_sent(stepping: Stepping) -> None:
    company = stepping.company
    ship = dispatch("ship", inputs=BUILT, protected=True)
    run = await stepping.run(dispatch("build", **IMAGE), ship, approval=ASKED)
    await company.decide("sam", run)
    await company.drive(run)
    await stepping.on(run)
    await company.decide("sam", run)
    async with company.store.write() as tx:
        for step in await _steps(tx.session, run):
            if step.path == "ship":
                step.given = {"inputs.image": "evil@1"}
    await stepping.on(run)
    assert (stepping.sent(), (await company.run(run)).state) == (["build"], RunState.FAILED)


async def _steps(session: Session, run: RunId) -> list[StepRow]:

    return list(await runs.steps(session, run))
