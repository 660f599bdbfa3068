"""Freezes, exceptions to them, and the global stop."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, status

from daytwo_actions.roles import Permission
from daytwo_api.asker import Decider, FreezeManager, Reader, Runner, Stopper, needs
from daytwo_api.deps import Cursor, IdempotencyKey, Limit, ServicesDep
from daytwo_api.views.common import Moment, Page
from daytwo_api.views.freezes import (
    ExceptionDecision,
    ExceptionEnd,
    ExceptionRequest,
    ExceptionView,
    FreezeChange,
    FreezeRequest,
    FreezeView,
    StopRequest,
    StopView,
)

router = APIRouter(tags=["control"])
Name = Annotated[str, Path(max_length=100)]


@router.get(
    "/freezes",
    summary="Freezes, with their windows in a stretch of time",
    operation_id="listFreezes",
    dependencies=[needs(Permission.READ)],
)
async def list_freezes(
    services: ServicesDep,
    after: Annotated[Moment | None, Query(alias="from", description="windows from here on")] = None,
    before: Annotated[Moment | None, Query(alias="until", description="and until here")] = None,
) -> Page[FreezeView]:
    return await services.freezes.list(after=after, before=before)


@router.post("/freezes", status_code=status.HTTP_201_CREATED, summary="Make a freeze", operation_id="makeFreeze")
async def make_freeze(
    asked: FreezeRequest, by: FreezeManager, services: ServicesDep, idempotency_key: IdempotencyKey = None
) -> FreezeView:
    return await services.freezes.make(by, asked, idempotency_key)


@router.get("/freezes/{freeze}", summary="One freeze", operation_id="getFreeze", dependencies=[needs(Permission.READ)])
async def get_freeze(freeze: Name, services: ServicesDep) -> FreezeView:
    return await services.freezes.get(freeze)


@router.patch("/freezes/{freeze}", summary="Change a freeze that somebody made here", operation_id="changeFreeze")
async def change_freeze(freeze: Name, asked: FreezeChange, by: FreezeManager, services: ServicesDep) -> FreezeView:
    return await services.freezes.change(by, freeze, asked)


@router.delete(
    "/freezes/{freeze}",
    status_code=status.HTTP_204_NO_CONTENT,
    summary="Remove a freeze that somebody made here",
    operation_id="removeFreeze",
)
async def remove_freeze(freeze: Name, by: FreezeManager, services: ServicesDep) -> None:
    await services.freezes.remove(by, freeze)


@router.get(
    "/stop", summary="The global stop, if there is one", operation_id="getStop", dependencies=[needs(Permission.READ)]
)
async def get_stop(services: ServicesDep) -> StopView:
    return await services.freezes.stop_state()


@router.post("/stop", summary="Stop everything: nothing new is dispatched anywhere", operation_id="stopEverything")
async def stop_everything(asked: StopRequest, by: Stopper, services: ServicesDep) -> StopView:
    return await services.freezes.stop(by, asked)


@router.delete("/stop", summary="Lift the global stop", operation_id="liftStop")
async def lift_stop(
    by: Stopper, services: ServicesDep, reason: Annotated[str, Query(min_length=1, max_length=4000)]
) -> StopView:
    return await services.freezes.lift(by, reason)


@router.post(
    "/runs/{run}/exceptions",
    status_code=status.HTTP_201_CREATED,
    summary="Ask for an exception to a freeze, for this run",
    operation_id="askException",
)
async def ask_exception(
    run: Name, asked: ExceptionRequest, by: Runner, services: ServicesDep, idempotency_key: IdempotencyKey = None
) -> ExceptionView:
    return await services.freezes.ask(by, run, asked, idempotency_key)


@router.get("/exceptions", summary="Exceptions that wait for a decision", operation_id="listExceptions")
async def list_exceptions(
    by: Reader, services: ServicesDep, cursor: Cursor = None, limit: Limit = 50
) -> Page[ExceptionView]:
    return await services.freezes.exceptions(by, cursor=cursor, limit=limit)


@router.get("/exceptions/{exception}", summary="One exception", operation_id="getException")
async def get_exception(exception: Name, by: Reader, services: ServicesDep) -> ExceptionView:
    return await services.freezes.exception(by, exception)


@router.post("/exceptions/{exception}/decision", summary="Grant or refuse an exception", operation_id="decideException")
async def decide_exception(
    exception: Name, asked: ExceptionDecision, by: Decider, services: ServicesDep
) -> ExceptionView:
    return await services.freezes.decide(by, exception, asked)


@router.post(
    "/exceptions/{exception}/revoke",
    summary="Take an exception back, before anything is sent",
    operation_id="revokeException",
)
async def revoke_exception(exception: Name, asked: ExceptionEnd, by: Decider, services: ServicesDep) -> ExceptionView:
    return await services.freezes.revoke(by, exception, asked)
