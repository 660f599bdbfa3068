"""The doctor finds every kind of run that is lost, changes nothing by itself, and drives what driving mends."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from company import Company, open_company
from pydantic import SecretStr
from stepping import Stepping

from daytwo_cli.exits import Exit
from daytwo_cli.flows.doctor import exit_of, to_json
from daytwo_store import entities, runs
from daytwo_store.clock import GivenClock
from daytwo_store.engine import Store
from daytwo_store.ids import EntityRef, RunId
from daytwo_store.settings import StoreSettings
from daytwo_store.states import RunState
from daytwo_workflows.doctor import Examined, Trouble, examine, mend

pytestmark = pytest.mark.anyio
HOUR = timedelta(hours=1)


@dataclass
class Temporal:
    """Has a workflow of every run but those that are lost."""

    lost: set[RunId] = field(default_factory=set)
    driven: list[RunId] = field(default_factory=list)
    silent: bool = False

    async def has_workflow(self, run: RunId) -> bool | None:
        return None if self.silent else run not in self.lost

    async def drive(self, run: RunId) -> bool:
        self.driven.append(run)
        return not self.silent


@pytest.fixture
async def here(database_url: str) -> AsyncIterator[tuple[Company, GivenClock, RunId]]:
    """A run that waits for its approval, as it should."""
    clock = GivenClock(datetime.now(UTC))
    store = Store(StoreSettings(url=SecretStr(database_url), pool_size=4), clock=clock)
    company = await open_company(store)
    run = await company.ask("ana", "1.1.0", "production")
    await company.drive(run)
    yield company, clock, run
    await store.close()


async def seen(company: Company, temporal: Temporal) -> Examined:
    return await examine(company.store, temporal, company.life.windows)


async def test_a_run_that_waits_as_it_should_is_no_trouble(here: tuple[Company, GivenClock, RunId]) -> None:
    company, clock, _ = here
    clock.moment += HOUR
    examined = await seen(company, Temporal())
    assert (examined.open, examined.found, exit_of(examined, [])) == (1, [], Exit.SUCCESS)


async def test_a_workflow_that_is_gone_is_found_and_started_again(here: tuple[Company, GivenClock, RunId]) -> None:
    company, clock, run = here
    temporal = Temporal(lost={run})
    assert (await seen(company, temporal)).found == [], "it was accepted a moment ago: its poke may be on its way"
    clock.moment += HOUR
    examined = await seen(company, temporal)
    assert [(one.run.id, one.trouble) for one in examined.found] == [(run, Trouble.NO_WORKFLOW)]
    assert (temporal.driven, exit_of(examined, [])) == ([], Exit.NEEDS_ATTENTION)
    driven = await mend(temporal, examined.found)
    assert (driven, temporal.driven, exit_of(examined, driven)) == ([run], [run], Exit.SUCCESS)
    assert '"driven": true' in to_json(examined, driven)


async def test_what_was_due_and_did_not_happen(here: tuple[Company, GivenClock, RunId]) -> None:
    company, clock, run = here
    clock.moment += 26 * HOUR  # its approval has expired long ago, and nothing has looked
    examined = await seen(company, Temporal())
    assert [one.trouble for one in examined.found] == [Trouble.OVERDUE]
    assert await mend(Temporal(), examined.found) == [run]


async def test_nothing_says_when_anything_is_due(here: tuple[Company, GivenClock, RunId]) -> None:
    company, clock, run = here
    async with company.store.write() as tx:
        (await runs.hold(tx, run)).next_at = None
    clock.moment += HOUR
    examined = await seen(company, Temporal())
    assert [one.trouble for one in examined.found] == [Trouble.NO_NEXT_EVENT]
    assert await mend(Temporal(), examined.found) == [run]


async def test_nobody_is_there_who_could_decide(here: tuple[Company, GivenClock, RunId]) -> None:
    company, _, _ = here
    async with company.store.write() as tx:
        await entities.delete(tx, EntityRef("person:sam"), by="daytwo")
    examined = await seen(company, Temporal())
    (one,) = examined.found
    assert (one.trouble, "group:sre" in one.detail, "delegate" in one.mend) == (Trouble.NO_OWNER, True, True)
    assert await mend(Temporal(), examined.found) == [], "only a person mends that"
    assert exit_of(examined, []) == Exit.NEEDS_ATTENTION


async def test_only_those_are_left_who_may_not_decide(here: tuple[Company, GivenClock, RunId]) -> None:
    """Whoever asked for it is in the group, and nobody else is by now."""
    company, _, _ = here
    run = await company.ask("sam", "1.1.0", "production")
    await company.drive(run)
    examined = await seen(company, Temporal())
    (one,) = examined.found
    assert (one.run.id, one.trouble) == (run, Trouble.NO_OWNER)
    assert one.detail == "It waits for group:sre: nobody there may do it, with four eyes."


async def test_only_those_are_left_who_may_not_do_a_task(
    here: tuple[Company, GivenClock, RunId], tmp_path: Path
) -> None:
    company, clock, _ = here
    stepping = Stepping(company, clock, tmp_path)
    for four_eyes, found in ((False, 0), (True, 1)):
        asks = {"from": ["person:ana"], "text": "Switch it", "four_eyes": four_eyes}
        await stepping.run({"id": "switch", "uses": "task", "with": asks})
        assert len((await seen(company, Temporal())).found) == found


async def test_a_person_has_to_say_what_became_of_it(here: tuple[Company, GivenClock, RunId]) -> None:
    company, _, run = here
    async with company.store.write() as tx:
        (await runs.hold(tx, run)).state = RunState.NEEDS_ATTENTION
    assert Trouble.NEEDS_A_PERSON in [one.trouble for one in (await seen(company, Temporal())).found]


async def test_a_temporal_that_does_not_answer_says_nothing_about_workflows(
    here: tuple[Company, GivenClock, RunId],
) -> None:
    company, clock, run = here
    clock.moment += HOUR
    examined = await seen(company, Temporal(lost={run}, silent=True))
    assert (examined.found, examined.asked_temporal) == ([], False)
