"""Requests, answers and webhooks against GitHub's published description of its API, where that is at hand."""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from described import FOLDER, needs_specs
from jsonschema import Draft202012Validator

from daytwo_standins.github.testing import RunningStandin, eventually, make_repository, start_standin

Dispatch = Callable[..., int]
Read = Callable[..., dict[str, Any]]
NAME = "acme/shop"
BASE = f"/repos/{NAME}"


class Checker:
    """Asks, and sees that the stand-in found both directions as they are described."""

    def __init__(self, standin: RunningStandin, client: httpx.Client) -> None:
        self._standin = standin
        self.client = client

    def __call__(self, method: str, path: str, **options: Any) -> httpx.Response:
        answer = self.client.request(method, path, **options)
        assert self._standin.control.requests()[-1]["violations"] == []
        return answer


@pytest.fixture
def check(standin: RunningStandin, api: httpx.Client) -> Checker:
    """A client that checks."""
    return Checker(standin, api)


@needs_specs
def test_reading_a_repository(check: Checker, shop_commits: list[str]) -> None:
    assert check("GET", "/user").json()["login"] == "daytwo-bot"
    assert check("GET", "/rate_limit").json()["rate"]["limit"] == 5000
    assert check("GET", BASE).json()["default_branch"] == "main"
    assert [one["name"] for one in check("GET", f"{BASE}/branches").json()] == ["main"]
    assert check("GET", f"{BASE}/branches/main").json()["commit"]["sha"] == shop_commits[2]
    assert [one["name"] for one in check.client.get(f"{BASE}/tags").json()] == ["1.1.0", "1.0.0"]
    head = check("GET", f"{BASE}/git/ref/heads/main").json()
    assert head["object"] == {**head["object"], "sha": shop_commits[2], "type": "commit"}
    tags = check("GET", f"{BASE}/git/matching-refs/tags/1.").json()
    assert [one["ref"] for one in tags] == ["refs/tags/1.0.0", "refs/tags/1.1.0"]
    for name in ("main", "1.1.0", shop_commits[0], shop_commits[0][:10]):
        assert check("GET", f"{BASE}/commits/{name}").status_code == 200
    file = check("GET", f"{BASE}/contents/VERSION", params={"ref": "1.0.0"}).json()
    assert file["content"] == "MS4wLjAK\n"
    listed = check("GET", f"{BASE}/contents/docs").json()
    assert [(one["name"], one["type"]) for one in listed] == [("read me.md", "file")]
    environments = check("GET", f"{BASE}/environments").json()["environments"]
    assert [one["name"] for one in environments] == ["staging", "production"]
    workflows = check("GET", f"{BASE}/actions/workflows").json()["workflows"]
    names = {"Build", "Foreign", "Gated", "Grouped", "Noisy", "Plain", "Pushed", "Quiet"}
    assert {one["name"] for one in workflows} == names
    assert check("GET", f"{BASE}/actions/workflows/{workflows[0]['id']}").json() == workflows[0]


@needs_specs
def test_the_life_of_a_run(check: Checker, dispatch: Dispatch, ended: Read) -> None:
    body = {"ref": "main", "inputs": {"version": "1.0.0"}, "return_run_details": True}
    run_id = check("POST", f"{BASE}/actions/workflows/build.yml/dispatches", json=body).json()["workflow_run_id"]
    run = f"{BASE}/actions/runs/{run_id}"
    check("GET", run)
    check("GET", f"{run}/jobs")
    ended(run_id)
    assert check("GET", run).json()["conclusion"] == "failure"
    assert check("GET", f"{run}/attempts/1").json()["run_attempt"] == 1
    jobs = check("GET", f"{run}/jobs").json()["jobs"]
    assert check("GET", f"{run}/attempts/1/jobs").json()["jobs"] == jobs
    assert check("GET", f"{BASE}/actions/jobs/{jobs[0]['id']}").json() == jobs[0]
    assert check("GET", f"{BASE}/actions/jobs/{jobs[0]['id']}/logs").status_code == 302
    assert check("GET", f"{BASE}/check-runs/{jobs[1]['id']}/annotations").json()
    artifacts = check("GET", f"{run}/artifacts").json()["artifacts"]
    assert check("GET", f"{BASE}/actions/artifacts/{artifacts[0]['id']}").json() == artifacts[0]
    assert check("GET", f"{BASE}/actions/runs", params={"per_page": 5}).json()["total_count"] >= 1
    filters = {"event": "workflow_dispatch", "status": "completed", "created": ">=2020-01-01T00:00:00Z"}
    assert check("GET", f"{BASE}/actions/workflows/build.yml/runs", params=filters).json()["total_count"] >= 1
    assert check("POST", f"{run}/cancel").status_code == 409
    assert check("POST", f"{run}/force-cancel").status_code == 409
    assert check("POST", f"{run}/rerun").status_code == 201
    assert check("POST", f"{run}/cancel").status_code == 202
    ended(run_id, attempt=2)
    assert check("POST", f"{run}/rerun-failed-jobs").status_code == 201
    ended(run_id, attempt=3)
    plain = {"ref": "1.1.0"}
    assert check("POST", f"{BASE}/actions/workflows/plain.yml/dispatches", json=plain).status_code == 204


DEPLOYING = """\
on: workflow_dispatch
jobs:
  one:
    runs-on: ubuntu-latest
    environment: production
    steps: [{run: echo}]
"""


@needs_specs
def test_apps_and_environments(tmp_path: Path) -> None:
    key = rsa.generate_private_key(65537, 2048)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    make_repository(tmp_path / "r", [({".github/workflows/deploy.yml": DEPLOYING}, None)])
    environment = {"name": "production", "reviewers": ["ada"], "wait_timer": 500}
    repository = {"full_name": NAME, "path": tmp_path / "r", "environments": [environment]}
    app = {"id": 7, "slug": "acme-deploy", "key": pem, "installations": [{"id": 88, "account": "acme"}]}
    tokens = [{"login": "ada", "token": "token-of-ada"}]
    now = int(time.time())
    signature = jwt.encode({"iss": "7", "iat": now - 60, "exp": now + 500}, pem, algorithm="RS256")
    with (
        start_standin(tmp_path, [repository], tokens=tokens, settings={"apps": [app]}) as standin,
        httpx.Client(base_url=standin.url, trust_env=False) as client,
    ):
        check = Checker(standin, client)
        client.headers["authorization"] = f"Bearer {signature}"
        assert check("GET", "/app").json()["slug"] == "acme-deploy"
        listed = client.get("/app/installations").json()  # excused
        assert listed == [check("GET", "/app/installations/88").json()]
        assert listed[0] == check("GET", f"{BASE}/installation").json()
        check("POST", "/app/installations/88/access_tokens")
        client.headers["authorization"] = "Bearer token-of-ada"
        assert len(check("GET", f"{BASE}/environments").json()["environments"][0]["protection_rules"]) == 2
        assert check("PUT", f"{BASE}/actions/workflows/deploy.yml/disable").status_code == 204
        assert check("GET", f"{BASE}/actions/workflows/deploy.yml").json()["state"] == "disabled_manually"
        assert check("PUT", f"{BASE}/actions/workflows/deploy.yml/enable").status_code == 204
        body = {"ref": "main", "return_run_details": True}
        run_id = check("POST", f"{BASE}/actions/workflows/deploy.yml/dispatches", json=body).json()["workflow_run_id"]
        run = f"{BASE}/actions/runs/{run_id}"
        assert check("GET", run).json()["status"] == "waiting"
        assert [one["status"] for one in check("GET", f"{run}/jobs").json()["jobs"]] == ["waiting"]
        (one,) = check("GET", f"{run}/pending_deployments").json()
        answer = {"environment_ids": [one["environment"]["id"]], "state": "rejected", "comment": "not today"}
        assert check("POST", f"{run}/pending_deployments", json=answer).status_code == 200
        assert check("GET", f"{run}/approvals").json()[0]["state"] == "rejected"
        assert check("GET", run).json()["conclusion"] == "failure"


@needs_specs
def test_webhooks_have_the_published_form(
    standin: RunningStandin, dispatch: Dispatch, ended: Read, receiver: Any
) -> None:
    document = json.loads((FOLDER / "github" / "webhooks.openapi.json").read_text(encoding="utf-8"))
    run_id = dispatch("build.yml", version="1.0.0")
    ended(run_id)
    kinds = {
        "workflow_run": {"requested", "in_progress", "completed"},
        "workflow_job": {"queued", "in_progress", "completed"},
    }
    eventually(lambda: ("workflow_run", "completed") in [(e, b["action"]) for e, b in receiver.of(run_id)])
    got = receiver.of(run_id)
    assert {event: {body["action"] for e, body in got if e == event} for event in kinds} == kinds
    for event, body in got:
        name = f"webhook-{event.replace('_', '-')}-{body['action'].replace('_', '-')}"
        schema = {"$ref": f"#/components/schemas/{name}", "components": document["components"]}
        faults = [
            f"{name} {'/'.join(map(str, e.path))}: {e.message[:300]}"
            for e in Draft202012Validator(schema).iter_errors(body)
        ]
        assert faults == []
