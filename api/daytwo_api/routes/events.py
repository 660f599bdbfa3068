"""Events of other systems: verified, stored once, answered."""

from fastapi import APIRouter, Request, status

from daytwo_api.deps import ServicesDep
from daytwo_api.views.events import EventTaken

router = APIRouter(prefix="/events", tags=["ci"])


@router.post(
    "/{source}",
    status_code=status.HTTP_202_ACCEPTED,
    summary="An event; the same one again is stored once",
    operation_id="receiveEvent",
)
async def receive_event(source: str, request: Request, services: ServicesDep) -> EventTaken:
    return await services.events.receive(source, request)
