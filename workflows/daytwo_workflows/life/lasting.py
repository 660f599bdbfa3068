"""What is temporary is given back early, or lasts longer. Whether somebody may is decided by the caller."""

from datetime import datetime, timedelta

from daytwo_actions.definitions.durations import format_duration, parse_duration
from daytwo_store import principals, runs
from daytwo_store.engine import Store, Tx
from daytwo_store.errors import Conflict, Forbidden, NotFound, Rejected
from daytwo_store.ids import PrincipalId, RunId
from daytwo_store.states import RunState, StepState
from daytwo_store.tables import RunRow, StepRow
from daytwo_workflows.life.people import belongings


async def give_back(store: Store, run: RunId, path: str, *, by: PrincipalId, reason: str) -> None:
    """Its time is over now. Raises `Conflict` where it does not last."""
    async with store.write() as tx:
        row, step = await _lasting(tx, run, path)
        why = f": {reason.strip()}" if reason.strip() else ""
        step.due_at, step.note = tx.now, f"Given back early{why}."
        tx.audit(actor=by, action="step.given_back", subject=f"run:{row.id}", facts={"step": path})
        tx.poke(run)


async def extend(store: Store, run: RunId, path: str, *, until: datetime, by: PrincipalId, person: str | None) -> None:
    """Move its end. By one of those whom the plan names, who is not the one who asked: so it is their approval.

    Raises `Forbidden`, `Rejected`, and `Conflict` where it does not last.
    """
    async with store.write() as tx:
        row, step = await _lasting(tx, run, path)
        allowed = (step.given or {}).get("extend")
        if not isinstance(allowed, dict):
            raise Rejected("The action does not say who may extend it, so nobody does. Nothing was changed.")
        named = allowed["from"]
        assert isinstance(named, list)
        requester = (await principals.by_ids(tx.session, [row.requester]))[row.requester]
        if row.requester == by or (person is not None and requester.ref == person):
            raise Forbidden("Who asked for the run does not extend it. Nothing was changed. Ask one of the others.")
        if (await belongings(tx.session, person)).isdisjoint(str(one) for one in named):
            raise Forbidden(f"It is extended by {', '.join(map(str, named))}. Nothing was changed.")
        assert step.started_at is not None
        last = step.started_at + parse_duration(allowed["most"])
        if not tx.now < until <= last:
            raise Rejected(
                f"It ends after now and by {last:%d %b %Y %H:%M} UTC at the latest ({_told(last - step.started_at)} "
                "from its beginning). Nothing was changed."
            )
        facts = {"step": path, "until": until.isoformat()}
        step.due_at, step.note = until, f"Extended by {person or by}."
        tx.audit(actor=by, action="step.extended", subject=f"run:{row.id}", facts=facts)
        tx.poke(run)


def _told(most: timedelta) -> str:
    return format_duration(most)


async def _lasting(tx: Tx, run: RunId, path: str) -> tuple[RunRow, StepRow]:
    row = await runs.hold(tx, run)
    step = next((one for one in await runs.steps(tx.session, run) if one.path == path), None)
    if step is None or step.kind != "temporary":
        raise NotFound(f"The run has no step {path} that is temporary.")
    if row.state != RunState.RUNNING or step.state != StepState.RUNNING:
        raise Conflict(f"Step {path} does not last any more, or not yet. Nothing was changed. Look at the run.")
    return row, step
