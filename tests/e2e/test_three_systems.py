"""The example company on GitLab and on Argo beside GitHub: one action, three CI systems, and everything really runs.

One company for the module; `make e2e` and `make chaos` run it. Where jobs of GitLab cannot run
(gitlab-ci-local, rsync), its tests are skipped and say why.
"""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.chaos.harness.person import Journal, Person

from daytwo_cli.up.gitlab import missing
from daytwo_cli.up.standin import Kind
from daytwo_standins.shared.testing import assert_described
from daytwo_store.states import RUN_ENDS

PROGRAM = [sys.executable, "-m", "daytwo_cli"]
WITHOUT = missing()
GITLAB = pytest.param("gitlab", marks=pytest.mark.skipif(bool(WITHOUT), reason=f"GitLab is left out: {WITHOUT}"))
SYSTEMS = [GITLAB, "argo"]
EVERY = ["github", *SYSTEMS]
long = pytest.mark.long  # runs with `make e2e` and `make chaos`
STORY = {
    "gitlab": {
        ("job", "test"),
        ("job", "install"),
        ("job", "switch"),
    },
    "argo": {("job", "test"), ("group", "[3]"), ("job", "check"), ("job", "switch")},
}


@dataclass
class Company:
    """A running `daytwo up --backends all`, Ana and Sam signed in, and Sam at a terminal too."""

    data: Path
    ana: Person
    sam: Person

    @property
    def now(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.data / "processes.json").read_text())
        return found

    def asks(
        self, system: str, version: str | None, environment: str = "staging", *, action: str = "", **more: str
    ) -> str:
        """Ana starts the deploy of the shop, or another action on it; the run."""
        inputs = {"environment": f"environment:{environment}", **({"version": version} if version else {}), **more}
        body = {"entity": "service:shop", "inputs": inputs}
        action = action or named("deploy", system)
        answer = self.ana.insist("POST", f"/actions/{action}/runs", json=body, headers=_key())
        assert answer.status_code == 202, answer.text
        return str(answer.json()["id"])

    def deploys(self, system: str, version: str, environment: str = "staging") -> dict[str, Any]:
        return self.ends(self.asks(system, version, environment))

    def waits(self, run: str, true: Callable[[dict[str, Any]], object], *, seconds: float = 120) -> dict[str, Any]:
        deadline = time.monotonic() + seconds
        while not true(now := self.ana.run(run)):
            assert now["state"] not in RUN_ENDS and time.monotonic() < deadline, _told(now)  # noqa: PT018
            time.sleep(0.1)
        return now

    def ends(self, run: str) -> dict[str, Any]:
        return self.waits(run, lambda now: now["state"] in RUN_ENDS)

    def log(self, run: str) -> str:
        return self.ana.insist("GET", f"/runs/{run}/logs.txt").text

    def answers(self, environment: str = "staging") -> str:
        """The version that the application itself says it is."""
        entity = self.ana.insist("GET", f"/entities/deployment/shop-{environment}").json()
        return str(httpx.get(f"{entity['properties']['url']}version", trust_env=False).json()["version"])

    def daytwo(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        told = {"PATH": os.environ["PATH"], "HOME": str(self.data / "home"), "DAYTWO_URL": str(self.now["page"])}
        return subprocess.run([*PROGRAM, *arguments], env=told, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Company]:
    folder = tmp_path_factory.mktemp("three")
    data, log = folder / "data", folder / "up.log"
    with log.open("w") as out:
        argv = [*PROGRAM, "up", "--backends", "all", "--data", str(data), "--profile", "test"]
        process = subprocess.Popen(argv, stdout=out, stderr=out, text=True)
    people: list[Person] = []
    try:
        deadline = time.monotonic() + 120
        while "Ctrl-C stops everything" not in log.read_text():
            assert process.poll() is None and time.monotonic() < deadline, log.read_text()  # noqa: PT018
            time.sleep(0.1)
        assert ("GitLab is left out" in log.read_text()) == bool(WITHOUT)
        for kind in Kind:  # whether the vendors' descriptions are at hand or not
            told = f"held against {kind.called}'s description" in log.read_text()
            assert told or (kind is Kind.GITLAB and WITHOUT)
        page, journal = json.loads((data / "processes.json").read_text())["page"], Journal()
        people += [Person.sign_in(page, name, journal) for name in ("ana", "sam")]
        made = Company(data, *people)
        assert made.daytwo("login", "--as", "sam").returncode == 0
        yield made
        assert_described(*(data / kind for kind in Kind))
    finally:
        for person in people:
            person.close()
        process.send_signal(signal.SIGTERM)
        process.wait(60)


def named(action: str, system: str) -> str:
    """What the example company calls an action on a CI system; those on GitHub have the plain names."""
    return action if system == "github" else f"{action}-{system}"


def _key() -> dict[str, str]:
    return {"Idempotency-Key": f"three-{time.monotonic_ns()}"}


def _told(run: dict[str, Any]) -> str:
    return json.dumps(
        {name: run[name] for name in ("state", "text", "waits", "reason", "first_error", "steps")}, indent=1
    )


def _steps(run: dict[str, Any]) -> list[dict[str, Any]]:
    return [job for step in run["steps"] for job in step["jobs"]]


@long
@pytest.mark.parametrize("system", SYSTEMS)
def test_a_deploy_really_installs_the_release(company: Company, system: str) -> None:
    run = company.deploys(system, "1.1.0")
    assert run["state"] == "succeeded", _told(run)
    assert company.answers() == "1.1.0"
    (step,) = run["steps"]
    assert step["uses"] == system
    assert {(job["kind"], job["name"]) for job in step["jobs"]} >= STORY[system]
    attempt = step["attempts"][-1]
    assert attempt["claimed_by"], "the pipeline asked before it worked"
    results = step["outputs"] if system == "gitlab" else json.loads(step["outputs"]["result"])
    assert results["version"] == "1.1.0"
    log = company.log(run["id"])
    assert "shop 1.1.0 answers in staging" in log
    assert "Daytwo: this run may work." in log
    entity = company.ana.insist("GET", "/entities/deployment/shop-staging").json()
    assert (entity["properties"]["version"], entity["properties"]["run"]) == ("1.1.0", run["id"])


@long
@pytest.mark.parametrize("system", EVERY)
def test_it_rolls_back_and_restarts_too(company: Company, system: str) -> None:
    was = company.deploys(system, "1.1.0")
    assert was["state"] == "succeeded", _told(was)
    back = company.ends(company.asks(system, "1.0.0", action=named("rollback", system), reason="wrong cart"))
    assert (back["state"], company.answers()) == ("succeeded", "1.0.0"), _told(back)
    again = company.ends(company.asks(system, None, action=named("restart", system)))
    assert (again["state"], company.answers()) == ("succeeded", "1.0.0"), _told(again)
    assert "was started at" in company.log(again["id"])
    names = [{job["name"].casefold() for job in _steps(run)} for run in (back, again)]
    assert "test" not in names[0] | names[1], "what goes back was tested before"
    assert ("switch" in names[0], "switch" in names[1]) == (True, False)


@long
@pytest.mark.parametrize("system", SYSTEMS)
def test_a_release_that_fails_its_check_is_not_switched_to_and_its_line_is_shown(company: Company, system: str) -> None:
    before = company.answers()
    run = company.deploys(system, "1.2.0")
    assert run["state"] == "failed", _told(run)
    assert run["first_error"]["job"] == "check"
    assert "the setting PAYMENTS_URL is missing" in run["first_error"]["text"]
    assert company.answers() == before
    states = {job["name"]: job["status"] for job in _steps(run)}
    assert states["check"] == "failed"
    assert states.get("switch", "skipped") == "skipped"


@long
@pytest.mark.parametrize("system", SYSTEMS)
def test_one_that_runs_is_cancelled(company: Company, system: str) -> None:
    before = company.answers()
    run = company.asks(system, "1.0.0")
    company.waits(run, lambda now: any(job["status"] == "running" for job in _steps(now)))
    assert company.ana.cancel(run).is_success
    ended = company.ends(run)
    assert ended["state"] == "cancelled", _told(ended)
    assert company.answers() == before


@long
@pytest.mark.parametrize("system", SYSTEMS)
def test_in_production_the_pipeline_itself_asks_once_more_and_is_answered_from_here(
    company: Company, system: str
) -> None:
    run = company.asks(system, "1.1.0", "production")
    company.waits(run, lambda now: now["state"] == "waiting_approval")
    assert company.sam.decide(run).is_success
    waiting = company.waits(run, lambda now: now["gates"])
    assert [job["name"] for job in _steps(waiting) if job["status"] == "waiting"] == [
        "switch" if system == "gitlab" else "confirm"
    ]
    assert "waits in" in waiting["waits"]["text"]
    answered = company.daytwo("answer", run, waiting["gates"][0]["id"], "go", "--yes", "--comment", "looks good")
    assert answered.returncode == 0, answered.stderr
    ended = company.ends(run)
    assert ended["state"] == "succeeded", _told(ended)
    assert company.answers("production") == "1.1.0"


@long
def test_all_actions_fit_their_pipelines(company: Company) -> None:
    assert company.daytwo("login", "--as", "pat").returncode == 0
    checked = company.daytwo("check", "--strict")
    assert (checked.returncode, checked.stdout) == (0, ""), checked.stderr
    assert company.daytwo("login", "--as", "sam").returncode == 0


@long
@pytest.mark.parametrize("system", SYSTEMS)
def test_an_undo_brings_back_what_another_system_has_deployed(company: Company, system: str) -> None:
    by_github = company.deploys("github", "1.1.0")
    assert by_github["state"] == "succeeded", _told(by_github)
    bad = company.deploys(system, "1.3.0")
    assert (bad["state"], company.answers()) == ("succeeded", "1.3.0"), _told(bad)
    undo = company.ana.insist("POST", f"/runs/{bad['id']}/undo", json={"reason": "wrong cart"}, headers=_key())
    assert undo.status_code == 202, undo.text
    undone = company.ends(undo.json()["id"])
    assert (undone["state"], undone["steps"][0]["uses"]) == ("succeeded", system), _told(undone)
    assert company.answers() == "1.1.0"
