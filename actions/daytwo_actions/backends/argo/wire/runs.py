"""The state of a workflow, in our words."""

from typing import Final

from daytwo_actions.backends.argo.wire.objects import Node, Workflow
from daytwo_actions.backends.argo.wire.status import of_workflow, strange_workflow
from daytwo_actions.backends.base import ExternalState
from daytwo_actions.backends.wire.answer import in_one_line
from daytwo_store.states import ExternalStatus

_MOST_NAMED: Final = 3


def state_of(workflow: Workflow, *, page: str) -> ExternalState:
    """`page` is the address at which people reach Argo."""
    metadata, status = workflow.metadata, workflow.status
    ours = of_workflow(status.phase, shutdown=workflow.spec.shutdown)
    waits = waits_for(workflow) if ours is ExternalStatus.RUNNING else None
    return ExternalState(
        id=metadata.run.id,
        attempt=2 if was_retried(workflow) else 1,
        status=ExternalStatus.WAITING if waits else ours,
        detail=_detail(workflow),
        url=f"{page}/workflows/{metadata.namespace}/{metadata.name}",
        commit=None,  # a template has a version, which a workflow does not tell
        created_at=metadata.creation_timestamp,
        updated_at=status.finished_at or status.started_at,
        waits_for=waits,
        strange=strange_workflow(status.phase),
    )


def _detail(workflow: Workflow) -> str:
    """Uncut, as that of a node."""
    words = workflow.status.message.strip()
    phase = in_one_line(workflow.status.phase) or "not seen by the controller yet"
    return f"{phase}: {words}" if words else phase


def waits_for(workflow: Workflow) -> str | None:
    """What a running workflow waits for, as the rest of "waits in Argo Workflows for …"; None while it works."""
    if workflow.spec.suspend:
        return "somebody to resume it as a whole"
    nodes = workflow.status.nodes.values()
    gates = sorted((node for node in nodes if node.waits), key=lambda node: node.name)
    if not gates or any(_works(node) for node in nodes):
        return None
    more = f" and {len(gates) - _MOST_NAMED} more" if len(gates) > _MOST_NAMED else ""
    return "somebody to resume " + ", ".join(title_of(node) for node in gates[:_MOST_NAMED]) + more


def title_of(node: Node) -> str:
    """Uncut: an item of a loop stands in it, and whoever keeps it masks it first."""
    return (node.display_name or node.name).strip()


def _works(node: Node) -> bool:
    return node.type in {"Pod", "HTTP", "Plugin"} and node.phase in {"Running", "Pending"}


def was_retried(workflow: Workflow) -> bool:
    """Whether somebody has retried it in Argo, where the object stays the same and only its start is set anew.

    A retry that kept no node cannot be seen; then it looks like one that began late.
    """
    started = workflow.status.started_at
    if started is None:
        return False
    nodes = workflow.status.nodes.values()
    return any(node.started_at is not None and node.started_at < started for node in nodes)
