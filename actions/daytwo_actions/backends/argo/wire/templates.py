"""Templates: what a workflow is made of, and how we see that one was changed.

https://argo-workflows.readthedocs.io/en/latest/workflow-templates/
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Final

from pydantic import BeforeValidator, JsonValue

from daytwo_actions.backends.argo.wire import names
from daytwo_actions.backends.argo.wire.objects import Metadata, Vendor
from daytwo_actions.backends.failures import BackendDenied
from daytwo_store.ids import Digest

_DEEPEST: Final = 100
_FIELDS: Final = ("templateRef", "workflowTemplateRef")


class Template(Vendor):
    """What we read of `WorkflowTemplate` and `ClusterWorkflowTemplate`."""

    metadata: Metadata
    spec: dict[str, JsonValue] = {}

    @property
    def version(self) -> str:
        """Another one after each change: Kubernetes counts the changes of what is asked for (`generation`)."""
        metadata = self.metadata
        return f"generation {metadata.generation}" if metadata.generation else f"version {metadata.resource_version}"


class TemplateList(Vendor):
    items: Annotated[list[Template], BeforeValidator(lambda value: [] if value is None else value)] = []


def needed_by(spec: Mapping[str, JsonValue]) -> list[names.TemplateName]:
    """Templates that a template takes parts from; those whose names are worked out later are not among them."""
    return sorted(set(_references(dict(spec), 0)), key=lambda one: one.title)


def _references(value: JsonValue, depth: int) -> Iterator[names.TemplateName]:
    if depth > _DEEPEST:
        return
    if isinstance(value, list):
        for item in value:
            yield from _references(item, depth + 1)
    elif isinstance(value, dict):
        for key, item in value.items():
            if key in _FIELDS and isinstance(item, dict):
                yield from _reference(item)
            yield from _references(item, depth + 1)


def _reference(value: Mapping[str, JsonValue]) -> Iterator[names.TemplateName]:
    try:
        found = names.template(str(value.get("name", "")))
    except BackendDenied:
        return
    yield names.TemplateName(found.name, cluster=bool(value.get("clusterScope")))


def digest_of(parts: Sequence[tuple[names.TemplateName, Template]]) -> Digest:
    """SHA-256 of the template and of those that it takes parts from, each with its identity."""
    document = [[name.title, part.metadata.uid, part.spec] for name, part in parts]
    return Digest(hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest())
