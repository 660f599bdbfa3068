"""Every fault does what its name says, and only to the requests that it names."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from daytwo_standins.argo.testing import RunningStandin, eventually

Create = Callable[..., dict[str, Any]]
ALL = "/api/v1/workflows/instant"


def _body(name: str = "", text: str = "x") -> dict[str, Any]:
    metadata = {"name": name} if name else {"generateName": "fault-"}
    spec = {"workflowTemplateRef": {"name": "echo"}, "arguments": {"parameters": [{"name": "text", "value": text}]}}
    return {"workflow": {"metadata": {**metadata, "labels": {"daytwo.dev/run": "marker"}}, "spec": spec}}


BODY = _body()


def _accepted(standin: RunningStandin) -> int:
    return len(standin.control.ledger())


def _fault(standin: RunningStandin, *, match: dict[str, Any] | None = None, **actions: Any) -> None:
    standin.control.add_fault({"match": {"operation": "dispatch", **(match or {})}, **actions})


@pytest.mark.parametrize(("when", "more"), [("before", 0), ("after", 1)])
def test_a_status(standin: RunningStandin, api: httpx.Client, when: str, more: int) -> None:
    before = _accepted(standin)
    _fault(standin, status={"code": 503, "when": when, "message": "not now"})
    answer = api.post(ALL, json=BODY)
    assert (answer.status_code, answer.json()) == (503, {"code": 14, "message": "not now"})
    assert _accepted(standin) == before + more


@pytest.mark.parametrize(("when", "more"), [("before", 0), ("after", 1), ("mid_body", 1)])
def test_a_reset(standin: RunningStandin, api: httpx.Client, when: str, more: int) -> None:
    before = _accepted(standin)
    _fault(standin, reset={"when": when})
    with pytest.raises((httpx.ReadError, httpx.RemoteProtocolError)):
        api.post(ALL, json=BODY)
    assert _accepted(standin) == before + more


@pytest.mark.parametrize(("when", "more"), [("before", 0), ("after", 1)])
def test_a_timeout(standin: RunningStandin, api: httpx.Client, when: str, more: int) -> None:
    before = _accepted(standin)
    _fault(standin, timeout={"seconds": 0.6, "when": when})
    with pytest.raises(httpx.ReadTimeout):
        api.post(ALL, json=BODY, timeout=0.3)
    eventually(lambda: standin.control.requests("dispatch")[-1]["faults"])
    assert _accepted(standin) == before + more


def test_garbage_a_cut_answer_a_redirect_and_a_limit(standin: RunningStandin, api: httpx.Client) -> None:
    before = _accepted(standin)
    _fault(standin, match={"nth": 1}, garbage={"body": "<html>"})
    _fault(standin, match={"nth": 2}, truncate={"n": 10})
    _fault(standin, match={"nth": 3}, redirect={"code": 307, "url": "http://127.0.0.1:9/elsewhere"})
    _fault(standin, match={"nth": 4}, retry_after={"seconds": 7, "code": 429})
    answer = api.post(ALL, json=BODY)
    assert (answer.status_code, answer.content) == (200, b"<html>")
    with pytest.raises(httpx.RemoteProtocolError):
        api.post(ALL, json=BODY)
    assert api.post(ALL, json=BODY).headers["location"] == "http://127.0.0.1:9/elsewhere"
    limited = api.post(ALL, json=BODY)
    assert (limited.status_code, limited.json()["code"], limited.headers["retry-after"]) == (429, 8, "7")
    _fault(standin, match={"nth": 1}, retry_after={"seconds": 7, "date": True})
    _fault(standin, match={"nth": 1}, skew={"seconds": 90_000})
    limited = api.post(ALL, json=BODY)
    until, now = (parsedate_to_datetime(limited.headers[name]) for name in ("retry-after", "date"))
    assert timedelta(seconds=6) <= until - now <= timedelta(seconds=7)
    assert now > datetime.now(UTC) + timedelta(days=1)
    assert _accepted(standin) == before + 2


def test_streams_are_cut(standin: RunningStandin, api: httpx.Client, create: Create) -> None:
    create("echo", namespace="instant", name="cut")
    query = {"listOptions.fieldSelector": "metadata.name=cut"}
    for action, error in (
        ({"truncate": {"n": 20}}, httpx.RemoteProtocolError),
        ({"reset": {"when": "mid_body"}}, httpx.ReadError),
    ):
        standin.control.clear_faults()
        standin.control.add_fault({"match": {"operation": "events"}, **action})
        with (
            api.stream("GET", "/api/v1/workflow-events/instant", params=query) as answer,
            pytest.raises(error),
        ):
            answer.read()


def test_lag_hides_a_workflow_from_listings_only(standin: RunningStandin, api: httpx.Client, create: Create) -> None:
    _fault(standin, lag={"seconds": 0.8})
    name = create("echo", namespace="instant")["metadata"]["name"]

    def listed() -> bool:
        return name in [one["metadata"]["name"] for one in api.get(ALL).json()["items"]]

    assert not listed()
    assert api.get(f"{ALL}/{name}").status_code == 200
    eventually(listed, seconds=5)


def test_a_hidden_marker_a_wrong_id_and_a_deleted_workflow(standin: RunningStandin, api: httpx.Client) -> None:
    _fault(standin, match={"run": "hidden"}, hide_marker=True)
    _fault(standin, match={"run": "wrong"}, wrong_id=True)
    _fault(standin, match={"run": "deleted"}, delete_run=True)
    api.post(ALL, json=_body("hidden-1"))
    assert "daytwo.dev/run" not in api.get(f"{ALL}/hidden-1").json()["metadata"]["labels"]
    told = api.post(ALL, json=_body("wrong-1")).json()["metadata"]
    real = api.get(f"{ALL}/wrong-1").json()["metadata"]
    assert (told["name"] != "wrong-1", told["uid"] != real["uid"]) == (True, True)
    assert api.post(ALL, json=_body("deleted-1")).status_code == 200
    assert api.get(f"{ALL}/deleted-1").status_code == 404
    before = _accepted(standin)
    assert api.post(ALL, json=_body("deleted-1")).status_code == 200, "the name is free: sent again, it runs again"
    assert _accepted(standin) == before + 1


def test_finishing_at_once_and_never(standin: RunningStandin, api: httpx.Client, create: Create) -> None:
    _fault(standin, match={"run": "at-once"}, instant_finish=True)
    _fault(standin, match={"run": "never"}, never_finish=True)
    assert create("deploy", version="at-once")["status"]["phase"] == "Succeeded"
    never = create("deploy", name="never-1", version="never")
    path = "/api/v1/workflows/argo/never-1"
    assert never["status"]["phase"] == "Running"
    assert api.put(f"{path}/stop", json={}).status_code == 200
    assert api.get(path).json()["status"]["phase"] == "Running", "only terminate ends it"
    assert api.put(f"{path}/terminate", json={}).status_code == 200
    assert api.get(path).json()["status"]["phase"] == "Failed"
    assert api.get(path).json()["status"]["message"] == "Stopped with strategy 'Terminate'"


def test_rules_match_by_workflow_times_and_chance(standin: RunningStandin, api: httpx.Client) -> None:
    create, rule = _body("named-1", "only this"), {"match": {"operation": "version", "probability": 0.5, "seed": 7}}
    _fault(standin, match={"run": "only this", "times": 1}, status={"code": 500})
    assert [api.post(ALL, json=body).status_code for body in (BODY, create, create)] == [200, 500, 200]
    standin.control.add_fault({"match": {"operation": "get_workflow", "run": "named-1"}, "status": {"code": 502}})
    assert [api.get(f"{ALL}/{name}").status_code for name in ("named-1", "other")] == [502, 404]
    seen = []
    for _ in range(2):
        standin.control.clear_faults()
        standin.control.add_fault({**rule, "status": {"code": 503}})
        seen.append([api.get("/api/v1/version").status_code for _ in range(20)])
    assert set(seen[0]) == {200, 503}
    assert seen[0] == seen[1], "the same seed, the same faults"


@pytest.fixture
def victim() -> Iterator[subprocess.Popen[bytes]]:
    """A process that a hook may kill."""
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
    with pytest.raises((httpx.ReadError, httpx.RemoteProtocolError)):
        api.post(ALL, json=BODY)
    assert victim.wait(5) == -9
    assert _accepted(standin) == before + more


def test_a_script(standin: RunningStandin, api: httpx.Client, create: Create) -> None:
    created = create("echo", namespace="scripted", name="scripted-1")
    path = "/api/v1/workflows/scripted/scripted-1"
    assert api.get(path).json()["status"] == {"startedAt": None, "finishedAt": None}
    root = {"name": "scripted-1", "type": "DAG"}
    standin.control.script(
        created["metadata"]["uid"],
        [
            {"phase": "Running", "nodes": [root, {"name": "scripted-1.one", "log": ["it begins"]}]},
            {
                "at": 0.3,
                "phase": "Failed",
                "message": "it broke",
                "nodes": [
                    {**root, "phase": "Failed"},
                    {"name": "scripted-1.one", "phase": "Failed", "log": ["it broke"]},
                ],
            },
        ],
    )
    running = api.get(path).json()["status"]
    assert (running["phase"], {node["displayName"] for node in running["nodes"].values()}) == (
        "Running",
        {"scripted-1", "one"},
    )
    eventually(lambda: api.get(path).json()["status"]["phase"] == "Failed", seconds=5)
    assert api.get(path).json()["status"]["message"] == "it broke"
    assert api.get(f"{path}/log", params={"grep": "broke"}).text.count("it broke") == 1
    with pytest.raises(ValueError, match="has not ended"):
        standin.control.script(created["metadata"]["uid"], [])


def test_a_script_may_say_what_argo_never_says(standin: RunningStandin, api: httpx.Client, create: Create) -> None:
    created = create("echo", namespace="scripted")
    standin.control.script(created["metadata"]["uid"], [{"phase": "Levitating"}])
    path = f"/api/v1/workflows/scripted/{created['metadata']['name']}"
    assert api.get(path).json()["status"]["phase"] == "Levitating"
    with pytest.raises(ValueError, match="is not valid"):
        standin.control.script(created["metadata"]["uid"], [{"phaze": "x"}])
    assert api.put(f"{path}/terminate", json={}).json()["status"]["phase"] == "Failed"


def test_somebody_retries_what_has_failed(
    standin: RunningStandin, api: httpx.Client, create: Create, tmp_path: Path
) -> None:
    _fault(standin, match={"run": "again"}, human_rerun=True)
    marks = tmp_path / "again"
    name = create("failing", marks=str(marks))["metadata"]["name"]
    retried = eventually(lambda: standin.control.ledger(kind="rerun"), seconds=20)
    assert [line["actor"] for line in retried] == ["somebody"]
    path = f"/api/v1/workflows/argo/{name}"
    eventually(lambda: api.get(path).json()["status"].get("phase") == "Failed", seconds=20)
    assert len(standin.control.ledger(kind="rerun")) == 1, "once"


def test_what_makes_no_sense_here_is_refused(standin: RunningStandin) -> None:
    with pytest.raises(ValueError, match="zip: Argo has no archives"):
        _fault(standin, zip={"kind": "bomb"})
    assert standin.control.faults() == []
