"""Workflows that really run: what they do, show and say."""

import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import httpx
import pytest

from daytwo_standins.argo.testing import RunningStandin, eventually

Create = Callable[..., dict[str, Any]]
Ended = Callable[[dict[str, Any]], dict[str, Any]]
ALL = "/api/v1/workflows/argo"


def _nodes(workflow: dict[str, Any]) -> dict[str, Any]:
    return {node["displayName"]: node for node in workflow["status"]["nodes"].values()}


def _path(workflow: dict[str, Any]) -> str:
    return f"/api/v1/workflows/{workflow['metadata']['namespace']}/{workflow['metadata']['name']}"


def _log(api: httpx.Client, workflow: dict[str, Any], **query: str) -> list[dict[str, str]]:
    answer = api.get(f"{_path(workflow)}/log", params={"logOptions.container": "main", **query})
    assert answer.status_code == 200, answer.text
    return [json.loads(line)["result"] for line in answer.text.splitlines()]


def _stream(api: httpx.Client, path: str, query: dict[str, str]) -> AbstractContextManager[httpx.Response]:
    headers = {"accept": "text/event-stream"}
    return api.stream("GET", path, params=query, headers=headers)


def test_a_workflow_runs_its_steps(api: httpx.Client, create: Create, ended: Ended) -> None:
    created = create("deploy", name="deploy-1", version="1.2.0 \"quoted\" 'and' more")
    assert created["metadata"]["name"] == "deploy-1"
    assert created["metadata"]["labels"]["daytwo.dev/run"] == "r1"
    assert created["status"].get("phase", "") in {"", "Running"}
    done = ended(created)
    assert (done["status"]["phase"], done["status"]["progress"]) == ("Succeeded", "3/3"), done["status"]
    assert done["metadata"]["uid"] == created["metadata"]["uid"]
    assert done["metadata"]["labels"]["workflows.argoproj.io/completed"] == "true"
    assert done["status"]["outputs"]["parameters"] == [{"name": "number", "value": "7"}]
    assert [one["name"] for one in done["status"]["storedWorkflowTemplateSpec"]["arguments"]["parameters"]] == [
        "version",
        "environment",
        "count",
    ]
    nodes = _nodes(done)
    assert {node["phase"] for node in nodes.values()} == {"Succeeded"}
    test = nodes["test"]
    assert test["outputs"]["exitCode"] == "0"
    assert test["outputs"]["parameters"][0]["value"] == "7"
    said = {entry["content"] for entry in _log(api, done)}
    assert said == {
        "testing 1.2.0 \"quoted\" 'and' more of deploy-1 as somebody",
        "a warning",
        "0",
        "hello from the map for staging",
        "number 7",
    }
    assert not Path("/tmp/number.txt").exists(), "the files of a pod are its own"


def test_a_failure_its_exit_handler_and_a_retry(
    api: httpx.Client, create: Create, ended: Ended, tmp_path: Path
) -> None:
    marks = tmp_path / "marks"
    first = ended(create("failing", marks=str(marks)))
    assert first["status"]["phase"] == "Failed"
    nodes = _nodes(first)
    assert (nodes["bad"]["phase"], nodes["bad"]["message"]) == ("Failed", "main: Error (exit code 3)")
    assert nodes["never"]["phase"] == "Omitted"
    assert Path(f"{marks}.bye").read_text() == "Failed\n"
    Path(f"{marks}.mended").touch()
    again = api.put(f"{_path(first)}/retry", json={})
    assert again.status_code == 200, again.text
    assert again.json()["metadata"]["uid"] == first["metadata"]["uid"]
    second = ended(first)
    assert second["status"]["phase"] == "Succeeded"
    assert marks.read_text() == "good\ngood\n", "what succeeded was not run again, what never ran was"
    assert Path(f"{marks}.bye").read_text() == "Failed\nSucceeded\n", "the exit handler runs for each end"
    other = api.put(f"{_path(first)}/resubmit", json={}).json()
    assert other["metadata"]["labels"]["workflows.argoproj.io/resubmitted-from-workflow"] == first["metadata"]["name"]
    assert other["metadata"]["labels"]["daytwo.dev/run"] == "r1"
    assert other["metadata"]["uid"] != first["metadata"]["uid"]
    assert ended(other)["status"]["phase"] == "Succeeded"


def test_a_cluster_template(api: httpx.Client, create: Create, ended: Ended) -> None:
    done = ended(create("shared", cluster=True, text="x"))
    assert done["status"]["phase"] == "Succeeded", done["status"]
    assert [entry["content"] for entry in _log(api, done)] == ["shared x"]
    assert (_nodes(done)["say"]["type"], _nodes(done)["say"]["templateName"]) == ("Pod", "say")


@pytest.mark.parametrize("text", ["two\nlines", "${{ x }} {{unknown}}", "'\"\\ $HOME `id`", "é✓", "-x " * 20_000])
def test_a_value_arrives_as_it_was_typed(api: httpx.Client, create: Create, ended: Ended, text: str) -> None:
    done = ended(create("echo", text=text))
    assert "\n".join(entry["content"] for entry in _log(api, done)) == text


def test_a_log_is_followed_while_it_grows(api: httpx.Client, create: Create, gate: Path) -> None:
    workflow = create("gated", gate=str(gate))
    said = []
    query = {"logOptions.container": "main", "logOptions.follow": "true"}
    with _stream(api, f"{_path(workflow)}/log", query) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        for line in answer.iter_lines():
            if not line.startswith("data: "):
                continue
            said.append(json.loads(line.removeprefix("data: "))["result"]["content"])
            if said == ["waiting"]:
                gate.touch()
    assert said == ["waiting", "passed"]


def test_events_are_watched_until_the_watch_ends(api: httpx.Client, create: Create, gate: Path) -> None:
    workflow = create("gated", gate=str(gate))
    query = {"listOptions.fieldSelector": f"metadata.name={workflow['metadata']['name']}"}
    seen, comments = [], 0
    with _stream(api, "/api/v1/workflow-events/argo", query) as answer:
        for line in answer.iter_lines():
            comments += line == ":"
            if line.startswith("data: "):
                event = json.loads(line.removeprefix("data: "))["result"]
                seen.append((event["type"], event["object"]["status"].get("phase", "")))
                if ("MODIFIED", "Running") in seen:
                    gate.touch()
    assert seen[0][0] == "ADDED"
    assert seen[-1] == ("MODIFIED", "Succeeded")
    assert comments >= 2, "signs of life"


def test_a_gate_is_answered(api: httpx.Client, create: Create, ended: Ended) -> None:
    workflow = create("approved")
    path, selector = _path(workflow), {"nodeFieldSelector": "displayName=approve"}
    eventually(
        lambda: "approve" in _nodes(api.get(path).json() | {"status": {"nodes": {}, **api.get(path).json()["status"]}})
    )
    answer = api.put(f"{path}/set", json={**selector, "outputParameters": '{"answer": "YES"}'})
    assert answer.status_code == 200, answer.text
    assert api.put(f"{path}/resume", json=selector).status_code == 200
    done = ended(workflow)
    assert _nodes(done)["go"]["phase"] == "Succeeded"
    refused = api.put(f"{path}/resume", json=selector)
    assert (refused.status_code, refused.json()["code"]) == (500, 13)
    assert "no suspend nodes matching" in refused.json()["message"]


@pytest.mark.parametrize(("verb", "stubborn"), [("stop", "false"), ("terminate", "false"), ("stop", "true")])
def test_stop_and_terminate(
    api: httpx.Client, create: Create, ended: Ended, gate: Path, verb: str, stubborn: str
) -> None:
    workflow = create("gated", gate=str(gate), stubborn=stubborn)
    eventually(Path(f"{gate}.pid").exists)
    assert api.put(f"{_path(workflow)}/{verb}", json={}).json()["spec"]["shutdown"] == verb.capitalize()
    done = ended(workflow)
    assert done["status"]["message"] == f"Stopped with strategy '{verb.capitalize()}'"
    assert _nodes(done)["wait"]["message"] == f"workflow shutdown with strategy:  {verb.capitalize()}"
    assert Path(f"{gate}.bye").exists() == (verb == "stop")
    again = api.put(f"{_path(workflow)}/{verb}", json={})
    assert (again.status_code, again.json()["code"]) == (500, 13)


def test_the_ledger_says_what_was_accepted(standin: RunningStandin, create: Create) -> None:
    created = create("echo", namespace="instant", text="in the ledger")
    line = standin.control.ledger()[-1]
    assert (line["uid"], line["name"]) == (created["metadata"]["uid"], created["metadata"]["name"])
    assert (line["template"], line["inputs"]) == ("WorkflowTemplate/echo", {"text": "in the ledger"})
    assert "daytwo.dev/run" in line["title"]
    assert created["status"]["phase"] == "Succeeded"
