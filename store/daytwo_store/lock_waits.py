"""Runs that would wait for each other for ever: each has a lock that something needs which the other has called."""

from collections.abc import Collection
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from daytwo_store.engine import Tx
from daytwo_store.ids import RunId
from daytwo_store.states import RUN_ENDS
from daytwo_store.tables import LockRow, RunRow

_DOOR: Final = 0x63616C6C  # the advisory lock of runs with a lock that others call


async def serialise(tx: Tx) -> None:
    """Of two that are called at once, the second sees the first. Taken before the row of a run is held."""
    await tx.session.execute(select(func.pg_advisory_xact_lock(_DOOR)))


async def waits_for(session: AsyncSession, keys: Collection[str], mine: Collection[RunId]) -> bool:
    """Would what needs these keys wait, through who has them and what those have called, for one of these runs?"""
    seen: set[RunId] = set()
    wanted = set(keys)
    while wanted:
        found = await _holders(session, wanted) - seen
        if not found.isdisjoint(mine):
            return True
        seen |= found
        wanted = await _needed_below(session, found)
    return False


async def _holders(session: AsyncSession, keys: Collection[str]) -> set[RunId]:
    query = select(LockRow.holder_run).where(LockRow.key.in_(keys), LockRow.holder_run.is_not(None))
    return {RunId(run) for run in await session.scalars(query) if run is not None}


async def _needed_below(session: AsyncSession, runs: Collection[RunId]) -> set[str]:
    """The keys of what these have called, and what that has called, and has not ended."""
    columns = (RunRow.id, RunRow.lock_key, RunRow.lock_keys)
    going_on = RunRow.state.not_in(sorted(RUN_ENDS))
    below = select(*columns).where(RunRow.parent_run.in_(runs), going_on).cte(recursive=True)
    below = below.union_all(select(*columns).where(RunRow.parent_run == below.c.id, going_on))
    found = await session.execute(select(below.c.lock_key, below.c.lock_keys))
    return {key for one, several in found for key in (several or [one]) if key is not None}
