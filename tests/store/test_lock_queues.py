"""Several keys at once, the orders of a queue, and holds of people: what the rows say after each transaction."""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from company import Company, open_company
from databases import Databases
from locking import Locking
from pydantic import SecretStr
from sqlalchemy import event, select

from daytwo_store import lock_holds, locks, runs
from daytwo_store.engine import Store
from daytwo_store.errors import Conflict, Rejected
from daytwo_store.ids import RunId
from daytwo_store.lock_holds import Holding
from daytwo_store.lock_reading import leaked
from daytwo_store.locks import Held, Queue, Queued, Superseded, Taken
from daytwo_store.settings import StoreSettings
from daytwo_store.states import RunState
from daytwo_store.tables import AuditRow

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
async def house(databases: Databases) -> AsyncIterator[Company]:
    """One company for all tests of this file; each has keys of its own."""
    url = databases.create()
    store = Store(StoreSettings(url=SecretStr(url), pool_size=12))
    yield await open_company(store)
    await store.close()
    databases.drop(url)


@pytest.fixture
def locking(house: Company, request: pytest.FixtureRequest) -> Locking:
    return Locking(house, place=f"{request.node.name[:80]}/")


async def test_a_run_has_all_of_its_keys_or_none(locking: Locking) -> None:
    one, both, two = await locking.run("a"), await locking.run("a", "b"), await locking.run("b")
    assert isinstance(await locking.take(one), Held)
    assert await locking.take(both) == Queued(1, one)
    assert await locking.holders() == {"a": one}, "b is not taken while a is not to be had"
    assert await locking.take(two) == Queued(2, None), "b is kept for who is before"
    await locking.give(one)
    assert await locking.holders() == {"a": both, "b": both}
    held = await locking.take(both)
    assert isinstance(held, Held)
    async with locking.company.store.read() as session:
        assert await locks.holds(session, locking.keys("a", "b"), both, held.fence)
        assert not await locks.holds(session, locking.keys("a", "b", "c"), both, held.fence)
    await locking.give(both)
    assert await locking.holders() == {"b": two}
    await locking.give(two)
    await locking.nothing_is_left()


async def test_who_leaves_the_queue_lets_those_behind_it_have_what_was_kept(locking: Locking) -> None:
    one, both, two = await locking.run("a"), await locking.run("a", "b"), await locking.run("b")
    for run in (one, both, two):
        await locking.take(run)
    await locking.give(both)  # withdrawn while it waits
    assert await locking.holders() == {"a": one, "b": two}


async def test_who_steps_aside_keeps_its_place_in_all_queues_and_nothing_else(locking: Locking) -> None:
    both, one, two = await locking.run("a", "b"), await locking.run("a"), await locking.run("b")
    for run in (both, one):
        await locking.take(run)
    await locking.aside(both)
    assert await locking.holders() == {"a": one}
    assert isinstance(await locking.take(two), Held), "what is aside is in nobody's way"
    assert await locking.take(both) == Queued(1, one)
    await locking.give(one)
    await locking.give(two)
    assert await locking.holders() == {"a": both, "b": both}


async def test_a_higher_priority_goes_first_and_an_undo_before_everybody(locking: Locking) -> None:
    first = await locking.run("a")
    low, high = [await locking.run("a", queue=Queue.PRIORITY, priority=number) for number in (1, 9)]
    fifo = await locking.run("a")
    undo = await locking.run("a", undo_of=first)
    for run in (first, low, high, fifo, undo):
        await locking.take(run)
    assert await locking.waiting("a") == [undo, high, low, fifo]
    for run in (first, undo, high, low, fifo):
        assert await locking.holders() == {"a": run}
        await locking.give(run)
    await locking.nothing_is_left()


async def test_an_undo_goes_before_a_run_that_waits_for_others_of_its_keys(locking: Locking) -> None:
    one, both = await locking.run("a"), await locking.run("a", "b")
    await locking.take(one)
    await locking.take(both)
    undo = await locking.run("b", undo_of=one)
    assert isinstance(await locking.take(undo), Held), "b is free, and kept for somebody behind it"


async def test_the_latest_takes_the_place_of_older_ones(locking: Locking) -> None:
    holder = await locking.run("a")
    old, between, new = await locking.run("a", queue=Queue.LATEST), await locking.run("a"), None
    for run in (holder, old, between):
        await locking.take(run)
    new = await locking.run("a", queue=Queue.LATEST)
    assert await locking.take(new) == Queued(1, holder), "in the place of the older one"
    assert await locking.take(old) == Superseded(new)
    await locking.give(old)  # it ends
    assert await locking.waiting("a") == [new, between]


async def test_an_older_one_that_comes_late_is_superseded_by_the_newer(locking: Locking) -> None:
    holder = await locking.run("a")
    old, new = [await locking.run("a", queue=Queue.LATEST) for _ in range(2)]
    await locking.take(holder)
    await locking.take(new)
    assert await locking.take(old) == Superseded(new)
    assert await locking.waiting("a") == [new]


async def test_the_latest_never_supersedes_an_undo_nor_what_queues_otherwise_or_elsewhere(locking: Locking) -> None:
    holder = await locking.run("a")
    undo = await locking.run("a", queue=Queue.LATEST, undo_of=holder)
    fifo, other = await locking.run("a"), await locking.run("a", queue=Queue.LATEST)
    async with locking.company.store.write() as tx:
        (await runs.hold(tx, other)).entity = "service:billing"
    wider = await locking.run("a", "b", queue=Queue.LATEST)
    new = await locking.run("a", queue=Queue.LATEST)
    for run in (holder, undo, fifo, other, wider, new):
        await locking.take(run)
    assert await locking.waiting("a") == [undo, fifo, other, wider, new]


async def test_who_does_not_queue_is_told_who_has_it(locking: Locking) -> None:
    holder, impatient = await locking.run("a"), await locking.run("a", "b", queue=Queue.REJECT)
    await locking.take(holder)
    assert await locking.take(impatient) == Taken(locking.key("a"), holder, None)
    assert await locking.holders() == {"a": holder}
    assert await locking.waiting("a") == []
    await locking.give(holder)
    assert isinstance(await locking.take(impatient), Held)


async def test_a_hold_is_a_holder_and_the_next_in_the_queue_follows(locking: Locking) -> None:
    hold = await locking.hold("a")
    run = await locking.run("a")
    assert await locking.take(run) == Queued(1, None)
    assert await locking.holders() == {"a": hold}
    with pytest.raises(Conflict, match="a debugger"):
        await locking.hold("a", by="pat")
    await locking.end(hold)
    await locking.end(hold)  # asked twice
    assert await locking.holders() == {"a": run}


async def test_a_hold_waits_for_the_run_and_is_then_before_the_queue(locking: Locking) -> None:
    first, second = await locking.run("a"), await locking.run("a")
    await locking.take(first)
    await locking.take(second)
    hold = await locking.hold("a")
    assert await locking.holders() == {"a": first}
    await locking.give(first)
    assert await locking.holders() == {"a": hold}
    await locking.end(hold)
    assert await locking.holders() == {"a": second}


async def test_a_hold_goes_before_a_run_that_waits_for_more_and_one_that_is_withdrawn_waits_no_more(
    locking: Locking,
) -> None:
    one, both = await locking.run("a"), await locking.run("a", "b")
    await locking.take(one)
    await locking.take(both)
    hold, waiting = await locking.hold("b"), await locking.hold("a")
    await locking.end(waiting)
    await locking.give(one)
    assert await locking.holders() == {"b": hold}, "a is kept for who needs both"
    await locking.end(hold)
    assert await locking.holders() == {"a": both, "b": both}


async def test_a_hold_whose_time_is_over_ends_when_somebody_asks(locking: Locking) -> None:
    async with locking.company.store.read() as session:
        now = await locking.company.store.clock.now(session)
    hold = await locking.hold("a", until=now + timedelta(hours=1))
    run = await locking.run("a")
    got = await locking.take(run)
    assert isinstance(got, Queued)
    assert got.until == now + timedelta(hours=1), "the run looks again then"
    async with locking.company.store.write() as tx:
        (await lock_holds.get(tx.session, hold)).until = tx.now
    other = await locking.run("a")
    await locking.take(other)
    assert await locking.holders() == {"a": run}, "whoever asks, the first one has it"
    async with locking.company.store.read() as session:
        ended = await lock_holds.get(session, hold)
    assert ended.ended_by == "daytwo"


async def test_the_same_key_of_a_request_makes_one_hold(locking: Locking) -> None:
    sam = await locking.company.person("sam")

    async def ask(reason: str) -> str:
        async with locking.company.store.write() as tx:
            asked = Holding(key="a", by=sam, reason=reason, until=None, idempotency_key="once-upon")
            return (await lock_holds.hold(tx, asked)).id

    assert await ask("why") == await ask("why")
    with pytest.raises(Rejected, match="Idempotency-Key"):
        await ask("another why")


async def test_taking_away_takes_from_that_holder_alone(locking: Locking) -> None:
    one, two, both = await locking.run("a"), await locking.run("a"), await locking.run("a", "b")
    held = await locking.take(one)
    assert isinstance(held, Held)
    await locking.take(two)
    await locking.take(both)

    async def take(key: str, run: RunId, fence: int) -> bool:
        async with locking.company.store.write() as tx:
            return await locks.take_away(tx, locking.key(key), run, fence)

    assert not await take("a", one, held.fence + 1)
    assert await take("a", one, held.fence)
    assert await locking.holders() == {"a": two}
    assert not await take("a", one, held.fence), "it is another's by now"
    async with locking.company.store.read() as session:
        assert not await locks.holds(session, locking.keys("a"), one, held.fence)
    await locking.give(one)  # its end
    assert await locking.holders() == {"a": two}
    await locking.give(two)
    got = await locking.take(both)
    assert isinstance(got, Held)
    assert await take("b", both, got.fence)
    assert await locking.holders() == {"a": both}, "the others stay with the run until it ends"


async def test_what_an_ended_run_would_leave_is_found(locking: Locking) -> None:
    one, two = await locking.run("a", "b"), await locking.run("b")
    await locking.take(one)
    await locking.take(two)
    async with locking.company.store.write() as tx:
        (await runs.hold(tx, one)).state = RunState.FAILED  # by a hand in the database
    async with locking.company.store.read() as session:
        assert await leaked(session, limit=9) == {one: locking.keys("a", "b")}


async def test_a_key_that_nobody_wants_costs_no_more_statements_than_it_must(locking: Locking) -> None:
    run = await locking.run("a")
    want = await locking.want(run)
    said: list[str] = []
    engine = locking.company.store.engine.sync_engine

    def note(_: object, __: object, statement: str, *___: object) -> None:
        said.append(statement)

    async with locking.company.store.write() as tx:
        event.listen(engine, "before_cursor_execute", note)
        await locks.acquire(tx, want)
        assert len(said) == 3, said  # serialise, look, take
        said.clear()
        await locks.release(tx, want.keys, run)
        assert len(said) == 4, said  # serialise, leave the queue, give back, who is next
        event.remove(engine, "before_cursor_execute", note)


@dataclass
class Crowd:
    """Runs that come, hold for a moment, and go in one of many ways, all at once."""

    locking: Locking
    inside: dict[str, RunId] = field(default_factory=dict)
    ends: Counter[str] = field(default_factory=Counter)

    async def live(self, run: RunId, way: str) -> None:
        needed = (await self.locking.want(run)).keys
        self.ends[await self._turn(run, way, needed)] += 1
        await self.locking.give(run)

    async def _turn(self, run: RunId, way: str, needed: Sequence[str]) -> str:
        for _ in range(1000):
            got = await self.locking.take(run)
            if isinstance(got, Superseded):
                return "superseded"
            if isinstance(got, Held):
                return await self._alone(run, needed)
            if way == "withdraws":
                return way
            if way == "steps aside":
                await self.locking.aside(run)
            await asyncio.sleep(0.05)
        raise AssertionError(f"{run} never had its turn")

    async def _alone(self, run: RunId, needed: Sequence[str]) -> str:
        for key in needed:
            assert self.inside.setdefault(key, run) == run, f"{key} was shared"
        await asyncio.sleep(0.001)
        for key in needed:
            assert self.inside.pop(key) == run
        return "held"

    async def people(self, keys: Sequence[str]) -> None:
        for key in keys:
            hold = await self.locking.hold(key)
            await asyncio.sleep(0.01)
            await self.locking.end(hold)
            self.ends["hold"] += 1


async def test_many_that_overlap_never_share_never_wait_in_a_circle_and_all_get_their_turn(locking: Locking) -> None:
    chance = random.Random(7)
    keys = ["a", "b", "c", "d"]
    everybody = [
        await locking.run(
            *chance.sample(keys, chance.choice([1, 1, 2, 3])),
            queue=chance.choice([Queue.FIFO] * 3 + [Queue.PRIORITY, Queue.LATEST]),
            priority=chance.choice([0, 5]),
        )
        for _ in range(24)
    ]
    ways = [chance.choice(["stays", "stays", "withdraws", "steps aside"]) for _ in everybody]
    crowd = Crowd(locking)
    lives = [crowd.live(run, way) for run, way in zip(everybody, ways, strict=True)]
    await asyncio.gather(crowd.people(keys), *lives)
    await locking.nothing_is_left()
    assert crowd.ends["held"] >= 10, crowd.ends
    assert crowd.ends["hold"] == 4, crowd.ends
    await _never_two(locking)


async def _never_two(locking: Locking) -> None:
    """By the audit: nobody got a key while another had it, and numbers only rise."""
    holder: dict[str, str] = {}
    last: dict[str, int] = {}
    about = AuditRow.subject.startswith(f"lock:{locking.place}")
    async with locking.company.store.read() as session:
        entries = (await session.scalars(select(AuditRow).where(about).order_by(AuditRow.n))).all()
    assert entries
    for row in entries:
        facts = {name: str(value) for name, value in row.facts.items()}
        who = facts.get("run") or facts.get("hold", "")
        if row.action == "lock.acquired":
            assert row.subject not in holder, f"{row.subject} went to {who} while {holder[row.subject]} had it"
            assert int(facts["fence"]) > last.get(row.subject, 0)
            holder[row.subject], last[row.subject] = who, int(facts["fence"])
        elif row.action == "lock.released":
            assert holder.pop(row.subject) == who
    assert holder == {}
