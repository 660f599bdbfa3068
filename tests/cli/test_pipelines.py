"""What can be started in a repository, and an action for one of them."""

from pathlib import Path
from typing import Any

import pytest

from daytwo_cli.exits import Exit
from daytwo_cli.flows.validate import problems_in

LISTED = {
    "items": [
        {"pipeline": "deploy.yml", "title": "Deploy", "why_not": None, "url": "https://ci/1"},
        {"pipeline": "push.yml", "title": "Push", "why_not": "Its `on` has no `workflow_dispatch`.", "url": None},
    ],
    "next_cursor": None,
}
ACTION = """\
# Made from deploy.yml
apiVersion: daytwo/v1
kind: Action
metadata: {name: deploy, title: Deploy}
spec:
  operation: day-2
  allow:
    run: ['group:who-may-run-this']
  steps:
    - id: run
      uses: github
      with: {project: acme/shop, pipeline: deploy.yml, ref: main}
"""
VERSION = {
    "name": "version", "type": "choice", "required": True, "default": None, "description": "Which",
    "options": ["a", "b"], "pattern": None, "line": 7,
}  # fmt: skip
ONE = {
    "connection": "github",
    "project": "acme/shop",
    "pipeline": "deploy.yml",
    "ref": "main",
    "file": ".github/workflows/deploy.yml",
    "inputs": [VERSION],
    "others": False,
    "packs": False,
    "marked": False,
    "fenced": False,
    "remarks": [{"severity": "warning", "code": "no-marker", "message": "Add the line.", "line": 3}],
    "action": ACTION,
}


@pytest.fixture
def served(server: Any) -> Any:
    server.on("GET", "/connections/github/pipelines", LISTED)
    server.on("GET", "/connections/github/pipelines/deploy.yml", ONE)
    return server


def test_a_list_says_why_the_others_cannot_be_started(cli: Any, served: Any) -> None:
    done = cli("pipelines", "github", "acme/shop", "--ref", "1.0.0")
    assert done.code == 0
    assert [line.split() for line in done.out.splitlines()] == [
        ["PIPELINE", "TITLE"],
        ["deploy.yml", "Deploy", "can", "be", "started"],
        ["push.yml", "Push", *["Its", "`on`", "has", "no", "`workflow_dispatch`."]],
    ]
    assert served.asked[-1].query == {"project": "acme/shop", "ref": "1.0.0"}
    assert cli("pipelines", "github", "acme/shop", "--json").json == LISTED


def test_one_is_shown_with_its_inputs_and_what_to_mend(cli: Any, served: Any) -> None:
    done = cli("pipelines", "github", "acme/shop", "deploy.yml")
    assert done.out.splitlines()[0] == ".github/workflows/deploy.yml of acme/shop at main"
    assert "version  choice  yes       –        a, b    Which" in done.out
    assert ".github/workflows/deploy.yml:3: warning: Add the line." in done.out
    assert cli("pipelines", "github", "acme/shop", "deploy.yml", "--json").json == ONE


def test_an_action_is_printed_that_validate_accepts(cli: Any, served: Any, tmp_path: Path) -> None:
    done = cli("pipelines", "github", "acme/shop", "deploy.yml", "--as", "action")
    assert (done.code, done.out) == (0, ACTION)
    file = tmp_path / "deploy.yaml"
    file.write_text(done.out)
    assert problems_in([file]) == []


@pytest.mark.parametrize("more", [["--as", "action"], ["deploy.yml", "--as", "action", "--json"]])
def test_what_does_not_go_together_is_refused_before_anything_is_asked(cli: Any, served: Any, more: list[str]) -> None:
    done = cli("pipelines", "github", "acme/shop", *more)
    assert done.code == Exit.USAGE
    assert served.asked == []


def test_a_name_that_would_change_the_address_does_not(cli: Any, served: Any) -> None:
    cli("pipelines", "../github?x", "acme/shop")
    assert served.asked[-1].path == "/api/v1/connections/..%2Fgithub%3Fx/pipelines"
