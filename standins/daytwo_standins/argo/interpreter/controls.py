"""What people may do to a workflow on its way: stop, terminate, suspend, resume, set."""

import json
from collections.abc import Mapping
from typing import Any

from daytwo_standins.argo.interpreter.nodes import Node
from daytwo_standins.argo.interpreter.phases import NodePhase, NodeType, Shutdown
from daytwo_standins.argo.interpreter.selectors import matches_fields
from daytwo_standins.argo.interpreter.workflow import State

INVALID, INTERNAL = 3, 13


class ControlError(Exception):
    """It was refused and nothing has changed; ``code`` is gRPC's."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


def control(state: State, verb: str, told: Mapping[str, Any], now: float) -> None:
    """Carry out one request.

    Raises:
        ControlError: it cannot be done; nothing has changed.
    """
    selector = str(told.get("nodeFieldSelector") or "")
    if verb == "stop" and selector:
        _end(_suspended(state, selector, "stop"), NodePhase.FAILED, str(told.get("message") or ""), now)
    elif verb in {"stop", "terminate"}:
        _shut_down(state, Shutdown.STOP if verb == "stop" else Shutdown.TERMINATE)
    elif verb == "suspend":
        if state.ended:
            raise ControlError(INVALID, "cannot suspend completed workflows")
        state.suspended = True
    elif verb == "resume":
        _resume(state, selector, now)
    else:
        _set(state, selector, told, now)


def _shut_down(state: State, how: Shutdown) -> None:
    if state.ended:
        raise ControlError(INTERNAL, "cannot shutdown a completed workflow")
    if state.shutdown is not Shutdown.TERMINATE:
        state.shutdown = how


def _resume(state: State, selector: str, now: float) -> None:
    waiting = _suspended(state, selector, "resume") if selector else _waiting(state)
    for node in waiting:
        _with_defaults(node, check_only=True)
    if not selector:
        state.suspended = False
    for node in waiting:
        _with_defaults(node)
    _end(waiting, NodePhase.SUCCEEDED, "", now)


def _set(state: State, selector: str, told: Mapping[str, Any], now: float) -> None:
    nodes = _suspended(state, selector, "set")
    values = _output_parameters(told.get("outputParameters"))
    for node in nodes:
        for name in values:
            _supplied(node, name)
    for node in nodes:
        for name, value in values.items():
            one = _supplied(node, name)
            one["value"] = value
        node.message = str(told.get("message") or "") or node.message
    if told.get("phase"):
        try:
            phase = NodePhase(told["phase"])
        except ValueError as error:
            raise ControlError(INVALID, f"'{told['phase']}' is no phase of a node") from error
        _end(nodes, phase, "", now)


def _output_parameters(told: object) -> dict[str, str]:
    if not told:
        return {}
    try:
        values = json.loads(str(told))
        return {str(name): str(value) for name, value in values.items()}
    except (ValueError, AttributeError) as error:
        raise ControlError(INVALID, f"unable to parse output parameter set request: {error}") from error


def _supplied(node: Node, name: str) -> dict[str, Any]:
    for one in node.outputs.get("parameters", []):
        if one["name"] == name:
            if one.get("valueFrom", {}).get("supplied") is None:
                break
            found: dict[str, Any] = one
            return found
    raise ControlError(INTERNAL, f"cannot set output parameters because node is not expecting a parameter '{name}'")


def _with_defaults(node: Node, *, check_only: bool = False) -> None:
    for one in node.outputs.get("parameters", []):
        if "value" in one:
            continue
        default = one.get("valueFrom", {}).get("default")
        if default is None:
            text = f"raw output parameter '{one['name']}' has not been set and does not have a default value"
            raise ControlError(INTERNAL, text)
        if not check_only:
            one["value"] = str(default)


def _waiting(state: State) -> list[Node]:
    return [node for node in state.nodes.values() if node.type is NodeType.SUSPEND and not node.fulfilled]


def _suspended(state: State, selector: str, verb: str) -> list[Node]:
    found = [node for node in _waiting(state) if matches_fields(selector, _fields(node))]
    if not found:
        text = f"currently, {verb} only targets suspend nodes: no suspend nodes matching nodeFieldSelector: {selector}"
        raise ControlError(INTERNAL, text)
    return found


def _fields(node: Node) -> dict[str, str]:
    inputs = {f"inputs.parameters.{one['name']}.value": str(one.get("value", "")) for one in node.inputs}
    return {
        "id": node.id,
        "name": node.name,
        "displayName": node.display_name,
        "templateName": node.template_name,
        "phase": str(node.phase),
        **inputs,
    }


def _end(nodes: list[Node], phase: NodePhase, message: str, now: float) -> None:
    for node in nodes:
        node.phase, node.message = phase, message or node.message
        if node.fulfilled:
            node.finished_at = now
