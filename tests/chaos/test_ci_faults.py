"""The CI system answers badly, late or not at all, or is gone: R11, R13, no webhooks, down at start and in between."""

import random
import time
from collections import Counter
from typing import Any

import pytest
from tests.chaos.harness.house import CI, WORKER, until
from tests.chaos.harness.stage import Stage

pytestmark = [pytest.mark.chaos]
KINDS = ("github", "gitlab", "argo")
each_kind = pytest.mark.parametrize("system", KINDS)

# The request has taken effect; what comes back does not say so.
EXECUTED: dict[str, dict[str, Any]] = {
    "no-answer": {"timeout": {"seconds": 10.0, "when": "after"}},
    "reset-after": {"reset": {"when": "after"}},
    "reset-mid-body": {"reset": {"when": "mid_body"}},
    "502-after": {"status": {"code": 502, "when": "after"}},
    "500-after": {"status": {"code": 500, "when": "after"}},
    "garbage": {"garbage": {"body": "<html>"}},
    "truncated": {"truncate": {"n": 10}},
}


@pytest.mark.timeout(600)
@pytest.mark.parametrize(("system", "count"), [("github", 30), ("gitlab", 12), ("argo", 12)])
def test_errors_before_anything_is_accepted(stage: Stage, dice: random.Random, system: str, count: int) -> None:
    """R11. A 5xx proves nothing, so each is looked up, and sent again only after proof: all are executed, each once.

    Each try is struck with a probability of 0.3, though no three of one run: that ends it
    (`workflows/test_three_attempts.py`). On Argo the same request is sent again at once, under the name that only one
    workflow can have: one attempt.
    """
    notes = [f"r11-{system}-{number:02}" for number in range(count)]
    struck = {note: 0 if dice.random() > 0.3 else 1 if dice.random() > 0.3 else 2 for note in notes}
    struck[notes[0]] = 1
    for note, times in struck.items():
        if times:
            status = {"code": dice.choice((500, 502, 503, 504)), "when": "before"}
            stage.fault(system=system, operation="dispatch", run=note, times=times, status=status)
    before = refused(stage, system)
    runs = stage.ask("fast", notes, system=system)
    stage.wait(runs, seconds=240)
    facts = stage.judged()
    assert refused(stage, system) - before == sum(struck.values()), "not every fault was met"
    left = {note: facts.attempts_of(run) for note, run in zip(notes, runs, strict=True)}
    tried = {note: [str(one["state"]) for one in tries if one["state"] != "abandoned"] for note, tries in left.items()}
    proofs = {note: 0 if system == "argo" else times for note, times in struck.items()}
    assert tried == {note: ["absent"] * times + ["accepted"] for note, times in proofs.items()}
    assert {facts.run(run)["state"] for run in runs} == {"succeeded"}
    assert [len(stage.dispatches(note, system=system)) for note in notes] == [1] * len(notes)


def refused(stage: Stage, system: str) -> int:
    """How many dispatches its stand-in has answered with an error."""
    with stage.house.control(system) as control:
        return sum(line["status"] >= 500 for line in control.requests("dispatch"))


@each_kind
def test_executed_but_not_said_so(stage: Stage, system: str) -> None:
    """R13: each is found by its marker, or by its name, and never carried out again."""
    for fault_name, fault in EXECUTED.items():
        stage.fault(system=system, operation="dispatch", run=f"r13-{system}-{fault_name}", **fault)
    notes = [f"r13-{system}-{name}" for name in EXECUTED]
    runs = stage.ask("fast", notes, system=system)
    stage.wait(runs, seconds=120)
    facts = stage.judged()
    for run, note in zip(runs, notes, strict=True):
        [line] = stage.dispatches(note, system=system)
        [attempt] = facts.attempts_of(run)
        found = (attempt["state"], attempt["external_id"])
        assert found == ("accepted", stage.house.systems[system].run_of(line)), note
        assert facts.run(run)["state"] == "succeeded", note


def test_the_worker_dies_and_the_listing_lags(stage: Stage) -> None:
    """The run is there and not listed yet, by less than the lag that is allowed for."""
    hook = {"signal": "KILL", "pidfile": stage.house.pidfile(WORKER), "when": "after"}
    stage.fault(operation="dispatch", run="lagging", hook=hook, lag={"seconds": 8.0})
    [service] = stage.services("fast", 1)
    run = stage.ana.submit(service, note="lagging")
    stage.wait([run])
    stage.judged()
    assert len(stage.dispatches("lagging")) == 1


@each_kind
def test_without_any_webhook(stage: Stage, system: str) -> None:
    """R25: the poller alone; its round takes 2 s in this profile. Argo has no webhooks: its stream is refused."""
    count, note = 8, f"silent-{system}-"
    if system != "argo":
        stage.fault(system=system, operation="webhook", times=None, webhook={"drop": 1.0})
    runs = stage.ask("slow", [f"{note}{number}" for number in range(count)], system=system)
    stage.wait_dispatched(note, count, system=system)
    if system == "argo":
        _lose_the_stream(stage)
    ended = time.monotonic()
    stage.finish(note, system=system)
    stage.wait(runs, seconds=60)
    assert time.monotonic() - ended < 20
    facts = stage.judged()
    assert {facts.run(run)["state"] for run in runs} == {"succeeded"}


def _lose_the_stream(stage: Stage) -> None:
    """The worker dies, and the next one, once it has taken over, gets no stream."""
    rules = stage.fault(system="argo", operation="events", times=None, status={"code": 503, "when": "before"})
    stage.house.kill(WORKER)
    with stage.house.control("argo") as control:
        until(
            lambda: [line for line in control.requests("events") if set(rules) & set(line["faults"])],
            "the stream to be refused",
        )


def test_down_when_somebody_asks(stage: Stage) -> None:
    """Nothing is planned against a CI system that does not answer: 503 now, accepted when it is back."""
    stage.house.take_down(CI)
    [service] = stage.services("fast", 1)
    body = {"entity": f"service:{service}", "inputs": inputs("ci-down")}
    refused = stage.ana.ask("POST", "/actions/deploy/runs", json=body, headers={"Idempotency-Key": "chaos-ci-down"})
    assert (refused.status_code, refused.json()["type"]) == (503, "choices-unavailable")
    assert "Nothing was started" in refused.json()["detail"]
    stage.house.bring_up(CI)
    run = stage.ana.submit(service, note="ci-down", key="chaos-ci-down")
    stage.wait([run])
    stage.judged()


def test_down_between_acceptance_and_dispatch(stage: Stage) -> None:
    [service] = stage.services("fast", 1)
    run = stage.ana.submit(service, "production", note="ci-gone")
    stage.house.take_down(CI)
    assert stage.sam.decide(run).is_success
    until(lambda: "Nothing was sent yet" in (stage.ana.run(run)["reason"] or ""), "the run to say what it waits for")
    assert stage.ana.run(run)["state"] == "running"
    stage.house.bring_up(CI)
    stage.wait([run])
    assert stage.judged().run(run)["state"] == "succeeded"


def test_down_while_its_pipelines_run(stage: Stage) -> None:
    """Silence is neither success nor failure."""
    [service] = stage.services("slow", 1)
    run = stage.ana.submit(service, note="ci-away")
    stage.wait_dispatched("ci-away")
    stage.external(run)
    stage.house.take_down(CI)
    time.sleep(5)  # several rounds of the poller: nothing may come of them
    now = stage.ana.run(run)
    assert now["state"] == "running"
    stage.house.bring_up(CI)
    stage.finish("ci-away", "failure")
    stage.wait([run])
    assert stage.judged().run(run)["state"] == "failed"


@pytest.mark.timeout(300)
def test_real_pipelines_run_once(stage: Stage) -> None:
    """Executed by act: the worker, then the CI system die meanwhile; each pipeline's own file counts one execution."""
    services = stage.services("real", 3)
    runs = [stage.ana.submit(service, note=f"act-{service}") for service in services]
    stage.wait_dispatched("act-", 3)
    stage.house.kill(WORKER)
    stage.house.kill(CI)
    stage.wait(runs, seconds=200)
    facts = stage.judged()
    assert {facts.run(run)["state"] for run in runs} == {"succeeded"}
    executed = (stage.house.house.company.environments / "executed.txt").read_text().split()
    assert Counter(line for line in executed if line.startswith("act-")) == Counter(f"act-{name}" for name in services)


def inputs(note: str) -> dict[str, str]:
    return {"version": "1.1.0", "environment": "environment:staging", "note": note}
