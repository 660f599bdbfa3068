"""A workflow file, as far as a dispatch needs to understand it.

https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-syntax
"""

import dataclasses
from collections.abc import Mapping
from typing import Any

import yaml
import yamlcore

from daytwo_standins.github.records import PlannedJob, PlannedStep

FOLDER = ".github/workflows"
MAX_INPUTS = 25


class WorkflowInvalidError(Exception):
    """The file is not a workflow; the text says why."""


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Input:
    """An input of ``workflow_dispatch``; ``kind`` is string, boolean, choice, number or environment."""

    name: str
    kind: str
    required: bool
    default: str | None
    options: tuple[str, ...]


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Concurrency:
    """The group that a run belongs to, before its expressions are filled."""

    group: str
    cancel_in_progress: str  # "true", "false" or an expression


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Workflow:
    """A workflow file at one commit; ``inputs`` is None when it cannot be dispatched."""

    name: str
    path: str
    run_name: str
    inputs: tuple[Input, ...] | None
    concurrency: Concurrency | None
    jobs: tuple[PlannedJob, ...]


def parse_workflow(path: str, content: bytes) -> Workflow:
    """Read a workflow file.

    Raises:
        WorkflowInvalidError: it is no YAML, no mapping, has no ``on`` or no ``jobs``.
    """
    try:
        data = plain_yaml(content)
    except yaml.YAMLError as error:
        raise WorkflowInvalidError(f"You have an error in your yaml syntax: {error}") from error
    if not isinstance(data, dict):
        raise WorkflowInvalidError("The workflow is not a mapping")
    jobs = data.get("jobs")
    if not isinstance(jobs, dict) or not jobs:
        raise WorkflowInvalidError("No jobs defined in `jobs`")
    if "on" not in data:
        raise WorkflowInvalidError("No event triggers defined in `on`")
    return Workflow(
        name=str(data.get("name") or path),
        path=path,
        run_name=str(data.get("run-name") or ""),
        inputs=_inputs(data["on"]),
        concurrency=_concurrency(data.get("concurrency")),
        jobs=tuple(_job(str(key), _mapping(job)) for key, job in jobs.items()),
    )


def plain_yaml(content: bytes) -> Any:
    """YAML 1.2 as GitHub reads it: `on` and `yes` are words."""
    return yaml.load(content, Loader=yamlcore.CCoreLoader)  # noqa: S506  # its constructor makes plain data only


def _inputs(on: object) -> tuple[Input, ...] | None:
    if on == "workflow_dispatch" or (isinstance(on, list) and "workflow_dispatch" in on):
        return ()
    if not isinstance(on, dict) or "workflow_dispatch" not in on:
        return None
    declared = _mapping(_mapping(on["workflow_dispatch"]).get("inputs"))
    return tuple(_input(str(name), _mapping(facts)) for name, facts in declared.items())


def _input(name: str, facts: Mapping[str, Any]) -> Input:
    default = facts.get("default")
    return Input(
        name=name,
        kind=str(facts.get("type") or "string"),
        required=facts.get("required") is True,
        default=None if default is None else as_text(default),
        options=tuple(as_text(option) for option in _list(facts.get("options"))),
    )


def _concurrency(data: object) -> Concurrency | None:
    if isinstance(data, str):
        return Concurrency(group=data, cancel_in_progress="false")
    facts = _mapping(data)
    if not facts.get("group"):
        return None
    return Concurrency(group=str(facts["group"]), cancel_in_progress=as_text(facts.get("cancel-in-progress", False)))


def _job(key: str, facts: Mapping[str, Any]) -> PlannedJob:
    runs_on = facts.get("runs-on")
    if isinstance(runs_on, dict):
        runs_on = runs_on.get("labels")
    return PlannedJob(
        key=key,
        name=str(facts.get("name") or ""),
        needs=tuple(str(need) for need in _list(facts.get("needs"))),
        conditional="if" in facts,
        matrix=bool(_mapping(facts.get("strategy")).get("matrix")),
        labels=tuple(str(label) for label in _list(runs_on)),
        environment=_environment(facts.get("environment")),
        steps=tuple(_step(_mapping(step)) for step in _list(facts.get("steps"))),
        outputs={str(name): str(value) for name, value in _mapping(facts.get("outputs")).items()},
    )


def _environment(data: object) -> str:
    return as_text(_mapping(data).get("name") or "") if isinstance(data, dict) else as_text(data or "")


def _step(facts: Mapping[str, Any]) -> PlannedStep:
    return PlannedStep(
        id=str(facts.get("id") or ""),
        name=str(facts.get("name") or ""),
        uses=str(facts.get("uses") or ""),
        run=str(facts.get("run") or ""),
        inputs={str(name): as_text(value) for name, value in _mapping(facts.get("with")).items()},
    )


def as_text(value: object) -> str:
    """A YAML or JSON scalar as GitHub hands it on."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _mapping(data: object) -> Mapping[str, Any]:
    return data if isinstance(data, dict) else {}


def _list(data: object) -> list[Any]:
    if data is None:
        return []
    return data if isinstance(data, list) else [data]
