"""Processes that stand still and wires that carry nothing: R7, R9, R26, R30, R32. Nothing dies, so nothing says so."""

import asyncio
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import httpx
import psutil
import pytest
from temporalio.api.enums.v1 import WorkflowTaskFailedCause
from temporalio.client import Client
from tests.chaos.harness.bounds import USUAL, Limits
from tests.chaos.harness.house import API, TEMPORAL, WORKER, until
from tests.chaos.harness.sizes import Sized
from tests.chaos.harness.stage import Stage, at_once

from daytwo_standins.github.webhooks import sign

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(400)]
_SIGNAL_MEANWHILE = WorkflowTaskFailedCause.WORKFLOW_TASK_FAILED_CAUSE_UNHANDLED_COMMAND


def test_a_second_worker_takes_over_from_one_that_sleeps(stage: Stage, sized: Sized) -> None:
    """R7: the other one settles it and brings the run to its end; what the first wakes up with is late and changes
    nothing."""
    asleep = sized("R7", "s asleep", usual=12, asked=60)
    first = stage.house.pid(WORKER)
    hook = {"signal": "STOP", "pidfile": stage.house.pidfile(WORKER), "when": "after"}
    notes = [f"r7-over-{number}" for number in range(6)]
    for note in notes:
        stage.fault(operation="dispatch", run=note, hook=hook, timeout={"seconds": 0.5, "when": "after"})
    runs = stage.ask("fast", notes)
    until(lambda: psutil.Process(first).status() == psutil.STATUS_STOPPED, "the first to be stopped in its dispatch")
    began = time.monotonic()
    with stage.house.second_worker():  # only now: before, it could have sent all of them
        stage.wait(runs, seconds=90)  # before the first one wakes
        until(lambda: time.monotonic() - began >= asleep, "it to have slept long enough", seconds=asleep + 10)
        before = stage.judged()
        stage.house.resume(WORKER)
        time.sleep(5)  # its answer arrives, and it looks around
        facts = stage.judged()
    senders = {one["sender"] for run in runs for one in facts.attempts_of(run)}
    assert any(str(sender).endswith(f"/{first}") for sender in senders), "the first one has sent nothing"
    assert {facts.run(run)["state"] for run in runs} == {"succeeded"}
    for run in runs:
        settled = [(one["state"], one["external_id"], one["settled_at"]) for one in facts.attempts_of(run)]
        assert settled == [(one["state"], one["external_id"], one["settled_at"]) for one in before.attempts_of(run)]
    assert [len(stage.dispatches(note)) for note in notes] == [1] * len(notes)


@pytest.mark.parametrize("system", ["github", "gitlab", "argo"])
def test_a_worker_that_sleeps_through_its_dispatch(stage: Stage, system: str) -> None:
    """R7: what it wakes up with is late, and is settled by looking."""
    note, hook = f"r7-asleep-{system}", {"signal": "STOP", "pidfile": stage.house.pidfile(WORKER), "when": "after"}
    stage.fault(system=system, operation="dispatch", run=note, hook=hook)
    [run] = stage.ask("fast", [note], system=system)
    stage.wait_dispatched(note, system=system)
    time.sleep(12)
    stage.house.resume(WORKER)
    stage.wait([run])
    assert stage.judged().run(run)["state"] == "succeeded"
    assert len(stage.dispatches(note, system=system)) == 1


def test_the_worker_is_killed_every_few_seconds(stage: Stage, sized: Sized) -> None:
    """R9: what one of them begins, the next ends; what is left at the end is done within two minutes."""
    count, kills = sized("R9", "runs", usual=40, asked=500), sized("R9", "kills", usual=6, asked=200)
    with ThreadPoolExecutor(max_workers=1) as beside:
        asked = beside.submit(stage.ask, "fast", [f"r9-{number:03}" for number in range(count)])
        for _ in range(kills):
            time.sleep(3)
            until(lambda: stage.house.parts[WORKER].up, "the worker")
            stage.house.kill(WORKER)
        runs = asked.result(timeout=600)
    stage.wait(runs, seconds=120)
    facts = stage.judged()
    assert {facts.run(run)["state"] for run in runs} == {"succeeded"}
    assert len(stage.dispatches("r9-")) == count


def test_temporal_stands_still_in_the_middle_of_a_dispatch(stage: Stage, sized: Sized) -> None:
    """R30: the dispatch ends as it may, and the answer is told when somebody listens again."""
    stage.fault(operation="dispatch", run="r30", timeout={"seconds": 1.5, "when": "after"})
    [run] = stage.ask("fast", ["r30"])
    stage.wait_dispatched("r30")
    still = sized("R30", "s in which Temporal stands still", usual=12, asked=300)
    stage.house.pause(TEMPORAL)
    time.sleep(still)
    stage.house.resume(TEMPORAL)
    stage.wait([run], seconds=120)
    assert stage.judged().run(run)["state"] == "succeeded"
    assert len(stage.dispatches("r30")) == 1


@pytest.mark.parametrize("who", [API, WORKER])
def test_nothing_comes_back_from_the_database(stage: Stage, who: str, sized: Sized) -> None:
    """R32: half-open for a while. No request hangs meanwhile, and all is well soon after.

    What is asked of the API is answered within 30 s: with 503 where it is the API's connections that are silent.
    """
    silent = sized("R32", "s of silence", usual=33, asked=60)  # longer than a request may take
    note, key = f"r32-{who}", f"chaos-r32-{who}"
    [run] = stage.ask("slow", [note])
    stage.wait_dispatched(note)
    [service] = stage.services("fast", 1)
    inputs = {"version": "1.1.0", "environment": "environment:staging", "note": f"{note}-meanwhile"}
    wanted = {"json": {"entity": f"service:{service}", "inputs": inputs}, "headers": {"Idempotency-Key": key}}
    proxy = stage.house.proxies[who]
    with ThreadPoolExecutor(max_workers=2) as beside:
        proxy.held = True
        began = time.monotonic()
        asked = [
            beside.submit(_asked, stage, "GET", f"/runs/{run}"),
            beside.submit(_asked, stage, "POST", "/actions/deploy/runs", **wanted),
        ]
        time.sleep(silent)
        assert proxy.held
        proxy.held = False
        answers = [one.result(timeout=120) for one in asked]
    assert all(ended - began < 30 for _, ended in answers), f"a request hung: {[at - began for _, at in answers]}"
    expected = [503, 503] if who == API else [200, 202]
    assert [answer.status_code for answer, _ in answers] == expected, [answer.text for answer, _ in answers]
    stage.house.wait_ready(seconds=30)
    again = stage.ana.insist("POST", "/actions/deploy/runs", **wanted)
    assert again.status_code == 202, again.text
    late = str(again.json()["id"])
    stage.journal.runs.setdefault(key, set()).add(late)
    stage.finish(note)
    stage.wait([run, late])
    facts = stage.judged()
    assert {facts.run(one)["state"] for one in (run, late)} == {"succeeded"}
    assert len(stage.dispatches(f"{note}-meanwhile")) == 1


def _asked(stage: Stage, method: str, path: str, **more: Any) -> tuple[httpx.Response, float]:
    """The answer, and when it came."""
    headers = {"Authorization": stage.ana.authorization, **more.pop("headers", {})}
    url = f"{stage.house.page}/api/v1{path}"
    answer = httpx.request(method, url, headers=headers, timeout=120, trust_env=False, **more)
    return answer, time.monotonic()


@pytest.mark.parametrize("who", [API, WORKER])
def test_every_answer_of_the_database_is_lost_for_a_while(stage: Stage, who: str, sized: Sized) -> None:
    """R33 on these edges: what is written is written, and whoever wrote it never hears of it."""
    note, seconds = f"r33-{who}", sized("R33", f"s between {who} and database", usual=8, asked=60)
    [slow] = stage.ask("slow", [f"{note}-slow"])
    stage.wait_dispatched(f"{note}-slow")
    proxy = stage.house.proxies[who]
    with ThreadPoolExecutor(max_workers=1) as beside:
        proxy.deaf = True
        asked = beside.submit(stage.ask, "fast", [f"{note}-{number}" for number in range(3)])
        time.sleep(seconds)
        proxy.deaf = False
        fasts = asked.result(timeout=120)
    stage.house.wait_ready(seconds=30)
    stage.finish(f"{note}-slow")
    stage.wait([slow, *fasts], seconds=120)
    # Of some thirty requests three fall into the outage of the API's database: they last as long, or until it gives up.
    facts = stage.judged(Limits(usual=min(seconds, 30) + USUAL.usual, p99=40) if who == API else USUAL)
    assert {facts.run(run)["state"] for run in (slow, *fasts)} == {"succeeded"}
    assert [len(stage.dispatches(f"{note}-{number}")) for number in range(3)] == [1, 1, 1]


def test_thousands_of_deliveries_about_many_runs(stage: Stage, sized: Sized) -> None:
    """R26: kept all, told to each run's workflow a few times only."""
    several = sized("R26", "runs beside the one", usual=10, asked=50)
    each = sized("R26", "deliveries about each", usual=40, asked=100)
    notes = [f"r26-many-{number:02}" for number in range(several)]
    runs = stage.ask("slow", notes)
    stage.wait_dispatched("r26-many-", several)
    for run in runs:
        stage.external(run)
    bodies = [_bodies(stage, note)[0] for note in notes]
    secret = stage.house.house.ci.webhook_secret_file.read_text().strip()
    with httpx.Client(timeout=30, trust_env=False) as http:
        post = partial(_post, stage, http, secret=secret)
        answers = at_once(lambda number: post(bodies[number % several]), range(several * each))
    assert set(answers) == {202}
    stage.finish("r26-many-")
    stage.wait(runs, seconds=180)
    facts = stage.judged()
    assert {facts.run(run)["state"] for run in runs} == {"succeeded"}
    told = [asyncio.run(_history(stage, run)) for run in runs]
    assert all(signals <= 50 for signals, _ in told), told
    assert sum(failures for _, failures in told) == 0


def test_a_thousand_deliveries_about_one_run(stage: Stage, sized: Sized) -> None:
    """R26: kept all, told to the run's workflow a few times only."""
    sized("R26", "deliveries about one run", usual=1000, asked=1000)
    [run] = stage.ask("slow", ["r26-flood"])
    stage.wait_dispatched("r26-flood")
    stage.external(run)
    bodies = _bodies(stage, "r26-flood")
    secret = stage.house.house.ci.webhook_secret_file.read_text().strip()
    with httpx.Client(timeout=30, trust_env=False) as http:
        answers = at_once(lambda number: _post(stage, http, bodies[number % len(bodies)], secret=secret), range(1000))
    assert set(answers) == {202}
    stage.finish("r26-flood")
    stage.wait([run])
    facts = stage.judged()
    assert facts.run(run)["state"] == "succeeded"
    signals, failures = asyncio.run(_history(stage, run))
    assert (signals <= 50, failures) == (True, 0), signals


def _bodies(stage: Stage, note: str) -> list[bytes]:
    found: list[bytes] = []

    def look() -> bool:
        with stage.house.control() as control:
            found[:] = [str(one["body"]).encode() for one in control.deliveries() if _about(one, note)]
        return bool(found)

    until(look, "a delivery about the run")
    return found


def _about(delivery: dict[str, object], note: str) -> bool:
    return delivery["event"] == "workflow_run" and note in str(delivery["body"])


def _post(stage: Stage, http: httpx.Client, body: bytes, *, secret: str) -> int:
    headers = {
        "content-type": "application/json",
        "x-github-event": "workflow_run",
        "x-github-delivery": str(uuid.uuid4()),
        "x-hub-signature-256": sign(secret, body),
    }
    return http.post(stage.house.house.product.webhook("github"), content=body, headers=headers).status_code


async def _history(stage: Stage, run: str) -> tuple[int, int]:
    """Signals that the workflows of a run got, and tasks of theirs that failed.

    A task that would end an execution while a signal comes in is not taken by the server, which gives it out once more
    with that signal in it (UNHANDLED_COMMAND). So no signal is lost, and nothing of ours has failed.
    """
    client = await Client.connect(stage.house.house.product.temporal_address)
    signals = failures = 0
    async for one in client.list_workflows(f"WorkflowId = 'run-{run}'"):
        history = await client.get_workflow_handle(one.id, run_id=one.run_id).fetch_history()
        for event in history.events:
            signals += event.HasField("workflow_execution_signaled_event_attributes")
            failures += (
                event.HasField("workflow_task_failed_event_attributes")
                and event.workflow_task_failed_event_attributes.cause != _SIGNAL_MEANWHILE
            )
    return signals, failures
