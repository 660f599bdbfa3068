"""Retry: the same workflow goes on, what succeeded stays, what failed is begun anew."""

from daytwo_standins.argo.interpreter.nodes import Node
from daytwo_standins.argo.interpreter.phases import NodePhase, NodeType, Shutdown, WorkflowPhase
from daytwo_standins.argo.interpreter.workflow import State

_LEAVES = frozenset({NodeType.POD, NodeType.SUSPEND, NodeType.SKIPPED})


def again(state: State, workflow: str) -> State:
    """The state in which a failed workflow goes on, as another attempt with commands of its own."""
    handler = f"{workflow}.onExit"
    kept = {number: _reopened(node) for number, node in state.nodes.items() if not _dropped(node, handler)}
    for node in kept.values():
        node.children = [number for number in node.children if number in kept]
        node.outbound = [number for number in node.outbound if number in kept]
    return State(
        phase=WorkflowPhase.RUNNING,
        started_at=None,
        nodes=kept,
        outputs=state.outputs,
        shutdown=Shutdown.NONE,
    )


def _dropped(node: Node, handler: str) -> bool:
    if node.name.startswith(handler):
        return True
    return node.type in _LEAVES and node.phase not in {NodePhase.SUCCEEDED, NodePhase.SKIPPED}


def _reopened(node: Node) -> Node:
    if node.phase is not NodePhase.SUCCEEDED and node.type not in _LEAVES:
        node.phase, node.message, node.finished_at, node.outbound = NodePhase.RUNNING, "", None, []
    return node
