"""Locks on a real database: one holder, first come first served, hand-over in the releasing transaction."""

import asyncio

import pytest
from company import Company, open_company

from daytwo_store import locks, runs
from daytwo_store.engine import Store, Tx
from daytwo_store.ids import LockKey, RunId
from daytwo_store.lock_reading import situations
from daytwo_store.locks import Held, Queued

pytestmark = pytest.mark.anyio
KEY = LockKey("shop/staging")


@pytest.fixture
async def company(store: Store) -> Company:
    return await open_company(store)


async def take(company: Company, run: RunId) -> Held | Queued:
    async with company.store.write() as tx:
        want = locks.wanted(await runs.peek(tx.session, run))
        assert want is not None
        got = await locks.acquire(tx, want)
        assert isinstance(got, Held | Queued)
        return got


async def aside(tx: Tx, run: RunId) -> None:
    want = locks.wanted(await runs.peek(tx.session, run))
    assert want is not None
    await locks.step_aside(tx, want)


async def give(company: Company, run: RunId) -> None:
    async with company.store.write() as tx:
        await locks.release(tx, [KEY], run)


async def test_asking_again_keeps_lock_and_place(company: Company) -> None:
    one, two, three = [await company.ask("ana", "1.1.0", "staging") for _ in range(3)]
    held = await take(company, one)
    assert isinstance(held, Held)
    assert await take(company, one) == held
    assert await take(company, two) == Queued(1, one)
    assert await take(company, three) == Queued(2, one)
    assert await take(company, two) == Queued(1, one)


async def test_the_next_in_line_holds_it_from_the_releasing_transaction_on(company: Company) -> None:
    one, two = [await company.ask("ana", "1.1.0", "staging") for _ in range(2)]
    first = await take(company, one)
    await take(company, two)
    await give(company, one)
    async with company.store.read() as session:
        (situation,) = await situations(session, [KEY])
        assert isinstance(first, Held)
        assert not await locks.holds(session, [KEY], one, first.fence), "an old fencing number opens nothing"
    assert (situation.holder, situation.queue) == (two, ())
    assert situation.fence is not None
    assert situation.fence > first.fence


async def test_releasing_what_one_does_not_hold_takes_nothing_from_the_holder(company: Company) -> None:
    one, two = [await company.ask("ana", "1.1.0", "staging") for _ in range(2)]
    await take(company, one)
    await take(company, two)
    await give(company, two)  # gives up its place
    async with company.store.read() as session:
        (situation,) = await situations(session, [KEY])
    assert (situation.holder, situation.queue) == (one, ())


async def test_many_at_once_get_it_one_after_the_other(company: Company) -> None:
    runs = [await company.ask("ana", "1.1.0", "staging") for _ in range(8)]
    got = await asyncio.gather(*(take(company, run) for run in runs))
    assert sum(isinstance(one, Held) for one in got) == 1
    fences = []
    for _ in runs:
        async with company.store.read() as session:
            (situation,) = await situations(session, [KEY])
        assert situation.holder is not None
        assert situation.fence is not None
        fences.append(situation.fence)
        await give(company, situation.holder)
    assert fences == sorted(set(fences))
    async with company.store.read() as session:
        assert (await situations(session, [KEY]))[0].holder is None


async def test_who_steps_aside_gives_the_lock_on_and_gets_it_back_before_those_who_came_later(company: Company) -> None:
    one, two, three = [await company.ask("ana", "1.1.0", "staging") for _ in range(3)]
    for run in (one, two, three):
        await take(company, run)
    async with company.store.write() as tx:
        await aside(tx, one)  # the holder
    async with company.store.write() as tx:
        await aside(tx, one)  # asked twice
    async with company.store.read() as session:
        (situation,) = await situations(session, [KEY])
    assert (situation.holder, situation.queue) == (two, (three,)), "who steps aside is in nobody's way"
    assert await take(company, one) == Queued(1, two), "before the third, who came later"
    assert await take(company, three) == Queued(2, two)
    await give(company, two)
    async with company.store.read() as session:
        assert (await situations(session, [KEY]))[0].holder == one


async def test_nobody_is_handed_the_lock_while_aside(company: Company) -> None:
    one, two, three = [await company.ask("ana", "1.1.0", "staging") for _ in range(3)]
    for run in (one, two, three):
        await take(company, run)
    async with company.store.write() as tx:
        await aside(tx, two)
    await give(company, one)
    async with company.store.read() as session:
        assert (await situations(session, [KEY]))[0].holder == three
    await give(company, three)
    async with company.store.read() as session:
        assert (await situations(session, [KEY]))[0].holder is None, "free, although somebody aside waits"
    assert isinstance(await take(company, two), Held)
