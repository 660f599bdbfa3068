"""A workflow is really run: by the real client, with needs, tags, outputs, artifacts, logs and the failing path."""

import io
import zipfile
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from github.Repository import Repository
from github.WorkflowRun import WorkflowRun

from daytwo_standins.github.testing import RunningStandin, eventually


@pytest.fixture(scope="module")
def runs(running: RunningStandin) -> dict[str, int]:
    """One run that fails and one that succeeds, dispatched together."""
    headers = {"authorization": "token standin-token-of-the-bot"}
    found = {}
    with httpx.Client(base_url=running.url, headers=headers, trust_env=False) as client:
        for version in ("1.0.0", "1.1.0"):
            inputs = {"version": version, "dry": version == "1.1.0", "daytwo_run": f"marker-{version}"}
            answer = client.post(
                "/repos/acme/shop/actions/workflows/build.yml/dispatches",
                json={"ref": "main", "inputs": inputs, "return_run_details": True},
            )
            found[version] = int(answer.json()["workflow_run_id"])
        for run_id in found.values():
            address = f"/repos/acme/shop/actions/runs/{run_id}"
            eventually(lambda at=address: client.get(at).json()["status"] == "completed")
    return found


def _jobs(run: WorkflowRun) -> dict[str, Any]:
    return {job.name: job for job in run.jobs()}


def _log(api: httpx.Client, job: Any) -> str:
    answer = api.get(f"/repos/acme/shop/actions/jobs/{job.id}/logs", follow_redirects=True)  # without the token
    assert ([one.status_code for one in answer.history], answer.status_code) == ([302], 200)
    return answer.content.decode()


def test_the_real_client_dispatches_and_follows(repository: Repository, runs: dict[str, int]) -> None:
    run = repository.get_workflow_run(runs["1.1.0"])
    assert (run.status, run.conclusion, run.event, run.run_attempt) == ("completed", "success", "workflow_dispatch", 1)
    assert run.display_title == "Build 1.1.0 by daytwo-bot [marker-1.1.0] ${{ format('{0}', 1) }}"
    assert run.name == "Build"
    assert run.head_branch == "main"
    assert run.head_sha == repository.get_branch("main").commit.sha
    assert [job.name for job in run.jobs()] == ["Test fast", "deploy", "after"]


def test_a_dispatch_of_the_real_client_returns_the_run(repository: Repository) -> None:
    run = repository.get_workflow("plain.yml").create_dispatch("main", {}, throw=True, return_run_details=True)
    assert isinstance(run, WorkflowRun)
    assert repository.get_workflow_run(run.id).html_url == run.html_url
    assert repository.get_workflow("plain.yml").create_dispatch("main", {}, throw=True) is True


def test_jobs_have_steps_with_numbers_and_conclusions(repository: Repository, runs: dict[str, int]) -> None:
    jobs = _jobs(repository.get_workflow_run(runs["1.0.0"]))
    steps = [(step.number, step.name, step.conclusion) for step in jobs["Test fast"].steps]
    assert steps == [
        (1, "Set up job", "success"),
        (2, "Run actions/checkout@v4", "success"),
        (3, "Count", "success"),
        (4, "Run echo only when dry", "skipped"),
        (5, "Run actions/upload-artifact@v4", "success"),
        (6, "Post Run actions/upload-artifact@v4", "success"),
        (9, "Post Run actions/checkout@v4", "success"),
        (10, "Complete job", "success"),
    ]
    assert jobs["deploy"].started_at >= jobs["Test fast"].completed_at


def test_the_failing_path(repository: Repository, api: httpx.Client, runs: dict[str, int]) -> None:
    run = repository.get_workflow_run(runs["1.0.0"])
    jobs = _jobs(run)
    assert run.conclusion == "failure"
    assert {name: job.conclusion for name, job in jobs.items()} == {
        "Test fast": "success",
        "deploy": "failure",
        "after": "skipped",
    }
    steps = {step.name: step.conclusion for step in jobs["deploy"].steps}
    assert (steps["Check"], steps['Run echo "deployed"']) == ("failure", "skipped")
    log = _log(api, jobs["deploy"])
    assert "##[error]the setting CART_URL is missing" in log
    assert "##[error]Process completed with exit code 3." in log
    remarks = api.get(f"/repos/acme/shop/check-runs/{jobs['deploy'].id}/annotations").json()
    assert [(r["annotation_level"], r["title"], r["path"], r["start_line"], r["message"]) for r in remarks] == [
        ("failure", "Setting", "VERSION", 1, "the setting CART_URL is missing"),
        ("failure", None, ".github", 1, "Process completed with exit code 3."),
    ]


def test_a_log_is_in_githubs_form(repository: Repository, api: httpx.Client, runs: dict[str, int]) -> None:
    job = _jobs(repository.get_workflow_run(runs["1.1.0"]))["Test fast"]
    log = _log(api, job)
    lines = log.splitlines()
    assert log.startswith("\ufeff")
    assert log.count("\ufeff") == 1
    assert all(line.removeprefix("\ufeff")[19] == "." and line.removeprefix("\ufeff")[27:29] == "Z " for line in lines)
    said = [line.removeprefix("\ufeff")[29:] for line in lines]
    assert said[0] == "##[group]Run actions/checkout@v4"
    assert "found 1.1.0 for 1.1.0, root=/srv, attempt=1" in said
    assert said[said.index("##[group]Details") :][:3] == ["##[group]Details", "0", "##[endgroup]"]
    assert "only when dry" in said


def test_outputs_artifacts_tags_and_a_clean_tree_reach_the_second_job(
    repository: Repository, api: httpx.Client, runs: dict[str, int]
) -> None:
    jobs = _jobs(repository.get_workflow_run(runs["1.1.0"]))
    assert "got 1.1.0 and 7 at next, clean=0" in _log(api, jobs["deploy"])


def test_the_artifact_can_be_downloaded(api: httpx.Client, web: httpx.Client, runs: dict[str, int]) -> None:
    listed = api.get(f"/repos/acme/shop/actions/runs/{runs['1.1.0']}/artifacts").json()
    assert [one["name"] for one in listed["artifacts"]] == ["report"]
    answer = api.get(listed["artifacts"][0]["archive_download_url"])
    assert answer.status_code == 302
    content = web.get(answer.headers["location"]).content
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert {name: archive.read(name) for name in archive.namelist()} == {"VERSION": b"1.1.0\n"}


def test_a_link_to_a_log_is_not_for_everybody(
    api: httpx.Client, web: httpx.Client, repository: Repository, runs: dict[str, int]
) -> None:
    job = _jobs(repository.get_workflow_run(runs["1.1.0"]))["deploy"]
    link = api.get(f"/repos/acme/shop/actions/jobs/{job.id}/logs").headers["location"]
    assert str(api.base_url) not in link
    assert web.get(link, headers={"authorization": "token x"}).status_code == 403
    assert web.get(link.replace("until=1", "until=2")).status_code == 403
    assert web.get(link.split("?")[0]).status_code == 403


def test_what_was_skipped_has_no_log(api: httpx.Client, repository: Repository, runs: dict[str, int]) -> None:
    skipped = _jobs(repository.get_workflow_run(runs["1.0.0"]))["after"]
    answer = api.get(f"/repos/acme/shop/actions/jobs/{skipped.id}/logs")
    assert (answer.status_code, "BlobNotFound" in answer.text) == (404, True)


def test_the_ledger_has_what_was_accepted(standin: RunningStandin, runs: dict[str, int]) -> None:
    line = next(line for line in standin.control.ledger() if line["run_id"] == runs["1.1.0"])
    assert line["inputs"] == {
        "version": "1.1.0",
        "mode": "fast",
        "dry": "true",
        "count": "3",
        "where": "",
        "daytwo_run": "marker-1.1.0",
    }
    assert (line["repository"], line["workflow"]) == ("acme/shop", ".github/workflows/build.yml")
    assert (line["ref"], line["actor"], len(line["body_sha256"])) == ("refs/heads/main", "daytwo-bot", 64)
    asked = [one for one in standin.control.requests("dispatch") if one["path"].endswith("build.yml/dispatches")]
    assert asked
    assert "standin-token" not in str(standin.control.requests())


def test_a_failing_step_loses_none_of_its_last_lines(
    repository: Repository, api: httpx.Client, dispatch: Callable[..., int], ended: Callable[..., Any]
) -> None:
    run_id = dispatch("noisy.yml")
    ended(run_id)
    jobs = _jobs(repository.get_workflow_run(run_id))
    assert sorted(jobs) == [f"loud ({number})" for number in range(1, 9)]
    for job in jobs.values():
        said = [line.removeprefix("\ufeff")[29:] for line in _log(api, job).splitlines()]
        after_script = said[said.index("##[endgroup]") + 1 :]
        assert after_script[:303] == [
            *(f"line {number}" for number in range(1, 301)),
            "##[error]the reason",
            "the last words",
            "##[error]Process completed with exit code 4.",
        ]
        assert after_script[-1] == "an inner shell may fail"


def test_actions_of_others_are_refused_and_those_in_the_repository_run(
    repository: Repository, api: httpx.Client, dispatch: Callable[..., int], ended: Callable[..., Any]
) -> None:
    run_id = dispatch("foreign.yml")
    assert ended(run_id)["conclusion"] == "failure"
    jobs = _jobs(repository.get_workflow_run(run_id))
    steps = [(step.name, step.conclusion) for step in jobs["stranger"].steps]
    assert steps[:2] == [("Set up job", "failure"), ("Run somebody/something@v1", "skipped")]
    (remark,) = api.get(f"/repos/acme/shop/check-runs/{jobs['stranger'].id}/annotations").json()
    assert "fetches no actions from the network; it has its own actions/checkout" in remark["message"]
    assert jobs["Local for /srv"].conclusion == "success"
    assert "hello Ana" in _log(api, jobs["Local for /srv"])


def test_pages_for_people(api: httpx.Client, web: httpx.Client, runs: dict[str, int]) -> None:
    run = api.get(f"/repos/acme/shop/actions/runs/{runs['1.0.0']}").json()
    page = web.get(run["html_url"]).text
    assert "completed, failure" in page
    assert "Not executed" not in page
    jobs = api.get(f"/repos/acme/shop/actions/runs/{runs['1.0.0']}/jobs").json()["jobs"]
    assert "the setting CART_URL is missing" in web.get(jobs[1]["html_url"]).text


def test_listings_are_filtered_and_paged(api: httpx.Client, repository: Repository, runs: dict[str, int]) -> None:
    workflow = repository.get_workflow("build.yml")
    found = list(workflow.get_runs(event="workflow_dispatch", branch="main", actor="daytwo-bot", status="failure"))
    assert runs["1.0.0"] in [run.id for run in found]
    assert runs["1.1.0"] not in [run.id for run in found]
    assert {run.id for run in workflow.get_runs(head_sha=found[0].head_sha)} >= set(runs.values())
    assert workflow.get_runs(branch="other").totalCount == 0
    first = api.get("/repos/acme/shop/actions/workflows/build.yml/runs", params={"per_page": 1})
    assert first.json()["total_count"] >= 2
    second = api.get(first.links["next"]["url"])
    assert second.json()["workflow_runs"][0]["id"] == runs["1.0.0"]
    assert "prev" in second.links


def test_the_created_filter(api: httpx.Client, runs: dict[str, int]) -> None:
    created = api.get(f"/repos/acme/shop/actions/runs/{runs['1.0.0']}").json()["created_at"]

    def among(text: str) -> bool:
        answer = api.get("/repos/acme/shop/actions/runs", params={"created": text, "per_page": 100})
        return runs["1.0.0"] in [run["id"] for run in answer.json()["workflow_runs"]]

    assert among(f">={created}")
    assert not among(f">{created}")
    assert not among(f"<{created}")
    assert among(f"{created}..*")
    assert among(created[:10])
    assert not among("2020-01-01..2020-02-01")
    assert api.get("/repos/acme/shop/actions/runs", params={"created": "soon"}).status_code == 422
