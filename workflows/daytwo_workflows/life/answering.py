"""What an event means to a trigger is asked for, in the name of the trigger's owner."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

import structlog
from pydantic import JsonValue

from daytwo_actions.plan.model import PlannedCause
from daytwo_store import principals, reactions, triggers
from daytwo_store.engine import Tx
from daytwo_store.errors import Conflict, DaytwoError, Forbidden, NotFound, Unavailable
from daytwo_store.ids import EntityRef, PrincipalId
from daytwo_store.states import ReactionState
from daytwo_store.tables import PrincipalRow, ReactionRow, RunRow, TriggerRow
from daytwo_workflows.life.asking import Wish, start
from daytwo_workflows.life.causes import Cause, Unheard, backed_off, requester_of
from daytwo_workflows.life.context import Life

log = structlog.get_logger()
PAUSED: Final = "The trigger was paused. Nothing was started; it can be replayed."
_PATIENCE: Final = timedelta(hours=1)  # with a CI system that does not answer
_PATIENCE_WITH_PEOPLE: Final = timedelta(days=1)  # with an owner of whom nobody was heard
_OLD_NEWS: Final = "By now the event is more than a day old. Nothing was started; it can be replayed."


async def begin_safely(life: Life, row: ReactionRow) -> bool:
    try:
        return await _begin(life, row)
    except DaytwoError as error:
        log.warning("trigger.waits", what=row.trigger, error=error.type)
    except Exception:
        log.exception("trigger.failed", what=row.trigger)
    return False


async def _begin(life: Life, reaction: ReactionRow) -> bool:
    """True when it has made a run."""
    async with life.store.read() as session:
        now = await life.store.clock.now(session)
        try:
            row = await triggers.get(session, reaction.trigger)
            who = await requester_of(life, session, row.owner, None)
            shown_by = (await principals.by_ids(session, [reaction.by]))[reaction.by] if reaction.by else None
        except Unheard as silence:
            await _unheard(life, reaction, silence, too_late=now - reaction.at > _PATIENCE_WITH_PEOPLE)
            return False
        except (Forbidden, NotFound) as error:
            await _refused(life, reaction, error, pause=True)
            return False
    if _is_paused(row, reaction):
        await _skipped(life, reaction)
        return False
    try:
        accepted = await start(life, wish_of(reaction, who, shown_by), reaction.key)
    except Paused:
        await _skipped(life, reaction)
        return False
    except Unavailable as error:
        if now - reaction.at > _PATIENCE:
            await _refused(life, reaction, error, pause=False)
        else:
            await _put_off(life, reaction, f"It is tried again: {error.detail}")
        return False
    except DaytwoError as error:  # often it is what the event says: another one may be better
        await _refused(life, reaction, error, pause=False)
        return False
    return not accepted.repeated


class Paused(Exception):
    """Somebody has paused the trigger between the event and its run. Nobody outside is told."""


def _is_paused(row: TriggerRow, reaction: ReactionRow) -> bool:
    """A replay passes a pause: a person wants it."""
    return row.paused_at is not None and reaction.turn == 0


async def _skipped(life: Life, reaction: ReactionRow) -> None:
    async with life.store.write() as tx:
        row = await reactions.hold(tx, reaction)
        if row.state == ReactionState.DUE:
            reactions.move(tx, row, ReactionState.SKIPPED, why=PAUSED)


async def _put_off(life: Life, reaction: ReactionRow, why: str) -> None:
    """Something does not answer: it is tried again, and others are not held up by it meanwhile."""
    async with life.store.write() as tx:
        row = await reactions.hold(tx, reaction)
        if row.state == ReactionState.DUE:
            row.why = why
            row.retry_at = tx.now + backed_off(tx.now - row.at)
    log.info("trigger.waits", what=reaction.trigger)


async def _unheard(life: Life, reaction: ReactionRow, silence: Unheard, *, too_late: bool) -> None:
    """It waits for its owner, and is left out once the event is old news: nobody wants an alert of last month to start
    things. The trigger is none the worse for it."""
    if not too_late:
        await _put_off(life, reaction, str(silence))
        return
    async with life.store.write() as tx:
        row = await reactions.hold(tx, reaction)
        if row.state == ReactionState.DUE:
            reactions.move(tx, row, ReactionState.SKIPPED, why=f"{silence} {_OLD_NEWS}")


def wish_of(reaction: ReactionRow, who: PrincipalRow, shown_by: PrincipalRow | None = None) -> Wish:
    """What it asks for in the name of this person, the owner of the trigger now. Whoever showed the event again has
    made it ask, so they approve it no more than who wrote it. Accepting it raises `Paused`."""
    asked: Mapping[str, JsonValue] = reaction.asked or {}
    writers, inputs = asked["writers"], asked["inputs"]
    assert isinstance(writers, list)
    assert isinstance(inputs, dict)
    named = {str(one) for one in writers} | ({shown_by.ref or shown_by.id} if shown_by is not None else set())
    others = sorted(named - {who.ref, who.id})  # the owner of now, whoever it was then

    async def take(tx: Tx, run: RunRow) -> None:
        row = await triggers.hold(tx, reaction.trigger)
        if _is_paused(row, reaction):
            raise Paused(PAUSED)
        held = await reactions.hold(tx, reaction)
        if held.state != ReactionState.DUE:
            raise Conflict("Another worker was first. Nothing was started.")
        reactions.move(tx, held, ReactionState.STARTED)
        held.run_id = run.id

    return Wish(
        action=str(asked["action"]),
        requester=PrincipalId(who.id),
        token=None,
        entity=EntityRef(str(asked["entity"])) if asked["entity"] is not None else None,
        inputs=inputs,
        version=None,
        comment=f"By the trigger {asked['title']} ({reaction.trigger}), for the event {reaction.event}.",
        cause=Cause(
            planned=PlannedCause(kind="trigger", name=reaction.trigger, writers=others),
            facts={
                "at": reaction.at.isoformat(),
                "title": asked["title"],
                "event": reaction.event,
                "depth": reaction.depth,
            },
            take=take,
        ),
    )


async def _refused(life: Life, reaction: ReactionRow, error: DaytwoError, *, pause: bool) -> None:
    async with life.store.write() as tx:
        held = await triggers.hold_all(tx, [reaction.trigger])
        row = await reactions.hold(tx, reaction)
        if row.state != ReactionState.DUE:
            return  # another worker was first
        reactions.move(tx, row, ReactionState.REFUSED, why=error.detail)
        subject = f"trigger:{reaction.trigger}"
        tx.audit(actor="daytwo", action="trigger.refused", subject=subject, facts={"error": error.type})
        for one in held if pause else ():
            triggers.pause(tx, one, by=triggers.SYSTEM, why=error.detail)
