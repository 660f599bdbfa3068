"""R14: what one process was told of a connection's limits, all of them keep, whatever they want to ask it."""

from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest
from ci_in_memory import LOST, CiInMemory
from company import Company
from sqlalchemy import text

from daytwo_actions.backends.base import Accepted, Budget, Refused, Sent, Traits
from daytwo_actions.backends.failures import BackendHeld, BackendUnreachable
from daytwo_store import connections, runs
from daytwo_store.errors import Unavailable
from daytwo_store.ids import AttemptNo, ExternalRunId, RunId, StepPath
from daytwo_store.states import AttemptState
from daytwo_store.tables import ConnectionRow
from daytwo_workflows.connections.considerate import considerate
from daytwo_workflows.contracts import What
from daytwo_workflows.life.interventions import cancel
from daytwo_workflows.life.reconcile import reconcile

pytestmark = pytest.mark.anyio
NAMED = Traits(kind="named", title="Named", live_logs=False, repeatable=True, listing_lag=timedelta(0))


@dataclass
class Counting(CiInMemory):
    """Another process's way to the same CI system: nobody has told it anything. `asked`: what got there."""

    asked: list[str] = field(default_factory=list)

    def _up(self) -> None:
        self.asked.append("something")
        super()._up()


async def told(company: Company, seconds: float = 90) -> None:
    """This process is told to wait, by the answer to whatever it asks next."""
    async with company.store.read() as session:
        until = await company.store.clock.now(session) + timedelta(seconds=seconds)
    company.ci.left_to_ask = Budget(limit=5000, remaining=0, resets_at=None, held_until=until)


async def told_at_once(company: Company) -> None:
    await told(company)
    company.ci.down = True
    with pytest.raises(BackendUnreachable):
        await company.life.backend("github").pipelines("acme/shop")
    company.ci.down = False


def another(company: Company) -> Counting:
    """From now on it is the other process that works."""
    ci = company.ci
    other = Counting(traits=ci.traits, states=ci.states, ledger=ci.ledger, ends_as=None)
    company.life = replace(company.life, backends=considerate({"github": other}, company.store))
    return other


async def over(company: Company) -> None:
    async with company.store.write() as tx:
        await tx.session.execute(text("update connection set held_until = now() - interval '1 second'"))


async def lost(company: Company, run: RunId) -> None:
    answers = iter([LOST])
    company.ci.says = lambda external: next(answers, Accepted(id=ExternalRunId(external), url=None))
    company.ci.executes = False
    await company.step(run)
    assert [one.state for one in await company.attempts(run)] == [AttemptState.AMBIGUOUS]


@pytest.mark.parametrize("repeatable", [False, True])
async def test_a_search_asks_nothing_sends_nothing_again_and_comes_back_when_it_may(
    company: Company, repeatable: bool
) -> None:
    company.ci.traits = NAMED if repeatable else company.ci.traits
    run = await company.ask("ana", "1.1.0", "staging")
    await lost(company, run)
    [before] = await company.attempts(run)
    await told_at_once(company)
    other = another(company)
    move = await reconcile(company.life, run, StepPath("ship"), AttemptNo(before.no), lambda: None)
    assert (move.what, 60 < (move.seconds or 0) <= 90) == (What.WAIT, True), "one look, and not one every few seconds"
    assert (other.asked, other.posts) == ([], 0)
    assert "attempt.repeated" not in [row.action for row in await company.audit(run)]
    [after] = await company.attempts(run)
    assert (after.state, after.send_by) == (AttemptState.AMBIGUOUS, before.send_by), "absence is no later by it"
    await over(company)
    await company.step(run, replace(move, what=What.RECONCILE, path=StepPath("ship"), attempt=AttemptNo(before.no)))
    assert other.asked, "it is asked again by itself"


async def test_a_cancellation_waits_says_so_and_is_carried_out_later(company: Company) -> None:
    company.ci.ends_as = None
    run = await company.ask("ana", "1.1.0", "staging")
    await company.drive(run)
    await told_at_once(company)
    other = another(company)
    await cancel(company.store, run, by=await company.person("ana"), reason="now", force=False)
    move = await company.drive(run)
    assert (move.what, other.cancels, other.asked) == (What.WAIT, [], [])
    async with company.store.read() as session:
        note = (await runs.step(session, run, StepPath("ship"))).note or ""
    assert "wait until" in note
    assert "Whoever cannot wait stops it in the CI system." in note
    await over(company)
    async with company.store.write() as tx:
        (await runs.step(tx.session, run, StepPath("ship"))).data = {}
    await company.drive(run)
    assert other.cancels == ["cancel"]


async def test_what_is_told_in_the_look_before_a_send_is_kept_by_all(company: Company) -> None:
    find = company.ci.find

    async def limited(*given: object) -> object:
        company.ci.down = True
        return await find(*given)

    run = await company.ask("ana", "1.1.0", "staging")
    await told(company)
    company.ci.find = limited
    await company.step(run)
    async with company.store.read() as session:
        now = await company.store.clock.now(session)
        assert 60 < (await connections.held(session, "github", now=now) or 0) <= 90


async def test_a_plan_gets_a_clear_answer_with_the_moment(company: Company) -> None:
    await told_at_once(company)
    other = another(company)
    with pytest.raises(Unavailable, match=r"Memory has asked the connection github to wait until \d\d:\d\d:\d\d UTC"):
        await company.ask("ben", "1.1.0", "production")
    assert other.asked == []


async def test_a_send_is_not_made_and_nothing_is_written_twice(company: Company) -> None:
    await told_at_once(company)
    other = another(company)
    backend = company.life.backend("github")
    sent: Sent = await backend.send(None, seconds=5)
    assert isinstance(sent, Refused)
    assert (sent.unsent, 60 < (sent.retry_after or 0) <= 90, other.posts) == (True, True, 0)
    with pytest.raises(BackendHeld):
        await anext(aiter(backend.logs(None, None, None)))
    async with company.store.read() as session:
        before = (await session.get_one(ConnectionRow, "github")).told_at
    with pytest.raises(BackendHeld):
        await backend.pipelines("acme/shop")
    async with company.store.read() as session:
        assert (await session.get_one(ConnectionRow, "github")).told_at == before
