"""Probes and metrics."""

from fastapi import APIRouter, Response

from daytwo_api.deps import ServicesDep
from daytwo_api.views.control import Readiness

router = APIRouter(tags=["operations"])


@router.get("/livez", summary="The process is alive", operation_id="livez")
async def livez() -> dict[str, bool]:
    return {"alive": True}


@router.get(
    "/readyz",
    summary="Store, migrations and Temporal answer",
    operation_id="readyz",
    responses={503: {"model": Readiness}},
)
async def readyz(response: Response, services: ServicesDep) -> Readiness:
    return await services.health.readiness(response)


@router.get("/metrics", summary="Prometheus metrics", operation_id="metrics", response_class=Response)
async def metrics(services: ServicesDep) -> Response:
    return await services.health.metrics()
