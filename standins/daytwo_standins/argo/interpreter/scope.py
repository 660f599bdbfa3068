"""The names that tags may use: about the workflow, about a node, about steps and tasks that have ended."""

import datetime
import json
from collections.abc import Mapping, Sequence
from typing import Any

from daytwo_standins.argo.interpreter.nodes import Node
from daytwo_standins.argo.interpreter.phases import BAD, NodePhase
from daytwo_standins.argo.interpreter.tags import text_of
from daytwo_standins.argo.interpreter.workflow import State, Workflow


def rfc3339(seconds: float) -> str:
    """A time as Argo writes it."""
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def about_workflow(workflow: Workflow, state: State, now: float) -> dict[str, str]:
    """``workflow.…``"""
    pairs = [{"name": name, "value": value} for name, value in workflow.parameters.items()]
    found = {
        "workflow.name": workflow.name,
        "workflow.namespace": workflow.namespace,
        "workflow.uid": workflow.uid,
        "workflow.mainEntrypoint": str(workflow.spec.get("entrypoint", "")),
        "workflow.serviceAccountName": str(workflow.spec.get("serviceAccountName", "default")),
        "workflow.creationTimestamp": rfc3339(workflow.created_at),
        "workflow.creationTimestamp.RFC3339": rfc3339(workflow.created_at),
        "workflow.creationTimestamp.s": str(int(workflow.created_at)),
        "workflow.duration": f"{now - (state.started_at or now):f}",
        "workflow.status": str(state.phase),
        "workflow.parameters": text_of(pairs),
        "workflow.labels": text_of(dict(workflow.labels)),
        "workflow.annotations": text_of(dict(workflow.annotations)),
    }
    found |= {f"workflow.parameters.{name}": value for name, value in workflow.parameters.items()}
    found |= {f"workflow.labels.{name}": value for name, value in workflow.labels.items()}
    found |= {f"workflow.annotations.{name}": value for name, value in workflow.annotations.items()}
    return found | {f"workflow.outputs.parameters.{one['name']}": one["value"] for one in state.outputs}


def at_the_exit(state: State, root: Node, now: float) -> dict[str, str]:
    """What an exit handler knows besides: how the workflow went and what failed."""
    failures = [
        {
            "displayName": node.display_name,
            "message": node.message,
            "templateName": node.template_name,
            "phase": str(node.phase),
            "podName": node.pod_name or node.id,
            "finishedAt": rfc3339(node.finished_at or now),
        }
        for node in state.nodes.values()
        if node.bad and node.pod_name
    ]
    return {"workflow.status": str(root.phase), "workflow.failures": text_of(failures)}


def about_node(prefix: str, node: Node) -> dict[str, str]:
    """``steps.NAME.…`` or ``tasks.NAME.…``"""
    found = {
        f"{prefix}.id": node.id,
        f"{prefix}.status": str(node.phase),
        f"{prefix}.startedAt": rfc3339(node.started_at),
    }
    if node.finished_at is not None:
        found[f"{prefix}.finishedAt"] = rfc3339(node.finished_at)
    for name, key in (("exitCode", "exitCode"), ("outputs.result", "result")):
        if key in node.outputs:
            found[f"{prefix}.{name}"] = node.outputs[key]
    given = {f"{prefix}.outputs.parameters.{name}": value for name, value in _parameters(node).items()}
    return found | given


def about_items(prefix: str, nodes: Sequence[Node]) -> dict[str, str]:
    """The same for a step that was run for several items: lists, in the order of the items."""
    ran = [node for node in nodes if node.phase is not NodePhase.SKIPPED]
    if not ran:
        return {}
    all_bad = all(node.phase in BAD for node in ran)
    found = {
        f"{prefix}.status": str(NodePhase.FAILED if all_bad else NodePhase.SUCCEEDED),
        f"{prefix}.outputs.result": text_of([_parsed(node.outputs.get("result", "")) for node in ran]),
        f"{prefix}.outputs.parameters": text_of([_parameters(node) for node in ran]),
    }
    for name in dict.fromkeys(name for node in ran for name in _parameters(node)):
        values = [_parsed(_parameters(node).get(name, "")) for node in ran]
        found[f"{prefix}.outputs.parameters.{name}"] = text_of(values)
    return found


def about_inputs(inputs: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """``inputs.…``"""
    found = {f"inputs.parameters.{one['name']}": text_of(one.get("value", "")) for one in inputs}
    pairs = [{"name": one["name"], "value": text_of(one.get("value", ""))} for one in inputs]
    return {"inputs.parameters": text_of(pairs), **found}


def _parameters(node: Node) -> dict[str, str]:
    return {one["name"]: str(one["value"]) for one in node.outputs.get("parameters", []) if "value" in one}


def _parsed(text: str) -> Any:
    """What Argo does with results in a list: JSON stays JSON, everything else is a text."""
    try:
        return json.loads(text)
    except ValueError:
        return text
