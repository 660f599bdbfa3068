"""Triggers: runs that are asked for when something has happened, and the events that they were shown."""

from typing import Annotated

from fastapi import APIRouter, Path

from daytwo_actions.roles import Permission
from daytwo_api.asker import Reader, Runner, needs
from daytwo_api.deps import Cursor, IdempotencyKey, Limit, ServicesDep
from daytwo_api.views.common import Page
from daytwo_api.views.runs import ReasonRequest
from daytwo_api.views.triggers import EventDetail, EventSummary, ReactionView, Replayed, ReplayRequest, TriggerView

router = APIRouter(tags=["triggers"])
Name = Annotated[str, Path(max_length=100)]


@router.get("/triggers", summary="Triggers of actions that one sees", operation_id="listTriggers")
async def list_triggers(by: Reader, services: ServicesDep) -> Page[TriggerView]:
    return await services.triggers.list(by)


@router.get("/triggers/{trigger}", summary="One trigger", operation_id="getTrigger")
async def get_trigger(trigger: Name, by: Reader, services: ServicesDep) -> TriggerView:
    return await services.triggers.get(by, trigger)


@router.get(
    "/triggers/{trigger}/reactions", summary="What events caused by it, newest first", operation_id="listReactions"
)
async def list_reactions(
    trigger: Name, by: Reader, services: ServicesDep, cursor: Cursor = None, limit: Limit = 50
) -> Page[ReactionView]:
    return await services.triggers.reactions(by, trigger, cursor=cursor, limit=limit)


@router.post("/triggers/{trigger}/pause", summary="It starts nothing until it goes on", operation_id="pauseTrigger")
async def pause_trigger(trigger: Name, asked: ReasonRequest, by: Runner, services: ServicesDep) -> TriggerView:
    return await services.triggers.pause(by, trigger, asked)


@router.post("/triggers/{trigger}/resume", summary="Let it go on", operation_id="resumeTrigger")
async def resume_trigger(trigger: Name, by: Runner, services: ServicesDep) -> TriggerView:
    return await services.triggers.resume(by, trigger)


@router.post(
    "/triggers/{trigger}/replay",
    summary="Show it an event again: runs are asked for anew, in its owner's name",
    operation_id="replayEvent",
)
async def replay_event(
    trigger: Name, asked: ReplayRequest, by: Runner, services: ServicesDep, idempotency_key: IdempotencyKey = None
) -> Replayed:
    return await services.triggers.replay(by, trigger, asked, idempotency_key)


@router.get(
    "/event-log",
    summary="Received events with what each caused, newest first",
    operation_id="listEvents",
    dependencies=[needs(Permission.WEBHOOKS_READ)],
)
async def list_events(
    by: Reader, services: ServicesDep, cursor: Cursor = None, limit: Limit = 50
) -> Page[EventSummary]:
    return await services.triggers.events(by, cursor=cursor, limit=limit)


@router.get(
    "/event-log/{event}",
    summary="One event with what it said and caused",
    operation_id="getEvent",
    dependencies=[needs(Permission.WEBHOOKS_READ)],
)
async def get_event(event: Name, by: Reader, services: ServicesDep) -> EventDetail:
    return await services.triggers.event(by, event)
