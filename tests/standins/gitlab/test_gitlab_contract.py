"""Requests and answers against GitLab's description of its API, where that is at hand."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest
from described import needs_specs
from gitlab_yard import APPROVER, SHOP, runs_jobs

from daytwo_standins.gitlab.testing import RunningStandin

Create = Callable[..., int]
SCRIPTED = "/projects/acme%2Fscripted"


Check = Callable[..., httpx.Response]


@pytest.fixture
def check(api: httpx.Client, standin: RunningStandin) -> Check:
    """Asks, and sees that the stand-in found both directions as they are described."""

    def ask(method: str, path: str, **options: Any) -> httpx.Response:
        answer = api.request(method, path, **options)
        assert standin.control.requests()[-1]["violations"] == []
        return answer

    return ask


@needs_specs
def test_reading_a_project(check: Check) -> None:
    assert check("GET", "/user").json()["username"] == "daytwo-bot"
    assert check("GET", "/version").json()["enterprise"] is True
    assert check("GET", SHOP).json()["id"] == 41
    assert check("GET", "/projects/41").json() == check("GET", SHOP).json()
    assert [one["name"] for one in check("GET", f"{SHOP}/repository/branches").json()] == ["main"]
    assert check("GET", f"{SHOP}/repository/branches/main").json()["default"] is True
    assert [one["name"] for one in check("GET", f"{SHOP}/repository/tags").json()] == ["1.0.0", "1.1.0"]
    tag = check("GET", f"{SHOP}/repository/tags/1.0.0").json()
    for name in ("main", "1.0.0", tag["commit"]["id"], tag["commit"]["short_id"]):
        assert check("GET", f"{SHOP}/repository/commits/{name}").status_code == 200
    file = check("GET", f"{SHOP}/repository/files/VERSION", params={"ref": "1.0.0"}).json()
    assert (file["content"], file["size"]) == ("MS4wLjAK", 6)
    read = f"{SHOP}/repository/files/docs%2Fread%20me.md/raw"
    assert check("GET", read, params={"ref": "main"}).text == "# Shop\n"
    assert [one["name"] for one in check("GET", f"{SHOP}/environments").json()] == ["staging"]


@needs_specs
def test_the_life_of_a_pipeline(check: Check, create: Create, standin: RunningStandin) -> None:
    body = {
        "ref": "main",
        "inputs": {"version": "1.0", "daytwo_run": "r-contract"},
        "variables": [{"key": "A", "value": "b", "variable_type": "env_var"}],
    }
    number = check("POST", f"{SCRIPTED}/pipeline", json=body).json()["id"]
    where = f"{SCRIPTED}/pipelines/{number}"
    assert check("GET", where).json()["status"] == "created"
    jobs = [
        {"name": "build", "status": "success", "log": ["hello"]},
        {"name": "deploy", "stage": "deploy", "status": "failed", "failure_reason": "script_failure"},
        {"name": "ask", "stage": "deploy", "status": "manual", "environment": "production", "allow_failure": True},
    ]
    standin.control.script(number, [{"jobs": jobs}])
    assert check("GET", where).json()["status"] == "failed"
    assert check("GET", f"{where}/variables").json()[0]["key"] == "A"
    assert len(check("GET", f"{where}/jobs", params={"include_retried": "true"}).json()) == 3
    (failed,) = check("GET", f"{where}/jobs", params={"scope[]": "failed"}).json()
    assert check("GET", f"{SCRIPTED}/jobs/{failed['id']}").json() == failed
    assert check("GET", f"{SCRIPTED}/jobs", params={"scope": "failed", "per_page": 1}).json() == [failed]
    assert check("GET", f"{SCRIPTED}/jobs/{failed['id'] - 1}/trace").text == "hello\n"
    assert check("GET", f"{where}/bridges").json() == []
    assert check("GET", f"{where}/trigger_jobs").json() == []
    (deployment,) = check("GET", f"{SCRIPTED}/deployments").json()
    one = check("GET", f"{SCRIPTED}/deployments/{deployment['id']}").json()
    assert one == deployment
    query = {"source": "api", "status": "failed", "created_after": "2020-01-01T00:00:00Z", "sort": "asc"}
    assert number in [one["id"] for one in check("GET", f"{SCRIPTED}/pipelines", params=query).json()]
    assert check("POST", f"{where}/cancel").status_code == 200
    assert check("GET", f"{SCRIPTED}/pipelines/latest").json()["id"] == number


@needs_specs
@runs_jobs
def test_approving_and_playing(
    check: Check, create: Create, reached: Any, jobs: Callable[..., dict[str, dict[str, Any]]]
) -> None:
    number = create("protected")
    reached(number, "manual", project="protected")
    project, job = "/projects/acme%2Fprotected", jobs(number, "protected")["ship"]
    body = {"status": "approved", "comment": "go"}
    where = f"{project}/deployments/{job['id']}/approval"
    said = check("POST", where, json=body, headers={"private-token": APPROVER})
    assert (said.status_code, said.json()["user"]["username"]) == (201, "approver")
    assert check("POST", f"{project}/jobs/{job['id']}/play").status_code == 200
    assert check("POST", f"{project}/jobs/{job['id']}/cancel").status_code == 201
    assert check("POST", f"{project}/pipelines/{number}/retry").status_code == 201
    assert check("POST", f"{project}/pipelines/{number}/cancel").status_code == 200
