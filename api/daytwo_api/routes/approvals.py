"""The inbox, and the one place where somebody decides. GET never decides."""

from typing import Annotated

from fastapi import APIRouter, Query

from daytwo_api.asker import Decider, Reader
from daytwo_api.deps import Cursor, Limit, ServicesDep
from daytwo_api.views.approvals import ApprovalSummary, ApprovalView, DecisionAnswer, DecisionRequest
from daytwo_api.views.common import Page
from daytwo_store.states import ApprovalState

router = APIRouter(prefix="/approvals", tags=["approvals"])


@router.get("", summary="Approvals, those that expire first at the top", operation_id="listApprovals")
async def list_approvals(
    by: Reader,
    services: ServicesDep,
    mine: Annotated[bool, Query(description="only those that the asker may decide")] = False,
    state: ApprovalState | None = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[ApprovalSummary]:
    return await services.approvals.list(by, mine=mine, state=state, cursor=cursor, limit=limit)


@router.get("/{approval}", summary="One approval with the sealed plan", operation_id="getApproval")
async def get_approval(approval: str, by: Reader, services: ServicesDep) -> ApprovalView:
    return await services.approvals.get(by, approval)


@router.post("/{approval}/decision", summary="Approve or reject exactly this digest", operation_id="decide")
async def decide(approval: str, asked: DecisionRequest, by: Decider, services: ServicesDep) -> DecisionAnswer:
    return await services.approvals.decide(by, approval, asked)
