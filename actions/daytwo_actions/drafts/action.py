"""The whole action file as text. `daytwo validate` accepts it; whom it is for is left to who goes on with it."""

import re
from typing import Any, Final

import yaml
from pydantic import JsonValue
from yamlcore import CoreDumper

from daytwo_actions.backends.pipelines import PipelineInputs
from daytwo_actions.drafts.fields import Draft, draft, plain_text, title_of

NOBODY: Final = "group:who-may-run-this"  # no group has this name, so nobody may until somebody says who
_WIDTH: Final = 110
_SHORT: Final = 80  # characters of a list that stays in one line


def action_text(
    pipeline: PipelineInputs, *, connection: str, project: str, name: str, ref: str | None, title: str | None = None
) -> str:
    """An action that starts this pipeline. `name` is what a step writes as `pipeline`, empty when it writes none."""
    made = draft(pipeline.inputs, connection=connection, project=project)
    called = _action_name(name or project)
    document = {
        "apiVersion": "daytwo/v1",
        "kind": "Action",
        "metadata": {"name": called, "title": (plain_text(title or "", 200) or title_of(called))},
        "spec": {
            "operation": "day-2",
            **_form(made),
            "allow": {"run": _Line([NOBODY])},
            "steps": [{"id": "run", "uses": connection, "with": _with(made, project, name, ref)}],
        },
    }
    return _header(pipeline, project, made) + _dump(document)


def _form(made: Draft) -> dict[str, Any]:
    if not made.fields:
        return {}
    page: dict[str, Any] = {"title": "What"}
    if made.required:
        page["required"] = _listed(list(made.required))
    page["properties"] = {name: _field(one) for name, one in made.fields.items()}
    return {"form": {"pages": [page]}}


def _field(one: dict[str, JsonValue]) -> dict[str, Any]:
    shown: dict[str, Any] = dict(one)
    for key in ("enum", "default"):
        if isinstance(one.get(key), list):
            shown[key] = _listed(one[key])
    for key in ("from", "items"):
        if isinstance(one.get(key), dict):
            shown[key] = _Pairs(one[key])  # type: ignore[arg-type]  # a dict, as was just asked
    return shown


def _with(made: Draft, project: str, name: str, ref: str | None) -> dict[str, Any]:
    given: dict[str, Any] = {"project": project, "pipeline": name, "ref": ref}
    return {key: value for key, value in given.items() if value} | ({"inputs": made.inputs} if made.inputs else {})


def _header(pipeline: PipelineInputs, project: str, made: Draft) -> str:
    lines = [
        f"Made from {pipeline.file} of {project}. Read it before you register it: who may run it (nobody yet), whether",
        "somebody has to approve it, on which kind of entity it is offered (`target`), and what it locks (`lock`).",
        *made.left_out,
    ]
    if pipeline.others:
        lines.append("The pipeline takes inputs that it does not declare; add those that you need.")
    return "".join(f"# {' '.join(plain_text(line).split())}\n" for line in lines)


def _action_name(pipeline: str) -> str:
    stem = re.sub(r"\.ya?ml$", "", pipeline.rpartition("/")[2])
    word = "-".join(re.findall(r"[a-z0-9]+", stem.lower()))[:50].strip("-")
    return word if word[:1].isalpha() else f"run-{word}".rstrip("-")


class _Line(list[Any]):
    """A list in one line."""


class _Pairs(dict[str, Any]):
    """A map in one line."""


def _listed(values: JsonValue) -> Any:
    short = isinstance(values, list) and len(str(values)) <= _SHORT
    return _Line(values) if short and isinstance(values, list) else values


class _Dumper(CoreDumper):  # type: ignore[misc]  # yamlcore has no types
    """As people write: keys in their order, no anchors, texts of several lines as blocks."""

    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002  # as the base class calls it
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002  # the same
        super().increase_indent(flow, False)


def _text(dumper: Any, text: str) -> yaml.Node:
    block = "\n" in text and not any(line != line.rstrip() for line in text.split("\n"))
    node: yaml.Node = dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if block else None)
    return node


_Dumper.add_representer(str, _text)
_Dumper.add_representer(
    _Line, lambda dumper, data: dumper.represent_sequence("tag:yaml.org,2002:seq", data, flow_style=True)
)
_Dumper.add_representer(
    _Pairs, lambda dumper, data: dumper.represent_mapping("tag:yaml.org,2002:map", data.items(), flow_style=True)
)


def _dump(document: dict[str, Any]) -> str:
    return str(yaml.dump(document, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=_WIDTH))
