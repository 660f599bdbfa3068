"""Argo's types of nodes and its phases."""

from enum import StrEnum
from typing import Final


class NodeType(StrEnum):
    """What a node of the tree is."""

    POD = "Pod"
    STEPS = "Steps"
    STEP_GROUP = "StepGroup"
    DAG = "DAG"
    TASK_GROUP = "TaskGroup"
    RETRY = "Retry"
    SKIPPED = "Skipped"
    SUSPEND = "Suspend"


class NodePhase(StrEnum):
    """Where a node is."""

    PENDING = "Pending"
    RUNNING = "Running"
    SUCCEEDED = "Succeeded"
    SKIPPED = "Skipped"
    FAILED = "Failed"
    ERROR = "Error"
    OMITTED = "Omitted"


class WorkflowPhase(StrEnum):
    """Where a workflow is; the empty one means that nobody has looked at it yet."""

    UNKNOWN = ""
    PENDING = "Pending"
    RUNNING = "Running"
    SUCCEEDED = "Succeeded"
    FAILED = "Failed"
    ERROR = "Error"


class Shutdown(StrEnum):
    """How a workflow was told to end."""

    NONE = ""
    STOP = "Stop"  # exit handlers run
    TERMINATE = "Terminate"  # they do not


BAD: Final = frozenset({NodePhase.FAILED, NodePhase.ERROR})
FULFILLED: Final = frozenset(NodePhase) - {NodePhase.PENDING, NodePhase.RUNNING}
ENDS: Final = frozenset({WorkflowPhase.SUCCEEDED, WorkflowPhase.FAILED, WorkflowPhase.ERROR})
