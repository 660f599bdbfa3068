"""An approved undo whose pipeline has changed since: who approves says that it is started as it is now.

What it is now stands with the try that has failed, and only that is what they agree to.
"""

from dataclasses import replace
from typing import Final

from pydantic import JsonValue

from daytwo_actions.backends.base import Pinned
from daytwo_actions.plan.model import Plan
from daytwo_actions.plan.steps import PlannedPin, PlannedStep
from daytwo_actions.roles import Permission, granted
from daytwo_store import principals
from daytwo_store.engine import Tx
from daytwo_store.ids import PrincipalId
from daytwo_store.tables import RunRow, StepRow
from daytwo_workflows.life.people import voter

MOVED: Final = "moved"  # in the data of an undo that has failed: what its target is now
_AGREED: Final = "agreed"  # in the data of the next try: what somebody has agreed to


def ask(step: StepRow, planned: PlannedStep, now: Pinned) -> str:
    """Keeps what it is now, and says what is different."""
    step.data = {**(step.data or {}), MOVED: _kept(now)}
    before, after = planned.pinned.commit[:12], now.commit[:12]
    what = f"commit {before} is {after} now" if before != after else "what it takes from elsewhere is another one"
    return (
        f"Where it is sent to has changed since it was approved ({what}): {step.path} was not sent. Somebody who "
        "approves this run, and has not asked for it, can say that it is tried again as it is now."
    )


def agreed(step: StepRow, now: Pinned) -> bool:
    return (step.data or {}).get(_AGREED) == _kept(now)


def only_pushed(planned: PlannedStep, now: Pinned) -> bool:
    """Is it the same pipeline, to the letter, at another commit of its repository?"""
    return replace(planned.pin(), commit=now.commit) == now


async def agree(tx: Tx, run: RunRow, failed: StepRow, tried: StepRow, by: PrincipalId) -> None:
    """The next try may be sent to what the failed one was not sent to, if `by` may say so: else only to what it was."""
    moved = (failed.data or {}).get(MOVED)
    if moved is not None and await _may(tx, run, by):
        tried.data = {_AGREED: moved}


async def _may(tx: Tx, run: RunRow, by: PrincipalId) -> bool:
    """Is it one of those who approve the run, or an operator; neither who asked for it nor who has written it, nor one
    person with these?"""
    plan, people = Plan.model_validate_json(run.plan), await principals.by_ids(tx.session, [by, run.requester])
    asked = set(plan.approval.needed_from) if plan.approval is not None else set()
    for stage in plan.approval.then if plan.approval is not None else ():
        asked.update(stage.needed_from)
    own = (await voter(tx.session, people[by], entries=asked, now=tx.now)).own
    never = {people[run.requester].ref or run.requester, *plan.writers}
    if not never.isdisjoint({own.key, *own.bound}):
        return False
    may = granted(own.belongs)
    return Permission.DECIDE in may and (not asked.isdisjoint(own.belongs) or Permission.RUNS_CONTROL in may)


def _kept(pinned: Pinned) -> JsonValue:
    return PlannedPin.of(pinned).model_dump(mode="json")
