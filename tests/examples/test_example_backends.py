"""The example company on other CI systems: the same actions, and pipelines that do the same."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from daytwo_actions.backends.argo.wire.inputs import read_template
from daytwo_actions.backends.gitlab.wire.inputs import read_pipeline
from daytwo_actions.registry import load_registry
from daytwo_standins.machines.config import ServiceName
from daytwo_standins.machines.variables import variables

ACTIONS = ("deploy", "rollback", "restart")  # what the company has on each of the three
LIBRARY = Path(__file__).parents[2] / "actions" / "library"


@pytest.mark.parametrize("name", ACTIONS)
def test_on_gitlab_an_action_differs_in_one_name_and_in_what_gitlab_does_not_have(examples: Path, name: str) -> None:
    text = (examples / "actions" / f"{name}.yaml").read_text()
    named = text.replace(f"name: {name}\n", f"name: {name}-gitlab\n").replace("a service\n", "a service by GitLab\n", 1)
    one_pipeline = named.replace(f"        pipeline: {name}.yml\n", "")  # GitLab has one for each project
    if name != "deploy":  # so an input says what it is to do
        one_pipeline = one_pipeline.replace("        inputs: { ", f"        inputs: {{ task: {name}, ")
        one_pipeline = one_pipeline.replace("        inputs:\n", f"        inputs:\n          task: {name}\n")
    expected = (examples / f"backends/gitlab/actions/{name}.yaml").read_text()
    assert one_pipeline.replace("github", "gitlab") == expected


@pytest.mark.parametrize("name", ACTIONS)
def test_on_argo_it_differs_in_the_place_too(examples: Path, name: str) -> None:
    ours = yaml.safe_load((examples / f"actions/{name}.yaml").read_text())["spec"]
    theirs = yaml.safe_load((examples / f"backends/argo/actions/{name}.yaml").read_text())["spec"]
    (step,), (other,) = ours.pop("steps"), theirs.pop("steps")
    assert ours == theirs
    assert (step.pop("uses"), other.pop("uses")) == ("github", "argo")
    given, wanted = step.pop("with"), other.pop("with")
    assert step == other
    assert given.pop("inputs") == wanted.pop("inputs")
    assert wanted == {"project": "${{ entity.properties.namespace }}", "pipeline": name}
    assert given.keys() == {"project", "pipeline", "ref"}


def test_the_actions_of_all_systems_can_be_loaded_together(examples: Path) -> None:
    folders = [examples / "actions", *(examples / "backends" / kind / "actions" for kind in ("gitlab", "argo"))]
    registry = load_registry([examples / "catalog", *folders])
    wanted = {f"{name}{of}" for name in ACTIONS for of in ("", "-gitlab", "-argo")}
    assert wanted <= {str(name) for name in registry.actions}


@pytest.mark.parametrize("name", ACTIONS)
def test_gitlabs_pipeline_is_found_again_asks_first_and_takes_what_the_action_gives(examples: Path, name: str) -> None:
    read = read_pipeline((examples / "repositories/common/.gitlab-ci.yml").read_bytes())
    assert (read.marked, read.fenced, [str(remark) for remark in read.remarks]) == (True, True, [])
    _fits(read.inputs, examples / f"backends/gitlab/actions/{name}.yaml")
    (task,) = [one for one in read.inputs if one.name == "task"]
    assert (task.default, set(task.options)) == ("deploy", set(ACTIONS))


@pytest.mark.parametrize("name", ACTIONS)
def test_argos_template_asks_first_and_takes_what_the_action_gives(examples: Path, name: str) -> None:
    loaded = {one: yaml.safe_load((examples / f"backends/argo/templates/{one}.yaml").read_text()) for one in ACTIONS}
    read = read_template(loaded[name], name, {(one, False): told["spec"] for one, told in loaded.items()})
    assert read.fenced
    assert {remark.code for remark in read.remarks} <= {"elsewhere"}
    _fits(read.inputs, examples / f"backends/argo/actions/{name}.yaml")


def test_what_asks_is_that_of_the_library(examples: Path) -> None:
    for copy, original in (
        ("repositories/common/ci/daytwo-claim/ask.sh", "claim/ask.sh"),
        ("repositories/common/ci/daytwo-claim/action.yml", "claim/action.yml"),
    ):
        assert (examples / copy).read_text() == (LIBRARY / original).read_text(), f"copy actions/library/{original}"


def _fits(inputs: Any, action: Path) -> None:
    (step,) = yaml.safe_load(action.read_text())["spec"]["steps"]
    given = set(step["with"]["inputs"])
    assert given <= {one.name for one in inputs}
    assert {one.name for one in inputs if one.required} <= given
    (where,) = [one for one in inputs if one.name == "environment"]
    assert set(where.options) == {"staging", "production"}


@pytest.mark.usefixtures("machines")
def test_a_switch_without_later_steps_takes_itself_back_when_it_is_told_to_end(
    acme: Any, eventually: Callable[..., None]
) -> None:
    clone = acme.work / "clone"
    subprocess.run(["git", "clone", "--quiet", str(acme.repositories / "shop"), str(clone)], check=True)
    told = {"SERVICE": "shop", "ENVIRONMENT": "staging", "VERSION": "1.1.0", "WATCH_SECONDS": "60"}
    told |= {"PATH": os.environ["PATH"], **variables(acme.root, ServiceName("shop"), config=acme.config)}
    subprocess.run([sys.executable, "ci/install.py"], cwd=clone, env=told, check=True, capture_output=True)
    switch = [sys.executable, "ci/switch.py", "safely"]
    with subprocess.Popen(
        switch, cwd=clone, env=told, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as run:
        eventually(lambda: acme.version().get("version") == "1.1.0", "1.1.0 answers")
        run.terminate()
        said, complained = run.communicate(timeout=60)
    assert run.returncode == 1
    assert "shop 1.0.0 runs in staging again" in said
    assert "told to end before the switch was done" in complained
    assert acme.version()["version"] == "1.0.0"
