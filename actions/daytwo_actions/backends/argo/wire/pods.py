"""The name of the pod of a node, as the controller makes it; logs are asked for by it.

It is the node's id, and since pod names "v2" the workflow, the template and the number at the end of the node's id.
"""

from typing import Final

from daytwo_actions.backends.argo.wire.objects import Node, Workflow

_LONGEST_PREFIX: Final = 242  # characters before the dash and a number of up to ten digits, 253 in all


def pod_of(workflow: Workflow, node: Node) -> str:
    name = workflow.metadata.name
    if node.name == name:
        return name
    if not workflow.metadata.names_pods_by_template:
        return node.id
    # A template that stands within another has no name of its own.
    prefix = name if ".inline" in node.name else f"{name}-{node.template}"
    return f"{prefix[:_LONGEST_PREFIX]}-{_number(node.name)}"


def _number(name: str) -> int:
    """FNV-1a of 32 bits, which the id of a node ends with too."""
    value = 0x811C9DC5
    for byte in name.encode():
        value = ((value ^ byte) * 0x01000193) & 0xFFFFFFFF
    return value
