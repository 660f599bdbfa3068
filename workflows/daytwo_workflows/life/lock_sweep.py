"""What nobody else does about locks: holds whose time is over, and locks of runs that have ended (A9).

A run gives back its locks in the transaction that ends it, so the second never happens; if it does, it is told in the
log, and nobody waits for ever.
"""

from datetime import datetime
from typing import Final

import structlog

from daytwo_store import lock_holds, lock_reading, locks
from daytwo_store.engine import Store

log = structlog.get_logger()
_AT_A_TIME: Final = 100


async def sweep_locks(store: Store, now: datetime) -> None:
    """One round."""
    async with store.read() as session:
        over = await lock_holds.over(session, now=now, limit=_AT_A_TIME)
        leaked = await lock_reading.leaked(session, limit=_AT_A_TIME)
    for hold in over:
        try:
            async with store.write() as tx:
                await lock_holds.end(tx, hold.id, by="daytwo")
        except Exception:  # one that cannot be ended keeps no other held
            log.exception("lock.hold_not_ended", what=hold.id)
    for run, keys in leaked.items():
        log.error("lock.leaked", run=run, count=len(keys))
        try:
            async with store.write() as tx:
                await locks.release(tx, keys, run)
        except Exception:
            log.exception("lock.not_released", run=run)
