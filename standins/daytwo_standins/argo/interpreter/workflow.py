"""A workflow as the interpreter gets it, and what has become of it so far."""

import dataclasses
from collections.abc import Mapping
from typing import Any

from daytwo_standins.argo.interpreter.nodes import Node, node_from
from daytwo_standins.argo.interpreter.phases import ENDS, NodePhase, Shutdown, WorkflowPhase
from daytwo_standins.argo.interpreter.tags import text_of


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Workflow:
    """What is to be done. ``spec`` is whole: the referenced template merged in, every argument with its value."""

    name: str
    namespace: str
    uid: str
    created_at: float
    spec: Mapping[str, Any]
    stored_templates: Mapping[str, Mapping[str, Any]]  # of other WorkflowTemplates, by their key
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    folder: str = ""  # where pods have their files

    @property
    def parameters(self) -> dict[str, str]:
        """The arguments by name."""
        given = self.spec.get("arguments", {}).get("parameters") or []
        return {one["name"]: text_of(one.get("value", "")) for one in given}

    def template(self, name: str) -> dict[str, Any] | None:
        """A template of its own by name."""
        return next((dict(one) for one in self.spec.get("templates", []) if one.get("name") == name), None)


@dataclasses.dataclass(kw_only=True, slots=True)
class State:
    """Where it is. Times are seconds since the epoch."""

    phase: WorkflowPhase = WorkflowPhase.UNKNOWN
    message: str = ""
    started_at: float | None = None
    finished_at: float | None = None
    nodes: dict[str, Node] = dataclasses.field(default_factory=dict)
    outputs: list[dict[str, str]] = dataclasses.field(default_factory=list)  # parameters with a global name
    shutdown: Shutdown = Shutdown.NONE
    suspended: bool = False
    applied: int = 0  # commands that were carried out

    @property
    def ended(self) -> bool:
        """Whether it has ended."""
        return self.phase in ENDS

    def to_json(self) -> dict[str, Any]:
        """A record of it."""
        return dataclasses.asdict(self)


def state_from(data: dict[str, Any]) -> State:
    """A state from its record."""
    nodes = {number: node_from(node) for number, node in data["nodes"].items()}
    kinds = {"phase": WorkflowPhase(data["phase"]), "shutdown": Shutdown(data["shutdown"]), "nodes": nodes}
    return State(**{**data, **kinds})


def progress(state: State) -> str:
    """Pods that are done and pods in all, as Argo counts them."""
    pods = [node for node in state.nodes.values() if node.pod_name]
    done = sum(node.phase in {NodePhase.SUCCEEDED, NodePhase.SKIPPED} for node in pods)
    return f"{done}/{len(pods)}"
