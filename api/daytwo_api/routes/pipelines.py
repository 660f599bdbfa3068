"""Pipelines of a connection, for who writes actions."""

from typing import Annotated

from fastapi import APIRouter, Query

from daytwo_actions.backends.base import Target
from daytwo_api.asker import Admin
from daytwo_api.deps import ServicesDep
from daytwo_api.views.common import Page
from daytwo_api.views.pipelines import PipelineSummary, PipelineView

router = APIRouter(tags=["control"], prefix="/connections/{name}/pipelines")
Project = Annotated[str, Query(max_length=200, description="repository, project path or namespace")]
Ref = Annotated[str | None, Query(max_length=255, description="branch or tag; the default branch when left out")]


@router.get("", summary="What can be started in a project, and what cannot and why", operation_id="listPipelines")
async def list_pipelines(
    name: str, project: Project, by: Admin, services: ServicesDep, ref: Ref = None
) -> Page[PipelineSummary]:
    return await services.pipelines.offered(by, name, project=project, ref=ref)


@router.get("/{pipeline:path}", summary="A pipeline's inputs, and an action for it", operation_id="getPipeline")
async def get_pipeline(
    name: str, pipeline: str, project: Project, by: Admin, services: ServicesDep, ref: Ref = None
) -> PipelineView:
    target = Target(project=project, pipeline=pipeline, ref=ref or "")
    return await services.pipelines.one(by, name, target)
