"""Workflows as Argo Server shows them."""

from typing import Any, Final

from daytwo_standins.argo.interpreter.nodes import Node
from daytwo_standins.argo.interpreter.phases import NodeType
from daytwo_standins.argo.interpreter.scope import rfc3339
from daytwo_standins.argo.interpreter.workflow import progress
from daytwo_standins.argo.runs import Run

PREFIX: Final = "workflows.argoproj.io"
Shown = dict[str, Any]


def workflow(run: Run, *, logs_kept: bool) -> Shown:
    """The object."""
    accepted, state = run.accepted, run.state
    spec = dict(accepted.manifest["spec"])
    if state.shutdown:
        spec["shutdown"] = str(state.shutdown)
    if state.suspended:
        spec["suspend"] = True
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Workflow",
        "metadata": _metadata(run),
        "spec": spec,
        "status": _status(run, logs_kept=logs_kept),
    }


def labels(run: Run) -> dict[str, str]:
    """The labels, with those that Argo keeps itself."""
    told = {} if run.accepted.effects.hide_marker else run.accepted.labels
    if run.state.phase:
        told[f"{PREFIX}/phase"] = str(run.state.phase)
        told[f"{PREFIX}/completed"] = "true" if run.state.ended else "false"
    if run.archived:
        told[f"{PREFIX}/workflow-archiving-status"] = "Archived"
    return told


def _metadata(run: Run) -> Shown:
    accepted = run.accepted
    told = accepted.manifest["metadata"]
    annotations = {} if accepted.effects.hide_marker else dict(told.get("annotations") or {})
    if run.state.started_at is not None:
        annotations[f"{PREFIX}/pod-name-format"] = "v2"
    found = {
        **told,
        "name": accepted.name,
        "namespace": accepted.namespace,
        "uid": run.uid,
        "resourceVersion": str(run.version),
        "generation": run.generation,
        "creationTimestamp": rfc3339(accepted.received_at),
        "labels": labels(run),
        "annotations": annotations,
    }
    return {key: value for key, value in found.items() if value != {}}


def _status(run: Run, *, logs_kept: bool) -> Shown:
    state = run.state
    times = {"startedAt": _time(state.started_at), "finishedAt": _time(state.finished_at)}
    if not state.phase:
        return times
    found: Shown = {"phase": str(state.phase), **times}
    if state.message:
        found["message"] = state.message
    if state.nodes:
        found["nodes"] = {number: _node(run, node, logs_kept=logs_kept) for number, node in state.nodes.items()}
        found["progress"] = progress(state)
    if state.outputs:
        found["outputs"] = {"parameters": [dict(one) for one in state.outputs]}
    if "workflowTemplateRef" in run.accepted.manifest["spec"]:
        found["storedWorkflowTemplateSpec"] = run.accepted.spec
    found["conditions"] = [
        {"type": "PodRunning", "status": "False" if state.ended else "True"},
        *([{"type": "Completed", "status": "True"}] if state.ended else []),
    ]
    return found


def _node(run: Run, node: Node, *, logs_kept: bool) -> Shown:
    found: Shown = {
        "id": node.id,
        "name": node.name,
        "displayName": node.display_name,
        "type": str(node.type),
        "phase": str(node.phase),
        "startedAt": _time(node.started_at),
        "finishedAt": _time(node.finished_at),
        "templateScope": node.template_scope,
    }
    outputs = _outputs(run, node, logs_kept=logs_kept)
    flags = {name: True for name, is_so in (("retried", node.retried), ("hooked", node.hooked)) if is_so}
    more = {
        "templateName": node.template_name,
        "boundaryID": node.boundary_id,
        "message": node.message,
        "inputs": {"parameters": node.inputs} if node.inputs else None,
        "outputs": outputs,
        "children": node.children,
        "outboundNodes": node.outbound,
        "nodeFlag": flags,
        "hostNodeName": "standin" if node.type is NodeType.POD else "",
    }
    return {**found, **{key: value for key, value in more.items() if value}}


def _outputs(run: Run, node: Node, *, logs_kept: bool) -> Shown:
    found = dict(node.outputs)
    if logs_kept and node.type is NodeType.POD and node.fulfilled and run.log_file(node.id) is not None:
        key = f"{run.accepted.name}/{node.pod_name}/main.log"
        found["artifacts"] = [{"name": "main-logs", "s3": {"key": key}}]
    return found


def _time(seconds: float | None) -> str | None:
    return None if seconds is None else rfc3339(seconds)
