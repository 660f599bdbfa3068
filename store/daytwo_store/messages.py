"""Messages of notifications: an outbox with tries, and whether anybody could be told at all.

A message is sent at least once: whoever sends it dies between the channel's yes and our note, and sends it again. Its
id is the same then, so that a receiver who cares can tell.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from pydantic import JsonValue
from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert

from daytwo_store.engine import Session, Topic, Tx
from daytwo_store.ids import RunId, mint
from daytwo_store.tables import MessageRow, NotificationRow, RunRow

# Seconds until the next try; the last one is not followed by another. About a day and a half together.
PAUSES: Final = (5, 15, 60, 180, 600, 1800, 3600, 7200, 14_400, 28_800, 57_600)
ALARM_AFTER: Final = 3  # tries of every message without a yes: nobody could be told so far
_FORGET: Final = timedelta(days=30)


class MessageState(StrEnum):
    WAITING = "waiting"
    SENT = "sent"
    FAILED = "failed"  # given up


class Outcome(StrEnum):
    """What became of a notification."""

    TOLD = "told"  # at least one message was taken
    NOBODY = "nobody"  # somebody has to act, and no channel leads to anybody: an alarm
    FAILED = "failed"  # no channel takes it: an alarm, also while it is still tried
    NOT_WANTED = "not wanted"  # no route wants it, and nobody has to act
    OFF = "off"  # there are no channels


ALARMS: Final = frozenset({Outcome.NOBODY, Outcome.FAILED})


@dataclass(frozen=True, kw_only=True, slots=True)
class Draft:
    channel: str
    recipient: str
    title: str
    body: str
    data: Mapping[str, JsonValue]


async def write(
    tx: Tx, notification: NotificationRow, drafts: Sequence[Draft], without: Outcome, why: str, *, left_out: int = 0
) -> None:
    """Put the messages of a notification into the outbox, or say why there is none. Once per notification.

    How many were left out, being more than one notification may send, is in the audit.
    """
    row = await tx.session.scalar(
        select(NotificationRow).where(NotificationRow.n == notification.n, NotificationRow.handled_at.is_(None))
        .with_for_update()
        .execution_options(populate_existing=True)
    )  # fmt: skip
    if row is None:
        return
    row.handled_at = tx.now
    for draft in drafts:
        await tx.session.execute(
            insert(MessageRow)
            .values(
                id=mint("m"),
                notification=row.n,
                channel=draft.channel,
                recipient=draft.recipient,
                title=draft.title,
                body=draft.body,
                data=dict(draft.data),
                state=MessageState.WAITING,
                next_at=tx.now,
                created_at=tx.now,
            )
            .on_conflict_do_nothing()
        )
    if left_out:
        facts = {"notification": str(row.n), "kind": row.kind, "count": str(left_out)}
        tx.audit(actor="daytwo", action="notification.cut", subject=_subject(row), facts=facts)
    if not drafts:
        settle(tx, row, without, why)


def settle(tx: Tx, row: NotificationRow, outcome: Outcome, why: str | None) -> None:
    """What became of a held notification; that nobody could be told is in the audit and on the run's page."""
    if row.outcome == outcome:
        return
    row.outcome, row.why = outcome, why
    if outcome in ALARMS:
        facts = {"notification": str(row.n), "kind": row.kind, "why": outcome.value}
        tx.audit(actor="daytwo", action="notification.undelivered", subject=_subject(row), facts=facts)
    if row.run_id is not None:
        tx.notify(Topic.RUN, row.run_id)


def _subject(row: NotificationRow) -> str:
    return f"run:{row.run_id}" if row.run_id is not None else f"notification:{row.n}"


async def due(session: Session, *, now: datetime, channels: Collection[str], limit: int) -> Sequence[MessageRow]:
    """Messages whose time has come, the oldest first, for these channels."""
    query = select(MessageRow).where(
        MessageRow.state == MessageState.WAITING, MessageRow.next_at <= now, MessageRow.channel.in_(channels)
    )
    return (await session.scalars(query.order_by(MessageRow.next_at, MessageRow.id).limit(limit))).all()


async def sent(tx: Tx, message: str) -> None:
    row = await _held(tx, message)
    if row is None:
        return
    row.state, row.sent_at, row.tries, row.last_error = MessageState.SENT, tx.now, row.tries + 1, None
    settle(tx, await _notification(tx, row), Outcome.TOLD, None)


async def refused(tx: Tx, message: str, why: str, *, for_good: bool = False) -> None:
    """A try that came to nothing; the next one is later each time, and after the last it is given up."""
    row = await _held(tx, message)
    if row is None:
        return
    row.tries += 1
    row.last_error = why
    if for_good or row.tries > len(PAUSES):
        row.state = MessageState.FAILED
    else:
        row.next_at = tx.now + timedelta(seconds=PAUSES[row.tries - 1])
    await tx.session.flush()
    notification = await _notification(tx, row)
    if notification.outcome is None and await _hopeless(tx.session, notification.n):
        settle(tx, notification, Outcome.FAILED, f"{row.channel}: {why}")


async def _hopeless(session: Session, notification: int) -> bool:
    """No message of it was taken, and none has had fewer than `ALARM_AFTER` tries."""
    hopeful = select(MessageRow.id).where(
        MessageRow.notification == notification,
        (MessageRow.state == MessageState.SENT)
        | ((MessageRow.state == MessageState.WAITING) & (MessageRow.tries < ALARM_AFTER)),
    )
    return (await session.execute(hopeful.limit(1))).first() is None


async def _held(tx: Tx, message: str) -> MessageRow | None:
    """The notification is held first, so that two messages of it are settled one after the other."""
    query = select(MessageRow.notification).where(MessageRow.id == message)
    n = await tx.session.scalar(query)
    await tx.session.execute(select(NotificationRow.n).where(NotificationRow.n == n).with_for_update())
    row: MessageRow | None = await tx.session.scalar(
        select(MessageRow)
        .where(MessageRow.id == message, MessageRow.state == MessageState.WAITING)
        .execution_options(populate_existing=True)
    )
    return row


async def _notification(tx: Tx, message: MessageRow) -> NotificationRow:
    query = select(NotificationRow).where(NotificationRow.n == message.notification)
    return (await tx.session.execute(query.execution_options(populate_existing=True))).scalar_one()


async def unheard(session: Session, run: RunId) -> Sequence[NotificationRow]:
    """Notifications of a run that reached nobody, oldest first."""
    query = select(NotificationRow).where(
        NotificationRow.run_id == run, NotificationRow.outcome.in_([str(one) for one in ALARMS])
    )
    return (await session.scalars(query.order_by(NotificationRow.n))).all()


@dataclass(frozen=True, kw_only=True, slots=True)
class Counted:
    waiting: int  # messages that wait to be sent
    unheard: int  # notifications that reached nobody, of open runs or of the last day


async def count(session: Session) -> Counted:
    waiting = select(func.count()).select_from(MessageRow).where(MessageRow.state == MessageState.WAITING)
    lost = (
        select(func.count())
        .select_from(NotificationRow)
        .join(RunRow, RunRow.id == NotificationRow.run_id, isouter=True)
        .where(
            NotificationRow.outcome.in_([str(one) for one in ALARMS]),
            (NotificationRow.at > func.now() - timedelta(days=1))
            | (RunRow.id.is_not(None) & RunRow.ended_at.is_(None)),
        )
    )
    return Counted(waiting=await session.scalar(waiting) or 0, unheard=await session.scalar(lost) or 0)


async def last_of(session: Session, channels: Collection[str]) -> dict[str, MessageRow]:
    """The newest message of each channel that was tried."""
    tried = select(func.max(MessageRow.id)).where(MessageRow.channel.in_(channels), MessageRow.tries > 0)
    query = select(MessageRow).where(MessageRow.id.in_(tried.group_by(MessageRow.channel)))
    return {row.channel: row for row in await session.scalars(query)}


async def give_up(tx: Tx, known: Collection[str]) -> None:
    """Channels that are not configured any more take nothing."""
    gone = select(MessageRow.id).where(MessageRow.state == MessageState.WAITING, MessageRow.channel.not_in(known))
    for message in (await tx.session.scalars(gone.limit(200))).all():
        await refused(tx, message, "the channel is not configured any more", for_good=True)


async def forget(tx: Tx) -> None:
    """Messages and notifications of a month ago."""
    before = tx.now - _FORGET
    old = select(NotificationRow.n).where(NotificationRow.handled_at < before)
    busy = select(MessageRow.notification).where(MessageRow.state == MessageState.WAITING)
    gone = old.where(NotificationRow.n.not_in(busy))
    await tx.session.execute(
        delete(MessageRow).where(MessageRow.notification.in_(gone)).execution_options(synchronize_session=False)
    )
    have = select(MessageRow.notification)
    await tx.session.execute(
        delete(NotificationRow)
        .where(NotificationRow.handled_at < before, NotificationRow.n.not_in(have))
        .execution_options(synchronize_session=False)
    )
