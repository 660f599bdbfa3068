"""Whether a workflow file carries our marker where a listing shows it.

It does when its `workflow_dispatch` declares the input `daytwo_run` and its `run-name` has
`${{ inputs.daytwo_run }}` in it.
https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-syntax#run-name
"""

import re
from typing import Final

import yaml

from daytwo_actions.backends.github.wire.dispatch import RESERVED

_LARGEST: Final = 262_144  # bytes
# The C parser of YAML builds its tree by recursion, and a file of a few thousand "[" ends the process.
_DEEPEST: Final = 50
# Only the plain expression counts: a longer one may leave the marker out.
_IN_RUN_NAME: Final = re.compile(r"\$\{\{\s*(github\.event\.)?inputs\." + RESERVED + r"\s*\}\}")


def is_marked(content: bytes) -> bool:
    """True only if a run of this file is sure to show the marker that we send. A file that cannot be read is not."""
    if len(content) > _LARGEST:
        return False
    try:
        text = content.decode()
        root = yaml.compose(text, Loader=yaml.CSafeLoader) if _is_shallow(text) else None
    except (yaml.YAMLError, ValueError):
        return False
    run_name = _child(root, "run-name")
    shown = isinstance(run_name, yaml.ScalarNode) and _IN_RUN_NAME.search(run_name.value)
    return bool(shown) and _child(root, "on", "workflow_dispatch", "inputs", RESERVED) is not None


def _is_shallow(text: str) -> bool:
    depth = 0
    for event in yaml.parse(text, Loader=yaml.CSafeLoader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > _DEEPEST:
                return False
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
    return True


def _child(node: yaml.Node | None, *path: str) -> yaml.Node | None:
    """The node below by keys as they are written, so that `on` is not read as the truth value of YAML 1.1."""
    for name in path:
        if not isinstance(node, yaml.MappingNode):
            return None
        node = next(
            (value for key, value in node.value if isinstance(key, yaml.ScalarNode) and key.value == name), None
        )
    return node
