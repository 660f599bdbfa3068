"""A worker that died is noticed within seconds, however long its work takes; and so is one that hangs."""

import asyncio
from datetime import timedelta

import pytest
from temporalio.testing import ActivityEnvironment

from daytwo_workflows.activities import signs_of_life
from daytwo_workflows.policies import BEAT, LONG, WATCH

pytestmark = pytest.mark.anyio
EVERY = timedelta(milliseconds=5)


async def beats_of(*, hangs: timedelta, signs: int) -> list[int]:
    """How many beats there were when the work gave its last sign, and when a while had passed after it."""
    beats, environment = [0], ActivityEnvironment()
    environment.on_heartbeat = lambda *_: beats.append(beats[-1] + 1)
    seen = []

    async def work() -> None:
        async with signs_of_life(every=EVERY, hangs=hangs) as sign:
            for _ in range(signs):
                sign()
                await asyncio.sleep(hangs.total_seconds() / 2)
            seen.append(beats[-1])
            await asyncio.sleep(hangs.total_seconds() * 2)
            seen.append(beats[-1])
            await asyncio.sleep(hangs.total_seconds() * 2)
            seen.append(beats[-1])

    await environment.run(work)
    await asyncio.sleep(EVERY.total_seconds() * 4)
    assert beats[-1] == seen[-1], "nothing beats for work that is over"
    return seen


async def test_work_that_takes_long_beats_and_work_that_hangs_stops_beating() -> None:
    went_on, hung, still = await beats_of(hangs=timedelta(seconds=0.2), signs=4)
    assert went_on > 2, "between two signs, too"
    assert hung >= went_on
    assert still == hung, "no sign for too long"


def test_a_dead_worker_is_noticed_after_several_beats_and_before_anybody_waits_long() -> None:
    for policy in (LONG, WATCH):
        assert 3 * BEAT <= policy["heartbeat_timeout"] <= timedelta(seconds=20)
