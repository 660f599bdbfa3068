"""Answers and webhooks against GitHub's published description of its API, where that is at hand."""

import dataclasses
import json
import os
import re
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from openapi_core import Config, OpenAPI
from openapi_core.datatypes import RequestParameters
from openapi_schema_validator import OAS31Validator
from werkzeug.datastructures import Headers, ImmutableMultiDict

from daytwo_standins.github.testing import RunningStandin, eventually, make_repository, start_standin

Dispatch = Callable[..., int]
Read = Callable[..., dict[str, Any]]
NAME = "acme/shop"
BASE = f"/repos/{NAME}"


def _specs() -> Path | None:
    """The folder with the official descriptions: named by DAYTWO_SPECS, or beside the repository."""
    beside = Path(__file__).resolve().parents[3] / "shared" / "specs"
    folder = Path(os.environ.get("DAYTWO_SPECS", beside)) / "github"
    return folder if folder.is_dir() else None


SPECS = _specs()
needs_specs = pytest.mark.skipif(
    SPECS is None, reason="the descriptions are not at hand; name their folder by DAYTWO_SPECS"
)


@dataclasses.dataclass
class Asked:
    """A request in the words of openapi-core."""

    path: str
    method: str
    parameters: RequestParameters
    body: bytes | None
    content_type: str = "application/json"
    host_url: str = "https://api.github.com"


@dataclasses.dataclass
class Told:
    """An answer in the words of openapi-core."""

    status_code: int
    headers: Headers
    content_type: str
    data: bytes


class Checker:
    """Sends requests and holds both directions against the description."""

    def __init__(self, description: OpenAPI, client: httpx.Client) -> None:
        self._description = description
        self.client = client

    def __call__(self, method: str, path: str, *, pattern: str = "", **options: Any) -> httpx.Response:
        """``pattern``: the path with its variable part in one piece, where GitHub's has slashes."""
        answer = self.client.request(method, path, **options)
        headers = Headers({"authorization": "token x"})
        query = ImmutableMultiDict(list(answer.request.url.params.multi_items()))
        asked = Asked(
            path=pattern or path,
            method=method.lower(),
            parameters=RequestParameters(query=query, header=headers),
            body=answer.request.content or None,
        )
        told = Told(
            status_code=answer.status_code,
            headers=Headers(list(answer.headers.items())),
            content_type=answer.headers.get("content-type", ""),
            # The validator does not know `nullable` beside `oneOf`; the description allows {} there as well.
            data=re.sub(rb'"(author|committer)": null', rb'"\1": {}', answer.content),
        )
        if answer.status_code < 400:
            self._description.validate_request(asked)
        self._description.validate_response(asked, told)
        return answer


def _let_null_be_among_nullable(node: Any) -> None:
    """The validator wants null among the values of a nullable enumeration; the description leaves it out."""
    if isinstance(node, dict):
        if node.get("nullable") and None not in node.get("enum", [None]):
            node["enum"].append(None)
        node = list(node.values())
    if isinstance(node, list):
        for one in node:
            _let_null_be_among_nullable(one)


@pytest.fixture(scope="module")
def description() -> OpenAPI:
    """GitHub's REST API."""
    assert SPECS is not None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the library's own; only what it says about answers counts here
        plain = Config(spec_validator_cls=None)  # the document has a default that is not of its own format
        document = json.loads((SPECS / "openapi.2022-11-28.json").read_text(encoding="utf-8"))
        _let_null_be_among_nullable(document)
        return OpenAPI.from_dict(document, config=plain)


@pytest.fixture
def check(description: OpenAPI, api: httpx.Client) -> Checker:
    """A client that checks."""
    return Checker(description, api)


@needs_specs
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_reading_a_repository(check: Checker, shop_commits: list[str]) -> None:
    assert check("GET", "/user").json()["login"] == "daytwo-bot"
    assert check("GET", "/rate_limit").json()["rate"]["limit"] == 5000
    assert check("GET", BASE).json()["default_branch"] == "main"
    assert [one["name"] for one in check("GET", f"{BASE}/branches").json()] == ["main"]
    assert check("GET", f"{BASE}/branches/main").json()["commit"]["sha"] == shop_commits[2]
    assert [one["name"] for one in check.client.get(f"{BASE}/tags").json()] == ["1.1.0", "1.0.0"]
    head = check("GET", f"{BASE}/git/ref/heads/main", pattern=f"{BASE}/git/ref/heads%2Fmain").json()
    assert head["object"] == {**head["object"], "sha": shop_commits[2], "type": "commit"}
    tags = check("GET", f"{BASE}/git/matching-refs/tags/1.", pattern=f"{BASE}/git/matching-refs/tags").json()
    assert [one["ref"] for one in tags] == ["refs/tags/1.0.0", "refs/tags/1.1.0"]
    for name in ("main", "1.1.0", shop_commits[0], shop_commits[0][:10]):
        assert check("GET", f"{BASE}/commits/{name}").status_code == 200
    file = check("GET", f"{BASE}/contents/VERSION", params={"ref": "1.0.0"}).json()
    assert file["content"] == "MS4wLjAK\n"
    listed = check.client.get(f"{BASE}/contents/docs").json()  # a discriminator over a list is beyond the validator
    assert [(one["name"], one["type"]) for one in listed] == [("read me.md", "file")]
    environments = check("GET", f"{BASE}/environments").json()["environments"]
    assert [one["name"] for one in environments] == ["staging", "production"]
    workflows = check("GET", f"{BASE}/actions/workflows").json()["workflows"]
    assert {one["name"] for one in workflows} == {"Build", "Foreign", "Gated", "Grouped", "Noisy", "Plain", "Pushed"}
    assert check("GET", f"{BASE}/actions/workflows/{workflows[0]['id']}").json() == workflows[0]


@needs_specs
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
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
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_apps_and_environments(description: OpenAPI, tmp_path: Path) -> None:
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
        check = Checker(description, client)
        client.headers["authorization"] = f"Bearer {signature}"
        assert check("GET", "/app").json()["slug"] == "acme-deploy"
        listed = client.get("/app/installations").json()  # there the description wants user and enterprise at once
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
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_webhooks_have_the_published_form(
    standin: RunningStandin, dispatch: Dispatch, ended: Read, receiver: Any
) -> None:
    assert SPECS is not None
    document = json.loads((SPECS / "webhooks.openapi.json").read_text(encoding="utf-8"))
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
            f"{name} {'/'.join(map(str, e.path))}: {e.message[:300]}" for e in OAS31Validator(schema).iter_errors(body)
        ]
        assert faults == []
