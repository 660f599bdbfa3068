"""Whoever dies: an accepted workflow is known and executed once, and what cannot go on fails and says so."""

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

from daytwo_standins.argo.testing import RunningStandin, eventually, start_standin

TOKEN = "standin-token-of-the-bot"
ECHO = """\
kind: WorkflowTemplate
metadata: {name: echo}
spec:
  entrypoint: main
  templates: [{name: main, container: {image: any, command: [echo, said]}}]
"""
GATED = """\
kind: WorkflowTemplate
metadata: {name: gated}
spec:
  entrypoint: main
  arguments: {parameters: [{name: gate}]}
  templates:
  - name: main
    steps: [[{name: wait, template: wait}], [{name: after, template: after}]]
  - name: wait
    script:
      image: any
      command: [sh]
      source: |
        echo $$ > '{{workflow.parameters.gate}}.pid'
        until [ -e '{{workflow.parameters.gate}}' ]; do sleep 0.05; done
  - name: after
    script: {image: any, command: [sh], source: "echo ran >> '{{workflow.parameters.gate}}.done'"}
"""


class Victim:
    """A stand-in that may be killed, and a client for it."""

    def __init__(self, standin: RunningStandin) -> None:
        self.standin = standin
        headers = {"authorization": f"Bearer {TOKEN}"}
        self.http = httpx.Client(base_url=standin.url, headers=headers, trust_env=False)

    def create(self, template: str, namespace: str = "argo", **parameters: str) -> dict[str, Any]:
        """Create a workflow."""
        given = [{"name": key, "value": value} for key, value in parameters.items()]
        spec = {"workflowTemplateRef": {"name": template}, "arguments": {"parameters": given}}
        body = {"workflow": {"metadata": {"generateName": f"{template}-"}, "spec": spec}}
        answer = self.http.post(f"/api/v1/workflows/{namespace}", json=body)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def get(self, workflow: dict[str, Any]) -> dict[str, Any]:
        """Read it again."""
        metadata = workflow["metadata"]
        found: dict[str, Any] = self.http.get(f"/api/v1/workflows/{metadata['namespace']}/{metadata['name']}").json()
        return found

    def phase(self, workflow: dict[str, Any]) -> str:
        """Where it is."""
        return str(self.get(workflow)["status"].get("phase", ""))

    def end(self, workflow: dict[str, Any]) -> str:
        """How it ended, once it has."""
        return str(eventually(lambda: (found := self.phase(workflow)) in {"Succeeded", "Failed", "Error"} and found))


@pytest.fixture(scope="module")
def running_victim(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Victim]:
    """The victim of this module."""
    files = {"echo.yaml": ECHO, "gated.yaml": GATED}
    with start_standin(
        tmp_path_factory.mktemp("victim"),
        {"argo": files, "instant": files},
        tokens=[{"login": "daytwo-bot", "token": TOKEN}],
        namespace_settings={"instant": {"executor": "instant"}},
        settings={"runners": 2, "grace": 0.5},
    ) as standin:
        victim = Victim(standin)
        yield victim
        victim.http.close()


@pytest.fixture
def victim(running_victim: Victim) -> Iterator[Victim]:
    """The victim, alive."""
    yield running_victim
    if running_victim.standin.process.poll() is not None:
        running_victim.standin.restart()
    running_victim.standin.control.clear_faults()


def _begun(gate: Path) -> int:
    file = Path(f"{gate}.pid")
    eventually(lambda: file.exists() and file.read_text().strip())
    return int(file.read_text())


def _runner_of(workflow: dict[str, Any]) -> int:
    """The id of the process that carries a workflow."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and entry.name != str(os.getpid()):
            try:
                line = (entry / "cmdline").read_text()
            except OSError:
                continue
            if "daytwo_standins.argo.runner" in line and workflow["metadata"]["uid"] in line:
                return int(entry.name)
    raise AssertionError("it has no runner")


def _gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


def test_a_killed_standin_finds_what_runs_what_ended_and_what_waits(victim: Victim, tmp_path: Path) -> None:
    gates = [tmp_path / f"gate-{number}" for number in range(3)]
    workflows = [victim.create("gated", gate=str(gate)) for gate in gates]
    instant = victim.create("echo", "instant")
    for gate in gates[:2]:
        _begun(gate)
    assert victim.phase(workflows[2]) == "Pending", "only two run at once"
    victim.standin.kill()
    gates[0].touch()
    eventually(Path(f"{gates[0]}.done").exists)
    victim.standin.start()
    assert victim.end(workflows[0]) == "Succeeded", "it went on from step to step while nobody looked"
    assert victim.phase(workflows[1]) == "Running"
    assert victim.end(instant) == "Succeeded"
    for gate in gates[1:]:
        gate.touch()
    assert {victim.end(workflow) for workflow in workflows} == {"Succeeded"}
    assert [Path(f"{gate}.done").read_text() for gate in gates] == ["ran\n"] * 3, "each was run once"
    uids = [workflow["metadata"]["uid"] for workflow in [*workflows, instant]]
    assert [line["uid"] for line in victim.standin.control.ledger()][-4:] == uids


def test_what_was_deleted_stays_deleted(victim: Victim, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    workflow, other = victim.create("gated", gate=str(gate)), victim.create("echo", "instant")
    step = _begun(gate)
    for one in (workflow, other):
        metadata = one["metadata"]
        assert victim.http.delete(f"/api/v1/workflows/{metadata['namespace']}/{metadata['name']}").status_code == 200
    eventually(lambda: _gone(step))
    victim.standin.kill()
    victim.standin.start()
    assert victim.get(workflow)["code"] == 5
    assert victim.get(other)["status"]["phase"] == "Succeeded", "the archive has it"
    assert not Path(f"{gate}.done").exists()


def test_a_create_whose_answer_was_lost_is_executed(victim: Victim, tmp_path: Path) -> None:
    gate, before = tmp_path / "gate", len(victim.standin.control.ledger())
    hook = {"signal": "KILL", "pid": victim.standin.process.pid, "when": "after"}
    victim.standin.control.add_fault({"match": {"operation": "dispatch"}, "hook": hook})
    with pytest.raises(httpx.TransportError):
        victim.create("gated", gate=str(gate))
    victim.standin.process.wait()
    victim.standin.restart()
    gate.touch()
    accepted = victim.standin.control.ledger()[before:]
    assert len(accepted) == 1
    assert victim.end({"metadata": accepted[0]}) == "Succeeded"
    assert Path(f"{gate}.done").read_text() == "ran\n"


def test_a_line_that_a_crash_cut_off_was_never_accepted(victim: Victim) -> None:
    first = victim.create("echo", "instant")["metadata"]
    victim.standin.kill()
    ledger = victim.standin.data / "ledger.jsonl"
    last = ledger.read_bytes().splitlines()[-1]
    with ledger.open("ab") as file:
        file.write(last.replace(first["name"].encode(), b"torn-line")[:-20])
    victim.standin.start()
    second = victim.create("echo", "instant")["metadata"]
    assert [line["uid"] for line in victim.standin.control.ledger()][-2:] == [first["uid"], second["uid"]]
    assert victim.http.get("/api/v1/workflows/instant/torn-line").status_code == 404


@pytest.mark.parametrize("standin_too", [False, True])
def test_a_dead_runner_is_an_error_that_says_so(victim: Victim, tmp_path: Path, standin_too: bool) -> None:
    workflow = victim.create("gated", gate=str(tmp_path / "gate"))
    step = _begun(tmp_path / "gate")
    if standin_too:
        victim.standin.kill()
    os.kill(_runner_of(workflow), signal.SIGKILL)
    if standin_too:
        victim.standin.start()
    assert victim.end(workflow) == "Error"
    status = victim.get(workflow)["status"]
    assert "The runner died" in status["message"]
    assert {node["phase"] for node in status["nodes"].values()} == {"Error"}
    eventually(lambda: _gone(step))


def test_what_people_asked_for_while_it_waited_is_done(victim: Victim, tmp_path: Path) -> None:
    gates = [tmp_path / f"gate-{number}" for number in range(3)]
    workflows = [victim.create("gated", gate=str(gate)) for gate in gates]
    waiting = workflows[2]["metadata"]["name"]
    for gate in gates[:2]:
        _begun(gate)
    answer = victim.http.put(f"/api/v1/workflows/argo/{waiting}/stop", json={})
    assert answer.json()["status"]["phase"] == "Failed", "it ends without having begun"
    for gate in gates:
        gate.touch()
    assert [victim.end(workflow) for workflow in workflows] == ["Succeeded", "Succeeded", "Failed"]
    assert not Path(f"{gates[2]}.pid").exists()


def test_a_retry_survives_a_crash(victim: Victim, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    workflow = victim.create("gated", gate=str(gate))
    _begun(gate)
    path = f"/api/v1/workflows/argo/{workflow['metadata']['name']}"
    victim.http.put(f"{path}/terminate", json={})
    assert victim.end(workflow) == "Failed"
    Path(f"{gate}.pid").unlink()
    assert victim.http.put(f"{path}/retry", json={}).json()["status"]["phase"] == "Running"
    _begun(gate)
    victim.standin.kill()
    victim.standin.start()
    assert victim.phase(workflow) == "Running"
    gate.touch()
    assert victim.end(workflow) == "Succeeded"
    assert Path(f"{gate}.done").read_text() == "ran\n"
    kinds = [line["kind"] for line in victim.standin.control.ledger(kind=None)]
    assert kinds[-1] == "rerun"


def test_two_do_not_work_in_one_folder(victim: Victim) -> None:
    folder = victim.standin.data
    command = [sys.executable, "-m", "daytwo_standins.argo", "--data", str(folder), "--config", "standin.json"]
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
        ({"tokens": [], "namespaces": [{"name": "a", "templates": "none"}]}, "the folder of templates, is not there"),
        ({"tokens": [], "namespaces": [{"name": "a", "templates": "bad"}]}, "broken.yaml cannot be read"),
        ({"tokens": [{"login": "x", "token": {"env": "NO_SUCH"}}], "namespaces": []}, "NO_SUCH is not set"),
        ({"tokens": [{"login": "x", "token": "canary", "x": 1}], "namespaces": []}, "Extra inputs"),
    ],
)
def test_a_wrong_configuration_does_not_start(tmp_path: Path, config: dict[str, Any], message: str) -> None:
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "broken.yaml").write_text("a: [")
    (tmp_path / "standin.json").write_text(json.dumps(config))
    command = [sys.executable, "-m", "daytwo_standins.argo", "--data", "data", "--config", "standin.json"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=30)
    assert (done.returncode, done.stdout) == (1, "")
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert "canary" not in done.stderr
