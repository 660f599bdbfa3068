"""Every phase and type of node that Argo has means something of ours; the rest is unknown."""

import pytest

from daytwo_actions.backends.argo.wire.status import NODE, ROLES, WORKFLOW, Role, of_node, of_workflow, role_of
from daytwo_store.states import EXTERNAL_ENDS, ExternalStatus

# Argo Workflows v4.1.2, pkg/apis/workflow/v1alpha1/workflow_types.go and workflow_phase.go
WORKFLOW_PHASES = {"", "Pending", "Running", "Succeeded", "Failed", "Error"}
NODE_PHASES = {"", "Pending", "Running", "Succeeded", "Skipped", "Failed", "Error", "Omitted"}
NODE_TYPES = {
    "Pod", "Container", "Steps", "StepGroup", "DAG", "TaskGroup", "Retry", "Skipped", "Suspend", "HTTP", "Plugin",
}  # fmt: skip


def test_every_official_word_is_in_its_table() -> None:
    assert set(WORKFLOW) == WORKFLOW_PHASES
    assert set(NODE) == NODE_PHASES
    assert set(ROLES) == NODE_TYPES


@pytest.mark.parametrize(
    ("phase", "status"),
    [
        ("", "queued"),
        ("Pending", "queued"),
        ("Running", "running"),
        ("Succeeded", "succeeded"),
        ("Failed", "failed"),
        ("Error", "failed"),
        ("succeeded", "unknown"),
        ("Paused", "unknown"),
    ],
)
def test_phases_of_workflows(phase: str, status: str) -> None:
    assert of_workflow(phase) == status


def test_only_success_is_success() -> None:
    assert [phase for phase in WORKFLOW_PHASES if of_workflow(phase) is ExternalStatus.SUCCEEDED] == ["Succeeded"]
    assert [phase for phase in NODE_PHASES if of_node(phase) is ExternalStatus.SUCCEEDED] == ["Succeeded"]
    assert {of_workflow(word) for word in ("Success", "Completed", "Omitted", "?")} == {ExternalStatus.UNKNOWN}


@pytest.mark.parametrize("shutdown", ["Stop", "Terminate"])
def test_a_workflow_that_was_stopped_is_cancelled(shutdown: str) -> None:
    assert of_workflow("Failed", shutdown=shutdown) is ExternalStatus.CANCELLED
    assert of_workflow("Running", shutdown=shutdown) is ExternalStatus.RUNNING  # exit handlers still run
    assert of_workflow("Succeeded", shutdown=shutdown) is ExternalStatus.SUCCEEDED  # it was faster
    assert of_workflow("Failed", shutdown="Sometime") is ExternalStatus.FAILED


def test_a_suspend_node_that_runs_waits() -> None:
    assert of_node("Running", Role.GATE) is ExternalStatus.WAITING
    assert of_node("Succeeded", Role.GATE) is ExternalStatus.SUCCEEDED
    assert of_node("Omitted") in EXTERNAL_ENDS


def test_a_type_that_nobody_knows_may_have_done_something() -> None:
    assert role_of("Quantum") is Role.JOB
