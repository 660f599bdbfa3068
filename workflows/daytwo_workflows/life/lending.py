"""Somebody lets another person decide for them: while they are away, or on one approval."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from daytwo_actions.voices import voice
from daytwo_store import approvals, delegations, principals, runs
from daytwo_store.delegations import NewDelegation
from daytwo_store.engine import Store, Tx
from daytwo_store.entities import is_person
from daytwo_store.errors import Conflict, Forbidden, NotFound, Rejected
from daytwo_store.ids import ApprovalId, PrincipalId, RunId
from daytwo_store.states import ApprovalState
from daytwo_store.tables import ApprovalRow, DelegationRow, PrincipalRow, RunRow
from daytwo_workflows.life.decide import held
from daytwo_workflows.life.people import voter
from daytwo_workflows.life.standing import people_of, question

LONGEST: Final = timedelta(days=366)


@dataclass(frozen=True, kw_only=True, slots=True)
class Lending:
    by: PrincipalId
    to: str  # ref of a person
    begins_at: datetime | None  # None: now
    ends_at: datetime | None  # None, of one approval: when it expires
    reason: str
    key: str


async def lend(store: Store, asked: Lending) -> DelegationRow:
    """Let somebody decide on everything that one is asked about. Raises `Rejected`."""
    async with store.write() as tx:
        await runs.serialise_key(tx, asked.by, asked.key)
        before = await delegations.with_key(tx.session, asked.by, asked.key)
        if before is not None:
            return _the_same(before, asked, None)
        await _must_be_another(tx, asked)
        if asked.ends_at is None:
            raise Rejected("Say until when: a delegation has an end. Nothing was delegated.")
        return await delegations.create(tx, _new(tx, asked, asked.ends_at, None), run=None)


async def lend_one(store: Store, approval: ApprovalId, asked: Lending) -> DelegationRow:
    """Let somebody decide on one approval. Raises `Forbidden` when one may not decide oneself, `Conflict`, `Rejected`.

    What was lent cannot be lent on: it takes a right of one's own.
    """
    async with store.write() as tx:
        row, run = await held(tx, approval)
        before = await delegations.with_key(tx.session, asked.by, asked.key)
        if before is not None:
            return _the_same(before, asked, approval)
        if row.state != ApprovalState.PENDING or row.expires_at <= tx.now:
            raise Conflict("This waits for nobody any more. Nothing was delegated.")
        await _must_be_another(tx, asked)
        await _must_have_a_say(tx, row, run, asked)
        ends = min(asked.ends_at or row.expires_at, row.expires_at)
        return await delegations.create(tx, _new(tx, asked, ends, approval), run=RunId(row.run_id))


async def revoke(store: Store, delegation: str, *, by: PrincipalId, anybody: bool) -> None:
    """End it at once: by who made it, by who was to decide, or by an administrator (`anybody`). Raises `NotFound`."""
    async with store.write() as tx:
        row = await delegations.hold(tx, delegation)
        people = await principals.by_ids(tx.session, [by])
        concerned = row is not None and (row.principal == by or row.delegate == people[by].ref or anybody)
        if row is None or not concerned:
            raise NotFound("There is no such delegation of yours. Nothing was changed.")
        if row.revoked_at is None and row.ends_at > tx.now:
            await delegations.revoke(tx, row, actor=by)


def _the_same(before: DelegationRow, asked: Lending, approval: ApprovalId | None) -> DelegationRow:
    if (before.delegate, before.approval_id) != (asked.to, approval):
        raise Rejected("This Idempotency-Key was used for another delegation. Nothing was delegated. Use a new key.")
    return before


def _new(tx: Tx, asked: Lending, ends_at: datetime, approval: ApprovalId | None) -> NewDelegation:
    begins_at = max(asked.begins_at or tx.now, tx.now)
    if ends_at <= begins_at:
        raise Rejected("It would end before it begins. Nothing was delegated. Choose a later end.")
    if ends_at - begins_at > LONGEST:
        raise Rejected(f"A delegation lasts {LONGEST.days} days at most. Nothing was delegated. Choose an earlier end.")
    return NewDelegation(
        by=asked.by,
        to=asked.to,
        approval=approval,
        begins_at=begins_at,
        ends_at=ends_at,
        reason=asked.reason.strip(),
        key=asked.key,
    )


async def _must_be_another(tx: Tx, asked: Lending) -> PrincipalRow:
    me = (await principals.by_ids(tx.session, [asked.by]))[asked.by]
    if not await is_person(tx.session, asked.to):
        raise Rejected(f"There is no {asked.to} in the catalog. Nothing was delegated. Name a person, as person:ben.")
    if asked.to == me.ref:
        raise Rejected("That is you. Nothing was delegated. Name somebody else.")
    return me


async def _must_have_a_say(tx: Tx, row: ApprovalRow, run: RunRow, asked: Lending) -> None:
    stages = (await approvals.stages(tx.session, [row]))[row.id]
    counted = await approvals.decisions(tx.session, [stage.id for stage in stages])
    people = await people_of(tx.session, [run], counted, asked.by)
    what = question(row, run, stages, counted, people)
    if asked.to == what.requester:
        raise Rejected("They asked for this run, so they cannot decide on it (four eyes). Nothing was delegated.")
    if any(one.principal == asked.by and one.approval_id == row.id for one in counted):
        raise Conflict("You have decided on this already, so there is nothing to hand on. Nothing was delegated.")
    who = await voter(tx.session, people[asked.by], entries=row.needed_from, now=tx.now, approval=row.id)
    found = voice(who, what)
    if isinstance(found, str):
        raise Forbidden(f"{found} Nothing was delegated.")
    if found.lent is not None:
        raise Forbidden(
            f"You would decide for {found.lent.by.name} here, and what was lent to you cannot be lent on. Nothing was "
            "delegated."
        )
