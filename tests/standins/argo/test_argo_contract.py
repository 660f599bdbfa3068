"""Every operation against Argo's published description."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
from argo_streams import objects_in
from described import needs_specs

from daytwo_standins.argo.testing import RunningStandin

Create = Callable[..., dict[str, Any]]
Ended = Callable[[dict[str, Any]], dict[str, Any]]


@needs_specs
def test_each_operation_once(api: httpx.Client, create: Create, ended: Ended, standin: RunningStandin) -> None:
    done = ended(create("deploy", version="1"))
    name, uid = done["metadata"]["name"], done["metadata"]["uid"]
    one, node = (
        f"/api/v1/workflows/argo/{name}",
        next(n for n in done["status"]["nodes"].values() if n["type"] == "Pod"),
    )
    for path in ("version", "info", "userinfo", "workflow-templates/argo", "workflow-templates/argo/deploy"):
        assert api.get(f"/api/v1/{path}").status_code == 200
    for path in ("cluster-workflow-templates", "cluster-workflow-templates/shared", "archived-workflows"):
        assert api.get(f"/api/v1/{path}").status_code == 200
    assert api.get(f"/api/v1/archived-workflows/{uid}").json()["metadata"]["name"] == name
    assert api.get("/api/v1/workflows/argo").json()["items"]
    assert api.get(f"{one}/log", params={"podName": name}).text == ""
    pod = node["outputs"]["artifacts"][0]["s3"]["key"].split("/")[1]
    assert api.get(f"{one}/{pod}/log").text
    file = api.get(f"/artifact-files/argo/archived-workflows/{uid}/{node['id']}/outputs/main-logs")
    assert (file.status_code, file.headers["content-type"]) == (200, "text/plain; charset=utf-8")
    watched = api.get("/api/v1/workflow-events/argo", params={"listOptions.fieldSelector": f"metadata.name={name}"})
    assert objects_in(watched.text)[0]["result"]["type"] == "ADDED"
    for verb in ("stop", "terminate", "suspend", "set"):
        assert api.put(f"{one}/{verb}", json={"name": name, "namespace": "argo"}).status_code >= 400
    assert api.put(f"{one}/resume", json={}).status_code == 200
    assert api.delete(one).json() == {}
    assert standin.control.violations() == []


def test_templates_are_shown_with_their_parameters(api: httpx.Client) -> None:
    found = api.get("/api/v1/workflow-templates/argo/deploy").json()
    assert found["spec"]["arguments"]["parameters"] == [
        {"name": "version", "description": "what to deploy"},
        {"name": "environment", "default": "staging", "enum": ["staging", "production"]},
        {"name": "count", "value": "3"},
    ]
    assert found["metadata"]["annotations"]["workflows.argoproj.io/description"] == "Deploys a version."
    listed = api.get("/api/v1/workflow-templates/argo", params={"listOptions.labelSelector": "team=shop"}).json()
    assert [one["metadata"]["name"] for one in listed["items"]] == ["deploy"]
    everywhere = api.get("/api/v1/workflow-templates/").json()["items"]
    assert {one["metadata"]["namespace"] for one in everywhere} == {"argo", "instant", "scripted"}


def test_streams_have_the_form_of_the_samples(specs: Path, api: httpx.Client, create: Create, ended: Ended) -> None:
    done = ended(create("echo", text='done: "ok" ✓'))
    path = f"/api/v1/workflows/argo/{done['metadata']['name']}/log"
    events = api.get(path, headers={"accept": "text/event-stream"})
    lines = api.get(path, headers={"accept": "text/event-stream, */*"})
    sample = (specs / "streams" / "log.sse.txt").read_text(encoding="utf-8").split("\n\n\n")[-2].splitlines()[-1]
    wanted = sample.replace("req-1", done["metadata"]["name"])
    assert events.text.removeprefix(":\n") == f"{wanted}\n\n\n"
    sample = (specs / "streams" / "log.json-lines.txt").read_text(encoding="utf-8").splitlines()[-1]
    assert lines.text == sample.replace("req-1", done["metadata"]["name"]) + "\n"
    assert lines.headers["content-type"] == "application/json"


def test_the_shape_of_a_tree_is_the_sample_s(specs: Path, create: Create, ended: Ended) -> None:
    sample = json.loads((specs / "examples" / "workflow.succeeded.steps.json").read_text(encoding="utf-8"))
    real = {node["type"]: set(node) for node in sample["status"]["nodes"].values()}
    done = ended(create("deploy", version="1"))
    ours = {node["type"]: set(node) for node in done["status"]["nodes"].values()}
    measured = {"progress", "resourcesDuration"}
    assert set(ours) == set(real)
    assert ours["Steps"] - {"inputs"} == real["Steps"] - measured
    assert ours["StepGroup"] == real["StepGroup"] - measured - {"nodeFlag"}
    assert ours["Pod"] - {"children"} <= real["Pod"] | {"inputs"}
