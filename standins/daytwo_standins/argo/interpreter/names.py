"""Ids of nodes and names of pods, as Argo makes them: the 32-bit FNV-1a hash of a node's name."""

from typing import Final

_OFFSET: Final = 2_166_136_261
_PRIME: Final = 16_777_619
_LONGEST_POD_NAME: Final = 253


def node_id(workflow: str, name: str) -> str:
    """The id of a node by its name; the root's is the name of the workflow."""
    return name if name == workflow else f"{workflow}-{_hash(name)}"


def pod_name(workflow: str, name: str, template: str) -> str:
    """The name of the pod of a node, in Argo's second format."""
    if name == workflow:
        return workflow
    number = str(_hash(name))
    prefix = f"{workflow}-{template}" if template else workflow
    return f"{prefix[: _LONGEST_POD_NAME - len(number) - 1]}-{number}"


def _hash(text: str) -> int:
    number = _OFFSET
    for byte in text.encode():
        number = (number ^ byte) * _PRIME & 0xFFFFFFFF
    return number
