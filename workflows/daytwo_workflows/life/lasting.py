"""What is temporary is given back early, or lasts longer by approval. Whether somebody may ask, the caller decides.

That it lasts longer is an approval as every other: of the people whom the plan names, about the plan and the new end
under one digest, decided once, never by who asked for the run, and in the evidence. Its path is the step's with
`.extend`. It has taken effect as soon as it is decided, so nothing later hangs on it.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from pydantic import JsonValue

from daytwo_actions.definitions.durations import format_duration, parse_duration
from daytwo_actions.plan.model import Plan, PlannedApproval
from daytwo_store import approvals, principals, runs
from daytwo_store.engine import Store, Tx
from daytwo_store.errors import Conflict, Forbidden, NotFound, Rejected
from daytwo_store.ids import ApprovalId, Digest, PrincipalId, RunId
from daytwo_store.states import ApprovalState, Verdict
from daytwo_store.tables import ApprovalRow, PrincipalRow, RunRow, StepRow
from daytwo_workflows.life import decide, midway
from daytwo_workflows.life.accept import ask_for_approval
from daytwo_workflows.life.decide import Decision
from daytwo_workflows.life.extending import UNTIL, lasting
from daytwo_workflows.life.people import belongings

NOBODY_EXTENDS: Final = "The action does not say who may extend it, so nobody does."


@dataclass(frozen=True, slots=True)
class Extension:
    """Who moves the end of what is temporary, and how long it lasts at most, counted from its beginning."""

    named: list[str]
    most: timedelta

    def why_not(self, requester: PrincipalRow, *, by: PrincipalId, person: str | None, belongs: Collection[str]) -> str:
        """A sentence; empty where this person moves it."""
        if requester.id == by or (person is not None and requester.ref == person):
            return "Who asked for the run does not extend it."
        if set(self.named).isdisjoint(belongs):
            return f"It is extended by {', '.join(self.named)}."
        return ""


def allowed_extension(given: Mapping[str, JsonValue] | None) -> Extension | None:
    """From what the step was given; None where nobody moves its end."""
    allowed = (given or {}).get("extend")
    if not isinstance(allowed, dict):
        return None
    named, most = allowed["from"], allowed["most"]
    assert isinstance(named, list)
    assert isinstance(most, str)
    return Extension([str(one) for one in named], parse_duration(most))


async def give_back(store: Store, run: RunId, path: str, *, by: PrincipalId, reason: str) -> None:
    """Its time is over now. Raises `Conflict` where it does not last."""
    async with store.write() as tx:
        row, step = await _lasting(tx, run, path)
        why = f": {reason.strip()}" if reason.strip() else ""
        await midway.withdraw(tx, step)
        step.due_at, step.note = tx.now, f"Given back early{why}."
        tx.audit(actor=by, action="step.given_back", subject=f"run:{row.id}", facts={"step": path})
        tx.poke(run)


async def ask_to_extend(store: Store, run: RunId, path: str, *, until: datetime, by: PrincipalId) -> ApprovalId:
    """Ask those whom the plan names to move its end: the approval that waits for one of them, at most until that end.

    Asking for another end makes the approval that waits void. Raises `Rejected`, and `Conflict` where it does not last.
    """
    async with store.write() as tx:
        return ApprovalId((await _asked(tx, run, path, until=until, by=by)).id)


async def extend(
    store: Store, run: RunId, path: str, *, until: datetime, by: PrincipalId, person: str | None, comment: str = ""
) -> None:
    """Ask and approve at once, as one of those whom the plan names.

    Raises `Forbidden`, `Rejected`, and `Conflict` where it does not last.
    """
    async with store.write() as tx:
        row, step = await _lasting(tx, run, path)
        allowed = _allowed(step)
        requester = (await principals.by_ids(tx.session, [row.requester]))[row.requester]
        belongs = await belongings(tx.session, person)
        if why_not := allowed.why_not(requester, by=by, person=person, belongs=belongs):
            raise Forbidden(f"{why_not} Nothing was changed. Ask one of the others.")
        asked = await _asked(tx, run, path, until=until, by=by)
        decision = Decision(
            approval=ApprovalId(asked.id),
            principal=by,
            verdict=Verdict.APPROVE,
            digest=Digest(asked.digest),
            comment=comment,
        )
        await decide.decide_in(tx, decision)


async def _asked(tx: Tx, run: RunId, path: str, *, until: datetime, by: PrincipalId) -> ApprovalRow:
    row, step = await _lasting(tx, run, path)
    allowed = _allowed(step)
    assert step.started_at is not None
    assert step.due_at is not None
    last = step.started_at + allowed.most
    if not max(tx.now, step.due_at) < until <= last:
        raise Rejected(
            f"It ends later than it does now ({step.due_at:%d %b %Y %H:%M} UTC), and by "
            f"{last:%d %b %Y %H:%M} UTC at the latest ({format_duration(last - step.started_at)} from its beginning). "
            "Nothing was changed."
        )
    filled: Mapping[str, JsonValue] = {UNTIL: until.astimezone(UTC).isoformat()}
    at = Plan.model_validate_json(row.plan).model_copy(
        update={"at": approvals.extension_of(path), "results": {}, "filled": filled}
    )
    old = await approvals.newest(tx.session, run, approvals.extension_of(path))
    if old is not None and old.state == ApprovalState.PENDING:
        if old.document == at.canonical():
            return old
        approvals.settle(tx, old, ApprovalState.SUPERSEDED, actor=by)
        await tx.session.flush()
    planned = PlannedApproval(needed_from=allowed.named, count=1, expires_at=step.due_at)
    replaces = ApprovalId(old.id) if old is not None and old.state == ApprovalState.SUPERSEDED else None
    facts = {"step": path, "until": until.isoformat()}
    tx.audit(actor=by, action="step.extension_asked", subject=f"run:{row.id}", facts=facts)
    tx.poke(run)
    return await ask_for_approval(tx, row, planned, at=at, supersedes=replaces)


def _allowed(step: StepRow) -> Extension:
    allowed = allowed_extension(step.given)
    if allowed is None:
        raise Rejected(f"{NOBODY_EXTENDS} Nothing was changed.")
    return allowed


async def _lasting(tx: Tx, run: RunId, path: str) -> tuple[RunRow, StepRow]:
    row = await runs.hold(tx, run)
    step = next((one for one in await runs.steps(tx.session, run) if one.path == path), None)
    if step is None or step.kind != "temporary":
        raise NotFound(f"The run has no step {path} that is temporary.")
    if not lasting(row, step):
        raise Conflict(f"Step {path} does not last any more, or not yet. Nothing was changed. Look at the run.")
    return row, step
