"""Reviews of runs that broke the glass."""

from typing import Annotated

from fastapi import APIRouter, Query

from daytwo_api.asker import Decider, Reader
from daytwo_api.deps import Cursor, Limit, ServicesDep
from daytwo_api.views.common import Page
from daytwo_api.views.reviews import CloseRequest, ReviewView

router = APIRouter(prefix="/reviews", tags=["reviews"])


@router.get("", summary="Reviews, those that are open longest at the top", operation_id="listReviews")
async def list_reviews(
    by: Reader,
    services: ServicesDep,
    closed: Annotated[bool | None, Query(description="left out: open and closed ones")] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[ReviewView]:
    return await services.reviews.list(by, closed=closed, cursor=cursor, limit=limit)


@router.get("/{run}", summary="The review of one run", operation_id="getReview")
async def get_review(run: str, by: Reader, services: ServicesDep) -> ReviewView:
    return await services.reviews.get(by, run)


@router.post("/{run}/close", summary="Close a review with words", operation_id="closeReview")
async def close_review(run: str, asked: CloseRequest, by: Decider, services: ServicesDep) -> ReviewView:
    return await services.reviews.close(by, run, asked)
