"""The tree of nodes: what has begun, where it is, and what follows what."""

import dataclasses
from collections.abc import Iterator
from typing import Any

from daytwo_standins.argo.interpreter.names import node_id
from daytwo_standins.argo.interpreter.phases import BAD, FULFILLED, NodePhase, NodeType


@dataclasses.dataclass(kw_only=True, slots=True)
class Node:
    """A node of the tree; times are seconds since the epoch."""

    id: str
    name: str
    display_name: str
    type: NodeType
    phase: NodePhase
    started_at: float
    finished_at: float | None = None
    template_name: str = ""
    template_scope: str = ""
    boundary_id: str = ""
    message: str = ""
    pod_name: str = ""
    inputs: list[dict[str, Any]] = dataclasses.field(default_factory=list)
    outputs: dict[str, Any] = dataclasses.field(default_factory=dict)
    children: list[str] = dataclasses.field(default_factory=list)
    outbound: list[str] = dataclasses.field(default_factory=list)
    retried: bool = False
    hooked: bool = False

    @property
    def fulfilled(self) -> bool:
        """Whether nothing more happens to it."""
        return self.phase in FULFILLED

    @property
    def bad(self) -> bool:
        """Whether it failed or could not be run."""
        return self.phase in BAD


def node_from(data: dict[str, Any]) -> Node:
    """A node from its record."""
    return Node(**{**data, "type": NodeType(data["type"]), "phase": NodePhase(data["phase"])})


class Tree:
    """All nodes of one workflow."""

    def __init__(self, workflow: str, nodes: dict[str, Node]) -> None:
        self._workflow = workflow
        self._nodes = nodes

    def __iter__(self) -> Iterator[Node]:
        return iter(list(self._nodes.values()))

    def named(self, name: str) -> Node | None:
        """A node by its name."""
        return self._nodes.get(node_id(self._workflow, name))

    def get(self, number: str) -> Node:
        """A node by its id."""
        return self._nodes[number]

    def add(self, node: Node) -> Node:
        """Take in a node."""
        self._nodes[node.id] = node
        return node

    def connect(self, parent: Node, child: Node) -> None:
        """Let a node follow another."""
        if child.id not in parent.children:
            parent.children.append(child.id)

    def children(self, node: Node) -> list[Node]:
        """The nodes that follow a node."""
        return [self._nodes[number] for number in node.children]

    def ends_of(self, node: Node) -> list[Node]:
        """The nodes with which a node ends: what comes next follows these."""
        if node.type in {NodeType.STEPS, NodeType.DAG}:
            return [self._nodes[number] for number in node.outbound] or [node]
        if node.type is NodeType.TASK_GROUP:
            items = [child for child in self.children(node) if child.name.startswith(f"{node.name}(")]
            return [end for child in items for end in self.ends_of(child)] or [node]
        if node.type is NodeType.RETRY and node.children:
            return self.ends_of(self._nodes[node.children[-1]])
        return [node]

    def mark(self, node: Node, phase: NodePhase, now: float, message: str = "") -> Node:
        """Let a node be in a phase."""
        node.phase = phase
        node.message = message or node.message
        if node.fulfilled and node.finished_at is None:
            node.finished_at = now
        return node
