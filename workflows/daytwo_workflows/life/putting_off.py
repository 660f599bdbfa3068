"""What cannot be done now is put off, and the other steps of its run go on meanwhile."""

from datetime import timedelta

from daytwo_store import runs
from daytwo_store.engine import Tx
from daytwo_store.ids import RunId, StepPath
from daytwo_store.tables import RunRow
from daytwo_workflows.contracts import Move, What
from daytwo_workflows.life.advance import advance_within
from daytwo_workflows.life.context import Life
from daytwo_workflows.life.moves import NOT_BEFORE


async def put_off(life: Life, tx: Tx, run: RunRow, path: StepPath, seconds: float) -> Move:
    """The next move of a held run one of whose steps has to wait, because somebody there does not answer."""
    step = await runs.step(tx.session, RunId(run.id), path)
    step.data = {**(step.data or {}), NOT_BEFORE: (tx.now + timedelta(seconds=seconds)).isoformat()}
    move = await advance_within(life, tx, run)
    if move.what is What.WAIT or move.path != path:
        return move
    if run.ended_at is None:
        run.next_at = tx.now + timedelta(seconds=seconds)
    return Move(what=What.WAIT, seconds=seconds)


async def put_off_of(life: Life, run: RunId, path: StepPath, seconds: float) -> Move:
    """The same in a transaction of its own."""
    async with life.store.write() as tx:
        return await put_off(life, tx, await runs.hold(tx, run), path, seconds)
