"""The parameters of a WorkflowTemplate or ClusterWorkflowTemplate, which comes as JSON and so has no lines.

https://argo-workflows.readthedocs.io/en/latest/fields/#parameter
A value that is given from outside has to be text. Argo takes parameters that the template does not declare; those
that its templates name as `workflow.parameters.…` without a declaration have to be given.
"""

import re
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Final

from pydantic import JsonValue

from daytwo_actions.backends.argo.wire.fence import Object, Place, asks_first
from daytwo_actions.backends.argo.wire.scripts import interpolations, members
from daytwo_actions.backends.pipelines import (
    InputType,
    PipelineInput,
    PipelineInputs,
    PipelineRemark,
    Refusing,
    Severity,
    is_ours,
)
from daytwo_actions.backends.remarks import MOST_REMARKS, Code, harmless_names, in_script, no_fence

MARKER_INPUT: Final = "daytwo_run"  # the marker of the attempt, given always; it is in the workflow's name too
_NAMED: Final = re.compile(r"\{\{=?[^{}]*?\bworkflow\.parameters\.([A-Za-z0-9_-]+)[^{}]*\}\}")
_MOST: Final = 100
# Argo looks for its own variables in what it has filled in (docs/decisions/0012).
_REFUSING: Final = Refusing(
    what="holds `{{`, or ends with `{`",
    advice="let the template take it encoded, and decode it there",
)
_TTL: Final = ("secondsAfterCompletion", "secondsAfterSuccess", "secondsAfterFailure")
_LEAST_TTL: Final = 3_600


def read_template(
    template: Mapping[str, JsonValue], file: str, parts: Mapping[Place, Object] | None = None
) -> PipelineInputs:
    """A template, as the API gives it, as a form would see it. `file` names it for people. Never raises.

    `parts` are the specs of those that it takes parts from, as far as they were read: whether they ask is looked at.
    """
    spec = template.get("spec")
    spec = spec if isinstance(spec, dict) else {}
    declared = tuple(_declared(spec))
    known = {one.name for one in declared}
    inputs = declared + tuple(_undeclared(spec, known))
    fenced = asks_first(spec, parts or {})
    remarks = [] if fenced else [no_fence(file)]
    if not stays(spec):
        said = (
            "Its workflows are removed within an hour of their end (`ttlStrategy`), and then their names are free "
            "again: after an answer that was lost, a person has to find out whether it ran. Keep them for a day."
        )
        remarks.append(_remark(Severity.WARNING, Code.REMOVED_SOON, said, file))
    elsewhere = next((text for key, text in _strings(spec) if key == "templateRef"), None)
    if elsewhere is not None:
        said = f"Templates that stand elsewhere (`templateRef`: {elsewhere}) were not looked at."
        remarks.append(_remark(Severity.NOTE, Code.ELSEWHERE, said, file))
    for place, text, safe in islice(interpolations(spec, harmless_names(inputs)), MOST_REMARKS):
        said = f"In {place}: {in_script(text, safe)}"
        remarks.append(_remark(Severity.WARNING, Code.INPUT_IN_SCRIPT, said, file))
    return PipelineInputs(file=file, inputs=inputs, others=True, marked=True, fenced=fenced, remarks=tuple(remarks))


def stays(spec: Mapping[str, JsonValue]) -> bool:
    """Whether a workflow stays for an hour after its end, as far as the template says."""
    strategy = spec.get("ttlStrategy")
    told = [strategy.get(key) for key in _TTL] if isinstance(strategy, dict) else []
    return all(isinstance(seconds, int) and seconds >= _LEAST_TTL for seconds in told if seconds is not None)


def _declared(spec: Mapping[str, JsonValue]) -> Iterator[PipelineInput]:
    arguments = spec.get("arguments")
    for one in members(arguments.get("parameters") if isinstance(arguments, dict) else None):
        name = one.get("name")
        if not isinstance(name, str) or is_ours(name):
            continue
        default = one.get("value", one.get("default"))
        source = one.get("valueFrom")
        if default is None and isinstance(source, dict):
            default = source.get("default")
        offered = one.get("enum")
        options = tuple(_text(option) for option in offered) if isinstance(offered, list) else ()
        description = one.get("description")
        yield PipelineInput(
            name=name,
            type=InputType.CHOICE if options else InputType.STRING,
            required=default is None and source is None,
            default=None if default is None else _text(default),
            description=description if isinstance(description, str) else None,
            options=options,
            refusing=None if options else _REFUSING,
        )


def _undeclared(spec: Mapping[str, JsonValue], known: set[str]) -> Iterator[PipelineInput]:
    named = {one[1] for _, text in _strings(spec) for one in _NAMED.finditer(text)}
    for name in sorted(named - known)[:_MOST]:
        if not is_ours(name):
            yield PipelineInput(name=name, type=InputType.STRING, required=True, refusing=_REFUSING)


def _strings(value: JsonValue | Mapping[str, JsonValue]) -> Iterator[tuple[str, str]]:
    """Every text below, with the key that it stands under. A `templateRef` is told by the name that it refers to."""
    waiting: list[tuple[str, object]] = [("", value)]
    while waiting:
        key, one = waiting.pop()
        if isinstance(one, str):
            yield key, one
        elif isinstance(one, list):
            waiting.extend((key, item) for item in one)
        elif isinstance(one, dict):
            if key == "templateRef":
                yield key, str(one.get("name"))
            waiting.extend(one.items())


def _text(value: JsonValue) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _remark(severity: Severity, code: Code, message: str, file: str) -> PipelineRemark:
    return PipelineRemark(severity=severity, code=code, message=message, file=file, line=None)
