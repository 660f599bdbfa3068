"""Actions, their forms, dry runs, and the start of a run."""

from typing import Annotated

from fastapi import APIRouter, Query, status

from daytwo_api.asker import Reader, Runner
from daytwo_api.deps import IdempotencyKey, ServicesDep
from daytwo_api.views.actions import (
    ActionSummary,
    ActionView,
    FormRequest,
    FormView,
    OptionsRequest,
    OptionsView,
    PlanRequest,
    PlanView,
    RunRequest,
    UsualView,
)
from daytwo_api.views.common import Page
from daytwo_api.views.runs import RunAccepted

router = APIRouter(prefix="/actions", tags=["actions"])
EntityQuery = Annotated[str | None, Query(max_length=200, description="only those offered on this entity")]


@router.get("", summary="Actions, searched and filtered", operation_id="listActions")
async def list_actions(
    by: Reader,
    services: ServicesDep,
    entity: EntityQuery = None,
    q: Annotated[str, Query(max_length=200)] = "",
    tag: Annotated[str | None, Query(max_length=200)] = None,
) -> Page[ActionSummary]:
    return await services.actions.list(by, entity=entity, q=q, tag=tag)


@router.get("/{name}", summary="One action", operation_id="getAction")
async def get_action(name: str, by: Reader, services: ServicesDep, entity: EntityQuery = None) -> ActionView:
    return await services.actions.get(by, name, entity=entity)


@router.get("/{name}/usual", summary="How its latest runs went", operation_id="getActionUsual")
async def get_action_usual(name: str, by: Reader, services: ServicesDep) -> UsualView:
    return await services.actions.usual(by, name)


@router.post("/{name}/form", summary="Resolve the form for these answers", operation_id="resolveForm")
async def resolve_form(name: str, asked: FormRequest, by: Reader, services: ServicesDep) -> FormView:
    return await services.actions.form(by, name, asked)


@router.post("/{name}/options/{field}", summary="Choices of one field, searched and paged", operation_id="listOptions")
async def list_options(name: str, field: str, asked: OptionsRequest, by: Reader, services: ServicesDep) -> OptionsView:
    return await services.actions.options(by, name, field, asked)


@router.post("/{name}/plan", summary="Dry run: what would happen", operation_id="planRun")
async def plan_run(name: str, asked: PlanRequest, by: Runner, services: ServicesDep) -> PlanView:
    return await services.submission.plan(by, name, asked)


@router.post("/{name}/runs", status_code=status.HTTP_202_ACCEPTED, summary="Start a run", operation_id="startRun")
async def start_run(
    name: str, asked: RunRequest, by: Runner, services: ServicesDep, idempotency_key: IdempotencyKey = None
) -> RunAccepted:
    return await services.submission.start(by, name, asked, idempotency_key)
