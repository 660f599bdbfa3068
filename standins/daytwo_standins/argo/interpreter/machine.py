"""The state machine: looked at again whenever something has happened, it says which pods are to be started.

Everything that it decides is read from the nodes, so looking twice changes nothing, and a state that was written down
goes on where it was.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from daytwo_standins.argo.interpreter.booleans import ExpressionError
from daytwo_standins.argo.interpreter.calls import Call, Prepared, prepare
from daytwo_standins.argo.interpreter.dag import run_dag
from daytwo_standins.argo.interpreter.durations import seconds
from daytwo_standins.argo.interpreter.nodes import Node
from daytwo_standins.argo.interpreter.operation import Operation, Start
from daytwo_standins.argo.interpreter.phases import NodePhase, NodeType, Shutdown, WorkflowPhase
from daytwo_standins.argo.interpreter.retries import run_retried
from daytwo_standins.argo.interpreter.scope import about_workflow, at_the_exit
from daytwo_standins.argo.interpreter.steps import run_steps

DEADLINE: Final = "Step exceeded its deadline"
_ENDS: Final = {
    NodePhase.SUCCEEDED: WorkflowPhase.SUCCEEDED,
    NodePhase.SKIPPED: WorkflowPhase.SUCCEEDED,
    NodePhase.OMITTED: WorkflowPhase.SUCCEEDED,
    NodePhase.FAILED: WorkflowPhase.FAILED,
    NodePhase.ERROR: WorkflowPhase.ERROR,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class PodResult:
    """How a pod ended. ``trouble``: it could not be run, or an output is not there; ``stopped``: why it was killed."""

    exit_code: int | None
    trouble: str = ""
    stopped: str = ""
    result: str | None = None
    parameters: tuple[Mapping[str, Any], ...] = ()


class Machine(Operation):
    """One workflow on its way."""

    def operate(self, now: float) -> list[Start]:
        """Look at everything; what is to be started now."""
        self.now, self.starts, self.wakes = now, [], []
        if self.state.ended:
            return []
        if self.state.started_at is None:
            self.state.started_at = now
        self.state.phase = WorkflowPhase.RUNNING
        self._end_barred()
        if not self.state.suspended or self.state.shutdown:
            self.values = about_workflow(self.workflow, self.state, now)
            self._run()
        return self.starts

    def pod_started(self, number: str, now: float) -> None:
        """A pod runs."""
        self.tree.mark(self.tree.get(number), NodePhase.RUNNING, now)

    def pod_ended(self, number: str, result: PodResult, now: float) -> None:
        """A pod has ended."""
        self.now = now
        node = self.tree.get(number)
        if result.exit_code is not None:
            node.outputs["exitCode"] = str(result.exit_code)
        if result.result is not None:
            node.outputs["result"] = result.result
        if result.parameters:
            node.outputs["parameters"] = [dict(one) for one in result.parameters]
            self.publish(node.outputs["parameters"])
        self.mark(node, *_end_of(result))

    def stops(self, now: float) -> dict[str, str]:
        """The pods that run and must not any more, with the reason."""
        self.now = now
        running = [node for node in self.tree if node.type is NodeType.POD and node.phase is NodePhase.RUNNING]
        return {node.id: why for node in running if (why := self._bar(on_exit=self._of_exit(node)))}

    def next_at(self) -> float | None:
        """When something happens that nobody reports, or None."""
        deadline = self._deadline()
        coming = [deadline] if deadline is not None and deadline > self.now else []
        return min([*self.wakes, *coming], default=None)

    def execute(self, call: Call) -> Node:
        """Do what can be done now for one use of a template; its node."""
        found = self.tree.named(call.name)
        if found is not None and found.fulfilled:
            return found
        barred = self._bar(on_exit=call.on_exit)
        if found is None and barred:
            return self._not_begun(call, NodePhase.FAILED, barred)
        try:
            prepared = prepare(self.workflow, call, self.values)
            if call.attempt is None and prepared.template.get("retryStrategy") is not None:
                return run_retried(self, call, prepared, barred=bool(barred))
            return _RUN[prepared.kind](self, call, prepared)
        except ExpressionError as error:
            return self._not_begun(call, NodePhase.ERROR, str(error))

    def _run(self) -> None:
        spec, name = self.workflow.spec, self.workflow.name
        arguments = {"parameters": [{"name": k, "value": v} for k, v in self.workflow.parameters.items()]}
        entry = {"template": spec.get("entrypoint", "")}
        root = self.execute(Call(name=name, display_name=name, source=entry, arguments=arguments))
        if not root.fulfilled:
            return
        handler = self._exit_handler(root, arguments)
        if handler is not None and not handler.fulfilled:
            return
        last = handler if handler is not None and handler.bad and not root.bad else root
        self.state.phase = _ENDS[last.phase]
        stopped = f"Stopped with strategy '{self.state.shutdown}'"
        self.state.message = stopped if self.state.shutdown else last.message
        self.state.finished_at = self.now

    def _exit_handler(self, root: Node, arguments: Mapping[str, Any]) -> Node | None:
        handler = self.workflow.spec.get("onExit")
        if not handler or self.state.shutdown is Shutdown.TERMINATE:
            return None
        self.values |= at_the_exit(self.state, root, self.now)
        name = f"{self.workflow.name}.onExit"
        call = Call(name=name, display_name=name, source={"template": handler}, arguments=arguments, on_exit=True)
        node = self.execute(call)
        node.hooked = True
        return node

    def _end_barred(self) -> None:
        """End what waits and must not go on; what runs is ended by whoever runs it."""
        for node in self.tree:
            waits = node.type is NodeType.SUSPEND or node.phase is NodePhase.PENDING
            if waits and not node.fulfilled and (why := self._bar(on_exit=self._of_exit(node))):
                self.mark(node, NodePhase.FAILED, why)

    def _bar(self, *, on_exit: bool) -> str:
        """Why nothing of this part may begin or go on; empty when it may."""
        shutdown = self.state.shutdown
        if shutdown is Shutdown.TERMINATE or (shutdown is Shutdown.STOP and not on_exit):
            return f"workflow shutdown with strategy:  {shutdown}"
        deadline = self._deadline()
        return DEADLINE if not on_exit and deadline is not None and self.now >= deadline else ""

    def _deadline(self) -> float | None:
        told = self.workflow.spec.get("activeDeadlineSeconds")
        return None if told is None else (self.state.started_at or self.now) + float(told)

    def _of_exit(self, node: Node) -> bool:
        handler = f"{self.workflow.name}.onExit"
        return node.name == handler or node.name.startswith((f"{handler}[", f"{handler}.", f"{handler}("))

    def _not_begun(self, call: Call, phase: NodePhase, message: str) -> Node:
        node = self.tree.named(call.name) or self.node(
            call.name, NodeType.SKIPPED, NodePhase.RUNNING, boundary=call.boundary, scope=call.scope
        )
        node.display_name = call.display_name
        node.template_name = node.template_name or str(call.source.get("template", ""))
        return self.mark(node, phase, message)


def _run_pod(machine: Operation, call: Call, prepared: Prepared) -> Node:
    node = machine.begin(call, NodeType.POD, prepared, NodePhase.PENDING)
    running = sum(one.type is NodeType.POD and one.phase is NodePhase.RUNNING for one in machine.tree)
    most = machine.workflow.spec.get("parallelism")
    if node.phase is NodePhase.PENDING and (most is None or running + len(machine.starts) < int(most)):
        machine.starts.append(Start(node_id=node.id, pod_name=node.pod_name, template=prepared.template))
    return node


def _run_suspend(machine: Operation, call: Call, prepared: Prepared) -> Node:
    node = machine.begin(call, NodeType.SUSPEND, prepared)
    if "parameters" not in node.outputs:
        outputs = (prepared.template.get("outputs") or {}).get("parameters") or []
        node.outputs = {"parameters": [dict(one) for one in outputs]} if outputs else {}
    duration = prepared.template["suspend"].get("duration")
    if duration is None:
        return node
    due = node.started_at + seconds(duration)
    if machine.now >= due:
        return machine.mark(node, NodePhase.SUCCEEDED)
    machine.wakes.append(due)
    return node


def _no_kind(_machine: Operation, _call: Call, prepared: Prepared) -> Node:
    raise ExpressionError(f"template {prepared.name} is of no kind that the stand-in can run")


_RUN: Final[Mapping[str, Callable[[Operation, Call, Prepared], Node]]] = {
    "container": _run_pod,
    "script": _run_pod,
    "steps": run_steps,
    "dag": run_dag,
    "suspend": _run_suspend,
    "": _no_kind,
}


def _end_of(result: PodResult) -> tuple[NodePhase, str]:
    if result.stopped:
        return NodePhase.FAILED, result.stopped
    if result.exit_code:
        return NodePhase.FAILED, f"main: Error (exit code {result.exit_code})"
    if result.trouble:
        return NodePhase.ERROR, result.trouble
    return NodePhase.SUCCEEDED, ""
