"""Templates of tasks that wait for each other."""

from collections.abc import Mapping
from typing import Any

from daytwo_standins.argo.interpreter.calls import Call, Prepared
from daytwo_standins.argo.interpreter.depends import depends_of, names_in, satisfied
from daytwo_standins.argo.interpreter.expansion import expanded, expands
from daytwo_standins.argo.interpreter.nodes import Node
from daytwo_standins.argo.interpreter.operation import Operation
from daytwo_standins.argo.interpreter.phases import BAD, NodePhase, NodeType
from daytwo_standins.argo.interpreter.scope import about_items, about_node
from daytwo_standins.argo.interpreter.steps import run_one, tolerates
from daytwo_standins.argo.interpreter.tags import fill


def run_dag(operation: Operation, call: Call, prepared: Prepared) -> Node:
    """Do what can be done now."""
    node = operation.begin(call, NodeType.DAG, prepared)
    inner = Call(
        name=node.name,
        display_name="",
        source={},
        arguments={},
        scope=prepared.scope,
        boundary=node.id,
        on_exit=call.on_exit,
    )
    dag = _Dag(operation, node, prepared.template["dag"], inner)
    for name in dag.wanted:
        dag.visit(name)
    if dag.busy:
        return node
    node.outbound = [end.id for leaf in dag.leaves() for end in operation.tree.ends_of(leaf)]
    bad = dag.unhandled()
    if bad:
        return operation.mark(node, NodePhase.ERROR if NodePhase.ERROR in bad else NodePhase.FAILED)
    operation.keep_outputs(node, prepared, dag.scope())
    return operation.mark(node, NodePhase.SUCCEEDED)


class _Dag:
    """The tasks of one template."""

    def __init__(self, operation: Operation, node: Node, dag: Mapping[str, Any], call: Call) -> None:
        self._operation = operation
        self._node = node
        self._call = call
        self._tasks = {task["name"]: task for task in dag["tasks"]}
        self._needs = {name: names_in(depends_of(task)) for name, task in self._tasks.items()}
        self._fail_fast = dag.get("failFast", True)
        self._visited: set[str] = set()
        needed = {name for names in self._needs.values() for name in names}
        self.wanted = str(dag.get("target") or "").split() or [name for name in self._tasks if name not in needed]

    @property
    def busy(self) -> bool:
        """Whether something runs or may still begin."""
        nodes = [self._named(name) for name in self._reached()]
        if any(node is not None and not node.fulfilled for node in nodes):
            return True
        return None in nodes and not self._gives_up()

    def visit(self, name: str) -> None:
        """Begin or continue a task, after those that it waits for."""
        if name in self._visited:
            return
        self._visited.add(name)
        for needed in self._needs[name]:
            self.visit(needed)
        node = self._named(name)
        if (node is not None and node.fulfilled) or not all(self._done(needed) for needed in self._needs[name]):
            return
        if not self._may_begin(name):
            self._connect(name, self._omitted(name))
        elif node is not None or not self._gives_up():
            self._connect(name, self._run(name))

    def unhandled(self) -> set[NodePhase]:
        """How tasks failed without all that waited for them being content with it."""
        found = set()
        for node, after in self._failed():
            others = [self._named(name) for name in after]
            if not after or any(other is None or other.phase is NodePhase.OMITTED for other in others):
                found.add(node.phase)
        return found

    def _gives_up(self) -> bool:
        """Whether nothing new may begin: a task failed and no other can make something of that."""
        return self._fail_fast and any(not any(map(self._may_follow, after)) for _, after in self._failed())

    def _failed(self) -> list[tuple[Node, list[str]]]:
        """The tasks that failed, each with the names of those that waited for it."""
        found = []
        for name in self._reached():
            node = self._named(name)
            if node is not None and node.bad and not tolerates(self._tasks[name], node.phase):
                found.append((node, [other for other, needs in self._needs.items() if name in needs]))
        return found

    def _may_follow(self, name: str) -> bool:
        node = self._named(name)
        if node is not None:
            return node.phase is not NodePhase.OMITTED
        return not all(map(self._done, self._needs[name])) or self._may_begin(name)

    def leaves(self) -> list[Node]:
        """The nodes of the tasks that were wanted."""
        return [node for node in map(self._named, self.wanted) if node is not None]

    def scope(self) -> dict[str, str]:
        """What tags may say about the tasks that are done."""
        found: dict[str, str] = {}
        for name in self._tasks:
            node = self._named(name)
            if node is not None and node.fulfilled:
                found |= about_node(f"tasks.{name}", node)
                if node.type is NodeType.TASK_GROUP:
                    found |= about_items(f"tasks.{name}", self._items(node))
        return found

    def _run(self, name: str) -> Node:
        task = fill(self._tasks[name], {**self._operation.values, **self.scope()})
        whole = f"{self._node.name}.{name}"
        if not expands(task):
            return run_one(self._operation, task, whole, self._call)
        group = self._named(name)
        if group is None:
            group = self._make(name, NodeType.TASK_GROUP, NodePhase.RUNNING, "")
        done = []
        for one in expanded(task):
            child = run_one(self._operation, one, f"{self._node.name}.{one['name']}", self._call)
            self._operation.tree.connect(group, child)
            done.append(child)
        if all(child.fulfilled for child in done):
            bad = [child.phase for child in done if child.bad]
            self._operation.mark(group, bad[0] if bad else NodePhase.SUCCEEDED)
        return group

    def _may_begin(self, name: str) -> bool:
        def phases(other: str) -> list[NodePhase]:
            node = self._named(other)
            assert node is not None
            items = self._items(node) if node.type is NodeType.TASK_GROUP else []
            return [node.phase, *(item.phase for item in items)]

        def tolerated(other: str) -> frozenset[NodePhase]:
            return frozenset(phase for phase in BAD if tolerates(self._tasks[other], phase))

        return satisfied(depends_of(self._tasks[name]), phases, tolerated)

    def _omitted(self, name: str) -> Node:
        return self._make(name, NodeType.SKIPPED, NodePhase.OMITTED, "omitted: depends condition not met")

    def _make(self, name: str, kind: NodeType, phase: NodePhase, message: str) -> Node:
        whole = f"{self._node.name}.{name}"
        node = self._operation.node(whole, kind, phase, boundary=self._node.id, scope=self._call.scope, message=message)
        node.display_name = name
        node.template_name = str(self._tasks[name].get("template", ""))
        return node

    def _connect(self, name: str, node: Node) -> None:
        befores = [self._named(needed) for needed in self._needs[name]]
        ends = [end for one in befores if one is not None for end in self._operation.tree.ends_of(one)]
        for parent in ends or [self._node]:
            self._operation.tree.connect(parent, node)

    def _items(self, group: Node) -> list[Node]:
        return [one for one in self._operation.tree.children(group) if one.name.startswith(f"{group.name}(")]

    def _reached(self) -> list[str]:
        """The tasks that are wanted or needed for those."""
        found, waiting = dict.fromkeys(self.wanted), list(self.wanted)
        while waiting:
            for name in self._needs[waiting.pop()]:
                if name not in found:
                    found[name] = None
                    waiting.append(name)
        return list(found)

    def _named(self, name: str) -> Node | None:
        return self._operation.tree.named(f"{self._node.name}.{name}")

    def _done(self, name: str) -> bool:
        node = self._named(name)
        return node is not None and node.fulfilled
