"""A ``.gitlab-ci.yml``, as far as the stand-in itself reads it: its header, the name of its pipelines, its jobs.

https://docs.gitlab.com/ci/yaml/. What includes, extends and rules come to, gitlab-ci-local says.
"""

import dataclasses
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

import yaml

from daytwo_standins.gitlab.inputs import Input, declared, interpolate
from daytwo_standins.gitlab.records import Blueprint, PlannedJob, Trigger

_VARIABLE = re.compile(r"\$(?:\{(\w+)\}|(\w+))")
_CELL = re.compile(r"^(.*): \[(\d+/\d+)\]$")
_SPAN = re.compile(r"(\d+(?:\.\d+)?)\s*(second|minute|hour|day|s|m|h|d)?")
_SECONDS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_STAGES: Final = (".pre", "build", "test", "deploy", ".post")
_NO_JOBS: Final = frozenset(
    {"default", "image", "include", "pages", "services", "spec", "stages", "variables", "workflow", "before_script"}
    | {"after_script", "cache"}
)


class CiFileInvalidError(Exception):
    """The file is not a configuration; the text says why, as GitLab would."""


class _Loader(yaml.SafeLoader):
    """YAML with ``!reference``, which gitlab-ci-local resolves."""


def _reference(loader: yaml.SafeLoader, node: yaml.Node) -> list[Any]:
    assert isinstance(node, yaml.SequenceNode)
    return loader.construct_sequence(node)


_Loader.add_constructor("!reference", _reference)


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class CiFile:
    """A configuration at one commit: its inputs and the text below its header."""

    inputs: tuple[Input, ...]
    text: str

    def name(self, values: Mapping[str, Any], variables: Mapping[str, str]) -> str:
        """The name of a pipeline with these inputs and variables; empty when the file gives none."""
        workflow = _mapping(self.filled(values).get("workflow"))
        return expand(str(workflow.get("name") or ""), variables)[:255]

    def filled(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """The configuration with the inputs in their places.

        Raises:
            CiFileInvalidError: it is no YAML then, or no mapping.
        """
        data = _load(interpolate(self.text, values))
        if not isinstance(data, dict):
            raise CiFileInvalidError("Invalid configuration format")
        return data


def parse_ci_file(content: bytes) -> CiFile:
    """Read a configuration.

    Raises:
        CiFileInvalidError: it is no YAML.
    """
    text = content.decode(errors="replace")
    parts = re.split(r"(?m)^---[ \t]*$", text)
    head, rest = next(((i, part) for i, part in enumerate(parts) if part.strip()), (0, ""))
    header = _load(rest) if head + 1 < len(parts) else None
    if isinstance(header, dict) and "spec" in header:
        return CiFile(inputs=declared(header), text="\n---\n".join(parts[head + 1 :]))
    return CiFile(inputs=(), text=text)


def has_jobs(data: Mapping[str, Any]) -> bool:
    """Whether a configuration has a job of its own, or something that may bring one."""
    return "include" in data or any(_is_job(key, value) for key, value in data.items())


def expand(text: str, variables: Mapping[str, str]) -> str:
    """The text with its ``$VARIABLES`` replaced; one that is not known becomes nothing."""
    return _VARIABLE.sub(lambda found: variables.get(found[1] or found[2], ""), text)


def blueprint(listed: list[dict[str, Any]], expanded: str, variables: Mapping[str, str]) -> Blueprint:
    """The jobs that gitlab-ci-local lists, with what its expanded configuration says about them."""
    data = _mapping(_load(expanded))
    stages = tuple(str(stage) for stage in data.get("stages") or _STAGES)
    jobs = [_planned(one, data, variables) for one in listed if one["when"] != "never"]
    return Blueprint(stages=stages, jobs=tuple(sorted(jobs, key=lambda job: stages.index(job.stage))))


def _planned(listed: Mapping[str, Any], data: Mapping[str, Any], variables: Mapping[str, str]) -> PlannedJob:
    runs_as = str(listed["name"])
    base = runs_as if runs_as in data else runs_as.rpartition(": [")[0]
    facts = _mapping(data.get(base))
    cell = _CELL.match(runs_as)
    when = str(listed["when"])
    needs = listed.get("needs")
    environment = facts.get("environment")
    named = _mapping(environment).get("name") if isinstance(environment, dict) else environment
    wanted = facts.get("id_tokens", _mapping(data.get("default")).get("id_tokens"))
    return PlannedJob(
        name=f"{cell[1]} {cell[2]}" if cell else runs_as,
        runs_as=runs_as,
        base=base,
        stage=str(listed["stage"]),
        when=when,
        # A manual job that no rule made one may stay undone, unless the file says otherwise.
        allow_failure=listed["allow_failure"] is True
        or (when == "manual" and "allow_failure" not in facts and "rules" not in facts),
        needs=None if needs is None else tuple(str(need["job"]) for need in needs),
        dependencies=_dependencies(facts, needs),
        environment=expand(str(named or ""), variables),
        tags=tuple(str(tag) for tag in facts.get("tags") or ()),
        archive=expand(str(_mapping(facts.get("artifacts")).get("name") or "artifacts"), variables),
        id_tokens={name: _audiences(told, variables) for name, told in _mapping(wanted).items()},
        resource_group=expand(str(facts.get("resource_group") or ""), variables),
        start_in=_seconds(str(facts.get("start_in") or "")),
        trigger=_trigger(facts.get("trigger"), _mapping(facts.get("variables"))),
    )


def _trigger(told: object, variables: Mapping[str, Any]) -> Trigger | None:
    if told is None:
        return None
    facts = _mapping(told)
    includes = facts.get("include")
    files = [one for one in (includes if isinstance(includes, list) else [includes]) if one]
    mappings = [_mapping(one) for one in files]
    return Trigger(
        files=tuple(str(one if isinstance(one, str) else one.get("local", "")).lstrip("/") for one in files),
        inputs={name: value for one in mappings for name, value in _mapping(one.get("inputs")).items()}
        | dict(_mapping(facts.get("inputs"))),
        variables={
            str(name): str(_mapping(value).get("value") if isinstance(value, dict) else value)
            for name, value in variables.items()
        },
        follow=facts.get("strategy") in {"depend", "mirror"},
    )


def _dependencies(facts: Mapping[str, Any], needs: Sequence[Mapping[str, Any]] | None) -> tuple[str, ...] | None:
    told = facts.get("dependencies")
    if isinstance(told, list):
        return tuple(str(one) for one in told)
    return None if needs is None else tuple(str(need["job"]) for need in needs if need.get("artifacts", True))


def _audiences(told: object, variables: Mapping[str, str]) -> tuple[str, ...]:
    wanted = _mapping(told).get("aud")
    listed = wanted if isinstance(wanted, list) else [wanted or ""]
    return tuple(expand(str(one), variables) for one in listed)


def _seconds(text: str) -> float:
    return sum(float(number) * _SECONDS[(unit or "s")[0]] for number, unit in _SPAN.findall(text))


def _is_job(key: object, value: object) -> bool:
    return isinstance(value, dict) and not str(key).startswith(".") and key not in _NO_JOBS


def _load(text: str) -> Any:
    try:
        return yaml.load(text, Loader=_Loader)  # noqa: S506  # a SafeLoader with one more tag
    except yaml.YAMLError as error:
        said = " ".join(str(error).split())
        raise CiFileInvalidError(f"Invalid YAML syntax: {said}"[:500]) from error


def _mapping(data: object) -> Mapping[str, Any]:
    return data if isinstance(data, dict) else {}
