"""The committed contract: `python -m daytwo_api.openapi > api/openapi.json`."""

import json
import sys
from functools import cache
from typing import Any, Final

from fastapi import APIRouter, Depends, FastAPI
from starlette.routing import BaseRoute

from daytwo_api.asker import declared_routes
from daytwo_api.links import add_links
from daytwo_api.routes import (
    actions,
    approvals,
    audit,
    catalog,
    ci,
    control,
    credentials,
    delegations,
    events,
    freezes,
    lasting,
    locks,
    notifications,
    operations,
    pipelines,
    replays,
    reviews,
    runs,
    schedules,
    sessions,
    tasks,
    triggers,
    webhooks,
)
from daytwo_api.security import COOKIE
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
        tasks,
        audit,
        notifications,
        delegations,
        reviews,
        catalog,
        control,
        credentials,
        freezes,
        lasting,
        locks,
        schedules,
        triggers,
        sessions,
        pipelines,
        replays,
        webhooks,
        events,
        ci,
    ):
        router.include_router(module.router)
    return router


@cache
def _routes() -> list[BaseRoute]:
    """Once per process, since what a route takes is worked out from its signature, which takes a moment for a hundred.

    A route knows nothing of the application that it is in: a request brings that along.
    """
    every = APIRouter()
    every.include_router(api_router())
    every.include_router(operations.router)
    return every.routes


def add_routes(app: FastAPI) -> None:
    app.router.routes.extend(_routes())


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
    _say_who_is_asked_for(described, app)
    add_links(described)
    return described


_SCHEMES: Final = {
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": COOKIE,
        "description": "of the page; from our own pages only",
    },
    "token": {"type": "http", "scheme": "bearer", "description": "of a program: dt_…"},
}


def _say_who_is_asked_for(described: dict[str, Any], app: FastAPI) -> None:
    """What a route takes that needs somebody. One that does not says so, or is known by what stands in its summary."""
    described["components"]["securitySchemes"] = _SCHEMES
    for route in declared_routes(app.routes):
        operation = described["paths"].get(route.path, {}).get(route.method.lower())
        if operation is not None:
            operation["security"] = [] if route.needs is None else [{name: []} for name in _SCHEMES]


if __name__ == "__main__":
    sys.stdout.write(json.dumps(document(), indent=1, sort_keys=True, ensure_ascii=False) + "\n")
