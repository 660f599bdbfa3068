"""The committed contract: `python -m daytwo_api.openapi > api/openapi.json`."""

import json
import sys
from typing import Any

from fastapi import APIRouter, Depends, FastAPI

from daytwo_api.routes import (
    actions,
    approvals,
    audit,
    catalog,
    ci,
    control,
    credentials,
    delegations,
    freezes,
    locks,
    notifications,
    operations,
    pipelines,
    reviews,
    runs,
    sessions,
    webhooks,
)
from daytwo_api.services.stop_flag import tell_of_stop
from daytwo_api.views.common import Problem

PREFIX = "/api/v1"


def api_router() -> APIRouter:
    """Every route below /api/v1."""
    router = APIRouter(
        prefix=PREFIX,
        responses={"default": {"model": Problem, "description": "Problem details"}},
        dependencies=[Depends(tell_of_stop)],
    )
    for module in (
        actions,
        runs,
        approvals,
        audit,
        notifications,
        delegations,
        reviews,
        catalog,
        control,
        credentials,
        freezes,
        locks,
        sessions,
        pipelines,
        webhooks,
        ci,
    ):
        router.include_router(module.router)
    return router


def add_routes(app: FastAPI) -> None:
    app.include_router(api_router())
    app.include_router(operations.router)


def document() -> dict[str, Any]:
    """openapi.json as data."""
    app = FastAPI(title="Daytwo", version="1", docs_url=None, redoc_url=None)
    add_routes(app)
    described = app.openapi()
    for path in described["paths"].values():
        for operation in path.values():
            content = operation["responses"].get("default", {}).get("content", {})
            if "application/json" in content:  # FastAPI knows a model's answers by this type alone
                content["application/problem+json"] = content.pop("application/json")
    return described


if __name__ == "__main__":
    sys.stdout.write(json.dumps(document(), indent=1, sort_keys=True, ensure_ascii=False) + "\n")
