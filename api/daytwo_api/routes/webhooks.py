"""Deliveries of CI systems: verified on the raw bytes, stored, answered; proven by a read afterwards (A8)."""

from fastapi import APIRouter, Request, status

from daytwo_api.deps import ServicesDep

router = APIRouter(prefix="/webhooks", tags=["ci"])


@router.post("/{connection}", status_code=status.HTTP_202_ACCEPTED, summary="A delivery", operation_id="receiveWebhook")
async def receive_webhook(connection: str, request: Request, services: ServicesDep) -> dict[str, bool]:
    return await services.inbox.receive(connection, request)
