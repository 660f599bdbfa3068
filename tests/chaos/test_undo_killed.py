"""The worker dies in the middle of an undo stack, and between the steps of a resumed run: nothing is done twice.

It dies around commits and around requests to the CI system, at moments drawn from a seed: before a commit takes effect,
after it did, as the request leaves, and when it was carried out. What was in memory is gone each time; the next one has
the rows alone.
"""

import random
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from company import open_company
from databases import Databases
from mortal import Died, MortalCi, MortalStore
from pydantic import SecretStr
from stepping import Step, Stepping, dispatch

from daytwo_store.clock import GivenClock
from daytwo_store.ids import RunId
from daytwo_store.settings import StoreSettings
from daytwo_store.states import RUN_ENDS, ExternalStatus, RunState
from daytwo_workflows.contracts import What
from daytwo_workflows.life.resuming import Resumption, resume

pytestmark = [pytest.mark.chaos, pytest.mark.anyio]
MOST_MOVES = 600


def able(name: str) -> Step:
    back = dispatch(f"{name}-back")
    return dispatch(name, undo={key: back[key] for key in ("uses", "with")})


class Yard:
    """One company whose worker dies."""

    def __init__(self, stepping: Stepping, store: MortalStore) -> None:
        self.stepping, self.store = stepping, store
        self.company = stepping.company

    async def through(self, run: RunId, bad: Sequence[str] = ()) -> RunState:
        """Until it has ended, with a death every few commits; a pipeline fails whose name is among `bad`."""
        self.store.mortal = True
        try:
            for _ in range(MOST_MOVES):
                try:
                    move = await self.company.step(run)
                except Died:
                    self.company.life = replace(self.company.life)
                    continue
                if move.what is What.WAIT:
                    await self._time_passes(run, bad)
                elif move.what is What.END:
                    break
        finally:
            self.store.mortal = False
        row = await self.company.run(run)
        assert row.state in RUN_ENDS, row.reason
        return RunState(row.state)

    async def _time_passes(self, run: RunId, bad: Sequence[str]) -> None:
        self.store.mortal = False
        for number, name in enumerate(self.stepping.sent(), 1):
            if self.company.ci.states[str(number)].status == ExternalStatus.RUNNING:
                end = ExternalStatus.FAILED if name in bad else ExternalStatus.SUCCEEDED
                self.company.ci.end(str(number), end)
        self.stepping.clock.moment += timedelta(seconds=2)
        self.company.ci.ahead += timedelta(seconds=2)
        await self.company.look(run)
        self.store.mortal = True


@asynccontextmanager
async def yard(databases: Databases, folder: Path, seed: int) -> AsyncIterator[Yard]:
    url = databases.create()
    clock = GivenClock(datetime.now(UTC))
    store = MortalStore(StoreSettings(url=SecretStr(url), pool_size=4), clock, random.Random(seed))
    company = await open_company(store)
    company.ci.ends_as = None
    windows = company.life.windows.model_copy(update={"attempts": 50})  # it dies more often than a worker ever does
    backends = {"github": MortalCi(company, store)}
    company.life = replace(company.life, windows=windows, backends=backends)  # type: ignore[arg-type]
    yield Yard(Stepping(company, clock, folder), store)
    await store.close()
    databases.drop(url)


async def undone_then_resumed(databases: Databases, folder: Path, seed: int, *, whole: bool = True) -> int:
    """How often it has died. `whole`: and what was not undone is carried over by another run."""
    async with yard(databases, folder, seed) as here:
        steps = (able("one"), able("two"), dispatch("bad"), dispatch("last"))
        run = await here.stepping.ask(*steps, on_error="undo")
        assert await here.through(run, bad=["bad"]) is RunState.FAILED
        assert here.stepping.sent() == ["one", "two", "bad", "two-back", "one-back"]
        requester = await here.company.person("ana")
        asked = Resumption(run=await here.company.run(run), requester=requester, token=None, answers={})
        new = RunId((await resume(here.company.life, asked, "resume")).run.id)
        assert await here.through(new) is RunState.SUCCEEDED
        assert here.stepping.sent()[5:] == ["one", "two", "bad", "last"]
        if not whole:
            return here.store.deaths
        third = await here.stepping.ask(able("three"), able("four"), dispatch("bad"), dispatch("last"))
        assert await here.through(third, bad=["bad"]) is RunState.FAILED
        asked = replace(asked, run=await here.company.run(third))
        fourth = RunId((await resume(here.company.life, asked, "resume it, too")).run.id)
        assert await here.through(fourth) is RunState.SUCCEEDED
        assert here.stepping.sent()[9:] == ["three", "four", "bad", "bad", "last"]
        return here.store.deaths


async def test_killed_in_the_middle_of_undoing_and_resuming(databases: Databases, tmp_path: Path) -> None:
    assert await undone_then_resumed(databases, tmp_path, 7, whole=False) > 10


@pytest.mark.timeout(1800)
async def test_killed_a_thousand_times_in_the_middle_of_undoing_and_resuming(
    databases: Databases, tmp_path: Path, dice: random.Random
) -> None:
    deaths = 0
    while deaths < 1000:
        seed = dice.randrange(10**6)
        folder = tmp_path / str(seed)
        folder.mkdir()
        deaths += await undone_then_resumed(databases, folder, seed)
