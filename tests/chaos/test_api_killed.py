"""The API is killed between commit and answer: the client asks again with the same key, and there is one run."""

import uuid
from collections.abc import Callable

import pytest
from tests.chaos.harness.house import API
from tests.chaos.harness.proxy import Side, Trap
from tests.chaos.harness.stage import Stage

pytestmark = [pytest.mark.chaos]


def arm(stage: Stage, wanted: Callable[[bytes], bool], side: Side) -> Trap:
    return stage.house.proxies[API].set(Trap(wanted, 1, side, stage.house.killer(API)))


@pytest.mark.parametrize("side", Side)
def test_killed_at_the_commit_of_a_submission(stage: Stage, side: Side) -> None:
    [service] = stage.services("fast", 1)
    trap = arm(stage, lambda sent: b"INSERT INTO run " in sent, side)
    key = f"chaos-{uuid.uuid4()}"
    run = stage.ana.submit(service, note=f"api-{side.value}", key=key)
    assert trap.sprung.is_set()
    assert stage.ana.submit(service, note=f"api-{side.value}", key=key) == run
    stage.wait([run])
    facts = stage.judged()
    assert [row["id"] for row in facts.runs if row["idempotency_key"] == key] == [run]
    assert len(stage.dispatches(f"api-{side.value}")) == 1


@pytest.mark.parametrize("side", Side)
def test_killed_at_the_commit_of_a_decision(stage: Stage, side: Side) -> None:
    [service] = stage.services("fast", 1)
    run = stage.ana.submit(service, "production", note=f"decision-{side.value}")
    trap = arm(stage, lambda sent: b"INSERT INTO decision" in sent, side)
    answer = stage.sam.decide(run)
    assert answer.is_success, answer.text
    assert trap.sprung.is_set()
    assert answer.json()["repeated"] is (side is Side.AFTER)
    stage.wait([run])
    facts = stage.judged()
    assert len([row for row in facts.decisions if row["approval_id"] == facts.approvals[-1]["id"]]) == 1


@pytest.mark.parametrize("side", Side)
def test_killed_at_the_commit_of_a_delivery(stage: Stage, side: Side) -> None:
    """The CI system does not send it again; the run ends all the same."""
    note = f"delivery-{side.value}"
    [service] = stage.services("slow", 1)
    run = stage.ana.submit(service, note=note)
    stage.wait_dispatched(note)
    trap = arm(stage, lambda sent: b"INSERT INTO webhook_inbox" in sent, side)
    stage.finish(note)
    stage.wait([run])
    assert trap.sprung.is_set()
    assert stage.judged().run(run)["state"] == "succeeded"


@pytest.mark.parametrize("side", Side)
def test_killed_at_the_commit_of_a_cancellation(stage: Stage, side: Side) -> None:
    note = f"cancel-{side.value}"
    [service] = stage.services("slow", 1)
    run = stage.ana.submit(service, note=note)
    stage.wait_dispatched(note)
    trap = arm(stage, lambda sent: b"run.cancel_asked" in sent, side)
    stage.ana.cancel(run)
    stage.wait([run])
    assert trap.sprung.is_set()
    facts = stage.judged()
    assert facts.run(run)["state"] == "cancelled"
    [external] = [row for row in facts.externals if row["run_id"] == run]
    assert facts.conclusions[external["id"]] == "cancelled"
