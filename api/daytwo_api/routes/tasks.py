"""What people do in the middle of a run: tasks, and values that are asked of them. GET never does anything."""

from typing import Annotated

from fastapi import APIRouter, Query

from daytwo_api.asker import Decider, Reader
from daytwo_api.deps import Cursor, Limit, ServicesDep
from daytwo_api.views.actions import FormView, OptionsView
from daytwo_api.views.approvals import StageFormRequest, StageOptionsRequest
from daytwo_api.views.common import Page
from daytwo_api.views.tasks import (
    ClaimRequest,
    CompleteAnswer,
    CompleteRequest,
    FailRequest,
    HandOverRequest,
    TaskSummary,
    TaskView,
)
from daytwo_store.states import TaskState

router = APIRouter(prefix="/tasks", tags=["tasks"])


@router.get("", summary="Tasks, those that are due first at the top", operation_id="listTasks")
async def list_tasks(
    by: Reader,
    services: ServicesDep,
    mine: Annotated[bool, Query(description="only those that the asker may do, and nobody else has taken")] = False,
    state: TaskState | None = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[TaskSummary]:
    return await services.tasks.list(by, mine=mine, state=state, cursor=cursor, limit=limit)


@router.get("/{task}", summary="One task with what is to be done", operation_id="getTask")
async def get_task(task: str, by: Reader, services: ServicesDep) -> TaskView:
    return await services.tasks.get(by, task)


@router.post("/{task}/claim", summary="Take it", operation_id="claimTask")
async def claim_task(task: str, asked: ClaimRequest, by: Decider, services: ServicesDep) -> TaskView:
    return await services.tasks.claim(by, task, asked)


@router.post("/{task}/hand-over", summary="Give it to somebody who may do it, or back", operation_id="handOverTask")
async def hand_over_task(task: str, asked: HandOverRequest, by: Decider, services: ServicesDep) -> TaskView:
    return await services.tasks.hand_over(by, task, asked)


@router.post("/{task}/form", summary="Resolve what whoever does it fills in", operation_id="resolveTaskForm")
async def resolve_task_form(task: str, asked: StageFormRequest, by: Decider, services: ServicesDep) -> FormView:
    return await services.tasks.form(by, task, asked)


@router.post("/{task}/options/{field}", summary="Choices of one field of it", operation_id="listTaskOptions")
async def list_task_options(
    task: str, field: str, asked: StageOptionsRequest, by: Decider, services: ServicesDep
) -> OptionsView:
    return await services.tasks.options(by, task, field, asked)


@router.post("/{task}/complete", summary="It is done", operation_id="completeTask")
async def complete_task(task: str, asked: CompleteRequest, by: Decider, services: ServicesDep) -> CompleteAnswer:
    return await services.tasks.complete(by, task, asked)


@router.post("/{task}/fail", summary="It cannot be done: its step fails", operation_id="failTask")
async def fail_task(task: str, asked: FailRequest, by: Decider, services: ServicesDep) -> TaskView:
    return await services.tasks.fail(by, task, asked)
