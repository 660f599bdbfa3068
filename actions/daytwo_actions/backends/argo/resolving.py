"""What a template is right now: its identity, its version, and what it and the templates that it uses ask for."""

import asyncio
from collections.abc import Sequence
from typing import Final

from daytwo_actions.backends.argo.wire import inputs, names, templates
from daytwo_actions.backends.argo.wire.fence import asks_first
from daytwo_actions.backends.argo.wire.templates import Template
from daytwo_actions.backends.base import Pinned, Target
from daytwo_actions.backends.failures import BackendDenied
from daytwo_actions.backends.http.reading import Reading

_MOST: Final = 30  # templates that one may take parts from, all levels together

_Part = tuple[names.TemplateName, Template]


class Resolving:
    def __init__(self, reading: Reading) -> None:
        self._reading = reading

    async def resolve(self, target: Target) -> Pinned:
        """Raises `BackendUnreachable`, `BackendDenied`."""
        parts = await self.parts(target)
        (_, first), *rest = parts
        found = {(name.name, name.cluster): part.spec for name, part in rest}
        return Pinned(
            target=target,
            project_id=names.namespace(target.project),
            pipeline_id=first.metadata.uid or first.metadata.name,
            commit=first.version,
            pipeline_digest=templates.digest_of(parts),
            marked=True,  # the name and the labels of a workflow are ours, whatever the template says
            fenced=asks_first(first.spec, found),
            lasting=inputs.stays(first.spec),
        )

    async def template(self, target: Target) -> Template:
        """The template that a step names. Raises `BackendUnreachable`, `BackendDenied`."""
        return await self._get(target.project, names.of_target(target))

    async def parts(self, target: Target) -> Sequence[_Part]:
        """The template, then those that it takes parts from, each once. Raises as `template` does."""
        first = names.of_target(target)
        found: dict[names.TemplateName, Template] = {}
        wanted = [first]
        while wanted:
            read = await asyncio.gather(*(self._get(target.project, name) for name in wanted))
            found.update(zip(wanted, read, strict=True))
            needed = {name: None for template in read for name in templates.needed_by(template.spec)}
            wanted = [name for name in needed if name not in found]
            if len(found) + len(wanted) > _MOST:
                raise BackendDenied(
                    f"The template {first.title} takes parts from more than {_MOST} templates, so it is not known "
                    "what it would do. Nothing was sent; make it of fewer."
                )
        return list(found.items())

    async def _get(self, project: str, name: names.TemplateName) -> Template:
        kind = "ClusterWorkflowTemplate" if name.cluster else "WorkflowTemplate"
        what = f"the {kind} {name.name}" + ("" if name.cluster else f" of {project}")
        return await self._reading.get(
            "template", what, name.path(project), lambda answer: Template.model_validate_json(answer.body)
        )
