"""Channels: what they are, how their last message went, and one to try them."""

from daytwo_api.asker import Asker
from daytwo_api.views.common import Page
from daytwo_api.views.notifications import ChannelView, TestOfChannel
from daytwo_store import entities, messages
from daytwo_store.engine import Store
from daytwo_store.entities import EVERYTHING
from daytwo_store.errors import NotFound, Rejected
from daytwo_store.ids import mint
from daytwo_workflows.notify.channels import Outgoing, open_channels
from daytwo_workflows.notify.compose import address_of
from daytwo_workflows.notify.entry import MailEntry, NotificationsEntry


class Notifications:
    def __init__(self, store: Store, entry: NotificationsEntry | None, page: str) -> None:
        self._store = store
        self._entry = entry or NotificationsEntry()
        self._channels = open_channels(self._entry)
        self._page = page

    async def channels(self) -> Page[ChannelView]:
        async with self._store.read() as session:
            last = await messages.last_of(session, sorted(self._entry.channels))
        return Page(
            items=[
                ChannelView(
                    name=name,
                    kind=one.kind,
                    address=f"{one.url(name).partition('://')[0]}://…",
                    per_minute=one.per_minute,
                    last_at=(last[name].sent_at or last[name].created_at) if name in last else None,
                    last_error=last[name].last_error if name in last else None,
                )
                for name, one in sorted(self._entry.channels.items())
            ]
        )

    async def test(self, by: Asker, name: str) -> TestOfChannel:
        """Send one message now, to the asker where the channel is for single people. It stands in the audit."""
        if name not in self._entry.channels:
            raise NotFound(f"There is no channel {name}. Nothing was sent.")
        async with self._store.write() as tx:
            now = tx.now
            tx.audit(actor=by.principal, action="notification.tested", subject=f"channel:{name}", facts={})
        why = await self._channels[name].send(
            Outgoing(
                id=mint("m"),
                kind="channel.test",
                title="Daytwo can reach you here",
                body=f"{by.name} has sent this to try the channel {name}. There is nothing to do.\n\n{self._page}\n",
                data={"event": "channel.test", "at": now.isoformat(), "channel": name, "link": self._page},
                at=now,
                address=await self._address(by, name),
            )
        )
        return TestOfChannel(taken=why is None, why=why)

    async def _address(self, by: Asker, name: str) -> str | None:
        channel = self._entry.channels[name]
        if not isinstance(channel, MailEntry):
            return None
        person = None
        if by.ref is not None:
            async with self._store.read() as session:
                person = await entities.get(session, by.ref, sees=EVERYTHING)
        found = address_of(person.properties, channel.address) if person is not None else None
        if found is None:
            raise Rejected(
                f"You have no mail address in the catalog (the property {channel.address} of your person), so there is "
                "nobody to send it to. Nothing was sent."
            )
        return found
