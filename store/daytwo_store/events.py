"""Events from outside: kept once, found by their key, whether they came before or after somebody waits for them.

Who keeps an event and who looks for one go one after the other (`in_turn`), so neither can miss the other: what looks
first has written down that it waits before the event is kept.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from pydantic import JsonValue
from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from daytwo_store.engine import Tx
from daytwo_store.ids import RunId, new_event_id
from daytwo_store.states import StepState
from daytwo_store.tables import EventRow, StepRow

LONGEST_KEY = 500  # characters
_SPACE = 6  # of advisory locks: of our own


@dataclass(frozen=True, kw_only=True, slots=True)
class NewEvent:
    source: str
    delivery: str
    same_for: timedelta | None = None  # another one of this name that comes later than this is another event
    key: str | None
    payload: Mapping[str, JsonValue]


async def keep(tx: Tx, event: NewEvent) -> EventRow | None:
    """Keep it, and wake what waits for its key. None when it was here before: nothing is done then."""
    delivery = event.delivery if event.same_for is None else await _another(tx, event, event.same_for)
    if delivery is None:
        return None
    if event.key is not None:
        await in_turn(tx, event.source, event.key)
    row = await tx.session.scalar(
        insert(EventRow)
        .values(
            id=new_event_id(),
            source=event.source,
            delivery=delivery,
            key=event.key,
            payload=dict(event.payload),
            received_at=tx.now,
        )
        .on_conflict_do_nothing()
        .returning(EventRow)
    )
    if row is not None and event.key is not None:
        for run in await waiting(tx.session, event.source, event.key):
            tx.poke(run)
    return row


async def _another(tx: Tx, event: NewEvent, same_for: timedelta) -> str | None:
    """The name to keep it by; None where one of its name came so lately that it is the same. Of two at once one is."""
    await in_turn(tx, event.source, event.delivery)
    of_it = (EventRow.source == event.source, EventRow.delivery.startswith(event.delivery, autoescape=True))
    if await tx.session.scalar(select(EventRow.id).where(*of_it, EventRow.received_at > tx.now - same_for).limit(1)):
        return None
    return f"{event.delivery} {tx.now.isoformat()}"


async def in_turn(tx: Tx, source: str, key: str) -> None:
    """Until the transaction ends, nobody else keeps or looks for events of this key."""
    await tx.session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(awaited(source, key), _SPACE))))


def awaited(source: str, key: str) -> str:
    """As it stands in the row of a step that waits (`StepRow.awaits`)."""
    return f"{source} {key}"


async def waiting(session: AsyncSession, source: str, key: str) -> Sequence[RunId]:
    """Runs with a step that waits for this."""
    rows = await session.scalars(
        select(StepRow.run_id)
        .where(StepRow.awaits == awaited(source, key), StepRow.state == StepState.RUNNING)
        .distinct()
    )
    return [RunId(run) for run in rows]


async def first(
    session: AsyncSession, source: str, key: str, *, since: datetime, without: Collection[str] = ()
) -> EventRow | None:
    """The first event of this key since then that is none of these."""
    found: EventRow | None = await session.scalar(
        select(EventRow)
        .where(
            EventRow.source == source,
            EventRow.key == key,
            EventRow.received_at >= since,
            EventRow.id.not_in(list(without)),
        )
        .order_by(EventRow.received_at, EventRow.id)
        .limit(1)
    )
    return found


async def prune(tx: Tx, *, before: datetime) -> None:
    """Forget events that nothing can wait for any more."""
    await tx.session.execute(delete(EventRow).where(EventRow.received_at < before))
