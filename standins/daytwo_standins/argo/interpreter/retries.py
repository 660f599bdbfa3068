"""``retryStrategy``: a template that is tried again when it fails."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from daytwo_standins.argo.interpreter.calls import Call, Prepared
from daytwo_standins.argo.interpreter.durations import seconds
from daytwo_standins.argo.interpreter.nodes import Node
from daytwo_standins.argo.interpreter.operation import Operation
from daytwo_standins.argo.interpreter.phases import NodePhase, NodeType

_POLICIES: Mapping[str, frozenset[NodePhase]] = {
    "Always": frozenset({NodePhase.FAILED, NodePhase.ERROR}),
    "OnFailure": frozenset({NodePhase.FAILED}),
    "OnError": frozenset({NodePhase.ERROR}),
    "OnTransientError": frozenset(),
}


def run_retried(operation: Operation, call: Call, prepared: Prepared, *, barred: bool) -> Node:
    """Do what can be done now; ``barred``: nothing new may begin."""
    node = operation.begin(call, NodeType.RETRY, prepared)
    tries = operation.tree.children(node)
    if tries and tries[-1].fulfilled:
        last, strategy = tries[-1], prepared.template["retryStrategy"]
        if not last.bad:
            node.outputs = last.outputs
            return operation.mark(node, NodePhase.SUCCEEDED)
        refused = "" if barred else _refusal(strategy, last, len(tries) - 1)
        if barred or refused:
            node.outputs = last.outputs
            return operation.mark(node, last.phase, refused or last.message)
        due = (last.finished_at or operation.now) + _pause(strategy, len(tries))
        if operation.now < due:
            operation.wakes.append(due)
            node.message = f"Backoff for {due - operation.now:.0f} seconds"
            return node
    number = len(tries) if not tries or tries[-1].fulfilled else len(tries) - 1
    inner = replace(
        call,
        name=f"{call.name}({number})",
        display_name=f"{call.display_name}({number})",
        attempt=number,
    )
    child = operation.execute(inner)
    operation.tree.connect(node, child)
    if child.fulfilled:
        operation.wakes.append(operation.now)  # it could not even begin: looked at again at once
    return node


def _refusal(strategy: Mapping[str, Any], last: Node, retries: int) -> str:
    """Why it is not tried again; empty when it is."""
    limit = strategy.get("limit")
    if last.phase not in _POLICIES.get(strategy.get("retryPolicy", "OnFailure"), frozenset()):
        return last.message
    return "No more retries left" if limit is not None and retries >= int(limit) else ""


def _pause(strategy: Mapping[str, Any], tries: int) -> float:
    backoff = strategy.get("backoff") or {}
    if not backoff.get("duration"):
        return 0.0
    return seconds(backoff["duration"]) * float(backoff.get("factor") or 1) ** (tries - 1)
