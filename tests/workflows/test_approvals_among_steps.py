"""Decisions beside what people give in the middle of a run, and beside resuming and undoing it: what is set back asks
again, about the values that there are by then, and nothing that was filled in for another plan or run is sent."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from company import open_company
from pydantic import JsonValue, SecretStr
from stepping import Step, Stepping, dispatch

from daytwo_store import tasks
from daytwo_store.clock import GivenClock
from daytwo_store.engine import Store
from daytwo_store.ids import ApprovalId, RunId, StepPath, TaskId
from daytwo_store.settings import StoreSettings
from daytwo_store.states import ApprovalState, ExternalStatus, RunState, Verdict
from daytwo_workflows.life.asking import undo
from daytwo_workflows.life.decide import Decision, decide
from daytwo_workflows.life.doing import Done, complete
from daytwo_workflows.life.filling import filled_in
from daytwo_workflows.life.resuming import Resumption, resume

pytestmark = pytest.mark.anyio
ASKED = [{"from": ["group:sre"]}]
ZONE: Step = {"properties": {"zone": {"type": "string"}}, "required": ["zone"], "title": "Where"}
WHERE: Step = {"id": "where", "uses": "input", "with": {"from": ["group:platform"], "form": {"pages": [ZONE]}}}
GATE: Step = {"id": "ok", "uses": "approval", "with": {"from": ["group:sre"]}}
THERE = {"zone": "${{ steps.where.outputs.zone }}"}
TICKET: Step = {"properties": {"ticket": {"type": "string"}}, "required": ["ticket"], "title": "Change"}
CHANGE: Step = {"id": "change", "from": ["group:sre"], "form": {"pages": [TICKET]}}
FOR = {"ticket": "${{ approvals.change.ticket }}"}


@pytest.fixture
async def stepping(database_url: str, tmp_path: Path) -> AsyncIterator[Stepping]:
    clock = GivenClock(datetime.now(UTC))
    store = Store(StoreSettings(url=SecretStr(database_url), pool_size=4), clock=clock)
    yield Stepping(await open_company(store), clock, tmp_path)
    await store.close()


async def gives(stepping: Stepping, run: RunId, zone: str) -> None:
    """Pat says where, who does not decide on it."""
    async with stepping.company.store.read() as session:
        row = await tasks.newest(session, run, StepPath("where"))
    assert row is not None
    by = await stepping.company.person("pat")
    await complete(stepping.company.life, Done(task=TaskId(row.id), by=by, answers={"zone": zone}, words=""))


async def approves(stepping: Stepping, run: RunId, **answers: JsonValue) -> None:
    """Sam approves what was asked last, and fills this in."""
    company = stepping.company
    row = (await company.approvals(run))[-1]
    decision = Decision(
        approval=ApprovalId(row.id),
        principal=await company.person("sam"),
        verdict=Verdict.APPROVE,
        digest=row.digest,
        comment="ok",
        answers=answers or None,
    )
    await decide(company.store, await filled_in(company.life, decision) if answers else decision)


async def asked_now(stepping: Stepping, run: RunId) -> dict[str | None, JsonValue]:
    """What waits for a decision: where, and what is known there."""
    rows = [row for row in await stepping.company.approvals(run) if row.state == ApprovalState.PENDING]
    return {row.path: json.loads(row.document).get("filled") for row in rows}


def sent_with(stepping: Stepping, name: str) -> list[JsonValue]:
    """What the pipelines that really began were given of it."""
    bodies = [json.loads(request.body)["inputs"] for request in stepping.company.ci.ledger]
    return [body.get(name) for body in bodies]


async def test_what_somebody_gave_is_approved_as_it_is_and_again_when_the_plan_has_changed(stepping: Stepping) -> None:
    """A protected step is asked about with the value; a new plan sets that decision back, and the value stays."""
    company = stepping.company
    run = await stepping.run(WHERE, dispatch("ship", inputs=THERE, protected=True), approval=ASKED)
    await approves(stepping, run)
    await company.drive(run)
    await gives(stepping, run, "eu")
    await company.drive(run)
    assert await asked_now(stepping, run) == {"ship": {"inputs.zone": "eu"}}
    await approves(stepping, run)
    company.ci.commit = "e" * 40
    await company.drive(run)
    assert ((await company.run(run)).state, await asked_now(stepping, run)) == (
        RunState.WAITING_APPROVAL,
        {None: None},
    )
    await approves(stepping, run)
    await company.drive(run)
    assert (await asked_now(stepping, run), stepping.sent()) == ({"ship": {"inputs.zone": "eu"}}, [])
    await approves(stepping, run)
    await stepping.on(run)
    assert sent_with(stepping, "zone") == ["eu"]


async def test_what_was_given_after_a_void_decision_is_asked_for_anew(stepping: Stepping) -> None:
    """The decision comes first, then the value: both are void, and what is sent is the value of the second time."""
    company = stepping.company
    run = await stepping.run(GATE, WHERE, dispatch("ship", inputs=THERE))
    await approves(stepping, run)
    await company.drive(run)
    await gives(stepping, run, "eu")
    company.ci.commit = "e" * 40
    await company.drive(run)
    assert await stepping.states(run) == {"ok": "running", "where": "pending", "ship": "pending"}
    await approves(stepping, run)
    await company.drive(run)
    assert (await stepping.states(run))["where"] == "running"
    await gives(stepping, run, "us")
    await stepping.on(run)
    assert sent_with(stepping, "zone") == ["us"]


async def test_a_gate_after_a_value_decides_on_that_value(stepping: Stepping) -> None:
    run = await stepping.run(WHERE, GATE, dispatch("ship", inputs=THERE))
    await gives(stepping, run, "eu")
    await stepping.company.drive(run)
    row = (await stepping.company.approvals(run))[-1]
    assert json.loads(row.document)["results"] == {"where": {"zone": "eu"}}
    await approves(stepping, run)
    await stepping.on(run)
    assert sent_with(stepping, "zone") == ["eu"]


async def test_a_resumed_and_an_undone_run_are_filled_in_anew(stepping: Stepping) -> None:
    """What an approver filled in counts for that run alone, also for those of its steps that are done again."""
    company = stepping.company
    company.ci.ends_as = ExternalStatus.FAILED
    back = {key: value for key, value in dispatch("back").items() if key != "id"}
    run = await stepping.run(dispatch("ship", inputs=FOR, undo=back), approval=[CHANGE], on_error="stop")
    await approves(stepping, run, ticket="CHG-1")
    await company.drive(run)
    await stepping.on(run)
    assert (await company.run(run)).state == RunState.FAILED
    company.ci.ends_as = ExternalStatus.SUCCEEDED
    ana = await company.person("ana")
    accepted = await resume(
        company.life, Resumption(run=await company.run(run), requester=ana, token=None, answers={}), "resume"
    )
    again = RunId(accepted.run.id)
    await company.drive(again)
    assert (await asked_now(stepping, again), stepping.sent()) == ({None: None}, ["ship"])
    await approves(stepping, again, ticket="CHG-2")
    await company.drive(again)
    await stepping.on(again)
    assert (await company.run(again)).state == RunState.SUCCEEDED
    undone = await undo(company.life, await company.run(again), ana, None, comment=None, key="back")
    taken = RunId(undone.run.id)
    await company.drive(taken)
    assert (list(await asked_now(stepping, taken)), stepping.sent()) == ([None], ["ship", "ship"])
    assert sent_with(stepping, "ticket") == ["CHG-1", "CHG-2"]
