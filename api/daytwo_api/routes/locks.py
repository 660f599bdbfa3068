"""Locks: who has which key, keeping one, taking one away."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, status

from daytwo_api.asker import LockForcer, LockHolder, Reader
from daytwo_api.deps import Cursor, IdempotencyKey, Limit, ServicesDep
from daytwo_api.views.common import Page
from daytwo_api.views.lock_detail import LockDetail
from daytwo_api.views.locks import HoldRequest, HoldView, LockRow, ReleaseRequest
from daytwo_store.lock_listing import LockFilter

router = APIRouter(tags=["control"])


@router.get("/locks", summary="Who holds what, and who waits", operation_id="listLocks")
async def list_locks(
    by: Reader,
    services: ServicesDep,
    q: Annotated[str | None, Query(max_length=200, description="text in the key")] = None,
    run: Annotated[str | None, Query(max_length=200, description="that has it or waits for it")] = None,
    entity: Annotated[str | None, Query(max_length=200, description="that a run has it for, or waits for it")] = None,
    waiting: Annotated[bool, Query(description="only what somebody waits for")] = False,
    held: Annotated[bool, Query(description="only what a person holds, or is next to hold")] = False,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[LockRow]:
    wanted = LockFilter(text=q, run=run, entity=entity, waiting=waiting, held_by_person=held)
    return await services.locks.list(by, wanted, cursor=cursor, limit=limit)


@router.get("/locks/detail", summary="A second look at one key: what may still be running", operation_id="getLock")
async def get_lock(by: Reader, services: ServicesDep, key: Annotated[str, Query(max_length=200)]) -> LockDetail:
    return await services.locks.get(by, key)


@router.post(
    "/locks/holds",
    status_code=status.HTTP_201_CREATED,
    summary="Keep a key to yourself, for a reason",
    operation_id="holdLock",
)
async def hold_lock(
    asked: HoldRequest, by: LockHolder, services: ServicesDep, idempotency_key: IdempotencyKey = None
) -> HoldView:
    return await services.locks.hold(by, asked, idempotency_key)


@router.delete(
    "/locks/holds/{hold}",
    status_code=status.HTTP_204_NO_CONTENT,
    summary="End a hold; the next in the queue has the key",
    operation_id="endHold",
)
async def end_hold(
    hold: Annotated[str, Path(max_length=200)],
    by: LockHolder,
    services: ServicesDep,
    reason: Annotated[str | None, Query(max_length=1000, description="why, where it is somebody else's")] = None,
) -> None:
    await services.locks.end(by, hold, reason)


@router.post("/locks/release", summary="Take a lock away from who has it", operation_id="releaseLock")
async def release_lock(asked: ReleaseRequest, by: LockForcer, services: ServicesDep) -> LockRow:
    return await services.locks.release(by, asked)
