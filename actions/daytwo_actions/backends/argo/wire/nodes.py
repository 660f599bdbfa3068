"""The nodes of a workflow as our tree: groups, jobs, gates, and a container set's containers as steps.

A node's `children` are what comes after it, not what is in it. What is in what is told by the names: the group
"deploy[0]" holds "deploy[0].build", the task "deploy.build" holds its attempts "deploy.build(0)".
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Final

from daytwo_actions.backends.argo.wire.objects import Node, Workflow
from daytwo_actions.backends.argo.wire.runs import title_of
from daytwo_actions.backends.argo.wire.status import Role, of_node, role_of, strange_node
from daytwo_actions.backends.tree import ExternalGate, GateId, GateKind, GateVerdict, Job, JobKind, JobStep, JobTree
from daytwo_actions.backends.wire.answer import in_one_line
from daytwo_store.ids import ExternalJobId

_KINDS: Final[Mapping[Role, JobKind]] = {
    Role.JOB: JobKind.JOB,
    Role.GROUP: JobKind.GROUP,
    Role.GATE: JobKind.GATE,
}
_SEPARATORS: Final = ".[("
_LONGEST_NAME: Final = 2_000  # characters that are searched for the group; nobody nests deeper
_LAST: Final = datetime.max.replace(tzinfo=UTC)


def tree_of(workflow: Workflow, *, page: str) -> JobTree:
    strange = (strange_node(node.phase, node.type) for node in workflow.status.nodes.values())
    return JobTree(jobs=tuple(_Tree(workflow, page).jobs()), strange=frozenset[str]().union(*strange))


class _Tree:
    def __init__(self, workflow: Workflow, page: str) -> None:
        metadata = workflow.metadata
        self._link = f"{page}/workflows/{metadata.namespace}/{metadata.name}?nodeId="
        self._root = metadata.name
        places = _places(workflow.status.nodes)
        self._nodes = sorted(
            workflow.status.nodes.values(),
            key=lambda node: (node.started_at or _LAST, places.get(node.id, len(places)), node.name),
        )
        self._named: dict[str, Node] = {}
        for node in self._nodes:
            self._named.setdefault(node.name, node)
        self._inside: dict[str | None, list[Node]] = {}
        for node in self._nodes:
            holder = self._holder(node)
            self._inside.setdefault(holder.id if holder else None, []).append(node)

    def jobs(self) -> Iterator[Job]:
        first = reversed(self._inside.get(None, []))
        waiting: list[tuple[Node, ExternalJobId | None]] = [(node, None) for node in first]
        while waiting:
            node, parent = waiting.pop()
            inside = self._inside.get(node.id, []) if self._named.get(node.name) is node else []
            yield self._job(node, parent, [one for one in inside if role_of(one.type) is Role.STEP])
            rest = [one for one in inside if role_of(one.type) is not Role.STEP]
            waiting += [(one, ExternalJobId(node.id)) for one in reversed(rest)]

    def _holder(self, node: Node) -> Node | None:
        """The group, or for a container the pod, that a node is in: the one with the longest name before its own."""
        wanted = {Role.JOB} if role_of(node.type) is Role.STEP else {Role.GROUP}
        name = node.name[:_LONGEST_NAME]
        for end in range(len(name) - 1, 0, -1):
            if name[end] not in _SEPARATORS:
                continue
            holder = self._named.get(name[:end])
            if holder is None or role_of(holder.type) not in wanted:
                continue
            # The exit handler is named as if it were in the entrypoint, and comes after it.
            return holder if node.boundary_id or name[end] == "(" else None
        return None

    def _job(self, node: Node, parent: ExternalJobId | None, containers: list[Node]) -> Job:
        role = role_of(node.type)
        kind = _KINDS.get(role, JobKind.JOB)
        return Job(
            id=ExternalJobId(node.id),
            name=title_of(node),
            status=of_node(node.phase, role),
            detail=_detail(node),
            url=self._link + node.id,
            started_at=node.started_at,
            ended_at=node.finished_at,
            steps=tuple(_step(number, one) for number, one in enumerate(containers, start=1)),
            kind=kind,
            parent=parent,
            gate=_gate(node, self._link + node.id) if node.waits else None,
        )


def _places(nodes: Mapping[str, Node]) -> dict[str, int]:
    """An order in which each node stands before what comes after it: times are whole seconds, and many share one."""
    left: list[str] = []  # a node is left when all that comes after it was
    seen: set[str] = set()
    for first in sorted(nodes, key=lambda one: nodes[one].name, reverse=True):
        waiting = [(first, False)]
        while waiting:
            name, was_open = waiting.pop()
            if was_open:
                left.append(name)
            elif name in nodes and name not in seen:
                seen.add(name)
                waiting.append((name, True))
                waiting += [(child, False) for child in nodes[name].children]
    return {name: place for place, name in enumerate(reversed(left))}


def _detail(node: Node) -> str:
    """Uncut, since the last lines of a container may stand in it: whoever keeps it masks it first."""
    words = node.message.strip()
    phase = in_one_line(node.phase) or "not begun"
    return f"{phase}: {words}" if words else phase


def _step(number: int, node: Node) -> JobStep:
    return JobStep(
        number=number,
        name=title_of(node),
        status=of_node(node.phase),
        started_at=node.started_at,
        ended_at=node.finished_at,
    )


def _gate(node: Node, url: str) -> ExternalGate:
    return ExternalGate(
        id=GateId(node.id),
        kind=GateKind.SUSPEND,
        title=title_of(node),
        waits_for="somebody to resume it",
        url=url,
        verdicts=frozenset({GateVerdict.GO, GateVerdict.STOP}),
    )
