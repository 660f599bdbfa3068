"""The loop that tells people: in one worker at a time, beside the sweeper.

Each round makes messages of what happened, and sends those whose time has come: channels beside each other, the
messages of one channel one after the other and no more a minute than it takes. A slow channel holds up no other.
"""

import asyncio
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

import structlog

from daytwo_store import entities, messages, notifications
from daytwo_store.engine import Store
from daytwo_store.entities import EVERYTHING
from daytwo_store.errors import DaytwoError
from daytwo_store.tables import MessageRow
from daytwo_workflows.leased import under_lease
from daytwo_workflows.notify.channels import Channel, Outgoing
from daytwo_workflows.notify.compose import Composed, address_of, compose
from daytwo_workflows.notify.entry import MailEntry, NotificationsEntry
from daytwo_workflows.notify.texts import Texts, Words

log = structlog.get_logger()
_LEASE: Final = "notifier"
_LEASE_FOR: Final = 30.0  # seconds; renewed while a round goes on
_AT_ONCE: Final = 50  # notifications, and messages of one channel, in one round
_ROUND: Final = timedelta(seconds=45)  # no message is begun later in a round
_TIDY_EVERY: Final = timedelta(hours=1)


@dataclass(kw_only=True, slots=True)
class Notifier:
    store: Store
    entry: NotificationsEntry
    channels: Mapping[str, Channel]
    page: str  # its address
    name: str  # of this process
    pause: float  # seconds between two rounds
    _sent: dict[str, deque[datetime]] = field(default_factory=dict, init=False)
    _tidied: datetime | None = field(default=None, init=False)

    async def run(self) -> None:
        """Until cancelled. A database that does not answer is waited for."""
        while True:
            try:
                await under_lease(self.store, _LEASE, holder=self.name, seconds=_LEASE_FOR, work=self.round)
            except DaytwoError as error:
                log.warning("notifier.waits", error=error.type)
            except Exception:
                log.exception("notifier.failed")
            await asyncio.sleep(self.pause)

    async def round(self) -> int:
        """Make what is to be made, send what is due; how many messages were taken."""
        await self._compose()
        async with self.store.read() as session:
            now = await self.store.clock.now(session)
            due = {
                name: await messages.due(session, now=now, channels=[name], limit=_AT_ONCE) for name in self.channels
            }
        taken = await asyncio.gather(*(self._channel(name, rows, now) for name, rows in due.items() if rows))
        await self._tidy(now)
        return sum(taken)

    async def _compose(self) -> None:
        texts = Texts({kind: Words(one.title, one.body) for kind, one in self.entry.texts.items()})
        async with self.store.read() as session:
            rows = await notifications.open_ones(session, limit=_AT_ONCE)
        for row in rows:
            try:
                async with self.store.read() as session:
                    made = await compose(session, row, self.entry, texts, self.page)
            except DaytwoError:
                raise  # the database, and it comes back
            except Exception as error:  # of this one nothing can be said: an alarm, and the next one has its turn
                log.exception("notify.not_composed", run=row.run_id, what=row.kind)
                why = f"no message could be made of it ({type(error).__name__})"
                made = Composed(drafts=(), outcome=messages.Outcome.FAILED, why=why)
            async with self.store.write() as tx:
                await messages.write(tx, row, made.drafts, made.outcome, made.why, left_out=made.left_out)
            if made.left_out:
                log.error("notify.cut", run=row.run_id, what=row.kind, count=made.left_out)
            if not made.drafts and made.outcome in messages.ALARMS:
                log.error("notify.nobody", run=row.run_id, what=row.kind)

    async def _channel(self, name: str, rows: Sequence[MessageRow], now: datetime) -> int:
        taken, begun = 0, asyncio.get_running_loop().time()
        for row in rows:
            if asyncio.get_running_loop().time() - begun > _ROUND.total_seconds() or not self._may(name, now):
                break
            taken += await self._send(name, row)
        return taken

    async def _send(self, name: str, row: MessageRow) -> bool:
        outgoing = await self._outgoing(name, row)
        try:
            why = await self.channels[name].send(outgoing)
        except Exception as error:  # counted as a try: else it would be the first one for ever, and hold up all others
            log.exception("notify.channel_failed", channel=name)
            why = f"it failed ({type(error).__name__})"
        async with self.store.write() as tx:
            if why is None:
                await messages.sent(tx, row.id)
            else:
                await messages.refused(tx, row.id, why)
        if why is not None:
            log.warning("notify.refused", channel=name, why=why, count=row.tries + 1)
        return why is None

    async def _outgoing(self, name: str, row: MessageRow) -> Outgoing:
        address = None
        channel = self.entry.channels[name]
        if isinstance(channel, MailEntry):
            async with self.store.read() as session:
                person = await entities.get(session, row.recipient, sees=EVERYTHING)
            address = address_of(person.properties, channel.address) if person is not None else None
        return Outgoing(
            id=row.id,
            kind=str(row.data.get("event", "")),
            title=row.title,
            body=row.body,
            data=row.data,
            at=datetime.fromtimestamp(self.store.clock.seconds(), UTC),
            address=address,
        )

    def _may(self, name: str, now: datetime) -> bool:
        """Whether the channel takes another one this minute; counts it."""
        sent = self._sent.setdefault(name, deque())
        while sent and now - sent[0] >= timedelta(minutes=1):
            sent.popleft()
        if len(sent) >= self.entry.channels[name].per_minute:
            return False
        sent.append(now)
        return True

    async def _tidy(self, now: datetime) -> None:
        if self._tidied is None or now - self._tidied >= _TIDY_EVERY:
            async with self.store.write() as tx:
                await messages.give_up(tx, sorted(self.channels))
                await messages.forget(tx)
            self._tidied = now
