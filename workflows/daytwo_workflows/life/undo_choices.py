"""What a person says about the undo of a run that waits for it. Whether they may is decided by the caller."""

from collections.abc import Sequence

from daytwo_actions.recovery import Choice
from daytwo_store import runs
from daytwo_store.engine import Store, Tx
from daytwo_store.errors import Conflict, Forbidden
from daytwo_store.ids import PrincipalId, RunId
from daytwo_store.states import RUN_ENDS, RunState
from daytwo_store.tables import Json, RunRow, StepRow
from daytwo_workflows.life.agreements import MOVED, agree
from daytwo_workflows.life.leases import is_lease, must_not_have_asked
from daytwo_workflows.life.undoing import LEFT, Phase, again, chain, give_up, is_stuck, start


def choices(run: RunRow, steps: Sequence[StepRow]) -> list[Choice]:
    """What can be said now."""
    if run.undoing is None or RunState(run.state) in RUN_ENDS or run.cancel_at is not None:
        return []
    if run.undoing["phase"] == Phase.ASK:
        return [Choice.UNDO, Choice.STOP]
    return [Choice.AGAIN, Choice.LEAVE] if any(map(is_stuck, chain(steps))) else []


async def choose(store: Store, run: RunId, choice: Choice, *, by: PrincipalId, reason: str, decides: bool) -> None:
    """`decides`: may it be a decision as well, as far as their token goes?

    Raises `Conflict` when that is not asked now, `Forbidden`; then nothing was changed.
    """
    async with store.write() as tx:
        row = await runs.hold(tx, run)
        steps = await runs.steps(tx.session, run)
        if choice not in choices(row, steps):
            raise Conflict(f"It is not asked now whether to {choice}. Nothing was changed. Look at the run again.")
        if choice is Choice.LEAVE and is_lease(row):
            await must_not_have_asked(tx.session, row, by)
        tx.audit(actor=by, action="run.undo_choice", subject=f"run:{run}", facts={"choice": str(choice)})
        _write_down(tx, row, choice, by=by, reason=reason)
        if choice is Choice.UNDO:
            await start(tx, row, actor=by)
        elif choice is Choice.STOP:
            await give_up(tx, row)
        else:
            await _go_on(tx, row, steps, by=by if choice is Choice.AGAIN else None, decides=decides)
        tx.poke(run)


def _write_down(tx: Tx, run: RunRow, choice: Choice, *, by: PrincipalId, reason: str) -> None:
    """Who has said what, and why: for who reads the run."""
    kept = run.undoing or {}
    before = kept.get("said")
    said: Json = {"choice": str(choice), "by": by, "reason": reason.strip(), "at": tx.now.isoformat()}
    run.undoing = {**kept, "said": [*(before if isinstance(before, list) else []), said]}


async def _go_on(tx: Tx, run: RunRow, steps: Sequence[StepRow], *, by: PrincipalId | None, decides: bool) -> None:
    """`by`: who has said that it is tried again."""
    failed = next(step for step in chain(steps) if is_stuck(step))
    if by is None:
        failed.data = {**(failed.data or {}), LEFT: True}
        return
    if MOVED in (failed.data or {}) and not decides:
        raise Forbidden(
            "What it is sent to has changed since it was approved, and saying that it is tried again as it is now is a "
            "decision: it needs a token with the scope 'approve'. Nothing was changed. Sign in, or take another token."
        )
    await agree(tx, run, failed, again(tx, run, failed, steps), by)
