"""Activities: thin, one call each into the life of a run. Errors cross into Temporal by their class name alone."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Coroutine
from datetime import timedelta
from functools import partial, update_wrapper
from typing import Any, Concatenate, Final, ParamSpec, TypeVar

import structlog
from temporalio import activity
from temporalio.exceptions import ApplicationError

from daytwo_workflows.contracts import AttemptInput, Move, RunInput, WatchInput
from daytwo_workflows.life import follow
from daytwo_workflows.life.acting import act
from daytwo_workflows.life.advance import advance
from daytwo_workflows.life.context import Life
from daytwo_workflows.life.dispatch import dispatch
from daytwo_workflows.life.reconcile import reconcile
from daytwo_workflows.life.watch import watch
from daytwo_workflows.policies import BEAT

log = structlog.get_logger()
P = ParamSpec("P")
R = TypeVar("R")
_HANGS: Final = timedelta(seconds=60)  # without a sign; a statement of the database takes 20 s at most


def _nameless(
    call: "Callable[Concatenate[Activities, P], Coroutine[Any, Any, R]]",
) -> "Callable[Concatenate[Activities, P], Coroutine[Any, Any, R]]":
    """An error's text and stack stay in our log: they may quote what somebody typed, and histories are kept."""

    async def guarded(self: "Activities", /, *args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return await call(self, *args, **kwargs)
        except Exception as error:
            log.warning("activity.failed", activity=activity.info().activity_type, exc_info=True)
            raise ApplicationError(type(error).__name__, type=type(error).__name__) from None

    update_wrapper(guarded, call)
    return guarded


@contextlib.asynccontextmanager
async def signs_of_life(*, every: timedelta = BEAT, hangs: timedelta = _HANGS) -> AsyncIterator[Callable[[], None]]:
    """Beats as long as the work has given a sign within a minute: so a process that died is noticed within seconds,
    whatever takes long meanwhile, and one that hangs is noticed, too."""
    loop = asyncio.get_running_loop()
    last = loop.time()

    def sign() -> None:
        nonlocal last
        last = loop.time()

    async def beat() -> None:
        while True:
            if loop.time() - last < hangs.total_seconds():
                activity.heartbeat()
            await asyncio.sleep(every.total_seconds())

    beating = asyncio.create_task(beat())
    try:
        yield sign
    finally:
        beating.cancel()


async def _rest(sign: Callable[[], None], seconds: float) -> bool:
    """Wait, with signs of life; false as soon as this worker is being stopped."""
    stopping = asyncio.create_task(activity.wait_for_worker_shutdown())
    try:
        while seconds > 0 and not stopping.done():
            sign()
            await asyncio.wait({stopping}, timeout=min(seconds, 5.0))
            seconds -= 5.0
        return not stopping.done()
    finally:
        stopping.cancel()


class Activities:
    """Everything that the workflows let do, on one `Life`."""

    def __init__(self, life: Life) -> None:
        self._life = life

    @activity.defn
    @_nameless
    async def advance(self, given: RunInput) -> Move:
        return await advance(self._life, given.run)

    @activity.defn
    @_nameless
    async def dispatch(self, given: AttemptInput) -> Move:
        return await dispatch(self._life, given.run, given.path, given.attempt)

    @activity.defn
    @_nameless
    async def reconcile(self, given: AttemptInput) -> Move:
        async with signs_of_life() as sign:
            return await reconcile(self._life, given.run, given.path, given.attempt, sign)

    @activity.defn
    @_nameless
    async def read(self, given: AttemptInput) -> Move:
        return await follow.read(self._life, given.run, given.path, given.attempt)

    @activity.defn
    @_nameless
    async def collect(self, given: AttemptInput) -> Move:
        async with signs_of_life() as sign:
            return await follow.collect(self._life, given.run, given.path, given.attempt, sign)

    @activity.defn
    @_nameless
    async def cancel(self, given: AttemptInput) -> Move:
        return await follow.cancel(self._life, given.run, given.path, given.attempt, force=False)

    @activity.defn
    @_nameless
    async def force_cancel(self, given: AttemptInput) -> Move:
        return await follow.cancel(self._life, given.run, given.path, given.attempt, force=True)

    @activity.defn
    @_nameless
    async def act(self, given: AttemptInput) -> Move:
        return await act(self._life, given.run, given.path, given.attempt)

    @activity.defn
    @_nameless
    async def watch(self, given: WatchInput) -> None:
        async with signs_of_life() as sign:
            await watch(self._life, given.connection, partial(_rest, sign), sign)
