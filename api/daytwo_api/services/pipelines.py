"""What the CI systems offer to be started. Read with the connection's credential, so for administrators only."""

from collections.abc import Awaitable, Mapping
from dataclasses import replace
from typing import TypeVar

from daytwo_actions.backends.base import Backend, Target
from daytwo_actions.backends.failures import BackendDenied, BackendUnreachable
from daytwo_actions.backends.pipelines import PipelineInputs
from daytwo_actions.definitions.connections import KEYS, Keys
from daytwo_actions.drafts.action import action_text
from daytwo_api.views.common import Page
from daytwo_api.views.pipelines import PipelineInputView, PipelineRemarkView, PipelineSummary, PipelineView
from daytwo_store.errors import NotFound, Rejected, Unavailable

_Answer = TypeVar("_Answer")


class Pipelines:
    def __init__(self, backends: Mapping[str, Backend]) -> None:
        self._backends = backends

    async def offered(
        self,
        connection: str,
        *,
        project: str,
        ref: str | None,
    ) -> Page[PipelineSummary]:
        found = await _asked(self._backend(connection).pipelines(project, ref=ref))
        return Page(
            items=[
                PipelineSummary(pipeline=one.pipeline, title=one.title, why_not=one.why_not, url=one.url)
                for one in found
            ]
        )

    async def one(
        self,
        connection: str,
        target: Target,
    ) -> PipelineView:
        backend = self._backend(connection)
        without = KEYS.get(backend.traits.kind, Keys()).without_meaning
        target = replace(
            target,
            pipeline="" if "pipeline" in without else target.pipeline,
            ref="" if "ref" in without else target.ref,
        )
        return _view(connection, target, await _asked(backend.parameters(target)))

    def _backend(self, connection: str) -> Backend:
        if connection not in self._backends:
            raise NotFound(
                f"There is no connection {connection!r}. Configured are: {', '.join(sorted(self._backends)) or 'none'}."
            )
        return self._backends[connection]


async def _asked(asking: Awaitable[_Answer]) -> _Answer:
    try:
        return await asking
    except BackendUnreachable as error:
        raise Unavailable(f"{error.detail} Nothing was changed. Try again.") from error
    except BackendDenied as error:
        raise Rejected(error.detail) from error


def _view(connection: str, target: Target, found: PipelineInputs) -> PipelineView:
    return PipelineView(
        connection=connection,
        project=target.project,
        pipeline=target.pipeline,
        ref=found.ref or target.ref or None,
        file=found.file,
        inputs=[
            PipelineInputView(
                name=one.name,
                type=one.type,
                required=one.required,
                default=one.default,
                description=one.description,
                options=list(one.options),
                pattern=one.pattern,
                line=one.line,
            )
            for one in found.inputs
        ],
        others=found.others,
        packs=found.packs,
        marked=found.marked,
        fenced=found.fenced,
        remarks=[
            PipelineRemarkView(severity=one.severity, code=one.code, message=one.message, line=one.line)
            for one in found.remarks
        ],
        action=action_text(
            found,
            connection=connection,
            project=target.project,
            name=target.pipeline,
            ref=found.ref or target.ref or None,
        ),
    )
