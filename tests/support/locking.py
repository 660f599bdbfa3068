"""Locks in tests: runs that need what a test says, and what the rows say of it."""

from dataclasses import dataclass
from datetime import datetime

from company import Company
from sqlalchemy import select

from daytwo_store import lock_holds, locks, runs
from daytwo_store.ids import RunId
from daytwo_store.lock_holds import Holding
from daytwo_store.locks import Held, Queue, Queued, Superseded, Taken, Want
from daytwo_store.tables import LockHoldRow, LockQueueRow, LockRow, RunRow

Got = Held | Queued | Taken | Superseded


@dataclass
class Locking:
    """Every transaction on locks in one line. Runs are rows alone: nothing of them is sent."""

    company: Company
    place: str = ""  # where its keys are, apart from those of other tests in the same database

    def key(self, name: str) -> str:
        return self.place + name

    def keys(self, *names: str) -> list[str]:
        return [self.key(name) for name in names]

    async def run(
        self, *keys: str, queue: Queue = Queue.FIFO, priority: int = 0, undo_of: RunId | None = None
    ) -> RunId:
        """A run that needs these keys."""
        run = await self.company.ask("ana", "1.1.0", "staging")
        async with self.company.store.write() as tx:
            needs(await runs.hold(tx, run), *self.keys(*keys), queue=queue, priority=priority, undo_of=undo_of)
        return run

    async def want(self, run: RunId) -> Want:
        wanted = locks.wanted(await self.company.run(run))
        assert wanted is not None
        return wanted

    async def take(self, run: RunId) -> Got:
        want = await self.want(run)
        async with self.company.store.write() as tx:
            return await locks.acquire(tx, want)

    async def give(self, run: RunId) -> None:
        want = await self.want(run)
        async with self.company.store.write() as tx:
            await locks.release(tx, want.keys, run)

    async def aside(self, run: RunId) -> None:
        want = await self.want(run)
        async with self.company.store.write() as tx:
            await locks.step_aside(tx, want)

    async def hold(self, key: str, *, until: datetime | None = None, by: str = "sam") -> str:
        who = await self.company.person(by)
        async with self.company.store.write() as tx:
            return (await lock_holds.hold(tx, Holding(key=self.key(key), by=who, reason="a debugger", until=until))).id

    async def end(self, hold: str) -> None:
        async with self.company.store.write() as tx:
            await lock_holds.end(tx, hold, by="test")

    async def holders(self) -> dict[str, str]:
        """Who has what: a run or a hold."""
        async with self.company.store.read() as session:
            rows = (await session.scalars(select(LockRow).where(LockRow.key.startswith(self.place)))).all()
        return {row.key.removeprefix(self.place): row.holder_run or row.hold_id or "" for row in rows}

    async def waiting(self, key: str) -> list[str]:
        """Runs in the queue of a key, the next one first."""
        async with self.company.store.read() as session:
            query = select(LockQueueRow.run_id).where(
                LockQueueRow.key == self.key(key), LockQueueRow.superseded_by.is_(None)
            )
            order = (LockQueueRow.first.desc(), LockQueueRow.priority.desc(), LockQueueRow.place)
            return list(await session.scalars(query.order_by(*order)))

    async def nothing_is_left(self) -> None:
        async with self.company.store.read() as session:
            open_holds = select(LockHoldRow.key).where(LockHoldRow.ended_at.is_(None))
            for query in (select(LockRow.key), select(LockQueueRow.key), open_holds):
                left = [key for key in await session.scalars(query) if key.startswith(self.place)]
                assert not left, left


def needs(row: RunRow, *keys: str, queue: Queue = Queue.FIFO, priority: int = 0, undo_of: RunId | None = None) -> None:
    """What a held run's row says of its locks."""
    ordered = sorted(keys)
    row.lock_key, row.lock_keys = ordered[0], ordered if len(ordered) > 1 else None
    row.lock_queue, row.lock_priority, row.undo_of = queue, priority, undo_of
