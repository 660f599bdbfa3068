"""The door to the database: `Store.read()` and `Store.write()`.

A write is one transaction. What belongs to it – audit entries, pokes of workflows, notifications of live pages – is
handed to the `Tx` and written with it: no audit, no change (A5); no change without its poke (A2).

Order of locks, the same everywhere so that nobody waits in a circle: run row → freezes (advisory) → lock keys
(advisory, all at once) → audit head.
"""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from copy import copy
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import partial
from typing import Final

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnectionFree
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine

from daytwo_store import audit, by_token, silence
from daytwo_store.clock import Clock, DatabaseClock, GivenClock
from daytwo_store.errors import Unavailable
from daytwo_store.ids import RunId
from daytwo_store.settings import StoreSettings
from daytwo_store.tables import OutboxRow

CHANNEL = "daytwo"
Session = AsyncSession  # for those who read through our queries and import no SQL toolkit


_TELL: Final = text("SELECT pg_notify(:channel, topic) FROM unnest(CAST(:topics AS text[])) AS topic")


class Topic(StrEnum):
    """What a live page is told has changed. The payload of a notification is "<topic> <id>"."""

    RUN = "run"
    LOG = "log"
    APPROVAL = "approval"
    FREEZE = "freeze"  # freezes, and the global stop
    LOCK = "lock"  # of this key: its holder or its queue


@dataclass(frozen=True, slots=True)
class Poke:
    """A row of the outbox: this run's workflow has to look again."""

    number: int
    run: RunId


class Tx:
    """One transaction that writes. `now` is the deciding clock, read once at its start."""

    def __init__(self, session: AsyncSession, now: datetime) -> None:
        self.session = session
        self.now = now
        self.entries: list[audit.Entry] = []
        self.heard: dict[str, bool] = {}  # does a trigger listen to this source of events? Asked once
        self._topics: dict[str, None] = {}
        self._pokes: dict[RunId, None] = {}

    def audit(self, *, actor: str, action: str, subject: str, facts: Mapping[str, str] | None = None) -> None:
        """Add an entry to the audit of this transaction. `facts` holds ids, states and digests, no input values.

        What somebody does by a token names the token: it is not told from its owner otherwise.
        """
        token = by_token.token_of(actor)
        told = {**(facts or {}), **({"via": f"token:{token}"} if token is not None else {})}
        self.entries.append(audit.Entry(at=self.now, actor=actor, action=action, subject=subject, facts=told))

    def notify(self, topic: Topic, subject: str) -> None:
        self._topics[f"{topic} {subject}"] = None

    def poke(self, run: RunId) -> None:
        """The workflow of the run has to look again; kept in the outbox until Temporal has been told."""
        self._pokes[run] = None

    async def flush(self) -> list[Poke]:
        """Write what belongs to the transaction; the audit last, because its head is what everybody waits for."""
        rows = [OutboxRow(run_id=run, at=self.now) for run in self._pokes]
        self.session.add_all(rows)
        await self.session.flush()
        if self.entries:
            await audit.append(self.session, self.entries, channel=CHANNEL, topics=list(self._topics))
        elif self._topics:
            await self.session.execute(_TELL, {"channel": CHANNEL, "topics": list(self._topics)})
        return [Poke(row.n, RunId(row.run_id)) for row in rows]


def _swept(pokes: Sequence[Poke]) -> None:
    """Nobody in this process delivers pokes: the sweeper does."""


class Store:
    """PostgreSQL behind one engine. Build one per process; `close()` it.

    `on_poke` is called after a commit with what it put into the outbox, so that it is delivered at once.
    """

    def __init__(self, settings: StoreSettings, clock: Clock | None = None) -> None:
        self.settings = settings
        self.clock: Clock = clock or DatabaseClock()
        self.on_poke: Callable[[Sequence[Poke]], None] = _swept
        self.engine = make_engine(settings)
        self._sessions = async_sessionmaker(self.engine, expire_on_commit=False)
        # A reader needs no transaction: without one each session saves two round trips, and none is left open by a
        # reader that is slow.
        reading = self.engine.execution_options(isolation_level="AUTOCOMMIT")
        self._readers = async_sessionmaker(reading, expire_on_commit=False)
        still = self.engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        self._still = async_sessionmaker(still, expire_on_commit=False)

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncSession]:
        """A session for reading, each statement by itself. Raises `Unavailable` when the database does not answer."""
        with _named_errors():
            async with self._readers() as session:
                yield session

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[AsyncSession]:
        """The same, and every statement sees the database as it was at the first one. Raises `Unavailable`."""
        with _named_errors():
            async with self._still.begin() as session:
                yield session

    @asynccontextmanager
    async def write(self) -> AsyncIterator[Tx]:
        """One transaction: committed when the block ends, rolled back when it raises.

        Raises `Unavailable` when the database does not answer. A connection lost during the commit leaves it open
        whether it took place: every caller is idempotent, by a key or by compare-and-set.
        """
        with _named_errors():
            async with self._sessions.begin() as session:
                tx = Tx(session, await self.clock.now(session))
                yield tx
                pokes = await tx.flush()
            if pokes:
                self.on_poke(pokes)

    def at(self, moment: datetime) -> "Store":
        """The same database for a reader to whom it is then. What is read is as it is now."""
        other = copy(self)
        other.clock = GivenClock(moment)
        return other

    async def close(self) -> None:
        await self.engine.dispose()


class _named_errors:  # noqa: N801 - reads as a clause of `with`
    """A database that does not answer is `Unavailable`; everything else stays what it is."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, NoConnectionFree):
            raise Unavailable(
                "Every connection to the database is in use, so nothing was read or changed. What was accepted before "
                "is safe. Try again in a few seconds; if that lasts, raise the pool size or start another process."
            ) from error
        if isinstance(error, (OperationalError, InterfaceError, OSError, TimeoutError)) or (
            isinstance(error, DBAPIError) and error.connection_invalidated
        ):
            raise Unavailable(
                "The database does not answer, so nothing can be said or done right now. "
                "What was accepted before is safe. Try again in a few seconds; /readyz tells when it is back."
            ) from error


def make_engine(settings: StoreSettings) -> AsyncEngine:
    """psycopg 3; parameters never appear in an exception, since they may hold what somebody typed."""
    url = settings.url.get_secret_value().replace("postgres://", "postgresql://", 1)
    milliseconds = int(settings.statement_timeout.total_seconds() * 1000)
    return create_async_engine(
        url.replace("postgresql://", "postgresql+psycopg://", 1),
        hide_parameters=True,
        pool_size=settings.pool_size,
        max_overflow=settings.pool_overflow,
        pool_timeout=settings.statement_timeout.total_seconds(),
        pool_pre_ping=False,  # a dead connection shows as Unavailable once; the pool drops all of its generation then
        pool_recycle=1800,
        connect_args={
            "async_creator_fn": partial(silence.connect, statement_timeout=settings.statement_timeout),
            "connect_timeout": int(settings.connect_timeout.total_seconds()),
            "options": f"-c statement_timeout={milliseconds} -c idle_in_transaction_session_timeout=60000",
            "application_name": "daytwo",
            "tcp_user_timeout": 10000,
            "keepalives_idle": 10,
            "keepalives_interval": 5,
            "keepalives_count": 3,
        },
    )
