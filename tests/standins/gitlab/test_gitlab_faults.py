"""Faults on demand: the same grammar as the GitHub stand-in's, on what GitLab's API has."""

import os
import signal
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest
from gitlab_yard import runs_jobs

from daytwo_standins.gitlab.testing import RunningStandin, eventually

Create = Callable[..., int]
INSTANT = "/projects/acme%2Finstant"
BODY = {"ref": "main", "inputs": {"version": "9", "daytwo_run": "r-fault"}}


def _accepted(standin: RunningStandin) -> int:
    return len(standin.control.ledger())


@pytest.mark.parametrize(("when", "more"), [("before", 0), ("after", 1)])
def test_a_status_without_and_with_effect(api: httpx.Client, standin: RunningStandin, when: str, more: int) -> None:
    before = _accepted(standin)
    rule = {"match": {"operation": "dispatch", "run": "r-fault", "times": 1}, "status": {"code": 502, "when": when}}
    standin.control.add_fault(rule)
    answer = api.post(f"{INSTANT}/pipeline", json=BODY)
    assert (answer.status_code, answer.json()) == (502, {"message": "502 Server Error"})
    assert _accepted(standin) == before + more
    assert api.post(f"{INSTANT}/pipeline", json=BODY).status_code == 201, "the rule has struck once"


@pytest.mark.parametrize(("when", "more"), [("before", 0), ("after", 1), ("mid_body", 1)])
def test_a_reset(api: httpx.Client, standin: RunningStandin, when: str, more: int) -> None:
    before = _accepted(standin)
    standin.control.add_fault({"match": {"operation": "dispatch"}, "reset": {"when": when}})
    with pytest.raises(httpx.TransportError):
        api.post(f"{INSTANT}/pipeline", json=BODY)
    assert _accepted(standin) == before + more


def test_answers_that_are_none(api: httpx.Client, standin: RunningStandin) -> None:
    standin.control.add_fault(
        {"match": {"operation": "version", "nth": 1}, "garbage": {"body": "<html>"}},
        {"match": {"operation": "version", "nth": 2}, "redirect": {"code": 307, "url": "http://127.0.0.1:1/"}},
        {"match": {"operation": "version", "nth": 3}, "retry_after": {"seconds": 7}},
    )
    got = [api.get("/version") for _ in range(3)]
    assert [answer.status_code for answer in got] == [200, 307, 429]
    assert (got[0].text, got[1].headers["location"], got[2].headers["retry-after"]) == (
        "<html>",
        "http://127.0.0.1:1/",
        "7",
    )


def test_what_happens_to_the_pipeline(api: httpx.Client, standin: RunningStandin) -> None:
    def create(fault: dict[str, Any]) -> dict[str, Any]:
        standin.control.clear_faults()
        standin.control.add_fault({"match": {"operation": "dispatch"}, **fault})
        made: dict[str, Any] = api.post(f"{INSTANT}/pipeline", json=BODY).json()
        return made

    listed = f"{INSTANT}/pipelines"
    hidden = create({"hide_marker": True})
    assert (hidden["name"], api.get(f"{listed}/{hidden['id']}/variables").json()) == (None, [])
    late = create({"lag": {"seconds": 0.4}})["id"]
    assert late not in [one["id"] for one in api.get(listed).json()]
    assert api.get(f"{listed}/{late}").status_code == 200
    eventually(lambda: late in [one["id"] for one in api.get(listed).json()])
    gone = create({"delete_run": True})["id"]
    assert api.get(f"{listed}/{gone}").status_code == 404
    wrong = create({"wrong_id": True})["id"]
    assert standin.control.ledger()[-1]["run_id"] != wrong


def test_one_that_never_finishes_ends_by_force(api: httpx.Client, standin: RunningStandin) -> None:
    standin.control.add_fault({"match": {"operation": "dispatch"}, "never_finish": True})
    number = api.post(f"{INSTANT}/pipeline", json=BODY).json()["id"]
    where = f"{INSTANT}/pipelines/{number}"
    assert api.get(where).json()["status"] == "running"
    assert api.post(f"{where}/cancel").json()["status"] == "canceling"
    (job,) = api.get(f"{where}/jobs").json()
    assert api.post(f"{INSTANT}/jobs/{job['id']}/cancel", json={"force": True}).status_code == 201
    assert api.get(where).json()["status"] == "canceled"


def test_a_process_is_stopped_at_exactly_that_point(api: httpx.Client, standin: RunningStandin) -> None:
    child = os.fork()
    if child == 0:
        signal.pause()
        os._exit(0)
    try:
        standin.control.add_fault(
            {"match": {"operation": "dispatch"}, "hook": {"signal": "KILL", "pid": child, "when": "after"}}
        )
        assert api.post(f"{INSTANT}/pipeline", json=BODY).status_code == 201
        assert os.waitpid(child, 0)[1] == signal.SIGKILL
    finally:
        standin.control.clear_faults()


@runs_jobs
def test_somebody_retries_what_has_failed(
    api: httpx.Client, standin: RunningStandin, create: Create, reached: Callable[..., Any]
) -> None:
    standin.control.add_fault({"match": {"operation": "dispatch", "times": 1}, "human_rerun": True})
    number = create(version="1.0", dry=True)
    reached(number, "failed")
    orders = eventually(lambda: standin.control.ledger(kind="order"), seconds=20)
    mine = [line for line in orders if line["run_id"] == number]
    assert [(line["verb"], line["actor"]) for line in mine] == [("retry", "somebody")]


def test_a_clock_that_is_wrong_shows_in_lists_too(api: httpx.Client, standin: RunningStandin, create: Create) -> None:
    number = create("instant", version="1")
    right = api.get(f"{INSTANT}/pipelines/{number}").json()["created_at"]
    standin.control.add_fault({"match": {}, "skew": {"seconds": -300}})
    wrong = api.get(f"{INSTANT}/pipelines/{number}").json()["created_at"]
    made = datetime.fromisoformat(right)
    assert datetime.fromisoformat(wrong) == made - timedelta(minutes=5)
    since = {"created_after": (made - timedelta(minutes=1)).isoformat()}
    assert number not in [one["id"] for one in api.get(f"{INSTANT}/pipelines", params=since).json()]
    standin.control.clear_faults()
    assert number in [one["id"] for one in api.get(f"{INSTANT}/pipelines", params=since).json()]
