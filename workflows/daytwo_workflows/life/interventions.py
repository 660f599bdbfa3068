"""What people do to a run that is under way: withdraw, cancel, resolve. Whether they may is decided by the caller."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

from daytwo_actions.voices import Human
from daytwo_store import attempts, findings, principals, runs
from daytwo_store.engine import Store, Tx
from daytwo_store.errors import Conflict, Forbidden
from daytwo_store.ids import AttemptNo, ExternalRunId, PrincipalId, RunId, StepPath
from daytwo_store.said import said
from daytwo_store.states import RUN_ENDS, UNSENT, AttemptState, RunState, StepState
from daytwo_store.tables import AttemptRow, PrincipalRow, RunRow
from daytwo_workflows.life import naming
from daytwo_workflows.life.context import Life
from daytwo_workflows.life.finish import truthful
from daytwo_workflows.life.leases import is_lease, must_be_another_operator
from daytwo_workflows.life.people import voter
from daytwo_workflows.life.rights import may_stop_now
from daytwo_workflows.life.standing import key
from daytwo_workflows.life.steps.http import by_request, done_by_word


async def withdraw(store: Store, run: RunId, *, by: PrincipalId, reason: str) -> None:
    """The requester takes the request back while it waits. Raises `Conflict` when it no longer waits."""
    async with store.write() as tx:
        row = await runs.hold(tx, run)
        if row.state == RunState.WITHDRAWN:
            return
        if row.state not in UNSENT:
            raise Conflict(
                f"The run is {row.state}, so it cannot be withdrawn any more. To stop a running one, cancel it."
            )
        why = f" ({reason.strip()})" if reason.strip() else ""
        await runs.end(tx, row, RunState.WITHDRAWN, reason=f"Withdrawn{why}. Nothing was sent.", actor=by)
        tx.poke(run)


async def cancel(
    store: Store, run: RunId, *, by: PrincipalId, reason: str, force: bool, operator: bool = False
) -> None:
    """Ask for a stop. What has not begun ends at once; what runs is `cancelling` until the CI system confirms.

    Raises `Conflict` for a run that has ended, `Forbidden` where something temporary would stand for good: only another
    `operator` than who asked for it does that.
    """
    async with store.write() as tx:
        row = await runs.hold(tx, run)
        if row.state == RunState.CANCELLED:
            return
        if RunState(row.state) in RUN_ENDS:
            raise Conflict(f"The run has already ended ({row.state}). Nothing was changed.")
        if is_lease(row) and RunState(row.state) not in UNSENT and (force or row.undoing is not None):
            await must_be_another_operator(tx.session, row, by, operator=operator)
        await ask_to_stop(tx, row, by=by, reason=reason, force=force, operator=operator)


async def ask_to_stop(
    tx: Tx, row: RunRow, *, by: PrincipalId, reason: str, force: bool = False, operator: bool = False
) -> None:
    """The same for a held run that has not ended. Where something temporary is taken back, that goes on, whatever
    stands above the run or wants its lock."""
    if not operator and is_lease(row):
        if row.undoing is not None:
            return
        force = False
    row.cancel_at = row.cancel_at or tx.now
    row.cancel_by = row.cancel_by or by
    row.cancel_reason = row.cancel_reason or reason.strip() or None
    row.cancel_forced = row.cancel_forced or force
    facts = {"force": str(force).lower(), **said(reason.strip())}
    tx.audit(actor=by, action="run.cancel_asked", subject=f"run:{row.id}", facts=facts)
    if RunState(row.state) in UNSENT:
        why = f" ({row.cancel_reason})" if row.cancel_reason else ""
        await runs.end(
            tx,
            row,
            RunState.CANCELLED,
            reason=truthful(row, f"Cancelled{why} before anything was sent. The catalog was not changed."),
            actor=by,
        )
    elif row.state == RunState.RUNNING:
        runs.move(tx, row, RunState.CANCELLING, reason=row.reason, actor=by)
    tx.poke(RunId(row.id))


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """What a person found out about a held attempt. `without_marker`: and vouches for a run that does not show it."""

    run: RunId
    path: StepPath
    no: AttemptNo
    outcome: Literal["ran", "did_not_run"]
    external: ExternalRunId | None
    by: PrincipalId
    reason: str
    without_marker: bool = False


async def resolve(life: Life, finding: Finding) -> bool:
    """Settle a held attempt by what somebody found out. Raises `Conflict`, `Forbidden`, `Rejected`, `Unavailable`.

    Where somebody had to approve, two people other than the requester have to find the same: the answer may send it
    again. False: it is written down, and waits for the second of them.
    """
    async with life.store.read() as session:
        run = await runs.peek(session, finding.run)
        attempt = _held(run, await attempts.get(session, finding.run, finding.path, finding.no))
        people = await principals.by_ids(session, {run.requester, finding.by})
        who = await voter(session, people[finding.by], entries=(), now=await life.store.clock.now(session))
    refused = findings_by(who.own, key(people, run.requester), people[run.requester].name)
    if run.protected and refused is not None:
        raise Forbidden(
            f"{refused} Somebody else who may run this action here has to say what happened. Nothing was changed."
        )
    named: naming.Named | None = None
    if finding.outcome == "ran" and not by_request(attempt):
        named = await naming.check(life, attempt, finding.external, without_marker=finding.without_marker)
        finding = replace(finding, external=named.id)
    async with life.store.write() as tx:
        row = await runs.hold(tx, finding.run)
        held = _held(row, await attempts.get(tx.session, finding.run, finding.path, finding.no))
        if row.protected and not await _agreed(life, tx, row, held, finding, named):
            return False
        note = f"resolved by hand: {finding.reason.strip()}"
        if named is None:
            became = AttemptState.ACCEPTED if finding.outcome == "ran" else AttemptState.ABSENT
            attempts.settle(tx, held, became, note=note, actor=finding.by)
        else:
            note = f"{note}{'' if note.endswith('.') else '.'} {named.words}"
            adopted = await attempts.adopt(
                tx, held, named.id, url=None, found=True, note=note, actor=finding.by, facts=_facts(named)
            )
            if not adopted:
                raise Conflict(f"Run {named.id} of {held.connection} already belongs to another attempt.")
        step = await runs.step(tx.session, finding.run, finding.path)
        if step.state == StepState.HELD:
            runs.move_step(tx, step, StepState.RUNNING, note=note)
        if named is None and finding.outcome == "ran":
            done_by_word(tx, step)
        if row.state == RunState.NEEDS_ATTENTION:
            runs.move(tx, row, RunState.RUNNING, actor=finding.by)
        tx.poke(finding.run)
    return True


def findings_by(who: Human, requester: str, name: str) -> str | None:
    """Why somebody is not one of the two who find out what became of a protected run; None when they may be."""
    if who.key == requester:
        return "You asked for this run (four eyes)."
    if requester in who.bound:
        return f"{name}, who asked for this run, {who.bound[requester]}: you two are one person here (four eyes)."
    return None


def _facts(named: naming.Named | None) -> Mapping[str, str]:
    """What the audit says of the run that somebody named."""
    return {} if named is None else {"marker": "seen" if named.shows else "not shown; people vouch for it"}


async def _agreed(
    life: Life, tx: Tx, run: RunRow, attempt: AttemptRow, finding: Finding, named: naming.Named | None
) -> bool:
    """Has somebody else found the same, who might say so now as well? Each person's newest finding counts, whatever
    they signed in with."""
    await findings.note(
        tx,
        attempt,
        by=finding.by,
        outcome=finding.outcome,
        external=finding.external if finding.outcome == "ran" else None,
        reason=finding.reason.strip(),
        facts=_facts(named),
    )
    said = (finding.outcome, finding.external if finding.outcome == "ran" else None)
    found = await findings.of_attempt(tx.session, attempt)
    people = await principals.by_ids(tx.session, {run.requester, *(one.principal for one in found)})
    newest = {key(people, one.principal): one for one in found}
    same = [one for one in newest.values() if (one.outcome, one.external_id) == said]
    others = [people[one.principal] for one in same if key(people, one.principal) != key(people, finding.by)]
    return any([await _still_one(life, tx, run, people[run.requester], other) for other in others])


async def _still_one(life: Life, tx: Tx, run: RunRow, requester: PrincipalRow, other: PrincipalRow) -> bool:
    """Who found it first may have lost the right to say so by now, or be one person with who asked."""
    who = await voter(tx.session, other, entries=(), now=tx.now)
    mine = findings_by(who.own, requester.ref or requester.id, requester.name)
    return mine is None and await may_stop_now(life, tx.session, run, other)


def _held(run: RunRow, attempt: AttemptRow | None) -> AttemptRow:
    """The attempt that waits for an answer. Raises `Conflict`."""
    if RunState(run.state) in RUN_ENDS:
        raise Conflict(f"The run has ended ({run.state}), so no answer is waited for. Nothing was changed.")
    if attempt is None or attempt.state != AttemptState.HELD:
        state = attempt.state if attempt is not None else "not there"
        raise Conflict(f"This attempt does not wait for anybody: it is {state}. Nothing was changed.")
    return attempt
