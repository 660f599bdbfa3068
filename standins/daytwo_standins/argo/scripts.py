"""Workflows of the executor ``scripted``: a list of events with ``at`` (seconds after it was set).

The state at any time is computed from the list, so a restart in the middle changes nothing.
"""

import time
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from daytwo_standins.argo.interpreter.names import node_id, pod_name
from daytwo_standins.argo.interpreter.nodes import Node
from daytwo_standins.argo.interpreter.phases import ENDS, FULFILLED, NodePhase, NodeType, WorkflowPhase
from daytwo_standins.argo.interpreter.workflow import State, Workflow
from daytwo_standins.argo.pod_log import PodLog
from daytwo_standins.shared.files import read_json, write_json


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ScriptedNode(_Model):
    """A node as it is from that moment on; nodes are matched by name, the root's is the name of the workflow."""

    name: str
    phase: NodePhase = NodePhase.RUNNING
    type: NodeType = NodeType.POD
    message: str = ""
    log: tuple[str, ...] = ()  # lines to add to its log


class ScriptEvent(_Model):
    """A change: of the workflow, of some nodes, or of both."""

    at: Annotated[float, Field(ge=0)] = 0.0
    phase: str | None = None  # also one that Argo does not have: clients must not fall over it
    message: str = ""
    nodes: tuple[ScriptedNode, ...] = ()


class Script(_Model):
    """A timeline and when it began (seconds since the epoch)."""

    events: tuple[ScriptEvent, ...]
    began_at: float = 0.0

    def next_at(self, now: float) -> float | None:
        """When something happens next, or None."""
        return min((self.began_at + e.at for e in self.events if self.began_at + e.at > now), default=None)


def save_script(folder: Path, script: Script) -> None:
    """Let a script begin now."""
    begun = script.model_copy(update={"began_at": time.time()})
    folder.mkdir(parents=True, exist_ok=True)
    write_json(folder / "script.json", begun.model_dump(mode="json"), durable=True)


def load_script(folder: Path) -> Script | None:
    """The script of an attempt."""
    data = read_json(folder / "script.json")
    return None if data is None else Script.model_validate(data)


def played(workflow: Workflow, script: Script, now: float) -> State:
    """The state as the script has it at ``now``."""
    state = State()
    for when, event in _past(script, now):
        for told in event.nodes:
            _tell(workflow, state, told, when)
        if event.phase is not None:
            _move(state, event, when)
    return state


def write_logs(workflow: Workflow, script: Script, now: float, folder: Path) -> None:
    """Write the logs that the script has told so far."""
    lines: dict[str, list[tuple[float, str]]] = {}
    for when, event in _past(script, now):
        for told in event.nodes:
            lines.setdefault(node_id(workflow.name, told.name), []).extend((when, line) for line in told.log)
    for number, said in lines.items():
        path = folder / "logs" / f"{number}.log"
        path.unlink(missing_ok=True)
        log = PodLog(path)
        for when, line in said:
            log.line(line, when)
        log.close()


def _past(script: Script, now: float) -> list[tuple[float, ScriptEvent]]:
    timed = [(script.began_at + event.at, event) for event in sorted(script.events, key=lambda event: event.at)]
    return [(when, event) for when, event in timed if when <= now]


def _move(state: State, event: ScriptEvent, when: float) -> None:
    known: Any = event.phase
    state.phase = WorkflowPhase(known) if known in set(WorkflowPhase) else known
    state.message = event.message
    state.started_at = state.started_at or when
    state.finished_at = when if state.phase in ENDS else None


def _tell(workflow: Workflow, state: State, told: ScriptedNode, when: float) -> None:
    number = node_id(workflow.name, told.name)
    node = state.nodes.get(number)
    if node is None:
        display = told.name.removeprefix(f"{workflow.name}.") if told.name != workflow.name else told.name
        node = Node(
            id=number,
            name=told.name,
            display_name=display,
            type=told.type,
            phase=told.phase,
            started_at=when,
            template_scope=f"local/{workflow.name}",
            pod_name=pod_name(workflow.name, told.name, "") if told.type is NodeType.POD else "",
        )
        state.nodes[number] = node
        root = state.nodes.get(workflow.name)
        if root is not None and root is not node:
            root.children.append(number)
    node.phase, node.message = told.phase, told.message
    node.finished_at = when if told.phase in FULFILLED else None
