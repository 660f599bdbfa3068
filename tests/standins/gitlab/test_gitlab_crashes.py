"""Whoever dies: an accepted pipeline is known and each job is run once, and what cannot go on fails and says so."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from gitlab_yard import TOKEN, TOKENS, projects_of, runs_jobs

from daytwo_standins.gitlab.testing import RunningStandin, eventually, start_standin

GATED = "/projects/acme%2Fgated"
INSTANT = "/projects/acme%2Finstant"


class Victim:
    """A stand-in that may be killed, and a client for it."""

    def __init__(self, standin: RunningStandin) -> None:
        self.standin = standin
        self.http = httpx.Client(
            base_url=f"{standin.url}/api/v4", headers={"private-token": TOKEN}, trust_env=False, timeout=60
        )

    def create(self, project: str, **inputs: str) -> int:
        """Create a pipeline and give its id."""
        answer = self.http.post(f"{project}/pipeline", json={"ref": "main", "inputs": inputs})
        assert answer.status_code == 201, answer.text
        return int(answer.json()["id"])

    def end(self, number: int) -> str:
        """How a pipeline ended, once it has."""

        def look() -> str | None:
            status = str(self.http.get(f"{GATED}/pipelines/{number}").json()["status"])
            return status if status in {"success", "failed", "canceled"} else None

        return str(eventually(look, seconds=60.0))

    def trace(self, number: int, index: int = 1) -> str:
        """What a job has said."""
        return self.http.get(f"{GATED}/jobs/{number * 1000 + index}/trace").text


@pytest.fixture(scope="module")
def running_victim(tmp_path_factory: pytest.TempPathFactory, shop: Path) -> Iterator[Victim]:
    """The victim of this module."""
    with start_standin(tmp_path_factory.mktemp("victim"), projects_of(shop), tokens=TOKENS) as standin:
        victim = Victim(standin)
        yield victim
        victim.http.close()


@pytest.fixture
def victim(running_victim: Victim) -> Iterator[Victim]:
    """The victim, alive."""
    running_victim.standin.control.clear_faults()
    yield running_victim
    if running_victim.standin.process.poll() is not None:
        running_victim.standin.restart()


def _begun(gate: Path) -> int:
    file = Path(f"{gate}.pid")
    eventually(lambda: file.exists() and file.read_text().strip(), seconds=60.0)
    return int(file.read_text())


def _runner(number: int) -> int:
    """The process that runs the first job of a pipeline."""
    wanted = {b"daytwo_standins.gitlab.runner"}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                line = set((entry / "cmdline").read_bytes().split(b"\0"))
            except OSError:
                continue
            if wanted <= line and any(one.endswith(f"/{number}/1".encode()) for one in line):
                return int(entry.name)
    raise AssertionError("there is no runner")


def _gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


@runs_jobs
def test_a_job_goes_on_while_the_server_is_dead_and_the_next_one_follows(victim: Victim, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    number, instant = victim.create(GATED, gate=str(gate)), victim.create(INSTANT, version="1")
    _begun(gate)
    victim.standin.kill()
    gate.touch()
    eventually(Path(f"{gate}.done").exists, seconds=60.0)
    victim.standin.start()
    assert victim.end(number) == "success"
    assert Path(f"{gate}.done").read_text() == "ran\n", "it was run once"
    assert "next" in victim.trace(number, 2)
    assert victim.http.get(f"{INSTANT}/pipelines/{instant}").json()["status"] == "success"
    assert victim.create(INSTANT, version="1") > instant, "ids stay unique"


def test_a_pipeline_whose_answer_was_lost_is_there(victim: Victim) -> None:
    before = len(victim.standin.control.ledger())
    hook = {"signal": "KILL", "pid": victim.standin.process.pid, "when": "after"}
    victim.standin.control.add_fault({"match": {"operation": "dispatch"}, "hook": hook})
    with pytest.raises(httpx.TransportError):
        victim.create(INSTANT, version="5")
    victim.standin.process.wait()
    victim.standin.restart()
    (accepted,) = victim.standin.control.ledger()[before:]
    found = victim.http.get(f"{INSTANT}/pipelines/{accepted['run_id']}").json()
    assert (found["name"], found["status"]) == ("Build 5 of main []", "success")


@runs_jobs
def test_an_order_that_was_accepted_is_carried_out_after_a_crash(victim: Victim, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    number = victim.create(GATED, gate=str(gate))
    shell = _begun(gate)
    hook = {"signal": "KILL", "pid": victim.standin.process.pid, "when": "after"}
    victim.standin.control.add_fault({"match": {"operation": "cancel"}, "hook": hook})
    with pytest.raises(httpx.TransportError):
        victim.http.post(f"{GATED}/pipelines/{number}/cancel")
    victim.standin.process.wait()
    victim.standin.restart()
    assert victim.end(number) == "canceled"
    eventually(lambda: _gone(shell))
    assert not Path(f"{gate}.done").exists()


@runs_jobs
def test_a_dead_runner_is_a_failure_that_says_so(victim: Victim, tmp_path: Path) -> None:
    number = victim.create(GATED, gate=str(tmp_path / "gate"))
    shell = _begun(tmp_path / "gate")
    victim.standin.kill()
    os.kill(_runner(number), signal.SIGKILL)
    victim.standin.start()
    assert victim.end(number) == "failed"
    assert "the runner died before the job was done" in victim.trace(number)
    (job,) = victim.http.get(f"{GATED}/pipelines/{number}/jobs", params={"scope": "failed"}).json()
    assert job["failure_reason"] == "runner_system_failure"
    eventually(lambda: _gone(shell))


def test_without_the_tools_a_job_fails_and_says_what_to_do(tmp_path: Path, shop: Path) -> None:
    projects = [one for one in projects_of(shop) if one["full_path"] == "acme/gated"]
    settings = {"gitlab_ci_local": str(tmp_path / "nowhere.js"), "trace_stamps": False}
    with start_standin(tmp_path, projects, tokens=TOKENS, settings=settings) as standin:
        victim = Victim(standin)
        number = victim.create(GATED, gate="x")
        assert victim.end(number) == "failed"
        assert "Run `make gitlab-ci-local`, or set DAYTWO_GITLAB_CI_LOCAL" in victim.trace(number)
        victim.http.close()


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"tokens": [], "projects": [{"full_path": "a/b", "path": "."}]}, "is not a git repository"),
        ({"tokens": [{"login": "x", "token": "canary", "x": 1}], "projects": []}, "Extra inputs"),
    ],
)
def test_a_wrong_configuration_does_not_start(tmp_path: Path, config: dict[str, Any], message: str) -> None:
    (tmp_path / "standin.json").write_text(json.dumps(config))
    command = [sys.executable, "-m", "daytwo_standins.gitlab", "--data", "data", "--config", "standin.json"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=30)
    assert (done.returncode, done.stdout) == (1, "")
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert "canary" not in done.stderr
