"""The audit, its export and its keys; the evidence of one run."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query
from fastapi.responses import Response, StreamingResponse

from daytwo_actions.roles import Permission
from daytwo_api.asker import needs
from daytwo_api.deps import Cursor, Limit, ServicesDep
from daytwo_api.views.audit import AuditSeal, AuditShown, AuditVerification, ExportFormat
from daytwo_api.views.common import Moment, Page
from daytwo_store.audit_read import AuditFilter

router = APIRouter(tags=["audit"])
Words = Annotated[str | None, Query(max_length=200)]


def wanted(
    since: Annotated[Moment | None, Query(description="entries from then on")] = None,
    until: Annotated[Moment | None, Query(description="entries from before then")] = None,
    actor: Annotated[str | None, Query(max_length=200, description="who: an id, p_…, or daytwo")] = None,
    action: Annotated[str | None, Query(max_length=200, description="what: run.accepted, or run.*")] = None,
    subject: Annotated[str | None, Query(max_length=200, description="of what: run:r_…, entity:service:shop")] = None,
    run: Annotated[str | None, Query(max_length=200, description="about a run, or done by it")] = None,
) -> AuditFilter:
    return AuditFilter(since=since, until=until, actor=actor, action=action, subject=subject, run=run)


Wanted = Annotated[AuditFilter, Depends(wanted)]


@router.get(
    "/audit",
    summary="Who did what, newest first",
    operation_id="listAudit",
    dependencies=[needs(Permission.AUDIT_READ)],
)
async def list_audit(
    services: ServicesDep, wanted: Wanted, cursor: Cursor = None, limit: Limit = 50
) -> Page[AuditShown]:
    return await services.audit.page(wanted, cursor=cursor, limit=limit)


@router.get(
    "/audit/export",
    summary="All entries that fit, oldest first",
    operation_id="exportAudit",
    response_class=StreamingResponse,
    responses={200: {"content": {"application/x-ndjson": {}, "text/csv": {}}}},
    dependencies=[needs(Permission.AUDIT_READ)],
)
async def export_audit(
    services: ServicesDep,
    wanted: Wanted,
    shape: Annotated[ExportFormat, Query(alias="format")] = ExportFormat.NDJSON,
    after: Annotated[int, Query(ge=0, le=2**53 - 1, description="only entries above this number")] = 0,
) -> StreamingResponse:
    return await services.audit.export(wanted, shape, after=after)


@router.get(
    "/audit/seal",
    summary="How far the audit is signed, and the public keys",
    operation_id="getAuditSeal",
    dependencies=[needs(Permission.AUDIT_READ)],
)
async def get_seal(services: ServicesDep) -> AuditSeal:
    return await services.audit.seal()


@router.post(
    "/audit/verify",
    summary="Walk the whole chain and say whether it holds; one walk at a time",
    operation_id="verifyAudit",
    dependencies=[needs(Permission.AUDIT_READ)],
)
async def verify_audit(services: ServicesDep) -> AuditVerification:
    return await services.verification.verify()


@router.get(
    "/runs/{run}/evidence",
    summary="Everything about a run, as one signed file",
    operation_id="getEvidence",
    response_class=Response,
    responses={200: {"content": {"application/json": {}}}},
    dependencies=[needs(Permission.AUDIT_READ)],
)
async def get_evidence(run: str, services: ServicesDep) -> Response:
    return await services.audit.evidence(run)
