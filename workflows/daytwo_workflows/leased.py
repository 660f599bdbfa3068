"""Rounds of one process at a time: under a lease that is renewed for as long as the round takes."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from daytwo_store import leases
from daytwo_store.engine import Store
from daytwo_store.errors import DaytwoError

log = structlog.get_logger()


async def under_lease(
    store: Store, name: str, *, holder: str, seconds: float, work: Callable[[], Awaitable[object]]
) -> bool:
    """Do it if the lease is ours or free; false while somebody else has it.

    The lease is renewed while the work goes on. Work is cancelled when the lease was lost, because somebody else may
    have begun it. Raises what the work raises.
    """
    if not await leases.take(store, name, holder=holder, seconds=seconds):
        return False
    doing = asyncio.ensure_future(work())
    keeping = asyncio.create_task(_keep(store, name, holder, seconds))
    try:
        await asyncio.wait({doing, keeping}, return_when=asyncio.FIRST_COMPLETED)
        if doing.done():
            await doing
        else:
            log.warning("lease.lost", what=name)
    finally:
        for task in (doing, keeping):
            task.cancel()
        await asyncio.gather(doing, keeping, return_exceptions=True)
    return True


async def _keep(store: Store, name: str, holder: str, seconds: float) -> None:
    """Until the lease is somebody else's, or could not be renewed before its end."""
    loop = asyncio.get_running_loop()
    renewed = loop.time()
    while loop.time() - renewed < seconds:
        await asyncio.sleep(seconds / 3)
        asked = loop.time()
        try:
            if not await leases.take(store, name, holder=holder, seconds=seconds):
                return
        except DaytwoError as error:
            log.warning("lease.waits", what=name, error=error.type)
        else:
            renewed = asked
