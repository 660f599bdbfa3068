"""What has changed, as it happens: one connection per process that listens, and everybody who wants to hear.

A notification is a hint, never a fact: whoever gets one reads the rows. Hints may be lost (the connection breaks, a
subscriber is slow); then the subscriber is told `MISSED` and looks at everything it shows.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

import psycopg
import structlog

from daytwo_store.engine import CHANNEL, Topic
from daytwo_store.settings import StoreSettings

log = structlog.get_logger()

_TOPICS: Final = {str(topic): topic for topic in Topic}
_QUEUE: Final = 100  # hints that wait for one subscriber; beyond it they are one `MISSED`
_PROVE_EVERY: Final = 15.0  # seconds of silence after which the connection has to prove that it lives
_PAUSES: Final = (0.2, 0.5, 1.0, 2.0, 5.0)  # seconds before another try to connect; the last repeats


@dataclass(frozen=True, slots=True)
class Hint:
    """`subject` is the id that the topic is about: of a run for RUN and LOG, of an approval or its run for APPROVAL."""

    topic: Topic
    subject: str


MISSED: Final = None


@dataclass(eq=False, slots=True)
class Subscription:
    """The hints of one subscriber, in order."""

    topics: frozenset[Topic]
    subject: str | None  # only about this one; None: about all
    also: frozenset[Hint] = frozenset()  # wanted as well
    _waiting: dict[Hint | None, None] = field(default_factory=dict)
    _woken: asyncio.Event = field(default_factory=asyncio.Event)

    def offer(self, hint: Hint | None) -> None:
        """Keep a hint that is wanted. The same hint twice is one."""
        if hint is not None and hint not in self.also and not self._wants(hint):
            return
        if hint is MISSED or len(self._waiting) >= _QUEUE:
            self._waiting.clear()
            self._waiting[MISSED] = None
        elif MISSED not in self._waiting:
            self._waiting[hint] = None
        self._woken.set()

    def _wants(self, hint: Hint) -> bool:
        return hint.topic in self.topics and self.subject in (None, hint.subject)

    async def wait(self, seconds: float) -> list[Hint | None]:
        """All hints that wait, `MISSED` among them; none after so many seconds of silence."""
        try:
            async with asyncio.timeout(seconds):
                await self._woken.wait()
        except TimeoutError:
            return []
        self._woken.clear()
        hints = list(self._waiting)
        self._waiting.clear()
        return hints


class Listener:
    """`run` it as one task per process; `subscribe` as often as there are pages open."""

    def __init__(self, settings: StoreSettings) -> None:
        self._settings = settings
        self._subscriptions: set[Subscription] = set()
        self.connected = asyncio.Event()

    @contextmanager
    def subscribe(self, *topics: Topic, subject: str | None = None) -> Iterator[Subscription]:
        """Hear of changes until the block ends."""
        subscription = Subscription(frozenset(topics), subject)
        self._subscriptions.add(subscription)
        try:
            yield subscription
        finally:
            self._subscriptions.discard(subscription)

    def wake(self) -> None:
        """Make every subscriber look, as when hints were lost."""
        self._tell(MISSED)

    async def run(self) -> None:
        """Listen until cancelled, connecting again whenever the connection is lost."""
        failures = 0
        while True:
            try:
                async with await self._connect() as connection:
                    await connection.execute(f"LISTEN {CHANNEL}")
                    failures = 0
                    self.connected.set()
                    self._tell(MISSED)  # whatever happened while nobody listened
                    await self._listen(connection)
            except (psycopg.Error, OSError, TimeoutError) as error:
                log.warning("listen.lost", error=type(error).__name__)
            finally:
                self.connected.clear()
            await asyncio.sleep(_PAUSES[min(failures, len(_PAUSES) - 1)])
            failures += 1

    async def _connect(self) -> psycopg.AsyncConnection:
        return await psycopg.AsyncConnection.connect(
            self._settings.url.get_secret_value(),
            autocommit=True,
            connect_timeout=int(self._settings.connect_timeout.total_seconds()),
            application_name="daytwo listens",
            keepalives_idle=10,
            keepalives_interval=5,
            keepalives_count=3,
        )

    async def _listen(self, connection: psycopg.AsyncConnection) -> None:
        while True:
            async for notification in connection.notifies(timeout=_PROVE_EVERY):
                topic, _, subject = notification.payload.partition(" ")
                if topic in _TOPICS:
                    self._tell(Hint(_TOPICS[topic], subject))
            async with asyncio.timeout(5):
                await connection.execute("SELECT 1")

    def _tell(self, hint: Hint | None) -> None:
        for subscription in self._subscriptions:
            subscription.offer(hint)
