"""The runbook: the shop hangs, an alert begins it, a person looks, a pipeline mitigates, what is temporary goes back.

There is no Alertmanager here: the scene sends what one would send, to where one would send it, with its token.
"""

import os
import signal
import time
from collections.abc import Callable
from typing import Final, TypeVar

import httpx

from daytwo_api.views.runs import RunView
from daytwo_cli.demo.stage import Stage, answer, finished, kill_the_worker, worker_after
from daytwo_cli.demo.steps import StoryBroken, expect
from daytwo_cli.up.product import ALERTS

Found = TypeVar("Found")

_RUNBOOK: Final = "shop-incident"
_SHOP: Final = "deployment:shop-production"
_SUMMARY: Final = "shop in production has not answered for a minute"
_CALM: Final = "15s"  # for how long it keeps its processes here; an hour in a real life
_PATIENCE: Final = 60.0  # seconds
_LOOKS: Final = 40  # requests, one connection each: of three processes none stays unseen


def incident(stage: Stage) -> None:
    """All of it. Raises StoryBroken, or what the API refused."""
    run, hung = _an_alert_begins_it(stage)
    _a_person_looks(stage, run)
    _a_pipeline_mitigates(stage, run, hung)
    _more_processes_for_a_while(stage, run)
    _they_go_back(stage, run)


def _an_alert_begins_it(stage: Stage) -> tuple[RunView, int]:
    title = "The shop in production hangs, and Alertmanager tells Daytwo, twice"
    with stage.steps.step(title, expected="one incident runbook begins, filled in, in Sam's name") as step:
        hung = answer(stage, "production", "/version")["pid"]
        if not isinstance(hung, int):
            raise StoryBroken("the shop does not say which process it is")
        os.kill(hung, signal.SIGSTOP)
        stage.out.line(f"   SIGSTOP sent to the shop's process {hung}: it answers nobody any more")
        first, second = _alert(stage), _alert(stage)
        expect("whether it is new, and new again,", seen=(first, second), wanted=(True, False))
        run = _soon("the runbook to begin", lambda: stage.sam.latest(_RUNBOOK))
        expect("what began it", seen=(run.cause.name if run.cause else None), wanted="shop-down")
        expect("in whose name", seen=run.requester.ref, wanted="person:sam")
        expect("what is filled in", seen=run.inputs.get("summary"), wanted=_SUMMARY)
        step.seen = f"{run.id} begins, filled in, in Sam's name"
    return run, hung


def _a_person_looks(stage: Stage, run: RunView) -> None:
    title = "Sam has a task in his list, looks, and says what he sees"
    with stage.steps.step(title, expected="the runbook waited for him, and goes on") as step:
        (task,) = _soon("Sam's task", lambda: [one for one in stage.sam.tasks() if one.run == run.id])
        expect("what the runbook has called meanwhile", seen=_called(stage.sam.run(run.id)), wanted=None)
        done = stage.sam.do(task.id, {"cause": "The front page hangs; its process is stopped."}, "Seen.")
        expect("the task", seen=str(done.state), wanted="done")
        step.seen = f"task {done.state}: {done.text}"


def _a_pipeline_mitigates(stage: Stage, run: RunView, hung: int) -> None:
    title = "A pipeline starts the shop again; the worker is killed (SIGKILL) on the way"
    with stage.steps.step(title, expected="another process answers; it was started once") as step:
        called = _soon("the restart to be called", lambda: _called(_going_on(stage, run)))
        stage.sam.wait(called, lambda now: any(one.external for part in now.steps for one in part.attempts))
        worker = kill_the_worker(stage)
        restart = finished(stage, stage.sam.run(called), wanted="succeeded")
        expect("how often it was sent", seen=[len(one.attempts) for one in restart.steps], wanted=[1])
        now = answer(stage, "production", "/version")["pid"]
        if now == hung:
            raise StoryBroken(f"process {hung} still answers")
        step.seen = f"process {hung} → {now}; worker {worker} → {worker_after(stage, worker)}"


def _more_processes_for_a_while(stage: Stage, run: RunView) -> None:
    title = "The shop gets three processes for a while, and is watched until it is stable"
    with stage.steps.step(title, expected="three answer; the entity says until when") as step:
        stage.sam.wait(run.id, lambda now: any(one.path == "capacity" and one.state == "running" for one in now.steps))
        expect("how many processes answer", seen=len(_processes(stage)), wanted=3)
        entity = stage.ana.entity(_SHOP)
        expect("what the catalog says of them", seen=entity.properties.get("replicas"), wanted=3)
        expect("what is there for a time", seen=[one.run for one in entity.temporary], wanted=[run.id])
        watched = next(one for one in stage.sam.run(run.id).steps if one.path == "stable")
        expect("the check", seen=str(watched.state), wanted="succeeded")
        step.seen = f"three answer, {entity.temporary[0].text}"


def _they_go_back(stage: Stage, run: RunView) -> None:
    title = "Nobody does anything, and the time is over"
    with stage.steps.step(title, expected="one process again, in the catalog too; the runbook succeeds") as step:
        done = finished(stage, run, wanted="succeeded")
        expect("how many processes answer", seen=len(_processes(stage)), wanted=1)
        entity = stage.ana.entity(_SHOP)
        expect("what the catalog says of them", seen=entity.properties.get("replicas"), wanted=1)
        expect("what is there for a time", seen=entity.temporary, wanted=[])
        undone = [one.path for one in done.steps if one.undoes is not None and one.state == "succeeded"]
        step.seen = f"one process again; {' and '.join(undone)} did it"


def _alert(stage: Stage) -> bool:
    """What Alertmanager posts when an alert fires; whether it is new to Daytwo.

    https://prometheus.io/docs/alerting/latest/configuration/#webhook_config
    """
    labels = {"alertname": "ShopDown", "service": "shop", "environment": "production", "calm": _CALM}
    alert = {
        "status": "firing",
        "labels": labels,
        "annotations": {"summary": _SUMMARY},
        "startsAt": "2026-01-01T02:00:00Z",
        "endsAt": "0001-01-01T00:00:00Z",
        "fingerprint": "b2f7a1c09d3e4f56",
    }
    body = {"version": "4", "status": "firing", "receiver": "daytwo", "groupKey": "{}:{}", "alerts": [alert]}
    token = stage.house.folder.secret(ALERTS).read_text(encoding="utf-8").strip()
    door = f"{stage.house.product.page}/api/v1/events/{ALERTS}"
    told = httpx.post(door, json=body, headers={"Authorization": f"Bearer {token}"}, timeout=10, trust_env=False)
    if not told.is_success:
        raise StoryBroken(f"the alert is answered with {told.status_code}: {told.text}")
    return bool(told.json()["stored"])


def _going_on(stage: Stage, run: RunView) -> RunView:
    """How it stands now. Raises StoryBroken when it has ended."""
    now = stage.sam.run(run.id)
    if now.ended_at is not None:
        raise StoryBroken(f"{now.id} has {now.state} too early: {now.reason or now.text}")
    return now


def _called(run: RunView) -> str | None:
    """The run of the pipeline that mitigates."""
    return next((one.run for step in run.steps for one in step.calls if one.run is not None), None)


def _processes(stage: Stage) -> set[object]:
    """Which of the shop's processes in production answer."""
    return {answer(stage, "production", "/version")["instance"] for _ in range(_LOOKS)}


def _soon(what: str, look: Callable[[], Found | None]) -> Found:
    """What `look` finds within a minute. Raises StoryBroken."""
    deadline = time.monotonic() + _PATIENCE
    while not (found := look()):
        if time.monotonic() > deadline:
            raise StoryBroken(f"waited {_PATIENCE:.0f} s for {what}")
        time.sleep(0.2)
    return found
