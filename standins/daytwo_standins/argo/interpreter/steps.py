"""Templates of steps: groups one after the other, the steps of a group side by side."""

from collections.abc import Mapping, Sequence
from typing import Any

from daytwo_standins.argo.interpreter.booleans import ExpressionError
from daytwo_standins.argo.interpreter.calls import Call, Prepared
from daytwo_standins.argo.interpreter.conditions import holds
from daytwo_standins.argo.interpreter.expansion import expanded, expands
from daytwo_standins.argo.interpreter.nodes import Node
from daytwo_standins.argo.interpreter.operation import Operation
from daytwo_standins.argo.interpreter.phases import NodePhase, NodeType
from daytwo_standins.argo.interpreter.scope import about_items, about_node
from daytwo_standins.argo.interpreter.tags import fill

Step = Mapping[str, Any]


def run_steps(operation: Operation, call: Call, prepared: Prepared) -> Node:
    """Do what can be done now."""
    node = operation.begin(call, NodeType.STEPS, prepared)
    scope: dict[str, str] = {}
    before: Node | None = None
    for number, steps in enumerate(prepared.template["steps"]):
        group = _group(operation, node, number, prepared.scope)
        _connect(operation, node, before, group)
        if not group.fulfilled:
            inner = Call(
                name=group.name,
                display_name="",
                source={},
                arguments={},
                scope=prepared.scope,
                boundary=node.id,
                on_exit=call.on_exit,
            )
            _run_group(operation, group, _known(steps, {**operation.values, **scope}), inner)
        if not group.fulfilled:
            return node
        if group.bad:
            node.outbound = _ends(operation, group)
            return operation.mark(node, group.phase, group.message)
        for step in steps:
            scope |= _about(operation, group, step["name"])
        before = group
    node.outbound = _ends(operation, before) if before else []
    operation.keep_outputs(node, prepared, scope)
    return operation.mark(node, NodePhase.SUCCEEDED)


def tolerates(step: Step, phase: NodePhase) -> bool:
    """Whether what follows goes on although the step ended like this."""
    goes_on = step.get("continueOn") or {}
    return bool(
        (phase is NodePhase.FAILED and goes_on.get("failed")) or (phase is NodePhase.ERROR and goes_on.get("error"))
    )


def run_one(operation: Operation, step: Step, name: str, call: Call) -> Node:
    """Run one step or task below its boundary, or skip it when its condition does not hold."""
    try:
        wanted = holds(step.get("when", ""))
    except ExpressionError as error:
        return _not_run(operation, step, name, call, NodePhase.ERROR, str(error))
    if not wanted:
        return _not_run(operation, step, name, call, NodePhase.SKIPPED, f"when '{step['when']}' evaluated false")
    inner = Call(
        name=name,
        display_name=step["name"],
        source=step,
        arguments=step.get("arguments") or {},
        scope=call.scope,
        boundary=call.boundary,
        on_exit=call.on_exit,
    )
    return operation.execute(inner)


def _run_group(operation: Operation, group: Node, steps: Sequence[Step], call: Call) -> None:
    done: list[tuple[Step, Node]] = []
    try:
        for step in steps:
            several = expanded(step) if expands(step) else [step]
            if not several:
                name = f"{group.name}.{step['name']}"
                skipped = _not_run(operation, step, name, call, NodePhase.SKIPPED, "Skipped, empty params")
                done.append((step, skipped))
            done += [(one, run_one(operation, one, f"{group.name}.{one['name']}", call)) for one in several]
    except ExpressionError as error:
        operation.mark(group, NodePhase.ERROR, str(error))
        return
    for _, child in done:
        operation.tree.connect(group, child)
    if not all(child.fulfilled for _, child in done):
        return
    bad = next((child for step, child in done if child.bad and not tolerates(step, child.phase)), None)
    if bad is not None:
        operation.mark(group, NodePhase.FAILED, f"child '{bad.id}' failed")
    else:
        operation.mark(group, NodePhase.SUCCEEDED)


def _known(steps: Sequence[Step], values: Mapping[str, str]) -> list[Step]:
    return [fill(step, values) for step in steps]


def _group(operation: Operation, node: Node, number: int, scope: str) -> Node:
    name = f"{node.name}[{number}]"
    found = operation.tree.named(name)
    if found is None:
        found = operation.node(name, NodeType.STEP_GROUP, NodePhase.RUNNING, boundary=node.id, scope=scope)
        found.display_name = f"[{number}]"
    return found


def _connect(operation: Operation, node: Node, before: Node | None, group: Node) -> None:
    parents = [node] if before is None else [operation.tree.get(number) for number in _ends(operation, before)]
    for parent in parents:
        operation.tree.connect(parent, group)


def _ends(operation: Operation, group: Node) -> list[str]:
    """The nodes with which a group ends; an empty group ends with itself."""
    steps = [child for child in operation.tree.children(group) if child.name.startswith(f"{group.name}.")]
    ends = [end.id for child in steps for end in operation.tree.ends_of(child)]
    return ends or [group.id]


def _about(operation: Operation, group: Node, name: str) -> dict[str, str]:
    one = operation.tree.named(f"{group.name}.{name}")
    if one is not None:
        return about_node(f"steps.{name}", one)
    several = [child for child in operation.tree.children(group) if child.name.startswith(f"{group.name}.{name}(")]
    return about_items(f"steps.{name}", several)


def _not_run(operation: Operation, step: Step, name: str, call: Call, phase: NodePhase, message: str) -> Node:
    found = operation.tree.named(name)
    if found is not None:
        return found
    node = operation.node(name, NodeType.SKIPPED, phase, boundary=call.boundary, scope=call.scope, message=message)
    node.display_name = step["name"]
    node.template_name = str(step.get("template", ""))
    return node
