"""A workflow made whole: the spec of its template below its own, every argument with a value, all templates at hand."""

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any

from daytwo_standins.argo.interpreter.calls import scope_of
from daytwo_standins.argo.interpreter.tags import text_of
from daytwo_standins.argo.problems import invalid, not_found
from daytwo_standins.argo.templates import Templates

Spec = dict[str, Any]


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Whole:
    """What will be run."""

    spec: Spec
    stored_templates: dict[str, Any]
    labels: dict[str, str]  # that the template gives to its workflows
    annotations: dict[str, str]


def whole(templates: Templates, namespace: str, spec: Mapping[str, Any], config_maps: Mapping[str, Any]) -> Whole:
    """A spec with everything that it refers to.

    Raises:
        ApiError: something is not there, or a parameter has no value or a wrong one; nothing was started.
    """
    reference = spec.get("workflowTemplateRef")
    base = templates.get(namespace, reference)["spec"] if reference else {}
    merged = {**base, **spec, "templates": [*(spec.get("templates") or []), *(base.get("templates") or [])]}
    merged["arguments"] = {
        "parameters": [_valued(one, config_maps) for one in _arguments(base, spec).values()],
    }
    metadata = base.get("workflowMetadata") or {}
    return Whole(
        spec=merged,
        stored_templates=_referenced(templates, namespace, merged),
        labels={key: str(value) for key, value in (metadata.get("labels") or {}).items()},
        annotations={key: str(value) for key, value in (metadata.get("annotations") or {}).items()},
    )


def _arguments(base: Mapping[str, Any], spec: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The parameters by name: what the workflow says goes before what its template says."""
    found: dict[str, dict[str, Any]] = {}
    for source in (base, spec):
        for one in (source.get("arguments") or {}).get("parameters") or []:
            known = found.get(one["name"], {})
            given = {key: value for key, value in one.items() if value is not None}
            if "value" in given:
                known = {key: value for key, value in known.items() if key != "valueFrom"}
            found[one["name"]] = {**known, **given}
    return found


def _valued(one: dict[str, Any], config_maps: Mapping[str, Any]) -> dict[str, Any]:
    where = f"spec.arguments.{one['name']}"
    value = one.get("value", one.get("default"))
    told = one.get("valueFrom") or {}
    if value is None and "configMapKeyRef" in told:
        wanted = told["configMapKeyRef"]
        value = config_maps.get(wanted.get("name"), {}).get(wanted.get("key"), told.get("default"))
    if value is None:
        raise invalid(f"{where}.value or {where}.valueFrom is required")
    text = text_of(value)
    if one.get("enum") and text not in one["enum"]:
        raise invalid(f"{where}.value should be present in {where}.enum list")
    return {**one, "value": text}


def _referenced(templates: Templates, namespace: str, spec: Mapping[str, Any]) -> dict[str, Any]:
    """The templates of other WorkflowTemplates that are used, also by each other, by their keys."""
    found: dict[str, Any] = {}
    waiting: list[tuple[str, Any]] = [("", one) for one in spec["templates"]]
    while waiting:
        scope, template = waiting.pop()
        for step in uses_of(template):
            reference = step.get("templateRef")
            inner = scope_of(reference) if reference else scope
            name = reference.get("template") if reference else step.get("template")
            if not inner or not name or f"{inner}/{name}" in found:
                continue
            other = _template(templates, namespace, inner, str(name))
            found[f"{inner}/{name}"] = other
            waiting.append((inner, other))
    return found


def _template(templates: Templates, namespace: str, scope: str, name: str) -> dict[str, Any]:
    kind, _, owner = scope.partition("/")
    manifest = templates.get(namespace, {"name": owner, "clusterScope": kind == "cluster"})
    for one in manifest["spec"].get("templates") or []:
        if one.get("name") == name:
            template: dict[str, Any] = one
            return template
    raise not_found("templates", name)


def uses_of(template: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The steps and tasks of a template, those of inline templates too."""
    groups = [group if isinstance(group, list) else [group] for group in template.get("steps") or []]
    for step in [*(one for group in groups for one in group), *((template.get("dag") or {}).get("tasks") or [])]:
        yield step
        if isinstance(step.get("inline"), dict):
            yield from uses_of(step["inline"])
