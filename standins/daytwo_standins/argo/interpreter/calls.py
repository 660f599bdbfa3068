"""Using a template: by whom it is called, with what, and what it is then."""

import dataclasses
from collections.abc import Mapping
from typing import Any

from daytwo_standins.argo.interpreter.booleans import ExpressionError
from daytwo_standins.argo.interpreter.names import node_id, pod_name
from daytwo_standins.argo.interpreter.private_paths import ROOT, with_private_paths
from daytwo_standins.argo.interpreter.scope import about_inputs
from daytwo_standins.argo.interpreter.tags import fill, text_of
from daytwo_standins.argo.interpreter.workflow import Workflow

KINDS = ("container", "script", "steps", "dag", "suspend")


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Call:
    """One use of a template, and the node that it becomes. ``source`` names the template."""

    name: str
    display_name: str
    source: Mapping[str, Any]
    arguments: Mapping[str, Any]
    scope: str = ""  # where it is looked up: a WorkflowTemplate, empty for the workflow itself
    boundary: str = ""
    on_exit: bool = False
    attempt: int | None = None  # of a template that is tried again


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Prepared:
    """A template with everything filled in."""

    template: Mapping[str, Any]
    scope: str

    @property
    def name(self) -> str:
        """Its name."""
        return str(self.template.get("name", ""))

    @property
    def kind(self) -> str:
        """Which of the kinds it is."""
        return next((kind for kind in KINDS if self.template.get(kind) is not None), "")

    @property
    def inputs(self) -> list[dict[str, Any]]:
        """Its input parameters with their values."""
        return list(self.template.get("inputs", {}).get("parameters") or [])


def scope_of(reference: Mapping[str, Any]) -> str:
    """The scope of what a ``templateRef`` leads to."""
    return f"{'cluster' if reference.get('clusterScope') else 'namespaced'}/{reference['name']}"


def find(workflow: Workflow, source: Mapping[str, Any], scope: str) -> tuple[Mapping[str, Any], str]:
    """The template that a step, a task or the entry point names, and its scope.

    Raises:
        ExpressionError: there is none.
    """
    if source.get("inline") is not None:
        return source["inline"], scope
    reference = source.get("templateRef")
    inner, name = (scope_of(reference), reference["template"]) if reference else (scope, source.get("template", ""))
    found = workflow.stored_templates.get(f"{inner}/{name}") if inner else workflow.template(name)
    if found is None:
        raise ExpressionError(f"template {name} not found")
    return found, inner


def prepare(workflow: Workflow, call: Call, values: Mapping[str, str]) -> Prepared:
    """The template of a call, its inputs supplied and its tags replaced as far as they are known.

    Raises:
        ExpressionError: it is not there, or an input has no value.
    """
    found, scope = find(workflow, call.source, call.scope)
    inputs = _supplied(found, call.arguments)
    found = with_private_paths(found)
    template = {**found, "inputs": {**(found.get("inputs") or {}), "parameters": inputs}}
    local = {"node.name": call.name}
    if call.attempt is not None:
        local["retries"] = str(call.attempt)
    if found.get("container") is not None or found.get("script") is not None:
        local["pod.name"] = pod_name(workflow.name, call.name, str(found.get("name", "")))
        local[ROOT] = f"{workflow.folder}/{node_id(workflow.name, call.name)}/root"
    supplied = fill(inputs, values)
    return Prepared(template=fill(template, values, {**local, **about_inputs(supplied)}), scope=scope)


def _supplied(template: Mapping[str, Any], arguments: Mapping[str, Any]) -> list[dict[str, Any]]:
    given = {one["name"]: one["value"] for one in arguments.get("parameters") or [] if one.get("value") is not None}
    inputs = []
    for one in (template.get("inputs") or {}).get("parameters") or []:
        value = given.get(one["name"], one.get("value", one.get("default")))
        if value is None and one.get("valueFrom", {}).get("supplied") is None:
            raise ExpressionError(f"inputs.parameters.{one['name']} was not supplied")
        inputs.append({**one, "value": text_of(value)} if value is not None else dict(one))
    return inputs
