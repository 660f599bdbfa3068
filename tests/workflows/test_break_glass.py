"""Case S14: past approval in an emergency, with a reason, a second person, notice, audit and a review."""

from datetime import timedelta
from pathlib import Path

import pytest
from company import SHOP, Company
from freezing import freeze
from more_actions import like_deploy, load_beside
from sqlalchemy import select

from daytwo_actions.definitions import DefinitionRejected
from daytwo_actions.plan.model import Plan
from daytwo_store import reviews
from daytwo_store.errors import Conflict, Forbidden, NotFound, Rejected
from daytwo_store.identity import Login, principal_for
from daytwo_store.ids import EntityRef, RunId
from daytwo_store.reviews import REMIND_EVERY
from daytwo_store.states import RunState, Verdict
from daytwo_store.tables import AuditRow, NotificationRow, ReviewRow
from daytwo_workflows.contracts import What
from daytwo_workflows.life.asking import Wish, plan, start, undo
from daytwo_workflows.life.break_glass import Closing, close
from daytwo_workflows.life.lending import Lending, lend, revoke

pytestmark = pytest.mark.anyio
STAGES = [{"from": ["group:finance"], "count": 1}, {"from": ["group:sre"]}]
GLASS = {"allow": ["group:sre"], "second": "group:platform", "expires": "10m"}


async def wish(
    company: Company, name: str = "sam", *, comment: str | None = "the shop is down", glass: bool = True
) -> Wish:
    return Wish(
        action="mend",
        requester=await company.person(name),
        token=None,
        entity=SHOP,
        inputs={"version": "1.1.0", "environment": "environment:production"},
        version=None,
        comment=comment,
        break_glass=glass,
    )


async def ask(company: Company, name: str = "sam") -> RunId:
    accepted = await start(company.life, await wish(company, name), f"key-{next(company.numbers)}")
    return RunId(accepted.run.id)


@pytest.fixture
async def yard(company: Company, tmp_path: Path) -> Company:
    await with_glass(company, tmp_path, GLASS)
    return company


async def with_glass(company: Company, folder: Path, glass: object, **more: object) -> None:
    spec = {"approval": STAGES, **({} if glass is None else {"break_glass": glass}), **more}
    await load_beside(company, folder, like_deploy("mend", **spec))


async def audited(company: Company, action: str) -> list[AuditRow]:
    async with company.store.read() as session:
        return list(await session.scalars(select(AuditRow).where(AuditRow.action == action)))


async def told(company: Company, kind: str) -> list[list[str]]:
    async with company.store.read() as session:
        return list(await session.scalars(select(NotificationRow.audience).where(NotificationRow.kind == kind)))


async def review(company: Company, run: RunId) -> ReviewRow | None:
    async with company.store.read() as session:
        return await reviews.of_run(session, run)


async def test_a_second_person_confirms_and_it_goes_past_every_stage(yard: Company) -> None:
    run = await ask(yard)
    [second] = await yard.approvals(run)
    assert (second.needed_from, second.count, second.later) == (["group:platform"], 1, [])
    assert timedelta(minutes=9) < second.expires_at - second.created_at <= timedelta(minutes=10)
    assert (await yard.drive(run)).what is What.WAIT
    assert (yard.ci.posts, await review(yard, run)) == (0, None)
    assert await told(yard, "glass.asked") == [["group:finance", "group:sre", "group:platform", "group:storefront"]]

    await yard.decide("pat", run)
    await yard.through(run)
    row = await yard.run(run)
    assert (row.state, row.break_glass, yard.ci.posts) == (RunState.SUCCEEDED, True, 1)
    sealed = Plan.model_validate_json(row.plan).break_glass
    assert sealed is not None
    assert [stage.needed_from for stage in sealed.past] == [["group:finance"], ["group:sre"]]
    [broken] = await audited(yard, "glass.broken")
    assert broken.facts["second"] == "group:platform"
    assert broken.facts["past"] == "group:finance, group:sre"
    [audience] = await told(yard, "glass.broken")
    assert {"group:finance", "group:sre", "group:platform", "group:storefront"} <= set(audience)
    opened = await review(yard, run)
    assert opened is not None
    assert (opened.needed_from, opened.closed_at) == (["group:finance", "group:sre"], None)


@pytest.mark.parametrize("who", ["sam", "fay", "ana"])
async def test_nobody_but_the_second_confirms_it(yard: Company, who: str) -> None:
    """Sam asked, Fay would have approved it, Ana owns the shop."""
    run = await ask(yard)
    with pytest.raises(Forbidden):
        await yard.decide(who, run)


async def test_nobody_confirms_for_themselves_although_they_are_the_second(company: Company, tmp_path: Path) -> None:
    await with_glass(company, tmp_path, {"allow": ["group:platform"], "second": "group:platform"})
    run = await ask(company, "pat")
    with pytest.raises(Forbidden, match="four eyes"):
        await company.decide("pat", run)


async def test_without_a_second_person_in_time_nothing_is_sent(yard: Company) -> None:
    run = await ask(yard)
    async with yard.store.write() as tx:
        (await tx.session.merge((await yard.approvals(run))[-1])).expires_at = tx.now
    assert (await yard.drive(run)).what is What.END
    assert ((await yard.run(run)).state, yard.ci.posts) == (RunState.EXPIRED, 0)
    assert await review(yard, run) is None
    assert await audited(yard, "glass.broken") == []


async def test_a_second_person_may_say_no(yard: Company) -> None:
    run = await ask(yard)
    await yard.decide("pat", run, Verdict.REJECT, comment="it is not down")
    await yard.drive(run)
    assert ((await yard.run(run)).state, yard.ci.posts, await review(yard, run)) == (RunState.REJECTED, 0, None)


@pytest.mark.parametrize("comment", [None, ""])
async def test_without_a_reason_nothing_is_started(yard: Company, comment: str | None) -> None:
    with pytest.raises(Rejected, match="Say why"):
        await start(yard.life, await wish(yard, comment=comment), "k")


async def test_it_takes_somebody_whom_the_definition_names(yard: Company) -> None:
    """Ana may run the action, and still not past its approval."""
    for ask_for in (plan(yard.life, await wish(yard, "ana")), start(yard.life, await wish(yard, "ana"), "k")):
        with pytest.raises(Forbidden, match="group:sre"):
            await ask_for


async def test_without_break_glass_in_the_definition_it_is_not_possible(company: Company, tmp_path: Path) -> None:
    await with_glass(company, tmp_path, None)
    for ask_for in (plan(company.life, await wish(company)), start(company.life, await wish(company), "k")):
        with pytest.raises(Rejected, match="no `break_glass`"):
            await ask_for


async def test_a_rule_does_not_approve_in_place_of_the_second_person(company: Company, tmp_path: Path) -> None:
    await with_glass(company, tmp_path, GLASS, approval=[{"from": ["group:finance"], "auto": "${{ true }}"}])
    run = await ask(company)
    [second] = await company.approvals(run)
    assert (second.state, second.rule) == ("pending", None)


async def test_without_a_second_person_by_definition_it_runs_at_once_and_is_shouted(
    company: Company, tmp_path: Path
) -> None:
    await with_glass(company, tmp_path, {"allow": ["group:sre"], "second": "none"})
    run = await ask(company)
    assert await company.approvals(run) == []
    await company.through(run)
    assert ((await company.run(run)).state, company.ci.posts) == (RunState.SUCCEEDED, 1)
    [broken] = await audited(company, "glass.broken")
    assert broken.facts["second"] == "nobody"
    assert await told(company, "glass.broken")
    assert await review(company, run) is not None


async def test_what_changes_meanwhile_is_confirmed_anew(yard: Company) -> None:
    run = await ask(yard)
    await yard.decide("pat", run)
    yard.ci.commit = "e" * 40
    assert (await yard.drive(run)).what is What.WAIT
    assert yard.ci.posts == 0
    newest = (await yard.approvals(run))[-1]
    assert (newest.state, newest.needed_from) == ("pending", ["group:platform"])
    await yard.decide("pat", run)
    await yard.through(run)
    assert yard.ci.posts == 1
    assert len(await audited(yard, "glass.broken")) == 2
    assert len(await audited(yard, "review.opened")) == 1


async def test_an_undo_asks_as_always(yard: Company) -> None:
    """Case S13 of it: nothing of the emergency is inherited."""
    before = RunId((await start(yard.life, await wish(yard, "ana", glass=False), "first")).run.id)
    for name in ("fay", "sam"):
        await yard.decide(name, before)
    await yard.through(before)
    run = await ask(yard)
    await yard.decide("pat", run)
    await yard.through(run)
    again = await undo(yard.life, await yard.run(run), await yard.person("ana"), None, comment=None, key="undo")
    assert (again.run.break_glass, again.run.state) == (False, RunState.WAITING_APPROVAL)
    assert [row.needed_from for row in await yard.approvals(RunId(again.run.id))] == [["group:finance"]]


async def closing(company: Company, run: RunId, name: str, words: str = "it was right; the disk is bigger now") -> None:
    said = Closing(run=run, principal=await company.person(name), words=words)
    await close(company.store, said)


async def test_the_review_stays_open_until_somebody_else_closes_it_with_words(yard: Company) -> None:
    run = await ask(yard)
    with pytest.raises(NotFound):
        await closing(yard, run, "fay")
    await yard.decide("pat", run)
    with pytest.raises(Conflict, match="has not ended"):
        await closing(yard, run, "fay")
    await yard.through(run)
    others = "reviewed by group:finance or group:sre"
    for name, why in (("sam", "asked for this run"), ("pat", "confirmed"), ("ana", others)):
        with pytest.raises(Forbidden, match=why):
            await closing(yard, run, name)
    with pytest.raises(Rejected, match="Say what you found"):
        await closing(yard, run, "fay", words="  ")
    await closing(yard, run, "fay")
    closed = await review(yard, run)
    assert closed is not None
    assert (closed.closed_by, closed.words) == (await yard.person("fay"), "it was right; the disk is bigger now")
    await closing(yard, run, "fay")  # the answer was lost: the same again
    with pytest.raises(Conflict, match="closed already"):
        await closing(yard, run, "fay", words="otherwise")
    assert len(await audited(yard, "review.closed")) == 1
    assert len(await told(yard, "review.closed")) == 1


async def test_with_another_sign_in_it_is_still_not_somebody_else(yard: Company) -> None:
    run = await ask(yard)
    await yard.decide("pat", run)
    await yard.through(run)
    async with yard.store.write() as tx:
        login = Login(issuer="https://id.example", subject="007", name="Sam", ref=EntityRef("person:sam"))
        yard.people["sam"] = (await principal_for(tx, login)).id
    with pytest.raises(Forbidden, match="asked for this run"):
        await closing(yard, run, "sam")


@pytest.mark.parametrize(("by", "to"), [("sam", "fay"), ("fay", "sam"), ("pat", "fay"), ("fay", "pat")])
async def test_who_is_one_person_with_somebody_that_took_part_is_not_somebody_else(
    yard: Company, by: str, to: str
) -> None:
    """Sam asked and Pat confirmed; Fay decides for one of them, or one of them for Fay."""
    run = await ask(yard)
    await yard.decide("pat", run)
    await yard.through(run)
    async with yard.store.read() as session:
        ends = await yard.store.clock.now(session) + timedelta(days=1)
    lent = await lend(
        yard.store,
        Lending(
            by=await yard.person(by), to=f"person:{to}", begins_at=None, ends_at=ends, reason="away", key="review-lend"
        ),
    )
    with pytest.raises(Forbidden, match="you two are one person here"):
        await closing(yard, run, "fay")
    await revoke(yard.store, lent.id, by=await yard.person(by), anybody=False)
    await closing(yard, run, "fay")


async def test_an_open_review_is_reminded_of_every_day_until_it_is_closed(yard: Company) -> None:
    run = await ask(yard)
    await yard.decide("pat", run)
    await yard.through(run)

    async def a_day_later() -> int:
        async with yard.store.write() as tx:
            row = await reviews.of_run(tx.session, run)
            assert row is not None
            row.remind_at -= REMIND_EVERY
            await tx.session.flush()
            return await reviews.remind(tx)

    async with yard.store.write() as tx:
        assert await reviews.remind(tx) == 0
    assert [await a_day_later(), await a_day_later()] == [1, 1]
    assert await told(yard, "review.reminder") == [["group:finance", "group:sre"]] * 2
    await closing(yard, run, "fay")
    assert await a_day_later() == 0


@pytest.mark.parametrize(
    ("glass", "said"),
    [
        ({"allow": ["group:sre"]}, "second"),
        ({"allow": ["everyone"], "second": "group:platform"}, "everyone|pattern"),
        ({"allow": ["group:sre"], "second": "everyone"}, "none.owner"),
        ({"allow": ["group:sre"], "second": "group:platform", "expires": "2h"}, "at most 1 hour"),
        ({"allow": [], "second": "none"}, "must not be empty"),
    ],
)
async def test_a_definition_says_who_and_who_confirms(
    company: Company, tmp_path: Path, glass: object, said: str
) -> None:
    with pytest.raises(DefinitionRejected, match=said):
        await with_glass(company, tmp_path, glass)


@pytest.mark.parametrize("through", [True, False])
async def test_it_goes_through_the_freezes_that_let_it(yard: Company, through: bool) -> None:
    await freeze(yard, "night", where={"entities": ["service:shop"]}, **{"except": {"break_glass": through}})
    run = await ask(yard)
    await yard.decide("pat", run)
    await yard.through(run)
    state = RunState.SUCCEEDED if through else RunState.WAITING_WINDOW
    assert ((await yard.run(run)).state, yard.ci.posts) == (state, int(through))
