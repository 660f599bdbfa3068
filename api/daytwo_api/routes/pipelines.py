"""Pipelines of a connection, for who writes actions."""

from typing import Annotated

from fastapi import APIRouter, Query

from daytwo_actions.backends.base import Target
from daytwo_actions.roles import Permission
from daytwo_api.asker import needs
from daytwo_api.deps import ServicesDep
from daytwo_api.views.common import Page
from daytwo_api.views.pipelines import CheckRequest, CheckView, PipelineSummary, PipelineView

router = APIRouter(tags=["control"])
_PIPELINES = "/connections/{name}/pipelines"
Project = Annotated[str, Query(max_length=200, description="repository, project path or namespace")]
Ref = Annotated[str | None, Query(max_length=255, description="branch or tag; the default branch when left out")]


@router.get(
    _PIPELINES,
    summary="What can be started in a project, and what cannot and why",
    operation_id="listPipelines",
    dependencies=[needs(Permission.PIPELINES_READ)],
)
async def list_pipelines(name: str, project: Project, services: ServicesDep, ref: Ref = None) -> Page[PipelineSummary]:
    return await services.pipelines.offered(name, project=project, ref=ref)


@router.get(
    f"{_PIPELINES}/{{pipeline:path}}",
    summary="A pipeline's inputs, and an action for it",
    operation_id="getPipeline",
    dependencies=[needs(Permission.PIPELINES_READ)],
)
async def get_pipeline(
    name: str, pipeline: str, project: Project, services: ServicesDep, ref: Ref = None
) -> PipelineView:
    target = Target(project=project, pipeline=pipeline, ref=ref or "")
    return await services.pipelines.one(name, target)


@router.post(
    "/check",
    summary="Compare actions with the pipelines that they start",
    operation_id="checkActions",
    dependencies=[needs(Permission.ACTIONS_CHECK)],
)
async def check_actions(asked: CheckRequest, services: ServicesDep) -> CheckView:
    return await services.checks.check(asked)
