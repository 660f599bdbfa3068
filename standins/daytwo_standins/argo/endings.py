"""States that no runner has written: at once successful, never ending, or broken off."""

import dataclasses

from daytwo_standins.argo.interpreter.machine import Machine, PodResult
from daytwo_standins.argo.interpreter.names import pod_name
from daytwo_standins.argo.interpreter.nodes import Node
from daytwo_standins.argo.interpreter.phases import NodePhase, NodeType, Shutdown, WorkflowPhase
from daytwo_standins.argo.interpreter.workflow import State, Workflow

NOT_EXECUTED = "not-executed"
_MOST_LOOKS = 10_000


def alone(workflow: Workflow, phase: WorkflowPhase, now: float) -> State:
    """A workflow of one pod that nobody executes."""
    ended = phase is not WorkflowPhase.RUNNING
    node = Node(
        id=workflow.name,
        name=workflow.name,
        display_name=workflow.name,
        type=NodeType.POD,
        phase=NodePhase(phase),
        started_at=now,
        finished_at=now if ended else None,
        template_name=str(workflow.spec.get("entrypoint", "")),
        template_scope=f"local/{workflow.name}",
        pod_name=pod_name(workflow.name, workflow.name, ""),
        message=NOT_EXECUTED,
    )
    return State(phase=phase, started_at=now, finished_at=now if ended else None, nodes={node.id: node})


def failed(state: State, message: str, now: float) -> State:
    """A workflow that could not go on: what ran is an error, and everything says why."""
    for node in state.nodes.values():
        if not node.fulfilled:
            node.phase, node.message, node.finished_at = NodePhase.ERROR, message, now
    started = state.started_at if state.started_at is not None else now
    return dataclasses.replace(state, phase=WorkflowPhase.ERROR, message=message, started_at=started, finished_at=now)


def broken_off(state: State, now: float) -> State:
    """A workflow that nobody executes and that was told to end."""
    for node in state.nodes.values():
        if not node.fulfilled:
            node.phase, node.message, node.finished_at = NodePhase.FAILED, _why(state), now
    state.phase, state.message = WorkflowPhase.FAILED, f"Stopped with strategy '{state.shutdown}'"
    state.started_at = state.started_at if state.started_at is not None else now
    state.finished_at = now
    return state


def stopped(workflow: Workflow, state: State, now: float) -> State:
    """A workflow that was told to end before its runner began: it ends as Argo has it."""
    machine = Machine(workflow, state)
    for _ in range(_MOST_LOOKS):
        starts = machine.operate(now)
        for number in [*machine.stops(now), *(start.node_id for start in starts)]:
            machine.pod_ended(number, PodResult(exit_code=None, stopped=_why(state)), now)
        if state.ended:
            break
    return state


def _why(state: State) -> str:
    return f"workflow shutdown with strategy:  {state.shutdown or Shutdown.STOP}"
