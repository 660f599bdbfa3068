"""Ids of nodes and names of pods, as Argo makes them: the 32-bit FNV-1a hash of a node's name."""

from typing import Final

_OFFSET: Final = 2_166_136_261
_PRIME: Final = 16_777_619
_LONGEST_PREFIX: Final = 242  # of a pod's name of 253 characters, with a dash and a number of ten digits


def node_id(workflow: str, name: str) -> str:
    """The id of a node by its name; the root's is the name of the workflow."""
    return name if name == workflow else f"{workflow}-{_hash(name)}"


def pod_name(workflow: str, name: str, template: str) -> str:
    """The name of the pod of a node, in Argo's second format."""
    if name == workflow:
        return workflow
    prefix = workflow if ".inline" in name else f"{workflow}-{template}"
    return f"{prefix[:_LONGEST_PREFIX]}-{_hash(name)}"


def _hash(text: str) -> int:
    number = _OFFSET
    for byte in text.encode():
        number = (number ^ byte) * _PRIME & 0xFFFFFFFF
    return number
