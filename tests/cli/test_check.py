"""Actions against their pipelines, by a server and without one."""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from company import EXAMPLES

from daytwo_cli.exits import Exit
from daytwo_standins.github.testing import RunningStandin, make_repository, start_standin

PROBLEM = {
    "file": "deploy.yaml",
    "line": 7,
    "column": 3,
    "severity": "error",
    "message": "It does not fit",
    "suggestion": "Mend it.",
    "pointer": "/spec/steps/0",
}
GOOD: dict[str, Any] = {"problems": [], "actions": 3, "checked": 6}
TOKEN = "token-of-the-bot"
WORKFLOW = """\
run-name: Deploy [${{ inputs.daytwo_run }}]
on:
  workflow_dispatch:
    inputs:
      version: {type: string, required: true}
      daytwo_run: {type: string, default: ''}
jobs:
  one: {runs-on: ubuntu-latest, steps: [{run: 'true'}]}
"""
ACTION = """\
apiVersion: daytwo/v1
kind: Action
metadata: { name: deploy, title: Deploy }
spec:
  operation: day-2
  allow: { run: ["group:sre"] }
  steps:
    - id: ship
      uses: github
      with:
        project: acme/shop
        pipeline: deploy.yml
        ref: main
        inputs: { version: "1.0.0" }
"""


def told(severity: str) -> dict[str, Any]:
    return {**GOOD, "problems": [{**PROBLEM, "severity": severity}]}


@pytest.mark.parametrize(
    ("answer", "more", "code"),
    [
        (GOOD, [], Exit.SUCCESS),
        (GOOD, ["--strict"], Exit.SUCCESS),
        (told("error"), [], Exit.FAILED),
        (told("warning"), [], Exit.SUCCESS),
        (told("warning"), ["--strict"], Exit.FAILED),
        (told("note"), [], Exit.SUCCESS),
        (told("note"), ["--strict"], Exit.FAILED),
    ],
)
def test_the_exit_code_tells(cli: Any, server: Any, answer: Any, more: list[str], code: Exit) -> None:
    server.on("POST", "/check", answer)
    done = cli("check", *more)
    assert done.code == code
    assert "3 actions, 6 pipelines compared" in done.err
    assert server.bodies("/check") == [{"files": [], "connections": []}]


def test_problems_are_told_at_their_place(cli: Any, server: Any) -> None:
    server.on("POST", "/check", told("warning"))
    assert cli("check").out == "deploy.yaml:7:3: warning: It does not fit. Mend it.\n"
    assert cli("check", "--json").json == told("warning")
    server.on("POST", "/check", {**GOOD, "problems": [{**PROBLEM, "line": 0, "column": 0}]})
    assert cli("check").out == "deploy.yaml, at /spec/steps/0: It does not fit. Mend it.\n", "no false line"


def test_files_are_sent_a_hundred_kilobytes_at_a_time(cli: Any, server: Any, tmp_path: Path) -> None:
    server.on("POST", "/check", GOOD)
    for number in range(3):
        (tmp_path / f"{number}.yaml").write_text(ACTION + "# " + "x" * 45_000 + "\n")
    (tmp_path / "README.md").write_text("not sent")
    done = cli("check", str(tmp_path), "--connection", "github")
    sent = server.bodies("/check")
    assert [len(one["files"]) for one in sent] == [2, 1]
    assert sent[0]["connections"] == ["github"]
    assert "6 actions" in done.err


def test_what_is_not_there_is_told_before_anything_is_asked(cli: Any, server: Any, tmp_path: Path) -> None:
    assert cli("check", str(tmp_path / "none")).code == Exit.USAGE
    assert cli("check", str(tmp_path)).code == Exit.USAGE
    assert server.asked == []


def test_a_server_that_is_not_there(cli: Any, server: Any) -> None:
    done = cli("check", environment={"DAYTWO_URL": "http://127.0.0.1:1", "DAYTWO_TOKEN": "x"})
    assert done.code == Exit.UNREACHABLE


@pytest.fixture(scope="module")
def standin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStandin]:
    path = tmp_path_factory.mktemp("repositories") / "shop"
    make_repository(path, [({".github/workflows/deploy.yml": WORKFLOW}, "1.0.0")])
    repositories = [{"full_name": "acme/shop", "path": path}]
    tokens = [{"login": "acme-bot", "token": TOKEN, "type": "Bot"}]
    with start_standin(tmp_path_factory.mktemp("standin"), repositories, tokens=tokens) as running:
        yield running


@pytest.fixture
def configured(standin: RunningStandin, tmp_path: Path) -> dict[str, str]:
    """Settings as a CI job has them: nothing but the connection matters."""
    (tmp_path / "token").write_text(TOKEN)
    (tmp_path / "key").write_bytes(b"k" * 32)
    config = tmp_path / "daytwo.yaml"
    config.write_text(
        "database_url: postgresql://nobody@127.0.0.1:1/none\nsecret_file: key\n"
        f"connections: {{github: {{backend: github, address: '{standin.url}', token_file: token}}}}\n"
    )
    return {"DAYTWO_CONFIG": str(config)}


def test_directly_against_the_ci_system(cli: Any, configured: dict[str, str], tmp_path: Path) -> None:
    actions = tmp_path / "actions"
    actions.mkdir()
    (actions / "deploy.yaml").write_text(ACTION)
    done = cli("check", str(actions), "--direct", "--strict", environment=configured)
    assert (done.code, done.out) == (0, "")
    assert "1 action, 1 pipeline compared: 0 errors, 0 warnings, 0 not checked." in done.err
    (actions / "deploy.yaml").write_text(ACTION.replace("version:", "verison:"))
    done = cli("check", str(actions), "--direct", environment=configured)
    assert done.code == Exit.FAILED
    assert f"{actions / 'deploy.yaml'}:14:19: The pipeline declares no input `verison`" in done.out
    assert "(.github/workflows/deploy.yml:5 of acme/shop at main)" in done.out
    (actions / "deploy.yaml").write_text(ACTION.replace("deploy.yml", "other.yml"))
    done = cli("check", str(actions), "--direct", environment=configured)
    assert "has no pipeline 'other.yml'" in done.out


POLICY = """\
apiVersion: daytwo/v1
kind: Policy
metadata: { name: acme }
spec:
  roles: { admin: ["group:platform"] }
  editor_must_be_known: true
"""
SAM = """\
apiVersion: daytwo/v1
kind: Entity
metadata: { kind: person, name: sam, title: Sam }
spec: { properties: { email: sam@acme.example } }
"""


def test_a_policy_that_wants_to_know_who_changed_a_file_is_told_of_whom_nobody_knows(
    cli: Any, configured: dict[str, str], tmp_path: Path
) -> None:
    company = tmp_path / "company"
    company.mkdir()
    for name, text in (("deploy", ACTION), ("policy", POLICY), ("sam", SAM)):
        (company / f"{name}.yaml").write_text(text)
    shutil.copy(EXAMPLES / "catalog" / "kinds.yaml", company)
    refused = cli("check", str(company), "--direct", environment=configured)
    assert refused.code == Exit.FAILED
    assert f"{company / 'deploy.yaml'}:1:1: Who last changed this file is not known (its file stands in no Git" in (
        refused.out
    )
    for author in ("Eve <eve@elsewhere.example>", "Sam <sam@acme.example>"):
        subprocess.run(["git", "-C", str(company), "init", "-q"], check=True)
        (company / "deploy.yaml").write_text(f"{ACTION}# {author}\n")
        subprocess.run(["git", "-C", str(company), "add", "-A"], check=True)
        who = ("-c", "user.name=x", "-c", "user.email=x@example", "-c", "commit.gpgsign=false")
        subprocess.run(["git", "-C", str(company), *who, "commit", "-qmx", f"--author={author}"], check=True)
        done = cli("check", str(company), "--direct", environment=configured)
        assert (done.code == Exit.SUCCESS, "nobody in the catalog has" in done.out) == (
            author.startswith("Sam"),
            author.startswith("Eve"),
        )


def test_directly_without_settings(cli: Any, tmp_path: Path) -> None:
    done = cli("check", str(tmp_path), "--direct", environment={})
    assert done.code == Exit.USAGE
    assert "settings are missing" in done.err
