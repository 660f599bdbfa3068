"""How long things stay: an object by its ``ttlStrategy``, a pod by its ``podGC``."""

from daytwo_standins.argo.interpreter.nodes import Node
from daytwo_standins.argo.interpreter.phases import NodePhase, WorkflowPhase
from daytwo_standins.argo.runs import Run


def expires_at(run: Run) -> float | None:
    """When an object that has ended is deleted, or None."""
    strategy = run.accepted.spec.get("ttlStrategy") or {}
    ended = run.state.finished_at
    if ended is None or not run.state.ended:
        return None
    well = run.state.phase is WorkflowPhase.SUCCEEDED
    seconds = strategy.get("secondsAfterSuccess" if well else "secondsAfterFailure")
    if seconds is None:
        seconds = strategy.get("secondsAfterCompletion")
    return None if seconds is None else ended + float(seconds)


def pod_is_there(run: Run, node: Node) -> bool:
    """Whether the pod of a node has begun and was not collected: only then its log can be streamed."""
    if not node.pod_name or not run.live or run.log_file(node.id) is None:
        return False
    strategy = (run.accepted.spec.get("podGC") or {}).get("strategy", "")
    collected = {
        "OnPodCompletion": node.fulfilled,
        "OnPodSuccess": node.phase is NodePhase.SUCCEEDED,
        "OnWorkflowCompletion": run.state.ended,
        "OnWorkflowSuccess": run.state.phase is WorkflowPhase.SUCCEEDED,
    }
    return not collected.get(strategy, False)
