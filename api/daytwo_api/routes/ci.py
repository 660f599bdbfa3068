"""What a job of a CI system asks: may I work, and what came of it. Known by a token of the CI system (A4)."""

from fastapi import APIRouter, Request, Response

from daytwo_api.deps import ServicesDep
from daytwo_api.services.ci import Bearer
from daytwo_api.views.ci import (
    ClaimRequest,
    ClaimView,
    CollectedSecrets,
    ReportRequest,
    ReportView,
    SecretsRequest,
)

router = APIRouter(prefix="/ci", tags=["ci"])


def _bearer(request: Request) -> Bearer:
    return Bearer(
        authorization=request.headers.get("authorization"), address=request.client.host if request.client else ""
    )


@router.post(
    "/claim",
    summary="May this execution work? 200 for one of them; 409: end before doing anything",
    operation_id="claimAttempt",
)
async def claim_attempt(asked: ClaimRequest, request: Request, services: ServicesDep) -> ClaimView:
    return await services.ci.claim(_bearer(request), asked)


@router.post("/report", summary="Results of a run; the last before its end count", operation_id="reportOutputs")
async def report_outputs(asked: ReportRequest, request: Request, services: ServicesDep) -> ReportView:
    return await services.ci.report(_bearer(request), asked)


@router.post(
    "/secrets",
    summary="The secret inputs of a step, once, for the pipeline that it started; never kept by whatever is between",
    operation_id="collectSecrets",
)
async def collect_secrets(
    asked: SecretsRequest, request: Request, response: Response, services: ServicesDep
) -> CollectedSecrets:
    response.headers["Cache-Control"] = "no-store"
    return await services.ci.secrets(_bearer(request), asked)
