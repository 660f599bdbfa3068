"""One look at a workflow: what all kinds of templates need while they decide what comes next."""

import dataclasses
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

from daytwo_standins.argo.interpreter.calls import Call, Prepared
from daytwo_standins.argo.interpreter.names import node_id, pod_name
from daytwo_standins.argo.interpreter.nodes import Node, Tree
from daytwo_standins.argo.interpreter.phases import NodePhase, NodeType
from daytwo_standins.argo.interpreter.tags import fill
from daytwo_standins.argo.interpreter.workflow import State, Workflow


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Start:
    """A pod that is to be started now."""

    node_id: str
    pod_name: str
    template: Mapping[str, Any]  # with everything filled in


class Operation(ABC):
    """The workflow, its nodes, and what has been decided so far."""

    def __init__(self, workflow: Workflow, state: State) -> None:
        self.workflow = workflow
        self.state = state
        self.tree = Tree(workflow.name, state.nodes)
        self.now = 0.0
        self.values: dict[str, str] = {}
        self.starts: list[Start] = []
        self.wakes: list[float] = []  # when something happens by itself

    @abstractmethod
    def execute(self, call: Call) -> Node:
        """Do what can be done now for one use of a template; its node."""

    def begin(self, call: Call, kind: NodeType, prepared: Prepared, phase: NodePhase = NodePhase.RUNNING) -> Node:
        """The node of a call, made if it is not there yet."""
        found = self.tree.named(call.name)
        if found is not None:
            return found
        node = self.node(call.name, kind, phase, boundary=call.boundary, scope=call.scope)
        node.display_name = call.display_name
        node.template_name = prepared.name
        node.inputs = prepared.inputs
        node.retried = call.attempt is not None
        if kind is NodeType.POD:
            node.pod_name = pod_name(self.workflow.name, call.name, prepared.name)
        return node

    def node(
        self, name: str, kind: NodeType, phase: NodePhase, *, boundary: str, scope: str, message: str = ""
    ) -> Node:
        """A new node; a phase that is an end ends it at once."""
        node = Node(
            id=node_id(self.workflow.name, name),
            name=name,
            display_name=name,
            type=kind,
            phase=NodePhase.RUNNING,
            started_at=self.now,
            template_scope=scope or f"local/{self.workflow.name}",
            boundary_id=boundary,
        )
        return self.mark(self.tree.add(node), phase, message)

    def mark(self, node: Node, phase: NodePhase, message: str = "") -> Node:
        """Let a node be in a phase from now on."""
        return self.tree.mark(node, phase, self.now, message)

    def keep_outputs(self, node: Node, prepared: Prepared, scope: Mapping[str, str]) -> None:
        """Give a node of steps or tasks the outputs that its template takes from them."""
        found = []
        for one in (prepared.template.get("outputs") or {}).get("parameters") or []:
            source = one.get("valueFrom", {})
            told = fill(source.get("parameter", ""), scope)
            value = source.get("default", "") if not told or "{{" in told else told
            found.append({**one, "value": str(value)})
        if found:
            node.outputs = {**node.outputs, "parameters": found}
            self.publish(found)

    def publish(self, parameters: list[dict[str, Any]]) -> None:
        """Let outputs with a global name be outputs of the workflow."""
        for one in parameters:
            if one.get("globalName") and "value" in one:
                kept = [old for old in self.state.outputs if old["name"] != one["globalName"]]
                self.state.outputs = [*kept, {"name": one["globalName"], "value": one["value"]}]
                self.values[f"workflow.outputs.parameters.{one['globalName']}"] = one["value"]
