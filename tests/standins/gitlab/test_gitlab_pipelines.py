"""Pipelines that are really run: what jobs are told, what they leave, how manual jobs, children and retries go."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest
from gitlab_yard import SHOP, TRIGGER, runs_jobs

from daytwo_standins.gitlab.testing import RunningStandin, eventually

Create = Callable[..., int]
Read = Callable[..., dict[str, Any]]
Jobs = Callable[..., dict[str, dict[str, Any]]]
Trace = Callable[..., str]
NASTY = 'it\'s "quoted" ${{ x }}\nsecond line; `id` \\ é'


def _states(found: dict[str, dict[str, Any]]) -> dict[str, str]:
    return {name: job["status"] for name, job in found.items()}


@runs_jobs
def test_a_pipeline_is_run_and_tells_everything(
    api: httpx.Client, reached: Read, jobs: Jobs, trace: Trace, standin: RunningStandin
) -> None:
    inputs = {"version": "1.0.0", "count": 4, "dry": False, "daytwo_run": "r-1", "notes": "plain"}
    body = {"ref": "1.0.0", "inputs": inputs, "variables": [{"key": "GIVEN", "value": NASTY.replace("`", "")}]}
    made = api.post(f"{SHOP}/pipeline", json=body).json()
    assert (made["name"], made["source"], made["tag"]) == ("Build 1.0.0 of 1.0.0 [r-1]", "api", True)
    ended = reached(made["id"], "success")
    assert ended["started_at"] <= ended["finished_at"]
    found = jobs(made["id"])
    assert _states(found) == {
        "build": "success",
        "deploy": "success",
        "tolerated": "failed",
        "matrix: [x]": "success",
        "matrix: [y]": "success",
        "always": "success",
    }
    assert (found["tolerated"]["allow_failure"], found["tolerated"]["failure_reason"]) == (True, "script_failure")
    text = trace(found["build"]["id"])
    assert "01O version=1.0.0 count=4 dry=false\n" in text
    assert f"pipeline={made['id']} job={found['build']['id']} branch= by=api Build 1.0.0 of 1.0.0 [r-1]" in text
    assert 'given=it\'s "quoted"' in text
    assert "setting=of the project canary=none 0" in text
    assert "without a line break\n" in text
    assert text.index("section_start:") < text.index("afterwards") < text.index("Job succeeded")
    assert "number=7 1.0.0" in trace(found["deploy"]["id"])
    line = standin.control.ledger()[-1]
    assert (line["run_id"], line["title"], line["inputs"]) == (made["id"], made["name"], inputs)
    _check_id_tokens(api, standin, made["id"], found["deploy"]["id"])


def _check_id_tokens(api: httpx.Client, standin: RunningStandin, pipeline: int, job: int) -> None:
    told = {name: api.get(f"{SHOP}/jobs/{job}/artifacts/{name}").text.strip() for name in ("token", "other")}
    where = api.get(f"{standin.url}/.well-known/openid-configuration").json()
    key = jwt.PyJWKSet.from_dict(api.get(where["jwks_uri"]).json()).keys[0]
    claims = jwt.decode(told["token"], key, algorithms=["RS256"], audience="daytwo", issuer=standin.url)
    expected = {"project_id": "41", "pipeline_id": str(pipeline), "job_id": str(job), "ref": "1.0.0", "ref_type": "tag"}
    assert {**claims, **expected, "environment": "staging", "project_path": "acme/shop"} == claims
    assert jwt.decode(told["other"], key, algorithms=["RS256"], audience="two")["aud"] == ["one", "two"]
    with pytest.raises(jwt.InvalidAudienceError):
        jwt.decode(told["token"], key, algorithms=["RS256"], audience="somebody else")


@runs_jobs
def test_a_manual_job_blocks_what_comes_after_until_it_is_played(
    api: httpx.Client, create: Create, reached: Read, jobs: Jobs, trace: Trace
) -> None:
    number = create("manual")
    reached(number, "manual", project="manual")
    found = jobs(number, "manual")
    assert _states(found) == {
        "ask": "manual",
        "go": "created",
        "maybe": "created",
    }
    where = f"/projects/acme%2Fmanual/jobs/{found['ask']['id']}/play"
    body = {"job_variables_attributes": [{"key": "ANSWER", "value": "yes"}]}
    assert api.post(where, json=body).status_code == 200
    assert api.post(where, json=body).json() == {"message": "400 Bad request - Unplayable Job"}
    reached(number, "success", project="manual")
    found = jobs(number, "manual")
    assert _states(found) == {
        "ask": "success",
        "go": "success",
        "maybe": "manual",
    }
    assert "asked yes" in trace(found["ask"]["id"], "manual")


@runs_jobs
def test_child_pipelines_are_bridges(
    api: httpx.Client, create: Create, reached: Read, jobs: Jobs, trace: Trace
) -> None:
    number = create("parent")
    reached(number, "success", project="parent")
    where = "/projects/acme%2Fparent/pipelines"
    bridges = {one["name"]: one for one in api.get(f"{where}/{number}/bridges").json()}
    assert {one["status"] for one in bridges.values()} == {"success"}
    child = bridges["followed"]["downstream_pipeline"]
    assert (child["source"], child["status"]) == ("parent_pipeline", "success")
    inner = jobs(child["id"], "parent")["inner"]
    assert "hello on from parent_pipeline" in trace(inner["id"], "parent")
    assert set(jobs(number, "parent")) == {"last"}
    listed = [one["id"] for one in api.get(where).json()]
    assert number in listed
    assert child["id"] not in listed
    assert child["id"] in [one["id"] for one in api.get(where, params={"source": "parent_pipeline"}).json()]


@runs_jobs
def test_a_trace_grows_until_it_is_cancelled_and_the_job_runs_again(
    api: httpx.Client, create: Create, reached: Read, jobs: Jobs, trace: Trace, gate: Path
) -> None:
    number = create("gated", gate=str(gate))
    eventually(Path(f"{gate}.pid").exists, seconds=60.0)
    job = jobs(number, "gated")["wait"]
    assert job["status"] == "running"
    eventually(lambda: "01O waiting\n" in trace(job["id"], "gated"))
    assert "section_end:" not in trace(job["id"], "gated").rpartition("step_script")[2]
    where = f"/projects/acme%2Fgated/pipelines/{number}"
    assert api.post(f"{where}/cancel").status_code == 200
    reached(number, "canceled", project="gated")
    before = jobs(number, "gated")
    assert {name: job["status"] for name, job in before.items()} == {"wait": "canceled", "next": "canceled"}
    assert not Path(f"{gate}.done").exists()
    assert "ERROR: Job failed: canceled" in trace(job["id"], "gated")
    assert api.post(f"{where}/cancel").status_code == 200
    gate.touch()
    assert api.post(f"{where}/retry").status_code == 201
    reached(number, "success", "canceled", project="gated")
    eventually(lambda: api.get(where).json()["status"] == "success", seconds=60.0)
    after = jobs(number, "gated")
    assert after["wait"]["id"] != before["wait"]["id"]
    everything = api.get(f"{where}/jobs", params={"include_retried": "true"}).json()
    assert {job["id"] for job in everything} == {job["id"] for job in [*before.values(), *after.values()]}
    assert Path(f"{gate}.done").read_text().split() == ["ran"]


@runs_jobs
def test_a_protected_environment_waits_for_approval(
    api: httpx.Client, create: Create, reached: Read, jobs: Jobs
) -> None:
    number = create("protected")
    reached(number, "manual", project="protected")
    job, project = jobs(number, "protected")["ship"], "/projects/acme%2Fprotected"
    (blocked,) = api.get(f"{project}/deployments", params={"status": "blocked"}).json()
    assert (blocked["deployable"]["id"], blocked["environment"]["name"]) == (job["id"], "production")
    assert api.post(f"{project}/jobs/{job['id']}/play").status_code == 400
    said = api.post(f"{project}/deployments/{blocked['id']}/approval", json={"status": "approved", "comment": "go"})
    assert (said.status_code, said.json()["comment"]) == (201, "go")
    assert api.post(f"{project}/jobs/{job['id']}/play").status_code == 200
    reached(number, "success", project="protected")
    assert api.get(f"{project}/deployments/{blocked['id']}").json()["status"] == "success"


def test_a_trigger_token_starts_one(standin: RunningStandin) -> None:
    url = f"{standin.url}/api/v4/projects/acme%2Finstant/trigger/pipeline"
    body = {"token": TRIGGER, "ref": "main", "inputs": {"version": "2"}, "variables": {"GIVEN": "by trigger"}}
    made = httpx.post(url, json=body, trust_env=False)
    assert (made.status_code, made.json()["source"]) == (201, "trigger")
    form = {"token": TRIGGER, "ref": "main", "inputs[version]": "2", "variables[GIVEN]": "by form"}
    assert httpx.post(url, data=form, trust_env=False).status_code == 201
    assert [line["variables"] for line in standin.control.ledger()[-2:]] == [
        {"GIVEN": "by trigger"},
        {"GIVEN": "by form"},
    ]
    wrong = httpx.post(url, json={**body, "token": "x"}, trust_env=False)
    assert (wrong.status_code, wrong.json()) == (404, {"message": "404 Not Found"})
