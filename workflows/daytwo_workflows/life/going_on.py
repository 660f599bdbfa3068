"""Does a run that calls another one go on? Asked in the transaction that accepts what it calls."""

from daytwo_actions.plan.model import Plan
from daytwo_store import lock_waits, locks, runs
from daytwo_store.engine import Tx
from daytwo_store.errors import Conflict
from daytwo_store.ids import RunId, StepPath
from daytwo_store.states import StepState
from daytwo_store.tables import RunRow
from daytwo_workflows.life import standing


async def must_go_on(tx: Tx, plan: Plan, run: RunId, path: StepPath) -> None:
    """Asked while the run that calls is held: once it is to stop, it calls nothing more, and it calls nothing that
    would wait for its own lock. Raises `Conflict`; `NotStanding` where what was approved does not hold any more."""
    if plan.keys:
        await lock_waits.serialise(tx)
    row = await runs.hold(tx, run)
    step = await runs.step(tx.session, run, path)
    if row.cancel_at is not None or step.state != StepState.RUNNING:
        raise Conflict("The run that called it does not go on. Nothing was started.")
    await standing.must_stand(tx.session, row)
    above: RunRow | None = row
    mine: set[RunId] = set()
    while above is not None:
        mine.add(RunId(above.id))
        both = sorted(set(plan.keys) & set(locks.keys_of(above)))
        if both:
            raise Conflict(
                f"It needs the lock {both[0]}, which the run that calls it has: neither would ever go on. Nothing was "
                "started. Give the two different locks, or only the called action one."
            )
        above = await runs.peek(tx.session, RunId(above.parent_run)) if above.parent_run is not None else None
    if await lock_waits.waits_for(tx.session, plan.keys, mine):
        raise Conflict(
            "It needs a lock of a run that waits, by what it calls, for a lock which the run that calls this one has: "
            "neither would ever go on. Nothing was started. Start it again when the other one has ended, and let what "
            "both change have one lock."
        )
