"""The inbox, and the one place where somebody decides. GET never decides."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, status

from daytwo_api.asker import Decider, Reader
from daytwo_api.deps import Cursor, IdempotencyKey, Limit, ServicesDep
from daytwo_api.views.actions import FormView, OptionsView
from daytwo_api.views.approvals import (
    ApprovalSummary,
    ApprovalView,
    CommentRequest,
    DecisionAnswer,
    DecisionRequest,
    DelegateRequest,
    PipelineChanges,
    StageFormRequest,
    StageOptionsRequest,
)
from daytwo_api.views.common import Page
from daytwo_store.approval_pages import ApprovalFilter
from daytwo_store.run_listing import RunFilter
from daytwo_store.states import ApprovalState

router = APIRouter(prefix="/approvals", tags=["approvals"])


def wanted(
    mine: Annotated[bool, Query(description="only those that the asker may decide")] = False,
    state: ApprovalState | None = None,
    decided: Annotated[
        bool, Query(description="only those that wait for nobody any more, the last one asked for first")
    ] = False,
    action: Annotated[str | None, Query(max_length=200)] = None,
    entity: Annotated[str | None, Query(max_length=200, description="what the run is about, as service:shop")] = None,
    requester: Annotated[str | None, Query(max_length=200, description="who asked, as person:ana")] = None,
) -> ApprovalFilter:
    run = RunFilter(action=action, entity=entity, person=requester)
    return ApprovalFilter(state=state, mine=mine, decided=decided, run=run)


Asked = Annotated[ApprovalFilter, Depends(wanted)]


@router.get("", summary="Approvals, those that expire first at the top", operation_id="listApprovals")
async def list_approvals(
    by: Reader,
    services: ServicesDep,
    asked: Asked,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[ApprovalSummary]:
    return await services.approvals.list(by, asked, cursor=cursor, limit=limit)


@router.get("/{approval}", summary="One approval with the sealed plan", operation_id="getApproval")
async def get_approval(approval: str, by: Reader, services: ServicesDep) -> ApprovalView:
    return await services.approvals.get(by, approval)


@router.get(
    "/{approval}/pipelines",
    summary="How the pipeline files differ from those of the last run here (asks the CI systems)",
    operation_id="getPipelineChanges",
)
async def get_pipeline_changes(approval: str, by: Reader, services: ServicesDep) -> PipelineChanges:
    return await services.approvals.pipelines(by, approval)


@router.post("/{approval}/form", summary="Resolve what whoever approves fills in", operation_id="resolveStageForm")
async def resolve_stage_form(approval: str, asked: StageFormRequest, by: Decider, services: ServicesDep) -> FormView:
    return await services.stage_forms.form(by, approval, asked)


@router.post(
    "/{approval}/options/{field}",
    summary="Choices of one field that whoever approves fills in",
    operation_id="listStageOptions",
)
async def list_stage_options(
    approval: str, field: str, asked: StageOptionsRequest, by: Decider, services: ServicesDep
) -> OptionsView:
    return await services.stage_forms.options(by, approval, field, asked)


@router.post("/{approval}/decision", summary="Approve or reject exactly this digest", operation_id="decide")
async def decide(approval: str, asked: DecisionRequest, by: Decider, services: ServicesDep) -> DecisionAnswer:
    return await services.approvals.decide(by, approval, asked)


@router.delete("/{approval}/decision", summary="Take one's own approval back until it is sent", operation_id="takeBack")
async def take_back(approval: str, by: Decider, services: ServicesDep) -> ApprovalView:
    return await services.approvals.take_back(by, approval)


@router.post(
    "/{approval}/comments",
    status_code=status.HTTP_201_CREATED,
    summary="Say something without deciding",
    operation_id="commentApproval",
)
async def comment(
    approval: str, asked: CommentRequest, by: Decider, services: ServicesDep, idempotency_key: IdempotencyKey = None
) -> ApprovalView:
    return await services.approvals.comment(by, approval, asked, idempotency_key)


@router.post(
    "/{approval}/delegate",
    status_code=status.HTTP_201_CREATED,
    summary="Let somebody else decide on this one",
    operation_id="delegateApproval",
)
async def delegate(
    approval: str, asked: DelegateRequest, by: Decider, services: ServicesDep, idempotency_key: IdempotencyKey = None
) -> ApprovalView:
    return await services.approvals.delegate(by, approval, asked, idempotency_key)
