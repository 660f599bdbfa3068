"""What a workflow leaves: output parameters, and files."""

from collections.abc import Iterator, Mapping
from typing import Final

from pydantic import JsonValue

from daytwo_actions.backends.argo.wire import names
from daytwo_actions.backends.argo.wire.objects import Node, Outputs, Workflow
from daytwo_actions.backends.argo.wire.runs import title_of
from daytwo_actions.backends.failures import BackendDenied
from daytwo_actions.backends.tree import Artifact

LOG: Final = "main-logs"  # the name under which Argo keeps a pod's log, where it is told to
_MOST_ARTIFACTS: Final = 1_000


def outputs_of(workflow: Workflow) -> Mapping[str, JsonValue] | None:
    """The entrypoint's output parameters, and the workflow's own (`globalName`), which go first. None: there are none.

    Values are text, as Argo has them.
    """
    root = workflow.root
    found = {**_parameters(root.outputs if root else None), **_parameters(workflow.status.outputs)}
    return found or None


def _parameters(outputs: Outputs | None) -> dict[str, JsonValue]:
    return {one.name: one.value for one in (outputs.parameters if outputs else []) if one.value is not None}


def artifacts_of(workflow: Workflow, *, page: str) -> list[Artifact]:
    """Files of all nodes, "node/name", logs left out. One whose name cannot be in an address has none."""
    return [one for _, one in zip(range(_MOST_ARTIFACTS), _artifacts(workflow, page), strict=False)]


def _artifacts(workflow: Workflow, page: str) -> Iterator[Artifact]:
    for node in sorted(workflow.status.nodes.values(), key=lambda node: node.name):
        for one in node.outputs.artifacts if node.outputs else []:
            if not one.name.endswith("-logs"):
                yield Artifact(
                    name=f"{title_of(node)}/{one.name}",
                    size=None,
                    url=_link(workflow, node, one.name, page),
                    expires_at=None,
                    expired=bool(one.deleted),
                )


def _link(workflow: Workflow, node: Node, name: str, page: str) -> str | None:
    metadata = workflow.metadata
    try:
        return page + names.artifact(metadata.namespace, metadata.run, node.id, name)
    except BackendDenied:
        return None


def keeps_log(node: Node) -> bool:
    """Whether Argo has kept the log of a node as a file, which outlives its pod."""
    return any(one.name == LOG and not one.deleted for one in (node.outputs.artifacts if node.outputs else []))
