"""What others do in the CI systems, on every kind of them: runs that look like ours (R18), tokens revoked and replaced
(R14), what people do to a workflow of ours in Argo (R20), pipelines that do not stop when they are asked to."""

import json
import secrets
from typing import Any

import httpx
import pytest
from tests.chaos.harness.facts import Row, rows
from tests.chaos.harness.house import until
from tests.chaos.harness.stage import Stage

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(400)]
each_kind = pytest.mark.parametrize("system", ["github", "gitlab", "argo"])


def attempt_of(stage: Stage, run: str, *states: str) -> Row:
    """Its newest attempt, once it is in one of these states."""
    found: list[Row] = []

    def look() -> bool:
        mine = [row for row in rows(stage.house.database_url)["attempts"] if row["run_id"] == run]
        found[:] = [row for row in mine[-1:] if row["state"] in states]
        return bool(found)

    until(look, f"the attempt to be {states}")
    return found[0]


def squat(stage: Stage, system: str, attempt: Row) -> None:
    """Somebody else sends our very bytes, marker and all: only who sent them tells the two apart.

    Argo does not always tell who that was, and the same bytes are the same work; there the name, the labels and the
    parameters are ours, and something is added.
    """
    with stage.house.systems[system].as_stranger() as http:
        body, kind = bytes(attempt["body"]), {"Content-Type": "application/json"}
        if system == "argo":
            document = json.loads(body)
            document["workflow"]["spec"]["podSpecPatch"] = "hostNetwork: true"
            body = json.dumps(document).encode()
        answer = http.request(attempt["request"]["method"], attempt["request"]["path"], content=body, headers=kind)
        if answer.status_code == httpx.codes.NOT_FOUND:  # paths are below the address of the API
            path = f"/api/v4{attempt['request']['path']}"
            answer = http.request(attempt["request"]["method"], path, content=body, headers=kind)
    assert answer.is_success, answer.text


@each_kind
def test_somebody_elses_run_that_looks_like_ours_is_not_adopted(stage: Stage, system: str) -> None:
    """R18: ours never arrived. What is there instead is nobody's answer, and two people say that it did not run."""
    note = f"r18-{system}"
    stage.fault(system=system, operation="dispatch", run=note, status={"code": 503, "when": "before"}, times=1)
    [run] = stage.ask("slow", [note], "production", system=system)
    with stage.house.control(system) as control:
        before = len([line for line in control.ledger() if note in line["inputs"]["note"]])
    if system == "argo":  # it sends the same name again at once: the stranger has to be first
        stage.fault(system=system, operation="dispatch", run=note, status={"code": 503, "when": "before"}, times=40)
    assert stage.sam.decide(run).is_success
    attempt = attempt_of(stage, run, "sent", "ambiguous")
    if system == "argo":
        with stage.house.control(system) as control:
            control.clear_faults()
    squat(stage, system, attempt)
    stage.wait([run], states={"needs_attention"}, seconds=120)
    [held] = stage.judged().attempts_of(run)
    assert (held["state"], held["external_id"]) == ("held", None)
    with stage.house.control(system) as control:
        theirs = [line for line in control.ledger() if note in line["inputs"]["note"]][before:]
    assert [line["actor"] for line in theirs] == ["mallory"], "ours was sent all the same"
    found = {"step": "ship", "attempt": 1, "outcome": "did_not_run", "reason": "that run is somebody else's"}
    for person in (stage.sam, stage.ben):
        assert person.insist("POST", f"/runs/{run}/resolve", json=found).is_success
    until(lambda: _ours(stage, note, system), "ours to be sent, under another marker")
    stage.finish(note, system=system)
    stage.wait([run])
    facts = stage.judged()
    assert facts.run(run)["state"] == "succeeded"
    assert len(_ours(stage, note, system)) == 1


def _ours(stage: Stage, note: str, system: str) -> list[dict[str, Any]]:
    return [line for line in stage.dispatches(note, system=system) if line["actor"] != "mallory"]


@each_kind
def test_a_token_that_is_revoked_and_replaced_fails_no_run(stage: Stage, system: str) -> None:
    """R14: nothing is sent with the old one; the new one is taken from its file, and nothing is started anew."""
    note, ci = f"r14-token-{system}", stage.house.systems[system]
    [running] = stage.ask("slow", [f"{note}-running"], system=system)
    stage.wait_dispatched(f"{note}-running", system=system)
    stage.external(running)
    [guarded] = stage.ask("fast", [f"{note}-next"], "production", system=system)
    fresh = secrets.token_hex(32)
    stage.house.take_down(ci.part)
    ci.accepted.write_text(fresh)
    stage.house.bring_up(ci.part)
    restarts = {name: stage.house.restarts(name) for name in ("API", "worker")}
    assert stage.sam.decide(guarded).is_success
    until(lambda: "no longer" in (stage.ana.run(guarded)["reason"] or ""), "the run to say what it waits for")
    until(lambda: stage.external(running)["unseen_since"], "the status of the other to be unknown")
    assert stage.ana.run(running)["state"] == stage.ana.run(guarded)["state"] == "running"
    replacement = ci.token.with_name(f"{ci.token.name}.next")
    replacement.write_text(f"{fresh}\n")
    replacement.replace(ci.token)
    stage.wait([guarded], seconds=60)
    stage.finish(f"{note}-running", system=system)
    stage.wait([running, guarded], seconds=60)
    facts = stage.judged()
    assert {facts.run(run)["state"] for run in (running, guarded)} == {"succeeded"}
    assert len(stage.dispatches(f"{note}-next", system=system)) == 1
    assert restarts == {name: stage.house.restarts(name) for name in ("API", "worker")}


def of_argo(stage: Stage, note: str, method: str, verb: str = "") -> None:
    """What a person does to the workflow there."""
    [line] = stage.dispatches(note, system="argo")
    ci = stage.house.systems["argo"]
    headers = {"Authorization": f"Bearer {ci.token.read_text().strip()}"}
    path = f"/api/v1/workflows/{line['namespace']}/{line['name']}{verb}"
    answer = httpx.request(method, f"{ci.address}{path}", headers=headers, json={}, timeout=30, trust_env=False)
    assert answer.is_success, answer.text


def test_a_workflow_that_somebody_deletes_in_argo_is_named_so(stage: Stage) -> None:
    """R20: known first, then gone: neither failed nor succeeded."""
    [run] = stage.ask("slow", ["r20-argo-gone"], system="argo")
    stage.wait_dispatched("r20-argo-gone", system="argo")
    stage.external(run)
    of_argo(stage, "r20-argo-gone", "DELETE")
    stage.wait([run], states={"needs_attention"})
    assert "deleted" in stage.ana.run(run)["reason"]
    stage.judged()
    stage.ana.cancel(run)
    stage.wait([run], states={"cancelled", "needs_attention"})


@pytest.mark.parametrize("verb", ["stop", "terminate"])
def test_a_workflow_that_somebody_stops_in_argo_is_cancelled_and_a_retry_is_no_new_result(
    stage: Stage, verb: str
) -> None:
    """R20: the retry goes on under the same name, and changes nothing.

    Nobody is told of it: Argo counts no retries, and shows one only by a node that is left from before. Of a workflow
    whose one node failed none is.
    """
    note = f"r20-argo-{verb}"
    [run] = stage.ask("slow", [note], system="argo")
    stage.wait_dispatched(note, system="argo")
    stage.external(run)
    of_argo(stage, note, "PUT", f"/{verb}")
    stage.wait([run])
    assert stage.judged().run(run)["state"] == "cancelled"
    of_argo(stage, note, "PUT", "/retry")
    stage.finish(note, system="argo")
    later = stage.ask("fast", [f"{note}-later"], system="argo")  # the connection is looked at meanwhile
    stage.wait(later)
    assert stage.judged().run(run)["state"] == "cancelled"


@each_kind
def test_a_pipeline_that_does_not_stop_is_stopped_by_force(stage: Stage, system: str) -> None:
    """Asked first, then by force; it is `cancelling` until the CI system says that it has ended."""
    note = f"stubborn-{system}"
    stage.fault(system=system, operation="dispatch", run=note, never_finish=True)
    [run] = stage.ask("slow", [note], system=system)
    stage.wait_dispatched(note, system=system)
    stage.external(run)
    assert stage.ana.cancel(run).is_success
    stage.wait([run], states={"cancelling", "cancelled"})
    stage.wait([run], seconds=60, states={"cancelled", "needs_attention"})
    facts = stage.judged()
    asked = [row["action"] for row in facts.audit if row["subject"] == f"run:{run}"]
    assert (facts.run(run)["state"], facts.run(run)["cancel_by"]) == ("cancelled", stage.ana.id)
    assert asked.index("external.cancel") < asked.index("external.force_cancel")


def test_a_job_that_cleans_up_without_end_is_stopped_by_force(stage: Stage) -> None:
    """Executed by act: a step that always runs keeps the cancelled job going, until it is killed."""
    [service] = stage.services("real", 1)
    run = stage.ana.submit(service, note="stubborn-act")
    stage.wait_dispatched("stubborn-act")
    executed = stage.house.house.company.environments / "executed.txt"
    until(lambda: executed.exists() and "stubborn-act" in executed.read_text(), "the job to run")
    assert stage.ana.cancel(run).is_success
    stage.wait([run], seconds=90)
    facts = stage.judged()
    asked = [row["action"] for row in facts.audit if row["subject"] == f"run:{run}"]
    assert facts.run(run)["state"] == "cancelled"
    assert asked.index("external.cancel") < asked.index("external.force_cancel")
    assert "cleaned stubborn-act" not in executed.read_text(), "it was let go on to its end"
