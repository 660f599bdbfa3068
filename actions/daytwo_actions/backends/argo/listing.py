"""What can be started in a namespace, and names for a form's choices."""

import asyncio
from collections.abc import Iterable
from typing import Final

from daytwo_actions.backends.argo.resolving import Resolving
from daytwo_actions.backends.argo.wire import inputs, names
from daytwo_actions.backends.argo.wire.names import CLUSTER
from daytwo_actions.backends.argo.wire.templates import Template, TemplateList
from daytwo_actions.backends.base import Target
from daytwo_actions.backends.failures import BackendDenied
from daytwo_actions.backends.http.reading import Reading
from daytwo_actions.backends.pipelines import ListPage, PipelineInfo, PipelineInputs
from daytwo_forms.sources import Listed

_PAGE: Final = 100
_EVERYWHERE: Final = "/api/v1/workflow-templates/"  # of all namespaces that the token may see


class Offers:
    def __init__(self, reading: Reading, resolving: Resolving, *, page: str) -> None:
        self._reading = reading
        self._resolving = resolving
        self._page = page

    async def pipelines(self, project: str) -> list[PipelineInfo]:
        """The namespace's templates, then those of the cluster, where they may be seen.

        Raises `BackendUnreachable`, `BackendDenied`.
        """
        own, shared = await asyncio.gather(
            self._templates(names.templates(project), f"the templates of {project}"), self._of_cluster()
        )
        return [
            *(self._info(one, one.metadata.name, f"/workflow-templates/{project}") for one in own),
            *(self._info(one, CLUSTER + one.metadata.name, "/cluster-workflow-templates") for one in shared),
        ]

    async def parameters(self, target: Target) -> PipelineInputs:
        (_, template), *rest = await self._resolving.parts(target)
        parts = {(name.name, name.cluster): part.spec for name, part in rest}
        return inputs.read_template({"spec": template.spec}, names.of_target(target).title, parts)

    async def names(self, listed: Listed, project: str, *, search: str, cursor: str | None) -> ListPage:
        """Raises `BackendUnreachable`, and `BackendDenied` also for what Argo does not list."""
        match listed:
            case "pipelines":
                found: Iterable[str] = (one.pipeline for one in await self.pipelines(project) if one.why_not is None)
            case "namespaces":
                found = {one.metadata.namespace for one in await self._everywhere()}
            case _:
                raise BackendDenied(
                    f"Argo Workflows lists namespaces and pipelines here, and not {listed}. Nothing was listed."
                )
        fitting = sorted(name for name in found if name and search.strip().lower() in name.lower())
        start = _start(cursor)
        more = len(fitting) > start + _PAGE
        return ListPage(names=fitting[start : start + _PAGE], next_cursor=str(start + _PAGE) if more else None)

    async def _everywhere(self) -> list[Template]:
        return await self._templates(_EVERYWHERE, "the namespaces with templates, which takes a role in the cluster")

    async def _of_cluster(self) -> list[Template]:
        """None where the token may not see them, or the server has none."""
        try:
            return await self._templates("/api/v1/cluster-workflow-templates", "the templates of the cluster")
        except BackendDenied:
            return []

    async def _templates(self, path: str, what: str) -> list[Template]:
        found = await self._reading.get(
            "templates.list", what, path, lambda answer: TemplateList.model_validate_json(answer.body)
        )
        return sorted(found.items, key=lambda one: one.metadata.name)

    def _info(self, template: Template, pipeline: str, place: str) -> PipelineInfo:
        named = isinstance(template.spec.get("entrypoint"), str) and template.spec["entrypoint"]
        annotations = template.metadata.annotations
        return PipelineInfo(
            pipeline=pipeline,
            title=annotations.get("workflows.argoproj.io/title") or pipeline,
            why_not=None if named else "It has no entrypoint, so it is only made for other templates to take parts of.",
            url=f"{self._page}{place}/{template.metadata.name}",
        )


def _start(cursor: str | None) -> int:
    return int(cursor) if cursor and cursor.isascii() and cursor.isdigit() and len(cursor) < 7 else 0
