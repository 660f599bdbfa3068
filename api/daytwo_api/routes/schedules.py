"""Schedules: runs that are asked for when they are due, in the name of their owner."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, status

from daytwo_actions.roles import Permission
from daytwo_api.asker import Reader, Runner, needs
from daytwo_api.deps import Cursor, IdempotencyKey, Limit, ServicesDep
from daytwo_api.views.common import Page
from daytwo_api.views.runs import ReasonRequest, RunAccepted
from daytwo_api.views.schedules import (
    FiringView,
    PreviewRequest,
    PreviewView,
    ScheduleChange,
    ScheduleRequest,
    ScheduleView,
)

router = APIRouter(tags=["schedules"])
Name = Annotated[str, Path(max_length=100)]


@router.get("/schedules", summary="Schedules, as far as one may see what they do", operation_id="listSchedules")
async def list_schedules(
    by: Reader,
    services: ServicesDep,
    action: Annotated[str | None, Query(max_length=200, description="only those of this action")] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[ScheduleView]:
    return await services.schedules.list(by, action=action, cursor=cursor, limit=limit)


@router.post("/schedules", status_code=status.HTTP_201_CREATED, summary="Make a schedule", operation_id="makeSchedule")
async def make_schedule(
    asked: ScheduleRequest, by: Runner, services: ServicesDep, idempotency_key: IdempotencyKey = None
) -> ScheduleView:
    return await services.schedules.make(by, asked, idempotency_key)


@router.post(
    "/schedules/preview",
    summary="When would it be due? The next ten times, across changes of the clocks",
    operation_id="previewSchedule",
    dependencies=[needs(Permission.READ)],
)
async def preview_schedule(asked: PreviewRequest, services: ServicesDep) -> PreviewView:
    return await services.schedules.preview(asked)


@router.get("/schedules/{schedule}", summary="One schedule with its next ten times", operation_id="getSchedule")
async def get_schedule(schedule: Name, by: Reader, services: ServicesDep) -> ScheduleView:
    return await services.schedules.get(by, schedule)


@router.get(
    "/schedules/{schedule}/firings",
    summary="The times at which it was due, newest first, with what came of each",
    operation_id="listFirings",
)
async def list_firings(
    schedule: Name, by: Reader, services: ServicesDep, cursor: Cursor = None, limit: Limit = 50
) -> Page[FiringView]:
    return await services.schedules.firings(by, schedule, cursor=cursor, limit=limit)


@router.patch("/schedules/{schedule}", summary="Change a schedule of one's own", operation_id="changeSchedule")
async def change_schedule(schedule: Name, asked: ScheduleChange, by: Runner, services: ServicesDep) -> ScheduleView:
    return await services.schedules.change(by, schedule, asked)


@router.delete(
    "/schedules/{schedule}",
    status_code=status.HTTP_204_NO_CONTENT,
    summary="Remove a schedule that somebody made here; its runs go on",
    operation_id="removeSchedule",
)
async def remove_schedule(schedule: Name, by: Runner, services: ServicesDep) -> None:
    await services.schedules.remove(by, schedule)


@router.post("/schedules/{schedule}/pause", summary="Nothing is due until it goes on", operation_id="pauseSchedule")
async def pause_schedule(schedule: Name, asked: ReasonRequest, by: Runner, services: ServicesDep) -> ScheduleView:
    return await services.schedules.pause(by, schedule, asked)


@router.post(
    "/schedules/{schedule}/resume",
    summary="Let it go on, from its next time",
    operation_id="resumeSchedule",
)
async def resume_schedule(schedule: Name, by: Runner, services: ServicesDep) -> ScheduleView:
    return await services.schedules.resume(by, schedule)


@router.post(
    "/schedules/{schedule}/take",
    summary="Become its owner: its runs are asked for in one's own name from now on",
    operation_id="takeSchedule",
)
async def take_schedule(schedule: Name, by: Runner, services: ServicesDep) -> ScheduleView:
    return await services.schedules.take(by, schedule)


@router.post(
    "/schedules/{schedule}/run",
    status_code=status.HTTP_202_ACCEPTED,
    summary="Ask now for what it would ask for, in one's own name",
    operation_id="runSchedule",
)
async def run_schedule(
    schedule: Name, by: Runner, services: ServicesDep, idempotency_key: IdempotencyKey = None
) -> RunAccepted:
    return await services.schedules.run_now(by, schedule, idempotency_key)
