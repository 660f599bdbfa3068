"""A1 has three attempts for a dispatch that may have started something. What was refused for now, or never sent in
time, is none of them."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from ci_in_memory import LOST
from company import EXAMPLES, Company

from daytwo_actions.backends.base import Accepted, Refused, Sent
from daytwo_actions.definitions import load_action
from daytwo_store import attempts, definitions, entities, runs
from daytwo_store.definitions import Loaded
from daytwo_store.entities import EVERYTHING
from daytwo_store.ids import AttemptNo, ExternalRunId, RunId, StepPath
from daytwo_store.states import AttemptState, ExternalStatus, RunState
from daytwo_store.tables import AttemptRow
from daytwo_workflows.contracts import What
from daytwo_workflows.life.claim_attempt import claim
from daytwo_workflows.life.moves import NOT_BEFORE
from daytwo_workflows.life.sealing import seal

pytestmark = pytest.mark.anyio
SHIP, FIRST = StepPath("ship"), AttemptNo(1)
LATER = Refused(detail="slow down.", retry_after=600)


def answers(company: Company, *said: Sent) -> None:
    """One after the other, nothing is started by any of them; the last repeats."""
    listed: Iterator[Sent] = iter(said)
    last = said[-1]
    company.ci.says, company.ci.executes = (lambda run: next(listed, last)), False


async def patiently(company: Company, run: RunId) -> None:
    """As often as it waits, until it has ended or nothing more would come of it."""
    for _ in range(12):
        if (await company.drive(run)).what is What.END:
            return
        await company.age(run)


@pytest.mark.parametrize(
    "said",
    [(LOST,), (LATER, LOST), (LOST, LATER, LATER, LATER, LATER, LOST)],
    ids=["absent", "refused and absent", "refused often between two that are absent"],
)
async def test_three_attempts_that_may_have_started_something_and_no_fourth(
    company: Company, said: tuple[Sent, ...]
) -> None:
    answers(company, *said)
    run = await company.ask("ana", "1.1.0", "staging")
    await patiently(company, run)
    tries = [AttemptState(one.state) for one in await company.attempts(run)]
    row = await company.run(run)
    assert (tries.count(AttemptState.ABSENT), row.state) == (3, RunState.FAILED)
    assert tries.count(AttemptState.REJECTED) == len(said) - 1 - said[:-1].count(LOST)
    assert company.ci.posts == len(tries)
    assert "Tried 3 times, nothing was started." in (row.reason or "")


async def test_no_number_of_refusals_for_now_fails_a_run(company: Company) -> None:
    """R14: it is sent once there is room, however often it was told to come later."""
    answers(company, *[LATER] * 7, Accepted(id=ExternalRunId("1"), url=None))
    send = company.ci.send

    async def sending(request: object, *, seconds: float) -> Sent:
        company.ci.executes = company.ci.posts == 7
        return await send(request, seconds=seconds)  # type: ignore[arg-type]

    company.ci.send = sending  # type: ignore[method-assign]
    run = await company.ask("ana", "1.1.0", "staging")
    await patiently(company, run)
    await company.through(run)
    tries = [AttemptState(one.state) for one in await company.attempts(run)]
    assert tries == [*[AttemptState.REJECTED] * 7, AttemptState.ACCEPTED]
    assert ((await company.run(run)).state, len(company.ci.ledger)) == (RunState.SUCCEEDED, 1)


async def test_refusals_for_now_end_with_the_time_that_the_step_has(company: Company) -> None:
    answers(company, LATER)
    run = await company.ask("ana", "1.1.0", "staging")
    for _ in range(3):
        assert (await company.drive(run)).what is What.WAIT
        await company.age(run)
    async with company.store.write() as tx:
        [first, *_] = await attempts.of_run(tx.session, run)
        first.intent_at -= timedelta(hours=2)
    await company.drive(run)
    row = await company.run(run)
    assert row.state == RunState.FAILED
    assert "slow down. It was refused so 3 times in 120 minutes, and nothing was started there." in (row.reason or "")
    assert company.ci.posts == 3


async def test_what_was_not_sent_because_the_connection_waits_is_none_of_the_three(company: Company) -> None:
    """R14: others were told to wait between its look and its send. It waits as they do, and fails by nothing."""
    waits = Refused(detail="The connection waits.", retry_after=5, unsent=True)
    answers(company, waits, LOST, waits, waits, LATER, waits, Accepted(id=ExternalRunId("1"), url=None))
    send = company.ci.send

    async def sending(request: object, *, seconds: float) -> Sent:
        company.ci.executes = company.ci.posts == 6
        return await send(request, seconds=seconds)  # type: ignore[arg-type]

    company.ci.send = sending  # type: ignore[method-assign]
    run = await company.ask("ana", "1.1.0", "staging")
    first = await company.drive(run)
    assert (first.what, first.seconds) == (What.WAIT, pytest.approx(5, abs=2))
    await patiently(company, run)
    await company.look(run)
    await patiently(company, run)
    gave, absent, told = AttemptState.ABANDONED, AttemptState.ABSENT, AttemptState.REJECTED
    tries = [AttemptState(one.state) for one in await company.attempts(run)]
    assert tries == [gave, absent, gave, gave, told, gave, AttemptState.ACCEPTED]
    assert (await company.run(run)).state == RunState.SUCCEEDED
    assert len(company.ci.ledger) == 1


async def test_two_refusals_do_not_fail_a_run_and_the_second_is_waited_for_twice_as_long(company: Company) -> None:
    answers(company, LATER)
    run = await company.ask("ana", "1.1.0", "staging")
    first = await company.drive(run)
    await company.age(run)
    second = await company.drive(run)
    assert first.seconds == pytest.approx(600, abs=30)
    assert second.seconds == pytest.approx(900, abs=30), "as long again, and not more than five minutes on top"
    company.ci.says, company.ci.executes = (lambda run: Accepted(id=ExternalRunId(run), url=None)), True
    await company.age(run)
    await company.through(run)
    assert (await company.run(run)).state == RunState.SUCCEEDED
    assert len(await company.attempts(run)) == 3


async def test_a_try_after_a_failed_pipeline_has_its_own_three(company: Company) -> None:
    text = (EXAMPLES / "actions" / "deploy.yaml").read_text()
    told = text.replace("      uses: github\n", "      uses: github\n      retry: {attempts: 2, wait: 1s}\n")
    assert told != text
    version = load_action(told, "deploy.yaml")
    async with company.store.write() as tx:
        loaded = Loaded(name=version.name, digest=version.digest, document=dict(version.document), source="test")
        await definitions.put(tx, [loaded])
    said = iter([LOST, LOST, None, LOST, LOST, LOST])

    def answer(external: str) -> Sent:
        now = next(said)
        company.ci.executes = False
        return Accepted(id=ExternalRunId(external), url=None) if now is None else now

    company.ci.says, company.ci.executes, company.ci.ends_as = answer, False, ExternalStatus.FAILED
    send = company.ci.send

    async def sending(request: object, *, seconds: float) -> Sent:
        company.ci.executes = company.ci.posts == 2  # the third is taken, and fails
        return await send(request, seconds=seconds)  # type: ignore[arg-type]

    company.ci.send = sending  # type: ignore[method-assign]
    run = await company.ask("ana", "1.1.0", "staging")
    for _ in range(3):
        await patiently(company, run)
        await company.look(run)
        async with company.store.write() as tx:
            for external in await attempts.externals_of_run(tx.session, run):
                if external.ended_at is not None:
                    external.ended_at -= timedelta(minutes=1)
    states = [AttemptState(one.state) for one in await company.attempts(run)]
    absent = AttemptState.ABSENT
    assert states == [absent, absent, AttemptState.FAILED, absent, absent, absent]
    assert (await company.run(run)).state == RunState.FAILED


async def sealed_and_late(company: Company, run: RunId) -> AttemptRow:
    """Sealed, then the CI system could not be asked until its time had passed."""
    find = company.ci.find

    async def down(*given: object) -> object:
        company.ci.down = True
        return await find(*given)  # type: ignore[arg-type]

    company.ci.find = down  # type: ignore[method-assign,assignment]
    assert (await company.drive(run)).what is What.WAIT
    company.ci.find, company.ci.down = find, False  # type: ignore[method-assign]
    async with company.store.write() as tx:
        [attempt] = await attempts.of_run(tx.session, run)
        assert attempt.state == AttemptState.INTENT
        attempt.send_by -= company.life.windows.send_by
        attempt.intent_at -= company.life.windows.send_by
        step = await runs.step(tx.session, run, SHIP)
        step.data = {name: value for name, value in (step.data or {}).items() if name != NOT_BEFORE}
    return attempt


async def test_what_could_not_be_sent_in_time_is_sealed_again_as_the_same_attempt(company: Company) -> None:
    run = await company.ask("ana", "1.1.0", "staging")
    late = await sealed_and_late(company, run)
    late = await sealed_and_late(company, run)
    late = await sealed_and_late(company, run)
    late = await sealed_and_late(company, run)
    await company.through(run)
    [attempt] = await company.attempts(run)
    assert (attempt.no, attempt.state, attempt.corr, company.ci.posts) == (1, AttemptState.ACCEPTED, late.corr, 1)
    assert attempt.send_by > late.send_by
    assert (await company.run(run)).state == RunState.SUCCEEDED
    told = [row.action for row in await company.audit(run) if row.action.startswith("attempt.")]
    assert told == ["attempt.intent", *["attempt.renewed"] * 4, "attempt.sent", "attempt.accepted"]


async def test_what_is_sealed_again_is_checked_again(company: Company) -> None:
    """Approved, sealed, late; meanwhile the branch has moved: nothing is sent, and it is asked for again."""
    run = await company.ask("ana", "1.1.0", "production")
    await company.decide("sam", run)
    await sealed_and_late(company, run)
    company.ci.commit = "e" * 40
    await company.drive(run)
    assert (company.ci.posts, (await company.run(run)).state) == (0, RunState.WAITING_APPROVAL)
    await company.decide("sam", run)
    await company.through(run)
    assert (company.ci.posts, (await company.run(run)).state) == (1, RunState.SUCCEEDED)


async def test_what_changed_meanwhile_and_needs_nobody_is_planned_anew_and_sent_once(company: Company) -> None:
    run = await company.ask("ana", "1.1.0", "staging")
    await sealed_and_late(company, run)
    async with company.store.write() as tx:
        shop = await entities.get(tx.session, "service:shop", sees=EVERYTHING)
        assert shop is not None
        moved = replace(shop, properties={**shop.properties, "repository": "acme/moved"})
        await entities.upsert(tx, moved, by="file:test")
    await company.through(run)
    assert [one.pinned.target.project for one in company.ci.ledger] == ["acme/moved"]
    assert (await company.run(run)).state == RunState.SUCCEEDED


async def test_a_sender_that_holds_an_older_sealing_sends_nothing(company: Company) -> None:
    run = await company.ask("ana", "1.1.0", "staging")
    old = await sealed_and_late(company, run)
    async with company.store.read() as session:
        asleep = await attempts.get(session, run, SHIP, FIRST)
    assert asleep is not None
    fresh = await seal(company.life, run, SHIP, FIRST)
    assert fresh is not None
    assert not await claim(company.life, asleep)
    assert not await claim(company.life, old)
    assert await claim(company.life, fresh)
    assert not await claim(company.life, fresh)
