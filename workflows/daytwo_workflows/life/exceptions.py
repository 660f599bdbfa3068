"""Exceptions to freezes: one person asks, with a reason; another one, of the freeze's owners, grants or refuses it.

Each of these is one transaction that holds the run's row, as the seal does: what was revoked is not sent, and what was
sealed is not revoked any more.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from daytwo_actions.policy import Answer
from daytwo_actions.voices import Human
from daytwo_store import attempts, freeze_exceptions, freezes, principals, runs
from daytwo_store.engine import Session, Tx
from daytwo_store.errors import Conflict, Forbidden, Rejected
from daytwo_store.freeze_exceptions import Settled
from daytwo_store.ids import PrincipalId, RunId
from daytwo_store.states import ATTEMPT_LIVE, RUN_ENDS, AttemptState, ExceptionState, RunState
from daytwo_store.tables import FreezeExceptionRow, FreezeRow, PrincipalRow, RunRow
from daytwo_workflows.life.context import Life
from daytwo_workflows.life.people import belongings, voter
from daytwo_workflows.life.standing import key
from daytwo_workflows.life.window import of_run

LONGEST: Final = timedelta(days=31)


@dataclass(frozen=True, kw_only=True, slots=True)
class Asking:
    run: RunId
    freeze: str
    by: PrincipalId
    reason: str
    key: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Deciding:
    exception: str
    by: PrincipalId
    grant: bool
    until: datetime | None  # of a granted one
    comment: str


async def ask(life: Life, asked: Asking) -> FreezeExceptionRow:
    """Ask for an exception; the same key again gives the same one. Raises `Conflict`, `NotFound`, `Rejected`."""
    if not asked.reason.strip():
        raise Rejected("Say why it cannot wait: who decides will read it. Nothing was asked for.")
    async with life.store.write() as tx:
        row = await runs.hold(tx, asked.run)
        before = await freeze_exceptions.with_key(tx.session, asked.by, asked.key)
        if before is not None:
            return _same(before, asked)
        await freezes.read_locked(tx.session)  # it is for the freeze as it stands now
        freeze = await freezes.get(tx.session, asked.freeze)
        await _must_be_unsent(tx, row, "so it needs no exception")
        window = await of_run(life, tx.session, row, tx.now)
        if asked.freeze not in {held.id for held in window.holds}:
            raise Conflict(f"The freeze {asked.freeze} does not hold this run now, so it needs no exception to it.")
        for one in await freeze_exceptions.of_run(tx.session, asked.run):
            if one.freeze_id == asked.freeze and one.state in freeze_exceptions.LIVE:
                await _clear(tx, one, row, freeze)
        return await freeze_exceptions.ask(tx, row, freeze, by=asked.by, reason=asked.reason.strip(), key=asked.key)


def _same(before: FreezeExceptionRow, asked: Asking) -> FreezeExceptionRow:
    if (before.run_id, before.freeze_id, before.reason) != (asked.run, asked.freeze, asked.reason.strip()):
        raise Rejected("This Idempotency-Key was used for another request. Nothing was asked for. Use a new key.")
    return before


async def _clear(tx: Tx, one: FreezeExceptionRow, row: RunRow, freeze: FreezeRow) -> None:
    """One that no longer counts makes room for a new one: the freeze holds. Raises `Conflict` for one that is asked."""
    why = void(one, row, freeze)
    if why is None and one.state == ExceptionState.ASKED:
        name = (await principals.by_ids(tx.session, [one.asked_by]))[one.asked_by].name
        raise Conflict(f"{name} has asked for this exception already: {one.id} is {one.state}. Nothing was asked for.")
    if why is None:
        over = one.until is not None and one.until <= tx.now
        why = "its time was over" if over else "whoever granted it is no longer one of the freeze's owners"
    freeze_exceptions.settle(
        tx, one, Settled(state=ExceptionState.REVOKED, by=PrincipalId(one.asked_by), why=f"{why}; asked for again")
    )
    await tx.session.flush()


def void(exception: FreezeExceptionRow, run: RunRow, freeze: FreezeRow) -> str | None:
    """Why an exception no longer counts, whoever decided it: it was for this plan, under the freeze as it was."""
    if exception.digest != run.digest:
        return "what the run would do has changed"
    if exception.freeze_digest != freeze.digest:
        return "the freeze has changed"
    return None


async def decide(life: Life, given: Deciding) -> bool:
    """Grant or refuse. True when this person had decided the same before.

    Raises `NotFound`, `Forbidden` (four eyes, or not an owner), `Conflict` (decided, void, too late), `Rejected`.
    """
    if not given.grant and not given.comment.strip():
        raise Rejected("Say why you refuse it: who asked will read it. Nothing was decided.")
    async with life.store.write() as tx:
        exception, row, freeze = await _held(tx, given.exception)
        people = await principals.by_ids(tx.session, {given.by, exception.asked_by, row.requester})
        who = await voter(tx.session, people[given.by], entries=(), now=tx.now)
        answer = may_decide(exception, row, freeze, human=who.own, people=people)
        if not answer.allowed:
            raise Forbidden(f"{answer.why_not} Nothing was decided.")
        wanted = ExceptionState.GRANTED if given.grant else ExceptionState.REFUSED
        if exception.decided_by == given.by and (exception.state, exception.until) == (wanted, given.until):
            return True
        await _must_be_open(tx, exception, row, freeze)
        until = _end(given, tx.now) if given.grant else None
        freeze_exceptions.settle(
            tx,
            exception,
            Settled(state=wanted, by=given.by, why=given.comment.strip(), group=freeze.owner, until=until),
        )
    return False


def may_decide(
    exception: FreezeExceptionRow,
    run: RunRow,
    freeze: FreezeRow,
    *,
    human: Human,
    people: Mapping[str, PrincipalRow],
) -> Answer:
    """Somebody of the freeze's owners, and one person with neither who asked for it nor who asked for the run."""
    for asked_by, what in ((exception.asked_by, "this exception"), (run.requester, "this run")):
        asker = key(people, asked_by)
        if human.key == asker:
            why = f"You asked for {what}, so somebody else has to decide (four eyes)."
        elif asker in human.bound:
            name = people[asked_by].name
            why = f"{name}, who asked for {what}, {human.bound[asker]}: you two are one person here (four eyes)."
        else:
            continue
        return Answer(False, f"{why} Ask {freeze.owner}.")
    if freeze.owner not in human.belongs:
        return Answer(False, f"This is decided by {freeze.owner}, and you are not one of them. Ask one of them.")
    return Answer(True)


async def revoke(life: Life, exception: str, *, by: PrincipalId, person: str | None, reason: str) -> bool:
    """Take it back before anything is sent. True when that is so already. Raises `Conflict`, `Forbidden`."""
    async with life.store.write() as tx:
        row, run, freeze = await _held(tx, exception)
        answer = may_revoke(row, run, freeze, principal=by, belongs=await belongings(tx.session, person))
        if not answer.allowed:
            raise Forbidden(f"{answer.why_not} Nothing was changed.")
        if row.state == ExceptionState.REVOKED:
            return True
        if row.state == ExceptionState.REFUSED:
            raise Conflict("It was refused, so there is nothing to take back. Nothing was changed.")
        await _must_be_unsent(tx, run, "so it is too late to take the exception back")
        freeze_exceptions.settle(tx, row, Settled(state=ExceptionState.REVOKED, by=by, why=reason.strip()))
    return False


def may_revoke(
    exception: FreezeExceptionRow, run: RunRow, freeze: FreezeRow, *, principal: str, belongs: frozenset[str]
) -> Answer:
    if principal in (exception.asked_by, run.requester) or freeze.owner in belongs:
        return Answer(True)
    return Answer(False, f"Who asked for it and {freeze.owner} can take it back. Ask one of them.")


async def freeze_of(session: Session, exception: FreezeExceptionRow) -> FreezeRow:
    """Its freeze, also when that has been removed since."""
    return await session.get_one(FreezeRow, exception.freeze_id)


async def _held(tx: Tx, exception: str) -> tuple[FreezeExceptionRow, RunRow, FreezeRow]:
    """The exception, with its run's row held first: the order of locks is the same everywhere."""
    found = await freeze_exceptions.get(tx.session, exception)
    row = await runs.hold(tx, RunId(found.run_id))
    return await freeze_exceptions.get(tx.session, exception), row, await freeze_of(tx.session, found)


async def _must_be_open(tx: Tx, exception: FreezeExceptionRow, row: RunRow, freeze: FreezeRow) -> None:
    if exception.state != ExceptionState.ASKED:
        who = exception.decided_by or exception.ended_by or exception.asked_by
        name = (await principals.by_ids(tx.session, [who]))[who].name
        raise Conflict(f"This exception is already {exception.state}, by {name}. Nothing was changed by you.")
    why = void(exception, row, freeze)
    if why is not None:
        raise Conflict(f"Since it was asked for, {why}, so it is void. Nothing was decided. Ask again.")
    await _must_be_unsent(tx, row, "so there is nothing to decide")


async def _must_be_unsent(tx: Tx, row: RunRow, so: str) -> None:
    if RunState(row.state) in RUN_ENDS:
        raise Conflict(f"The run has ended ({row.state}), {so}. Nothing was changed.")
    if any(AttemptState(one.state) in ATTEMPT_LIVE for one in await attempts.of_run(tx.session, RunId(row.id))):
        raise Conflict(f"The run is being sent, {so}. Nothing was changed.")


def _end(given: Deciding, now: datetime) -> datetime:
    if given.until is None:
        raise Rejected("Say until when the exception holds. Nothing was decided.")
    until = given.until.astimezone(UTC)
    if not now < until <= now + LONGEST:
        raise Rejected(f"An exception ends in the future, and within {LONGEST.days} days. Nothing was decided.")
    return until
