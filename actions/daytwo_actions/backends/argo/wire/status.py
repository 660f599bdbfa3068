"""Argo's phases of workflows and nodes, and its types of nodes, in our words.

The words are those of Argo's Go types `WorkflowPhase`, `NodePhase` and `NodeType`; its description says only "string".
Whatever is not in these tables is `unknown`: never success, never failure.
https://argo-workflows.readthedocs.io/en/latest/fields/#workflowstatus
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from daytwo_store.states import ExternalStatus

WORKFLOW: Final[Mapping[str, ExternalStatus]] = {
    "": ExternalStatus.QUEUED,  # the controller has not seen it yet
    "Pending": ExternalStatus.QUEUED,  # it waits for parallelism, a semaphore or a mutex
    "Running": ExternalStatus.RUNNING,
    "Succeeded": ExternalStatus.SUCCEEDED,
    "Failed": ExternalStatus.FAILED,
    "Error": ExternalStatus.FAILED,  # Argo or Kubernetes failed, not the program
}

NODE: Final[Mapping[str, ExternalStatus]] = {
    "": ExternalStatus.QUEUED,
    "Pending": ExternalStatus.QUEUED,
    "Running": ExternalStatus.RUNNING,
    "Succeeded": ExternalStatus.SUCCEEDED,
    "Skipped": ExternalStatus.SKIPPED,  # its `when` was false
    "Omitted": ExternalStatus.SKIPPED,  # what it depends on did not come about
    "Failed": ExternalStatus.FAILED,
    "Error": ExternalStatus.FAILED,
}


class Role(StrEnum):
    """What a type of node is in our tree."""

    JOB = "job"
    GROUP = "group"
    GATE = "gate"
    STEP = "step"  # a container of a pod's set


ROLES: Final[Mapping[str, Role]] = {
    "Pod": Role.JOB,
    "HTTP": Role.JOB,
    "Plugin": Role.JOB,
    "Skipped": Role.JOB,  # stands where a pod would have been
    "Container": Role.STEP,
    "Steps": Role.GROUP,
    "StepGroup": Role.GROUP,
    "DAG": Role.GROUP,
    "TaskGroup": Role.GROUP,
    "Retry": Role.GROUP,
    "Suspend": Role.GATE,
}

_SHUT_DOWN: Final = frozenset({"Stop", "Terminate"})


def of_workflow(phase: str, *, shutdown: str | None = None) -> ExternalStatus:
    """`shutdown` is the workflow's spec.shutdown: somebody asked it to stop, and then Argo ends it as Failed."""
    status = WORKFLOW.get(phase, ExternalStatus.UNKNOWN)
    if phase == "Failed" and shutdown in _SHUT_DOWN:
        return ExternalStatus.CANCELLED
    return status


def of_node(phase: str, role: Role = Role.JOB) -> ExternalStatus:
    status = NODE.get(phase, ExternalStatus.UNKNOWN)
    if role is Role.GATE and status is ExternalStatus.RUNNING:
        return ExternalStatus.WAITING
    return status


def role_of(node_type: str) -> Role:
    """A type that nobody knows is a job: it may have done something."""
    return ROLES.get(node_type, Role.JOB)


def strange_workflow(phase: str) -> frozenset[str]:
    """The word that the table does not have."""
    return frozenset() if phase in WORKFLOW else frozenset({f"phase {phase}"})


def strange_node(phase: str, node_type: str) -> frozenset[str]:
    """The words that the tables do not have. A node whose type is not told yet is none of a strange one."""
    words = [] if phase in NODE else [f"node phase {phase}"]
    return frozenset([*words, f"node type {node_type}"] if node_type and node_type not in ROLES else words)
