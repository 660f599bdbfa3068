"""What each event caused by each trigger: the row decides that it is one run."""

import secrets
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ARRAY, Text, and_, case, cast, delete, exists, func, or_, select, true, tuple_, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.sql.elements import ColumnElement

from daytwo_store.engine import Tx
from daytwo_store.entities import may_see
from daytwo_store.ids import PrincipalId
from daytwo_store.run_visibility import Onlooker, visible
from daytwo_store.states import REACTION_MOVES, ReactionState, check_move
from daytwo_store.tables import EntityRow, EventRow, Json, ReactionRow, RunRow
from daytwo_store.triggers import CATALOG, RUNS

_BEGUN: Final = (ReactionState.DUE, ReactionState.STARTED)
_HOUR: Final = timedelta(hours=1)


@dataclass(frozen=True, kw_only=True, slots=True)
class Reaction:
    trigger: str
    event: str
    item: int
    turn: int
    depth: int
    state: ReactionState
    why: str | None = None
    about: str | None = None
    asked: Json | None = None
    by: PrincipalId | None = None
    key: str | None = None


def _is_due(now: datetime) -> ColumnElement[bool]:
    return and_(
        ReactionRow.state == ReactionState.DUE, or_(ReactionRow.retry_at.is_(None), ReactionRow.retry_at <= now)
    )


async def anything(session: AsyncSession, now: datetime) -> bool:
    """Is there anything for a round: an event nobody looked at, a reaction that is due, an end that is not counted?"""
    fresh = exists().where(EventRow.reacted_at.is_(None))
    due = exists().where(_is_due(now))
    over = exists().where(
        ReactionRow.state == ReactionState.STARTED,
        ReactionRow.counted_at.is_(None),
        ReactionRow.run_id == RunRow.id,
        RunRow.ended_at.is_not(None),
    )
    return bool(await session.scalar(select(or_(fresh, due, over))))


async def fresh(tx: Tx, *, limit: int) -> Sequence[EventRow]:
    """Events that nobody has looked at, held; what another worker holds is left to it."""
    query = select(EventRow).where(EventRow.reacted_at.is_(None)).order_by(EventRow.received_at, EventRow.id)
    return (await tx.session.scalars(query.limit(limit).with_for_update(skip_locked=True))).all()


async def note(tx: Tx, reaction: Reaction) -> bool:
    """Write it down; false when it was before, and then that stays."""
    made = insert(ReactionRow).values(
        trigger=reaction.trigger,
        event=reaction.event,
        item=reaction.item,
        turn=reaction.turn,
        at=tx.now,
        state=reaction.state,
        why=reaction.why,
        about=reaction.about,
        depth=reaction.depth,
        asked=reaction.asked,
        key=reaction.key or f"reaction-{secrets.token_urlsafe(24)}",
        by=reaction.by,
        settled_at=None if reaction.state is ReactionState.DUE else tx.now,
    )
    return await tx.session.scalar(made.on_conflict_do_nothing().returning(ReactionRow.item)) is not None


async def next_turn(tx: Tx, trigger: str, event: str) -> int:
    query = select(func.max(ReactionRow.turn)).where(ReactionRow.trigger == trigger, ReactionRow.event == event)
    return int(await tx.session.scalar(query) or 0) + 1


async def with_key(session: AsyncSession, key: str) -> ReactionRow | None:
    """One of a replay, by the start of its keys."""
    found: ReactionRow | None = await session.scalar(
        select(ReactionRow).where(ReactionRow.key.startswith(f"{key}-", autoescape=True)).limit(1)
    )
    return found


async def begun_in_an_hour(tx: Tx, trigger: str) -> int:
    query = select(func.count()).where(
        ReactionRow.trigger == trigger, ReactionRow.at > tx.now - _HOUR, ReactionRow.state.in_(_BEGUN)
    )
    return int(await tx.session.scalar(query) or 0)


async def last_about(tx: Tx, trigger: str, about: str, *, since: datetime) -> ReactionRow | None:
    """The newest that began something about this key since then."""
    found: ReactionRow | None = await tx.session.scalar(
        select(ReactionRow)
        .where(
            ReactionRow.trigger == trigger,
            ReactionRow.about == about,
            ReactionRow.at > since,
            ReactionRow.state.in_(_BEGUN),
        )
        .order_by(ReactionRow.at.desc())
        .limit(1)
    )
    return found


async def due(session: AsyncSession, now: datetime, *, limit: int) -> Sequence[ReactionRow]:
    """The first of each trigger, then the second of each, and so on: one that has many holds up no other."""
    oldest = (ReactionRow.at, ReactionRow.event, ReactionRow.item)
    turn = func.row_number().over(partition_by=ReactionRow.trigger, order_by=oldest)
    query = select(ReactionRow).where(_is_due(now)).order_by(turn, *oldest)
    return (await session.scalars(query.limit(limit))).all()


async def hold(tx: Tx, row: ReactionRow) -> ReactionRow:
    """The same, locked until the transaction ends."""
    return (
        await tx.session.execute(
            select(ReactionRow)
            .where(
                ReactionRow.trigger == row.trigger,
                ReactionRow.event == row.event,
                ReactionRow.item == row.item,
                ReactionRow.turn == row.turn,
            )
            .with_for_update()
            .execution_options(populate_existing=True)
        )
    ).scalar_one()


def move(tx: Tx, row: ReactionRow, state: ReactionState, *, why: str | None = None) -> None:
    """Change the state of a held reaction. Raises `IllegalMove`."""
    old = ReactionState(row.state)
    if old is not state:
        check_move(REACTION_MOVES, old, state)
    row.state, row.why = state, why
    row.settled_at = None if state is ReactionState.DUE else tx.now


async def ended(tx: Tx, *, limit: int) -> Sequence[tuple[ReactionRow, RunRow]]:
    """Held reactions whose runs have ended and were not counted yet, in the order in which they ended."""
    query = (
        select(ReactionRow, RunRow)
        .join(RunRow, RunRow.id == ReactionRow.run_id)
        .where(
            ReactionRow.state == ReactionState.STARTED,
            ReactionRow.counted_at.is_(None),
            RunRow.ended_at.is_not(None),
        )
        .order_by(RunRow.ended_at, ReactionRow.at)
        .limit(limit)
        .with_for_update(of=ReactionRow, skip_locked=True)
    )
    return [(reaction, run) for reaction, run in (await tx.session.execute(query)).all()]


async def looked_at(tx: Tx, events: Collection[str]) -> None:
    await tx.session.execute(update(EventRow).where(EventRow.id.in_(set(events))).values(reacted_at=tx.now))


async def of_trigger(
    session: AsyncSession, trigger: str, *, before: tuple[datetime, str, int, int] | None, limit: int
) -> Sequence[ReactionRow]:
    """The newest first; `before` is the place of the last one seen: at, event, item, turn."""
    within = (ReactionRow.event, ReactionRow.item, ReactionRow.turn)
    query = select(ReactionRow).where(ReactionRow.trigger == trigger)
    query = query.order_by(ReactionRow.at.desc(), *within).limit(limit)
    if before is not None:
        at, *rest = before
        query = query.where(or_(ReactionRow.at < at, and_(ReactionRow.at == at, tuple_(*within) > tuple_(*rest))))
    return (await session.scalars(query)).all()


async def of_events(session: AsyncSession, events: Collection[str]) -> dict[str, list[ReactionRow]]:
    rows = await session.scalars(
        select(ReactionRow)
        .where(ReactionRow.event.in_(set(events)))
        .order_by(ReactionRow.event, ReactionRow.trigger, ReactionRow.turn, ReactionRow.item)
    )
    found: dict[str, list[ReactionRow]] = {}
    for row in rows:
        found.setdefault(row.event, []).append(row)
    return found


async def events_page(
    session: AsyncSession, by: Onlooker, *, before: tuple[datetime, str] | None, limit: int
) -> Sequence[EventRow]:
    """Received events that the onlooker may read about, the newest first."""
    query = select(EventRow).where(_told_to(by))
    query = query.order_by(EventRow.received_at.desc(), EventRow.id.desc()).limit(limit)
    if before is not None:
        at, identity = before
        query = query.where(or_(EventRow.received_at < at, (EventRow.received_at == at) & (EventRow.id < identity)))
    return (await session.scalars(query)).all()


async def event(session: AsyncSession, identity: str, by: Onlooker) -> EventRow | None:
    """None also for one that the onlooker may not read about."""
    found: EventRow | None = await session.scalar(select(EventRow).where(EventRow.id == identity, _told_to(by)))
    return found


def _told_to(by: Onlooker) -> ColumnElement[bool]:
    """What happened here is told to whoever may see what it happened to, then and now; what others sent, to all."""
    groups = cast(list(by.belongs), ARRAY(Text))
    shown, ref = EventRow.payload["visible_to"], EventRow.payload["entity"]["ref"].astext
    then = or_(func.coalesce(func.jsonb_array_length(shown), 0) == 0, shown.op("?|")(groups))
    kept = select(EntityRow.ref).where(EntityRow.ref == ref, ~may_see(by.belongs)).correlate(EventRow).exists()
    run = (
        select(RunRow.id)
        .join(EntityRow, EntityRow.ref == RunRow.entity, isouter=True)
        .where(RunRow.id == EventRow.delivery, visible(by.belongs, by.principal))
        .correlate(EventRow)
        .exists()
    )
    ours = ((EventRow.source == CATALOG, and_(then, ~kept)), (EventRow.source == RUNS, run))
    return case(*ours, else_=true())  # in this order: what others send may have anything by these names


async def prune(tx: Tx, *, before: datetime) -> None:
    """Forget what events caused of which nothing comes any more; the runs stay."""
    await tx.session.execute(delete(ReactionRow).where(ReactionRow.at < before, ReactionRow.settled_at < before))
