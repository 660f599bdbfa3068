"""`queue: replace`: the holder is asked to stop, as if who asked for the waiting run had cancelled it.

The lock passes only when the holder has really ended. Only who is next in line asks for it: before that it would stop
one run for another that it then has to wait for. An undo is never stopped for another run, a rollback only for a
rollback, and a run that the requester may not stop is waited for.
"""

from daytwo_store import lock_reading, locks, principals, runs
from daytwo_store.engine import Session
from daytwo_store.ids import Digest, PrincipalId, RunId
from daytwo_store.states import RUN_ENDS, RunState
from daytwo_store.tables import RunRow
from daytwo_workflows.life.context import Life
from daytwo_workflows.life.interventions import ask_to_stop
from daytwo_workflows.life.rights import may_stop_now


async def ask_holders_to_stop(life: Life, waiting: RunRow) -> None:
    """Cancel what holds the keys of a run that waits. Asking twice is the same."""
    async with life.store.read() as session:
        stop = [
            run
            for run in await _in_its_way(session, waiting)
            if await _may_be_stopped(life, session, await runs.peek(session, run), waiting)
        ]
    for run in stop:
        async with life.store.write() as tx:
            row = await runs.hold(tx, run)
            still = await _in_its_way(tx.session, waiting)
            stopping = row.cancel_at is not None or row.undoing is not None
            if run not in still or stopping or RunState(row.state) in RUN_ENDS:
                continue
            tx.audit(actor=waiting.requester, action="lock.replaced", subject=f"run:{run}", facts={"by": waiting.id})
            await ask_to_stop(tx, row, by=PrincipalId(waiting.requester), reason="another run replaces it")


async def _in_its_way(session: Session, waiting: RunRow) -> list[RunId]:
    """The holders of those keys for which it is the next in line."""
    seen = await lock_reading.situations(session, locks.keys_of(waiting))
    return sorted({one.holder for one in seen if one.holder is not None and one.queue[:1] == (RunId(waiting.id),)})


async def _may_be_stopped(life: Life, session: Session, holder: RunRow, waiting: RunRow) -> bool:
    if holder.undo_of is not None or holder.undoing is not None or holder.cancel_at is not None:
        return False
    person = (await principals.by_ids(session, [waiting.requester]))[waiting.requester]
    version = await life.definitions.of_run(session, Digest(holder.version))
    if version.is_rollback and not (await life.definitions.of_run(session, Digest(waiting.version))).is_rollback:
        return False
    return await may_stop_now(life, session, holder, person)
