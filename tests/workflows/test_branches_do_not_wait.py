"""One branch of a run neither stops nor holds up the others: its time limit is its own, and so is a search for it."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from company import open_company
from pydantic import SecretStr
from stepping import Stepping, dispatch, wait

from daytwo_actions.backends.base import Accepted, Ambiguous
from daytwo_store import runs
from daytwo_store.clock import GivenClock
from daytwo_store.engine import Store
from daytwo_store.ids import AttemptNo, ExternalRunId, RunId, StepPath
from daytwo_store.settings import StoreSettings, Windows
from daytwo_store.states import AttemptState, ExternalStatus, RunState
from daytwo_store.tables import StepRow
from daytwo_workflows.contracts import What
from daytwo_workflows.life.advance import advance
from daytwo_workflows.life.dispatch import dispatch as send
from daytwo_workflows.life.interventions import cancel
from daytwo_workflows.life.reconcile import reconcile

pytestmark = pytest.mark.anyio
MINUTE = timedelta(minutes=1)
BUILD, FIRST = StepPath("build"), AttemptNo(1)


@pytest.fixture
async def stepping(database_url: str, tmp_path: Path) -> AsyncIterator[Stepping]:
    clock = GivenClock(datetime.now(UTC))
    store = Store(StoreSettings(url=SecretStr(database_url), pool_size=4), clock=clock)
    yield Stepping(await open_company(store), clock, tmp_path)
    await store.close()


async def step(stepping: Stepping, run: RunId, path: str) -> StepRow:
    async with stepping.company.store.read() as session:
        return await runs.step(session, run, StepPath(path))


async def over_time(stepping: Stepping, **more: object) -> RunId:
    """A pipeline that does not end in its 30 minutes, beside one that has 2 hours."""
    stepping.company.ci.ends_as = None
    run = await stepping.run(
        dispatch("build", timeout="30m", needs=[], **more), dispatch("north", timeout="2h", needs=[])
    )
    assert stepping.sent() == ["build", "north"]
    return run


async def test_a_time_limit_fails_its_step_and_the_run_when_the_other_branch_has_ended(stepping: Stepping) -> None:
    run = await over_time(stepping)
    await stepping.on(run, later=31 * MINUTE)
    assert stepping.company.ci.cancels == ["cancel"]
    assert await stepping.states(run) == {"build": "failed", "north": "running"}
    assert (await stepping.company.run(run)).state == RunState.RUNNING
    stepping.company.ci.end("2", ExternalStatus.SUCCEEDED)
    await stepping.on(run)
    row = await stepping.company.run(run)
    assert row.state == RunState.FAILED
    assert "Step build: Stopped after its time limit (build took longer than 0:30:00)" in (row.reason or "")
    assert "has confirmed that it stopped" in (row.reason or "")


async def test_after_a_time_limit_the_run_goes_on_where_the_action_says_so(stepping: Stepping) -> None:
    run = await over_time(stepping, on_error="continue")
    stepping.company.ci.end("2", ExternalStatus.SUCCEEDED)
    await stepping.on(run, later=31 * MINUTE)
    await stepping.on(run)
    assert await stepping.states(run) == {"build": "failed", "north": "succeeded"}
    assert (await stepping.company.run(run)).state == RunState.SUCCEEDED


async def test_what_took_too_long_is_tried_again_when_it_has_stopped(stepping: Stepping) -> None:
    run = await over_time(stepping, retry={"attempts": 2, "wait": "1m"})
    await stepping.on(run, later=31 * MINUTE)
    assert stepping.sent() == ["build", "north"]
    await stepping.on(run, later=2 * MINUTE)
    assert stepping.sent() == ["build", "north", "build"]
    assert [one.state for one in await stepping.company.attempts(run) if one.path == "build"] == [
        AttemptState.FAILED,
        AttemptState.ACCEPTED,
    ]
    await stepping.on(run, later=10 * MINUTE)
    assert (await step(stepping, run, "build")).state == "running", "the second try has its own time"


async def test_what_ends_well_before_it_could_be_stopped_has_succeeded(stepping: Stepping) -> None:
    run = await over_time(stepping)
    stepping.company.ci.obeys = False
    await stepping.on(run, later=31 * MINUTE)
    assert await stepping.states(run) == {"build": "running", "north": "running"}
    for external in ("1", "2"):
        stepping.company.ci.end(external, ExternalStatus.SUCCEEDED)
    await stepping.on(run, later=timedelta(seconds=5))
    assert (await stepping.company.run(run)).state == RunState.SUCCEEDED


async def test_what_does_not_confirm_that_it_stopped_waits_for_a_person_and_keeps_the_lock(stepping: Stepping) -> None:
    run = await over_time(stepping)
    stepping.company.ci.obeys = False
    await stepping.on(run, later=31 * MINUTE)
    await stepping.on(run, later=timedelta(seconds=5))
    assert "force" in stepping.company.ci.cancels
    await stepping.on(run, later=timedelta(seconds=13))
    row = await stepping.company.run(run)
    assert (row.state, "has not confirmed it" in (row.reason or "")) == (RunState.NEEDS_ATTENTION, True)
    stepping.company.ci.end("1", ExternalStatus.CANCELLED)
    await stepping.on(run)
    assert await stepping.states(run) == {"build": "failed", "north": "running"}
    assert (await stepping.company.run(run)).state == RunState.RUNNING


async def test_a_run_that_is_cancelled_while_a_step_is_over_time_ends_cancelled(stepping: Stepping) -> None:
    run = await over_time(stepping)
    stepping.company.ci.obeys = False
    await stepping.on(run, later=31 * MINUTE)
    await cancel(stepping.company.store, run, by=await stepping.company.person("ana"), reason="", force=False)
    for external in ("1", "2"):
        stepping.company.ci.end(external, ExternalStatus.CANCELLED)
    await stepping.on(run)
    assert (await stepping.company.run(run)).state == RunState.CANCELLED


async def lost_beside_a_wait(stepping: Stepping) -> RunId:
    """A dispatch whose answer is lost and that no listing shows, beside a timer of two seconds."""
    company = stepping.company
    windows = company.life.windows.model_copy(update={"look_every": (3.0, 5.0, 10.0, 20.0)})
    company.life = replace(company.life, windows=windows)
    company.ci.says, company.ci.hidden = (lambda run: Ambiguous(detail="the answer got lost")), True
    run = await stepping.ask(dispatch("build", needs=[]), wait("soak", "2s", needs=[]))
    move = await advance(company.life, run)
    move = await send(company.life, run, move.path, move.attempt)
    assert move.what is What.RECONCILE
    return run


async def test_a_search_holds_up_no_timer_of_another_branch(stepping: Stepping) -> None:
    company, run = stepping.company, await lost_beside_a_wait(stepping)
    move = await reconcile(company.life, run, BUILD, FIRST, lambda: None)
    assert (move.what, move.seconds) == (What.WAIT, 2.0), "the timer comes before the second look"
    stepping.clock.moment += timedelta(seconds=2)
    move = await advance(company.life, run)
    assert await stepping.states(run) == {"build": "running", "soak": "succeeded"}
    assert (move.what, move.seconds) == (What.WAIT, 1.0)
    looks = company.ci.finds
    assert (await advance(company.life, run)).what is What.WAIT, "a poke makes no look come earlier"
    await reconcile(company.life, run, BUILD, FIRST, lambda: None)
    assert company.ci.finds == looks, "nor does an activity that is tried again"
    stepping.clock.moment += timedelta(seconds=1)
    assert (await advance(company.life, run)).what is What.RECONCILE


async def test_a_search_goes_on_where_another_worker_left_it(stepping: Stepping) -> None:
    """Absence takes as many complete looks as ever, each after a pause, whoever makes them."""
    company, run = stepping.company, await lost_beside_a_wait(stepping)
    await company.age(run)
    for pause in (3, 5):
        another = replace(company.life)  # nothing of it is remembered by a process
        assert (await reconcile(another, run, BUILD, FIRST, lambda: None)).what is What.WAIT
        assert [one.state for one in await company.attempts(run)] == [AttemptState.AMBIGUOUS]
        stepping.clock.moment += timedelta(seconds=pause)
    move = await reconcile(company.life, run, BUILD, FIRST, lambda: None)
    assert (move.what, move.attempt) == (What.DISPATCH, 2)
    assert [one.state for one in await company.attempts(run)] == [AttemptState.ABSENT]


async def test_where_no_listing_proves_anything_the_looks_become_rarer(stepping: Stepping) -> None:
    """A CI system that cannot be listed to the end for a quarter of an hour makes no history of a thousand events."""
    company, run = stepping.company, await lost_beside_a_wait(stepping)
    windows = company.life.windows.model_copy(
        update={"listing_lag": timedelta(minutes=2), "give_up_looking": timedelta(minutes=15)}
    )
    company.life, company.ci.lists_all = replace(company.life, windows=windows), False
    stepping.clock.moment += timedelta(seconds=2)
    await advance(company.life, run)  # the branch beside it is over
    began, looked_at = stepping.clock.moment, []
    while [one.state for one in await company.attempts(run)] == [AttemptState.AMBIGUOUS]:
        looks = company.ci.finds
        move = await reconcile(company.life, run, BUILD, FIRST, lambda: None)
        assert company.ci.finds > looks
        looked_at.append((stepping.clock.moment - began).total_seconds())
        stepping.clock.moment += timedelta(seconds=move.seconds or 0)
    assert [one.state for one in await company.attempts(run)] == [AttemptState.HELD]
    pauses = [later - earlier for earlier, later in pairwise(looked_at)]
    assert pauses[:4] == [3, 5, 10, 20]
    assert max(pauses) <= 121
    assert 900 < looked_at[-1] < 1_200
    assert len(looked_at) * 11 < 300, "with one look each 20 s it would be fifty"


async def test_a_proof_of_absence_takes_a_dozen_looks_the_last_three_as_early_as_can_be(stepping: Stepping) -> None:
    """So a run whose dispatch is lost twice has less than 300 events; with one look each 20 s it would be more."""
    company, run = stepping.company, await lost_beside_a_wait(stepping)
    company.life = replace(company.life, windows=Windows())
    [attempt] = await company.attempts(run)
    lag = company.life.backends["github"].traits.listing_lag
    safe_at = attempt.send_by + Windows().send_total + Windows().lag(lag)
    stepping.clock.moment += timedelta(seconds=2)
    await advance(company.life, run)  # the branch beside it is over
    looked_at = []
    while [one.state for one in await company.attempts(run)] == [AttemptState.AMBIGUOUS]:
        company.ci.ahead = stepping.clock.moment - datetime.now(UTC)
        move = await reconcile(company.life, run, BUILD, FIRST, lambda: None)
        looked_at.append(stepping.clock.moment)
        stepping.clock.moment += timedelta(seconds=move.seconds or 0)
    assert [one.state for one in await company.attempts(run)] == [AttemptState.ABSENT]
    assert looked_at[-3:] == [safe_at, safe_at + timedelta(seconds=20), safe_at + timedelta(seconds=40)]
    assert len(looked_at) * 11 * 2 < 300 - 30, "two proofs, beside what every run has"


async def test_a_search_finds_its_run_and_goes_on(stepping: Stepping) -> None:
    company, run = stepping.company, await lost_beside_a_wait(stepping)
    await reconcile(company.life, run, BUILD, FIRST, lambda: None)
    company.ci.hidden = False
    company.ci.says = lambda run: Accepted(id=ExternalRunId(run), url=None)
    stepping.clock.moment += timedelta(seconds=3)
    await company.drive(run)
    await stepping.on(run)
    assert await stepping.states(run) == {"build": "succeeded", "soak": "succeeded"}
    assert stepping.sent() == ["build"]
