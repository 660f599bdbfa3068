"""Letting somebody else decide, for a time."""

from fastapi import APIRouter, status

from daytwo_api.asker import Decider, Reader
from daytwo_api.deps import IdempotencyKey, ServicesDep
from daytwo_api.views.approvals import DelegationRequest, DelegationView
from daytwo_api.views.common import Page

router = APIRouter(prefix="/delegations", tags=["approvals"])


@router.get("", summary="Delegations by and to the asker, newest first", operation_id="listDelegations")
async def list_delegations(by: Reader, services: ServicesDep) -> Page[DelegationView]:
    return await services.approvals.delegations(by)


@router.post(
    "",
    status_code=status.HTTP_201_CREATED,
    summary="Let somebody else decide on whatever one is asked about",
    operation_id="delegate",
)
async def delegate(
    asked: DelegationRequest, by: Decider, services: ServicesDep, idempotency_key: IdempotencyKey = None
) -> DelegationView:
    return await services.approvals.lend(by, asked, idempotency_key)


@router.delete(
    "/{delegation}",
    status_code=status.HTTP_204_NO_CONTENT,
    summary="End a delegation at once",
    operation_id="revokeDelegation",
)
async def revoke_delegation(delegation: str, by: Decider, services: ServicesDep) -> None:
    await services.approvals.revoke(by, delegation)
