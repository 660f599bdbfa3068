"""R23: the same delivery many times at once is one look and one transition. A forged one is nothing."""

import uuid
from typing import Any

import httpx
import pytest
from tests.chaos.harness.house import until
from tests.chaos.harness.stage import Stage, at_once

from daytwo_standins.github.webhooks import sign

pytestmark = [pytest.mark.chaos]


def ended(stage: Stage, note: str) -> tuple[str, bytes]:
    """A run whose pipeline has ended, of which no webhook has told anybody; and the delivery that would."""
    stage.fault(operation="webhook", run=note, times=None, webhook={"drop": 1.0})
    [service] = stage.services("slow", 1)
    run = stage.ana.submit(service, note=note)
    stage.wait_dispatched(note)
    until(lambda: stage.ana.run(run)["steps"][0]["attempts"][0]["external"], "its external run")
    stage.finish(note)
    return run, body_of(stage, note)


def body_of(stage: Stage, note: str) -> bytes:
    found: list[dict[str, Any]] = []

    def look() -> bool:
        with stage.house.control() as control:
            found[:] = [one for one in control.deliveries() if one["action"] == "completed" and note in one["body"]]
        return any(one["event"] == "workflow_run" for one in found)

    until(look, "the delivery to be dropped")
    return next(str(one["body"]).encode() for one in found if one["event"] == "workflow_run")


def deliver(stage: Stage, body: bytes, guid: str, secret: str) -> httpx.Response:
    headers = {
        "content-type": "application/json",
        "x-github-event": "workflow_run",
        "x-github-delivery": guid,
        "x-hub-signature-256": sign(secret, body),
    }
    return httpx.post(
        stage.house.house.product.webhook("github"), content=body, headers=headers, timeout=20, trust_env=False
    )


@pytest.mark.short
def test_the_same_delivery_ten_times_at_once(stage: Stage) -> None:
    secret = stage.house.house.ci.webhook_secret_file.read_text().strip()
    run, body = ended(stage, "r23")
    guid = str(uuid.uuid4())
    answers = at_once(lambda _: deliver(stage, body, guid, secret), range(10), threads=10)
    assert {answer.status_code for answer in answers} == {202}
    assert sum(answer.json()["stored"] for answer in answers) == 1
    stage.wait([run])
    facts = stage.judged()
    told = [row["action"] for row in facts.audit if row["subject"] == f"run:{run}"]
    assert told.count("run.succeeded") == 1
    assert len([row for row in facts.deliveries if row["delivery"] == guid]) == 1


def test_ten_different_deliveries_of_one_end(stage: Stage) -> None:
    secret = stage.house.house.ci.webhook_secret_file.read_text().strip()
    run, body = ended(stage, "r26")
    answers = at_once(lambda _: deliver(stage, body, str(uuid.uuid4()), secret), range(10), threads=10)
    assert {answer.status_code for answer in answers} == {202}
    stage.wait([run])
    stage.judged()
    more = deliver(stage, body, str(uuid.uuid4()), secret)  # late: the run has ended
    assert more.status_code == 202
    assert stage.judged().run(run)["state"] == "succeeded"


def test_a_forged_delivery_is_refused_and_moves_nothing(stage: Stage) -> None:
    [service] = stage.services("slow", 1)
    run = stage.ana.submit(service, note="forged")
    stage.wait_dispatched("forged")
    genuine, body = ended(stage, "genuine")
    answer = deliver(stage, body, str(uuid.uuid4()), "not the secret")
    assert (answer.status_code, answer.json()["type"]) == (401, "unauthenticated")
    assert stage.ana.run(run)["state"] == "running"
    stage.finish("forged")
    stage.wait([run, genuine])
    stage.judged()
