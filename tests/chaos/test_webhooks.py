"""R23: the same delivery many times at once is one look and one transition. A forged one is nothing."""

import json
import uuid
from typing import Any

import httpx
import pytest
from tests.chaos.harness.house import until
from tests.chaos.harness.stage import Stage, at_once

from daytwo_standins.github.webhooks import sign

pytestmark = [pytest.mark.chaos]


each_sender = pytest.mark.parametrize("system", ["github", "gitlab"])


def ended(stage: Stage, note: str, system: str = "github") -> tuple[str, bytes]:
    """A run whose pipeline has ended, of which no webhook has told anybody; and the delivery that would."""
    stage.fault(system=system, operation="webhook", run=note, times=None, webhook={"drop": 1.0})
    [run] = stage.ask("slow", [note], system=system)
    stage.wait_dispatched(note, system=system)
    external = stage.external(run)["id"]
    stage.finish(note, system=system)
    return run, body_of(stage, external, system)


def body_of(stage: Stage, external: str, system: str) -> bytes:
    """Of the delivery that tells of its end."""
    found: list[str] = []

    def look() -> bool:
        with stage.house.control(system) as control:
            found[:] = [one["body"] for one in control.deliveries() if _tells_of_end(json.loads(one["body"]), external)]
        return bool(found)

    until(look, "the delivery to be dropped")
    return found[0].encode()


def _tells_of_end(told: dict[str, Any], external: str) -> bool:
    run = told.get("workflow_run") or (told["object_attributes"] if told.get("object_kind") == "pipeline" else {})
    return str(run.get("id")) == external and run["status"] in {"completed", "success"}


def deliver(stage: Stage, body: bytes, guid: str, secret: str, system: str = "github") -> httpx.Response:
    proof = {
        "github": {
            "x-github-event": "workflow_run",
            "x-github-delivery": guid,
            "x-hub-signature-256": sign(secret, body),
        },
        "gitlab": {"x-gitlab-event": "Pipeline Hook", "idempotency-key": guid, "x-gitlab-token": secret},
    }
    headers = {"content-type": "application/json", **proof[system]}
    address = stage.house.house.product.webhook(system)
    return httpx.post(address, content=body, headers=headers, timeout=20, trust_env=False)


def secret_of(stage: Stage, system: str) -> str:
    """What a system proves its deliveries with."""
    return stage.house.house.folder.secret(f"{system}-webhook").read_text().strip()


@each_sender
def test_the_same_delivery_ten_times_at_once(stage: Stage, system: str) -> None:
    secret = secret_of(stage, system)
    run, body = ended(stage, f"r23-{system}", system)
    guid = str(uuid.uuid4())
    answers = at_once(lambda _: deliver(stage, body, guid, secret, system), range(10), threads=10)
    assert {answer.status_code for answer in answers} == {202}
    assert sum(answer.json()["stored"] for answer in answers) == 1
    stage.wait([run])
    facts = stage.judged()
    told = [row["action"] for row in facts.audit if row["subject"] == f"run:{run}"]
    assert told.count("run.succeeded") == 1
    assert len([row for row in facts.deliveries if row["delivery"] == guid]) == 1


@each_sender
def test_ten_different_deliveries_of_one_end(stage: Stage, system: str) -> None:
    secret = secret_of(stage, system)
    run, body = ended(stage, f"r26-{system}", system)
    answers = at_once(lambda _: deliver(stage, body, str(uuid.uuid4()), secret, system), range(10), threads=10)
    assert {answer.status_code for answer in answers} == {202}
    stage.wait([run])
    stage.judged()
    more = deliver(stage, body, str(uuid.uuid4()), secret, system)  # late: the run has ended
    assert more.status_code == 202
    assert stage.judged().run(run)["state"] == "succeeded"


@each_sender
def test_a_forged_delivery_is_refused_and_moves_nothing(stage: Stage, system: str) -> None:
    forged = f"forged-{system}"
    [run] = stage.ask("slow", [forged], system=system)
    stage.wait_dispatched(forged, system=system)
    genuine, body = ended(stage, f"genuine-{system}", system)
    answer = deliver(stage, body, str(uuid.uuid4()), "not the secret", system)
    assert (answer.status_code, answer.json()["type"]) == (401, "unauthenticated")
    assert stage.ana.run(run)["state"] == "running"
    stage.finish(forged, system=system)
    stage.wait([run, genuine])
    stage.judged()
