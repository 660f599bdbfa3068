"""Annotated dependencies of the routes."""

from typing import TYPE_CHECKING, Annotated, Any

from fastapi import Depends, Header, Query, Request

if TYPE_CHECKING:
    from daytwo_api.services.wiring import Services
else:
    Services = Any


def services(request: Request) -> "Services":
    """The services that the application was built with."""
    wired: Services = request.app.state.services
    return wired


ServicesDep = Annotated["Services", Depends(services)]
IdempotencyKey = Annotated[
    str | None,
    Header(
        min_length=8,
        max_length=200,
        description="Chosen by the client, once per thing it wants. The same key again answers with the same run.",
    ),
]
Cursor = Annotated[str | None, Query(max_length=200)]
Limit = Annotated[int, Query(ge=1, le=200)]
