"""Cancel, force-cancel, concurrency groups, re-runs."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
from github.Repository import Repository

from daytwo_standins.github.testing import RunningStandin, eventually

Dispatch = Callable[..., int]
Read = Callable[..., dict[str, Any]]
RUNS = "/repos/acme/shop/actions/runs"


def _begun(gate: Path) -> int:
    """Wait until the gated step runs; the process id of its shell."""
    file = Path(f"{gate}.pid")
    eventually(lambda: file.exists() and file.read_text().strip())
    return int(file.read_text())


def _gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def _jobs(api: httpx.Client, run_id: int, attempt: int = 1) -> dict[str, Any]:
    found = api.get(f"{RUNS}/{run_id}/attempts/{attempt}/jobs").json()["jobs"]
    return {job["name"]: job for job in found}


def test_while_it_runs(api: httpx.Client, dispatch: Dispatch, ended: Read, gate: Path) -> None:
    run_id = dispatch("gated.yml", gate=str(gate))
    _begun(gate)
    run = eventually(lambda: (r := api.get(f"{RUNS}/{run_id}").json())["status"] == "in_progress" and r)
    assert run["conclusion"] is None
    steps = ["completed", "in_progress", "queued"]
    eventually(lambda: [step["status"] for step in _jobs(api, run_id)["wait"]["steps"]] == steps)
    jobs = _jobs(api, run_id)
    assert list(jobs) == ["wait"], "a job appears when what it needs has ended"
    assert jobs["wait"]["status"] == "in_progress"
    log = api.get(f"/repos/acme/shop/actions/jobs/{jobs['wait']['id']}/logs")
    assert (log.status_code, "BlobNotFound" in log.text) == (404, True)
    assert api.post(f"{RUNS}/{run_id}/rerun").status_code == 403
    gate.touch()
    assert ended(run_id)["conclusion"] == "success"
    assert list(_jobs(api, run_id)) == ["wait", "next"]


def test_cancel_ends_the_step_and_lets_it_clean_up(
    repository: Repository, api: httpx.Client, dispatch: Dispatch, ended: Read, gate: Path
) -> None:
    run_id = dispatch("gated.yml", gate=str(gate))
    pid = _begun(gate)
    assert repository.get_workflow_run(run_id).cancel()
    assert ended(run_id)["conclusion"] == "cancelled"
    assert _gone(pid)
    assert Path(f"{gate}.cleaned").exists()
    assert not Path(f"{gate}.survived").exists(), "the step is gone before the next one begins"
    assert not Path(f"{gate}.done").exists()
    assert {name: job["conclusion"] for name, job in _jobs(api, run_id).items()} == {
        "wait": "cancelled",
        "next": "skipped",
    }
    steps = {step["name"]: step["conclusion"] for step in _jobs(api, run_id)["wait"]["steps"]}
    assert (steps["Wait"], steps["Clean up"]) == ("cancelled", "success")
    again = api.post(f"{RUNS}/{run_id}/cancel")
    assert (again.status_code, again.json()["message"]) == (409, "Cannot cancel a workflow run that is completed.")


def test_force_cancel_ends_what_cancel_does_not(api: httpx.Client, dispatch: Dispatch, ended: Read, gate: Path) -> None:
    run_id = dispatch("gated.yml", gate=str(gate), stubborn=True)
    _begun(gate)
    assert api.post(f"{RUNS}/{run_id}/cancel").status_code == 202
    eventually(Path(f"{gate}.cleaned").exists)
    assert api.get(f"{RUNS}/{run_id}").json()["status"] == "in_progress"
    assert api.post(f"{RUNS}/{run_id}/force-cancel").status_code == 202
    assert ended(run_id)["conclusion"] == "cancelled"
    assert api.post(f"{RUNS}/{run_id}/force-cancel").status_code == 409


def test_a_group_runs_one_and_lets_one_wait(api: httpx.Client, dispatch: Dispatch, ended: Read, tmp_path: Path) -> None:
    gates = [tmp_path / f"gate-{number}" for number in range(3)]
    first = dispatch("grouped.yml", gate=str(gates[0]))
    _begun(gates[0])
    second = dispatch("grouped.yml", gate=str(gates[1]))
    assert api.get(f"{RUNS}/{second}").json()["status"] == "pending"
    third = dispatch("grouped.yml", gate=str(gates[2]))
    assert ended(second)["conclusion"] == "cancelled", "only the newest waits"
    assert api.get(f"{RUNS}/{third}").json()["status"] == "pending"
    for gate in gates:
        gate.touch()
    assert ended(first)["conclusion"] == "success"
    assert ended(third)["conclusion"] == "success"
    assert not Path(f"{gates[1]}.done").exists()


def test_a_waiting_run_is_cancelled_at_once_and_never_runs(
    api: httpx.Client, dispatch: Dispatch, ended: Read, tmp_path: Path
) -> None:
    gates = [tmp_path / f"gate-{number}" for number in range(2)]
    first = dispatch("grouped.yml", gate=str(gates[0]))
    second = dispatch("grouped.yml", gate=str(gates[1]))
    assert api.post(f"{RUNS}/{second}/cancel").status_code == 202
    assert ended(second)["conclusion"] == "cancelled"
    gates[0].touch()
    gates[1].touch()
    assert ended(first)["conclusion"] == "success"
    assert not Path(f"{gates[1]}.pid").exists()


def test_running_the_failed_jobs_again(
    standin: RunningStandin, api: httpx.Client, dispatch: Dispatch, ended: Read
) -> None:
    run_id = dispatch("build.yml", version="1.0.0")
    assert ended(run_id)["conclusion"] == "failure"
    assert api.post(f"{RUNS}/{run_id}/rerun-failed-jobs").status_code == 201
    run = ended(run_id, attempt=2)
    assert (run["run_attempt"], run["conclusion"]) == (2, "success")
    assert run["previous_attempt_url"].endswith(f"/runs/{run_id}/attempts/1")
    before, after = _jobs(api, run_id, 1), _jobs(api, run_id, 2)
    assert {name: job["conclusion"] for name, job in after.items()} == dict.fromkeys(
        ("Test fast", "deploy", "after"), "success"
    )
    assert after["Test fast"]["completed_at"] == before["Test fast"]["completed_at"], "it was not run again"
    assert before["deploy"]["id"] != after["deploy"]["id"]
    assert api.get(f"{RUNS}/{run_id}/attempts/1").json()["conclusion"] == "failure"
    everything = api.get(f"{RUNS}/{run_id}/jobs", params={"filter": "all"}).json()
    assert everything["total_count"] == 6
    link = api.get(f"/repos/acme/shop/actions/jobs/{after['deploy']['id']}/logs").headers["location"]
    assert "got 1.0.0 and 7 at next" in httpx.get(link, trust_env=False).text, "outputs and artifacts are carried over"
    lines = [line for line in standin.control.ledger(kind=None) if line["run_id"] == run_id]
    assert [line["kind"] for line in lines] == ["dispatch", "rerun"]


def test_running_everything_again(repository: Repository, dispatch: Dispatch, ended: Read) -> None:
    run_id = dispatch("plain.yml")
    ended(run_id)
    assert repository.get_workflow_run(run_id).rerun()
    run = ended(run_id, attempt=2)
    assert (run["conclusion"], run["run_attempt"]) == ("success", 2)
    with_nothing_failed = repository.requester.requestJson("POST", f"{RUNS}/{run_id}/rerun-failed-jobs")
    assert with_nothing_failed[0] == 403
