"""Where the name of the external run is ours, an ambiguous send is settled by sending the same bytes again (A1, R19);
and what a claim fence changes about absence."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from ci_in_memory import LOST
from company import Company
from more_actions import like_deploy, load_beside

from daytwo_actions.backends.base import Accepted, Ambiguous, Refused, Traits
from daytwo_store import attempts, freezes, runs
from daytwo_store.ids import ExternalRunId, RunId
from daytwo_store.settings import TEST_WINDOWS, Windows
from daytwo_store.states import AttemptState, RunState
from daytwo_workflows.life.interventions import cancel

pytestmark = pytest.mark.anyio


@pytest.fixture
def company(company: Company) -> Company:
    company.ci.traits = Traits(
        kind="named", title="Named", live_logs=False, repeatable=True, listing_lag=timedelta(seconds=0)
    )
    return company


def lost_at_first(company: Company, *, times: int = 1) -> None:
    answers = iter([LOST] * times)
    company.ci.says = lambda run: next(answers, Accepted(id=ExternalRunId(run), url=None))


async def test_a_lost_answer_is_settled_by_the_same_bytes_under_the_same_name(company: Company) -> None:
    lost_at_first(company)
    company.ci.hidden = True  # no listing helps
    run = await company.ask("ana", "1.1.0", "production")
    await company.decide("sam", run)
    await company.drive(run)
    [attempt] = await company.attempts(run)
    assert (attempt.state, attempt.external_id) == (AttemptState.ACCEPTED, "1")
    assert company.ci.posts == 2
    assert len(company.ci.ledger) == 1


async def test_what_never_arrived_is_started_by_the_repetition_and_once_only(company: Company) -> None:
    lost_at_first(company, times=2)
    company.ci.executes = False

    def arrives_the_third_time() -> None:
        company.ci.executes = company.ci.posts == 3

    company.ci.before_send = arrives_the_third_time
    run = await company.ask("ana", "1.1.0", "staging")
    await company.drive(run)
    assert (await company.attempts(run))[0].state == AttemptState.ACCEPTED
    assert len(company.ci.ledger) == 1


async def test_a_name_that_is_somebody_elses_is_held_at_once(company: Company) -> None:
    foreign = "r-abc is there, and not ours."
    answers = iter([LOST])
    company.ci.says = lambda run: next(answers, Ambiguous(detail=foreign, hold=True))
    company.ci.executes = False
    run = await company.ask("ana", "1.1.0", "staging")
    await company.drive(run)
    [attempt] = await company.attempts(run)
    assert (attempt.state, attempt.note) == (AttemptState.HELD, foreign)
    assert (await company.run(run)).state == RunState.NEEDS_ATTENTION


async def ambiguous(company: Company) -> RunId:
    lost_at_first(company)
    company.ci.executes = False
    run = await company.ask("ana", "1.1.0", "staging")
    await company.step(run)
    assert company.ci.posts == 1
    return run


async def test_nothing_is_repeated_ten_minutes_after_the_intent(company: Company) -> None:
    run = await ambiguous(company)
    async with company.store.write() as tx:
        await runs.hold(tx, run)
        [attempt] = await attempts.of_run(tx.session, run)
        attempt.intent_at -= company.life.windows.repeat_for
    await company.step(run)
    assert company.ci.posts == 1
    assert (await company.attempts(run))[0].state == AttemptState.ABSENT, "listings without lag still prove it"


async def test_nothing_is_repeated_for_a_run_that_is_to_stop(company: Company) -> None:
    run = await ambiguous(company)
    await cancel(company.store, run, by=await company.person("ana"), reason="", force=False)
    await company.drive(run)
    assert company.ci.posts == 1
    assert (await company.run(run)).state == RunState.CANCELLED


async def test_nothing_is_repeated_while_everything_is_stopped(company: Company) -> None:
    run = await ambiguous(company)
    async with company.store.write() as tx:
        await freezes.stop(tx, by=await company.person("pat"), reason="The network is on fire")
    await company.step(run)
    assert company.ci.posts == 1


async def test_a_refusal_of_the_repetition_says_nothing_about_the_first(company: Company) -> None:
    answers = iter([LOST])
    company.ci.says = lambda run: next(answers, Refused(detail="no such template"))
    company.ci.executes = False
    company.life = replace(
        company.life, windows=company.life.windows.model_copy(update={"send_total": timedelta(seconds=0.2)})
    )
    run = await company.ask("ana", "1.1.0", "staging")
    await company.step(run)
    await company.step(run)
    [attempt] = await company.attempts(run)
    assert attempt.state == AttemptState.ABSENT, "only listings prove that the first did not arrive"
    assert company.ci.posts == 2


async def test_behind_a_fence_a_protected_run_is_sent_again_after_proven_absence(company: Company) -> None:
    company.ci.traits = replace(company.ci.traits, repeatable=False)
    company.ci.fenced = True
    run = await company.ask("ana", "1.1.0", "production")
    await company.decide("sam", run)
    await ambiguous_send(company, run)
    await company.through(run)
    assert [one.state for one in await company.attempts(run)] == [AttemptState.ABSENT, AttemptState.ACCEPTED]
    assert len(company.ci.ledger) == 1


def lost_and_listed_nowhere(company: Company) -> None:
    company.ci.traits = replace(company.ci.traits, repeatable=False)
    lost_at_first(company)
    company.ci.hidden = True


async def once(company: Company, folder: Path) -> RunId:
    """Nobody has to approve it, and it is declared to be started once."""
    once = like_deploy("once", allow={"run": ["everyone"]}, approval=[])
    once["spec"]["steps"][0]["effect"] = "once"
    await load_beside(company, folder, once)
    return await company.ask("ana", "1.1.0", "staging", action="once")


async def test_what_is_declared_once_is_not_sent_again_before_a_person_says_that_it_did_not_run(
    company: Company, tmp_path: Path
) -> None:
    """The listings were wrong: it had started, and its author has said that this must not happen twice."""
    lost_and_listed_nowhere(company)
    run = await once(company, tmp_path)
    await company.drive(run)
    assert (await company.run(run)).state == RunState.NEEDS_ATTENTION
    [attempt] = await company.attempts(run)
    assert attempt.state == AttemptState.HELD
    assert "declared `once`" in str(attempt.note)
    assert company.ci.posts == 1


async def test_what_is_declared_once_is_sent_again_behind_a_fence(company: Company, tmp_path: Path) -> None:
    lost_and_listed_nowhere(company)
    company.ci.fenced, company.ci.executes = True, False
    run = await once(company, tmp_path)
    await company.step(run)
    company.ci.hidden, company.ci.executes = False, True
    await company.through(run)
    assert [one.state for one in await company.attempts(run)] == [AttemptState.ABSENT, AttemptState.ACCEPTED]


async def ambiguous_send(company: Company, run: RunId) -> None:
    lost_at_first(company)
    company.ci.executes = False
    await company.step(run)
    company.ci.executes = True


def test_what_is_known_of_a_kind_shortens_the_wait_and_never_lengthens_it() -> None:
    usual = Windows()
    assert [usual.lag(timedelta(seconds=one)).total_seconds() for one in (0, 60, 120, 999)] == [0, 60, 120, 120]
    assert usual.lag(None) == usual.listing_lag
    assert TEST_WINDOWS.lag(timedelta(seconds=120)) == TEST_WINDOWS.listing_lag
    with pytest.raises(ValueError, match="repeat_for must be above send_by"):
        Windows(repeat_for=timedelta(seconds=45))


@pytest.mark.parametrize("fenced", [False, True])
async def test_where_ended_runs_are_removed_soon_only_a_fence_lets_it_be_sent_again(
    company: Company, fenced: bool
) -> None:
    """What is not there may have run and gone, and its name is free again."""
    company.ci.lasting, company.ci.fenced = False, fenced
    run = await ambiguous(company)
    company.ci.executes = True
    await company.step(run)
    [attempt] = await company.attempts(run)
    assert company.ci.posts == (2 if fenced else 1)
    assert attempt.state == (AttemptState.ACCEPTED if fenced else AttemptState.HELD)
    assert fenced or "may have been and gone" in str(attempt.note)


async def test_what_is_there_is_found_also_where_it_would_be_removed_soon(company: Company) -> None:
    company.ci.lasting = False
    lost_at_first(company)
    run = await company.ask("ana", "1.1.0", "staging")
    await company.drive(run)
    [attempt] = await company.attempts(run)
    assert (attempt.state, company.ci.posts) == (AttemptState.ACCEPTED, 1)


@pytest.mark.parametrize("fenced", [False, True])
async def test_a_yes_without_an_id_is_never_taken_for_absent_without_a_fence(company: Company, fenced: bool) -> None:
    company.ci.traits = replace(company.ci.traits, repeatable=False)
    company.ci.fenced = fenced
    answers = iter([Accepted(id=None, url=None)])
    company.ci.says = lambda run: next(answers, Accepted(id=ExternalRunId(run), url=None))
    company.ci.hidden = True  # later than all waiting
    run = await company.ask("ana", "1.1.0", "staging")
    await company.through(run)
    states = [one.state for one in await company.attempts(run)]
    assert states == ([AttemptState.ABSENT, AttemptState.ACCEPTED] if fenced else [AttemptState.HELD])
    assert company.ci.posts == len(states)
