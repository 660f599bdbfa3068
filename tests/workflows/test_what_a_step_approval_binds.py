"""What was approved in the middle of a run binds what is sent after it, as an approval before the run does."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from company import Company, open_company
from pydantic import SecretStr
from stepping import Step, Stepping, dispatch, wait

from daytwo_actions.plan.model import digest_of
from daytwo_store import approvals, entities, freezes, runs
from daytwo_store.clock import GivenClock
from daytwo_store.engine import Store
from daytwo_store.entities import EVERYTHING
from daytwo_store.errors import Conflict
from daytwo_store.ids import ApprovalId, EntityRef
from daytwo_store.settings import StoreSettings
from daytwo_store.states import ApprovalState, ExternalStatus, RunState
from daytwo_workflows.life.taking_back import take_back

pytestmark = pytest.mark.anyio
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


async def test_what_was_approved_at_a_step_is_asked_for_again_when_it_has_changed(stepping: Stepping) -> None:
    """Somebody pushes between the decision and the send; nobody had to approve before the run."""
    company = stepping.company
    run = await stepping.run(gate(), wait("soak"), dispatch("ship"))
    assert (await company.run(run)).protected
    await company.decide("sam", run)
    await stepping.on(run)
    company.ci.commit = "e" * 40
    await stepping.on(run, later=timedelta(minutes=10))
    old, new = await company.approvals(run)
    assert (old.state, new.state, new.supersedes) == (ApprovalState.SUPERSEDED, ApprovalState.PENDING, old.id)
    assert {change["field"] for change in new.drift} >= {"steps[2].pinned.commit"}
    assert (stepping.sent(), await stepping.states(run)) == (
        [],
        {"ok": "running", "soak": "pending", "ship": "pending"},
    )
    await company.decide("sam", run)
    await stepping.on(run)
    await stepping.on(run, later=timedelta(minutes=10))
    assert [request.pinned.commit for request in company.ci.ledger] == ["e" * 40]


async def test_what_has_changed_since_a_step_was_approved_is_not_sent_after_others(stepping: Stepping) -> None:
    company = stepping.company
    run = await stepping.run(dispatch("build"), gate(), dispatch("ship"))
    await stepping.on(run)
    await company.decide("sam", run)
    company.ci.commit = "e" * 40
    await stepping.on(run)
    row = await company.run(run)
    assert (row.state, stepping.sent()) == (RunState.FAILED, ["build"])
    assert "ship was not sent" in (row.reason or "")


async def test_another_commit_than_was_approved_at_a_step_fails_it(stepping: Stepping) -> None:
    company = stepping.company
    run = await stepping.run(gate(), dispatch("ship"))
    await company.decide("sam", run)
    company.ci.runs_commit = "e" * 40
    await stepping.on(run)
    await stepping.on(run)
    row = await company.run(run)
    assert row.state in (RunState.FAILED, RunState.CANCELLED)
    assert "Nobody approved that" in (row.reason or "") + (row.cancel_reason or "")


async def test_a_step_asks_anew_where_the_run_is_asked_about_again(stepping: Stepping) -> None:
    company = stepping.company
    run = await stepping.run(gate(), dispatch("ship"), approval=ASKED)
    await company.decide("sam", run)
    await company.drive(run)
    await company.decide("sam", run)
    company.ci.commit = "e" * 40
    await company.drive(run)
    assert [(row.path, row.state) for row in await company.approvals(run)][-1] == (None, ApprovalState.PENDING)
    assert await stepping.states(run) == {"ok": "pending", "ship": "pending"}
    await company.decide("sam", run)
    await company.drive(run)
    asked = (await company.approvals(run))[-1]
    assert (asked.path, asked.state, stepping.sent()) == ("ok", ApprovalState.PENDING, [])
    await company.decide("sam", run)
    await stepping.on(run)
    assert stepping.sent() == ["ship"]


async def leaves(company: Company, name: str) -> None:
    """Somebody is in another group now."""
    async with company.store.write() as tx:
        person = await entities.get(tx.session, EntityRef(f"person:{name}"), sees=EVERYTHING)
        assert person is not None
        await entities.upsert(tx, replace(person, relations={"memberOf": ["group:finance"]}), by="test:x")


async def test_who_has_approved_at_a_step_is_looked_up_again_before_it_is_sent(stepping: Stepping) -> None:
    company = stepping.company
    run = await stepping.run(gate(), wait("soak"), dispatch("ship"))
    await company.decide("sam", run)
    await stepping.on(run)
    await leaves(company, "sam")
    await stepping.on(run, later=timedelta(minutes=10))
    assert ((await company.approvals(run))[0].state, stepping.sent()) == (ApprovalState.SUPERSEDED, [])


async def test_an_approval_at_a_step_is_taken_back_until_the_next_begins(stepping: Stepping) -> None:
    company = stepping.company
    run = await stepping.run(dispatch("build"), gate(), wait("soak"), dispatch("ship"), approval=ASKED)
    await company.decide("sam", run)
    await company.drive(run)
    await stepping.on(run)
    await company.decide("sam", run)
    await stepping.on(run)
    sam = await company.person("sam")
    approved = (await company.approvals(run))[-1]
    await take_back(company.store, ApprovalId(approved.id), by=sam)
    await stepping.on(run, later=timedelta(minutes=10))
    before, asked = [row for row in await company.approvals(run) if row.state != ApprovalState.SUPERSEDED]
    assert (before.path, before.state, asked.path, asked.state) == (None, "approved", "ok", "pending")
    assert stepping.sent() == ["build"]
    await company.decide("sam", run)
    await stepping.on(run)
    await stepping.on(run, later=timedelta(minutes=10))
    assert stepping.sent() == ["build", "ship"]
    with pytest.raises(Conflict, match="too late"):
        await take_back(company.store, ApprovalId(asked.id), by=sam)


async def test_an_approval_at_a_step_is_taken_back_while_its_run_waits_for_a_window(stepping: Stepping) -> None:
    company = stepping.company
    run = await stepping.run(gate(), dispatch("ship"))
    await company.decide("sam", run)
    async with company.store.write() as tx:
        await freezes.stop(tx, by=await company.person("sam"), reason="incident")
    await company.drive(run)
    assert (await company.run(run)).state == RunState.WAITING_WINDOW
    [approved] = await company.approvals(run)
    await take_back(company.store, ApprovalId(approved.id), by=await company.person("sam"))
    async with company.store.write() as tx:
        await freezes.lift(tx, by=await company.person("sam"), why="over")
    await company.drive(run)
    assert [row.state for row in await company.approvals(run)] == ["superseded", "pending"]
    assert stepping.sent() == []


WRITE = {
    "uses": "catalog",
    "with": {
        "upsert": {
            "kind": "deployment",
            "name": "shop-staging",
            "properties": {"version": "9"},
            "relations": {"service": "service:shop", "environment": "environment:staging"},
        }
    },
}


async def test_nothing_is_written_while_everything_is_stopped(stepping: Stepping) -> None:
    company = stepping.company
    run = await stepping.run(dispatch("build"), {"id": "note", **WRITE})
    by = await company.person("sam")
    async with company.store.write() as tx:
        await freezes.stop(tx, by=by, reason="incident")
    await stepping.on(run)
    assert (await stepping.states(run))["note"] == "pending"
    async with company.store.write() as tx:
        await freezes.lift(tx, by=by, why="over")
    await stepping.on(run)
    assert (await stepping.states(run))["note"] == "succeeded"


@pytest.mark.parametrize(
    "does", [WRITE, {"uses": "notify", "with": {"to": ["requester"], "text": "done"}}], ids=["catalog", "notify"]
)
async def test_nothing_takes_effect_when_its_approval_does_not_hold_any_more(stepping: Stepping, does: Step) -> None:
    company = stepping.company
    run = await stepping.run(gate(), wait("soak"), {"id": "note", **does})
    await company.decide("sam", run)
    await stepping.on(run)
    await leaves(company, "sam")
    await stepping.on(run, later=timedelta(minutes=10))
    assert (await stepping.states(run))["note"] == "failed"
    assert "does not hold any more" in ((await company.run(run)).reason or "")


async def test_a_step_that_is_given_up_asks_nobody_any_more(stepping: Stepping) -> None:
    company = stepping.company
    company.ci.ends_as = None
    ask = {**gate(), "needs": []}
    run = await stepping.run(ask, dispatch("one", needs=[]), dispatch("two", needs=[]))
    company.ci.end("1", ExternalStatus.FAILED)
    await stepping.on(run)
    [asked] = await company.approvals(run)
    assert ((await company.run(run)).state, asked.state) == (RunState.RUNNING, ApprovalState.WITHDRAWN)


@pytest.mark.parametrize("column", ["plan", "document"])
async def test_another_plan_than_was_approved_at_a_step_is_not_sent(stepping: Stepping, column: str) -> None:
    """A row was changed behind our back, to what would be planned by now: the decision was about another text."""
    company = stepping.company
    run = await stepping.run(gate(), wait("soak"), dispatch("ship"))
    await company.decide("sam", run)
    await stepping.on(run)
    company.ci.commit = "e" * 40
    async with company.store.write() as tx:
        row = await runs.hold(tx, run)
        other = row.plan.replace("c" * 40, "e" * 40)
        row.plan, row.digest = other, digest_of(other)
        if column == "document":
            [approval] = await approvals.of_run(tx.session, run)
            approval.document = approval.document.replace("c" * 40, "e" * 40)
    await stepping.on(run, later=timedelta(minutes=10))
    assert ((await company.approvals(run))[0].state, stepping.sent()) == (ApprovalState.SUPERSEDED, [])
