"""Every fault does what its name says, and only to the requests that it names."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from daytwo_standins.github.testing import RunningStandin, eventually, start_standin

Dispatch = Callable[..., int]
PATH = "/repos/acme/instant/actions/workflows/plain.yml/dispatches"
BODY = {"ref": "main", "inputs": {"daytwo_run": "marker"}, "return_run_details": True}


def _accepted(standin: RunningStandin) -> int:
    return len(standin.control.ledger())


def _fault(standin: RunningStandin, *, match: dict[str, Any] | None = None, **actions: Any) -> None:
    standin.control.add_fault({"match": {"operation": "dispatch", **(match or {})}, **actions})


@pytest.mark.parametrize(("when", "more"), [("before", 0), ("after", 1)])
def test_a_status(standin: RunningStandin, api: httpx.Client, when: str, more: int) -> None:
    before = _accepted(standin)
    _fault(standin, status={"code": 502, "when": when})
    assert api.post(PATH, json=BODY).status_code == 502
    assert _accepted(standin) == before + more


@pytest.mark.parametrize(("when", "more"), [("before", 0), ("after", 1), ("mid_body", 1)])
def test_a_reset(standin: RunningStandin, api: httpx.Client, when: str, more: int) -> None:
    before = _accepted(standin)
    _fault(standin, reset={"when": when})
    with pytest.raises((httpx.ReadError, httpx.RemoteProtocolError)):
        api.post(PATH, json=BODY)
    assert _accepted(standin) == before + more


@pytest.mark.parametrize(("when", "more"), [("before", 0), ("after", 1)])
def test_a_timeout(standin: RunningStandin, api: httpx.Client, when: str, more: int) -> None:
    before = _accepted(standin)
    _fault(standin, timeout={"seconds": 0.6, "when": when})
    with pytest.raises(httpx.ReadTimeout):
        api.post(PATH, json=BODY, timeout=0.3)
    eventually(lambda: standin.control.requests("dispatch")[-1]["faults"])
    assert _accepted(standin) == before + more


def test_a_late_answer_arrives(standin: RunningStandin, api: httpx.Client) -> None:
    _fault(standin, timeout={"seconds": 0.3, "when": "after"})
    begun = time.monotonic()
    assert api.post(PATH, json=BODY).status_code == 200
    assert time.monotonic() - begun >= 0.3


def test_garbage_and_a_cut_answer(standin: RunningStandin, api: httpx.Client) -> None:
    before = _accepted(standin)
    _fault(standin, match={"nth": 1}, garbage={"body": "<html>"})
    _fault(standin, match={"nth": 2}, truncate={"n": 10})
    answer = api.post(PATH, json=BODY)
    assert (answer.status_code, answer.content) == (200, b"<html>")
    with pytest.raises(httpx.RemoteProtocolError):
        api.post(PATH, json=BODY)
    assert api.post(PATH, json=BODY).status_code == 200
    assert _accepted(standin) == before + 3


def test_a_redirect_and_a_secondary_limit(standin: RunningStandin, api: httpx.Client) -> None:
    before = _accepted(standin)
    _fault(standin, match={"nth": 1}, redirect={"code": 307, "url": "http://127.0.0.1:9/elsewhere"})
    _fault(standin, match={"nth": 2}, retry_after={"seconds": 7, "code": 403})
    first, second = api.post(PATH, json=BODY), api.post(PATH, json=BODY)
    assert (first.status_code, first.headers["location"]) == (307, "http://127.0.0.1:9/elsewhere")
    assert (second.status_code, second.headers["retry-after"]) == (403, "7")
    assert "secondary rate limit" in second.json()["message"]
    assert _accepted(standin) == before


def test_lag_hides_a_run_from_listings_only(standin: RunningStandin, api: httpx.Client, dispatch: Dispatch) -> None:
    _fault(standin, lag={"seconds": 0.8})
    run_id = dispatch("plain.yml", repository="acme/instant")

    def listed() -> bool:
        runs = api.get("/repos/acme/instant/actions/runs").json()["workflow_runs"]
        return run_id in [run["id"] for run in runs]

    assert not listed()
    assert api.get(f"/repos/acme/instant/actions/runs/{run_id}").status_code == 200
    eventually(listed, seconds=5)


def test_a_hidden_marker_a_wrong_id_and_a_deleted_run(
    standin: RunningStandin, api: httpx.Client, dispatch: Dispatch
) -> None:
    _fault(standin, match={"nth": 1}, hide_marker=True)
    _fault(standin, match={"nth": 2}, wrong_id=True)
    _fault(standin, match={"nth": 3}, delete_run=True)
    hidden, wrong, deleted = (dispatch("plain.yml", repository="acme/instant", daytwo_run="marker") for _ in range(3))
    assert api.get(f"/repos/acme/instant/actions/runs/{hidden}").json()["display_title"] == "Plain"
    assert api.get(f"/repos/acme/instant/actions/runs/{wrong}").status_code == 404
    assert api.get(f"/repos/acme/instant/actions/runs/{deleted}").status_code == 404
    last = standin.control.ledger()[-2:]
    assert (last[0]["run_id"] != wrong, last[1]["run_id"] == deleted) == (True, True)


def test_finishing_at_once_and_never(standin: RunningStandin, api: httpx.Client, dispatch: Dispatch) -> None:
    _fault(standin, match={"run": "at-once"}, instant_finish=True)
    _fault(standin, match={"run": "never"}, never_finish=True)
    at_once = dispatch("plain.yml", daytwo_run="at-once")
    never = dispatch("plain.yml", daytwo_run="never")
    assert api.get(f"/repos/acme/shop/actions/runs/{at_once}").json()["conclusion"] == "success"
    run = f"/repos/acme/shop/actions/runs/{never}"
    assert api.get(run).json()["status"] == "in_progress"
    assert api.post(f"{run}/cancel").status_code == 202
    assert api.get(run).json()["status"] == "in_progress", "only force ends it"
    assert api.post(f"{run}/force-cancel").status_code == 202
    assert api.get(run).json()["conclusion"] == "cancelled"
    page = httpx.get(api.get(run).json()["html_url"], trust_env=False).text
    assert "Not executed" in page


def test_a_clock_that_is_wrong_shows_in_everything_that_tells_a_time(
    standin: RunningStandin, api: httpx.Client, dispatch: Dispatch
) -> None:
    run_id = dispatch("plain.yml", repository="acme/instant", daytwo_run="2026-01-01T00:00:00Z")
    path, listing = f"/repos/acme/instant/actions/runs/{run_id}", "/repos/acme/instant/actions/runs"
    right = api.get(path)
    made = datetime.fromisoformat(right.json()["created_at"])
    standin.control.add_fault({"match": {}, "skew": {"seconds": -300}})
    wrong = api.get(path)
    assert datetime.fromisoformat(wrong.json()["created_at"]) == made - timedelta(minutes=5)
    behind = parsedate_to_datetime(right.headers["date"]) - parsedate_to_datetime(wrong.headers["date"])
    assert timedelta(seconds=270) < behind <= timedelta(minutes=5)
    assert "2026-01-01T00:00:00Z" in wrong.json()["display_title"], "what somebody typed is no time of the clock's"
    resets = [int(one.headers["x-ratelimit-reset"]) for one in (right, wrong)]
    assert resets[0] - resets[1] == 300
    since = f">={made - timedelta(minutes=1):%Y-%m-%dT%H:%M:%SZ}"
    shown = [one["id"] for one in api.get(listing, params={"created": since}).json()["workflow_runs"]]
    assert run_id not in shown
    standin.control.clear_faults()
    shown = [one["id"] for one in api.get(listing, params={"created": since}).json()["workflow_runs"]]
    assert run_id in shown


def test_somebody_runs_it_again(standin: RunningStandin, api: httpx.Client, dispatch: Dispatch) -> None:
    _fault(standin, match={"run": "again"}, human_rerun=True)
    run_id = dispatch("plain.yml", repository="acme/instant", daytwo_run="again")
    run = f"/repos/acme/instant/actions/runs/{run_id}"
    found = eventually(lambda: one if (one := api.get(run).json())["run_attempt"] == 2 else None, seconds=5)
    assert found["triggering_actor"]["login"] == "somebody"
    assert api.get(f"{run}/attempts/1").json()["conclusion"] == "success"
    standin.restart()
    assert api.get(run).json()["run_attempt"] == 2, "once, and not at every start"


def test_rules_match_by_operation_run_times_and_chance(standin: RunningStandin, api: httpx.Client) -> None:
    _fault(standin, match={"run": "only this", "times": 1}, status={"code": 500})
    standin.control.add_fault(
        {"match": {"operation": "get_user", "probability": 0.5, "seed": 7}, "status": {"code": 503}}
    )
    special = {**BODY, "inputs": {"daytwo_run": "only this"}}
    assert [api.post(PATH, json=body).status_code for body in (BODY, special, special)] == [200, 500, 200]
    first = [api.get("/user").status_code for _ in range(20)]
    assert set(first) == {200, 503}
    standin.control.clear_faults()
    standin.control.add_fault(
        {"match": {"operation": "get_user", "probability": 0.5, "seed": 7}, "status": {"code": 503}}
    )
    assert [api.get("/user").status_code for _ in range(20)] == first, "the same seed, the same faults"
    assert len(standin.control.faults()) == 1


def test_a_rule_that_is_not_understood_is_refused(standin: RunningStandin) -> None:
    with pytest.raises(ValueError, match="none was put in force"):
        standin.control.add_fault({"match": {"operatoin": "dispatch"}})
    assert standin.control.faults() == []


@pytest.fixture
def victim() -> Iterator[subprocess.Popen[bytes]]:
    """A process that may be hit."""
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    yield process
    process.kill()
    process.wait()


@pytest.mark.parametrize(("when", "more"), [("before", 0), ("after", 1)])
def test_a_hook_kills_at_an_exact_point(
    standin: RunningStandin, api: httpx.Client, victim: subprocess.Popen[bytes], tmp_path: Path, when: str, more: int
) -> None:
    (tmp_path / "pid").write_text(str(victim.pid))
    before = _accepted(standin)
    hook = {"signal": "KILL", "pidfile": str(tmp_path / "pid"), "when": when}
    _fault(standin, hook=hook, reset={"when": when})
    with pytest.raises(httpx.ReadError):
        api.post(PATH, json=BODY)
    assert victim.wait(5) == -9
    assert _accepted(standin) == before + more


def test_the_primary_limit(tmp_path: Path, shop: Path) -> None:
    one = [{"full_name": "acme/shop", "path": shop}]
    tokens = [{"login": "bot", "token": "t"}]
    with start_standin(tmp_path, one, tokens=tokens, settings={"rate_limit": 2}) as standin:
        answers = [
            httpx.get(f"{standin.url}/user", headers={"authorization": "token t"}, trust_env=False) for _ in range(3)
        ]
    assert [answer.status_code for answer in answers] == [200, 200, 403]
    assert answers[2].headers["x-ratelimit-remaining"] == "0"
    assert "rate limit exceeded" in answers[2].json()["message"]
    assert 0 < int(answers[2].headers["x-ratelimit-reset"]) - time.time() <= 3600


def test_a_script(standin: RunningStandin, api: httpx.Client, dispatch: Dispatch) -> None:
    run_id = dispatch("plain.yml", repository="acme/scripted")
    run = f"/repos/acme/scripted/actions/runs/{run_id}"
    assert api.get(run).json()["status"] == "queued"
    deploy = {"name": "deploy", "status": "in_progress"}
    failed = {"name": "deploy", "status": "completed", "conclusion": "failure", "log": ["##[error]it broke"]}
    standin.control.script(
        run_id,
        [
            {"status": "in_progress", "jobs": [deploy]},
            {"at": 0.3, "status": "completed", "conclusion": "failure", "jobs": [failed]},
        ],
    )
    assert api.get(run).json()["status"] == "in_progress"
    assert api.get(f"{run}/jobs").json()["jobs"][0]["status"] == "in_progress"
    eventually(lambda: api.get(run).json()["conclusion"] == "failure", seconds=5)
    job = api.get(f"{run}/jobs").json()["jobs"][0]
    link = api.get(f"/repos/acme/scripted/actions/jobs/{job['id']}/logs").headers["location"]
    assert httpx.get(link, trust_env=False).text.endswith(" ##[error]it broke\n")
    with pytest.raises(ValueError, match="has not ended"):
        standin.control.script(run_id, [])
