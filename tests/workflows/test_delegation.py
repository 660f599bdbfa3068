"""Who decides for whom: delegation, people who count as one, and requests of one's own, on a real database."""

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from company import Company
from freezing import freeze
from more_actions import like_deploy, load_beside
from sqlalchemy import select, update

from daytwo_store import approvals, delegations, entities
from daytwo_store.engine import Tx
from daytwo_store.errors import Conflict, Forbidden, Rejected
from daytwo_store.identity import Login, principal_for
from daytwo_store.ids import ApprovalId, EntityRef, PrincipalId, RunId
from daytwo_store.states import ApprovalState, RunState, Verdict
from daytwo_store.tables import AuditRow, DelegationRow
from daytwo_workflows.contracts import What
from daytwo_workflows.life import exceptions
from daytwo_workflows.life.decide import Decision, decide
from daytwo_workflows.life.lending import Lending, lend, lend_one, revoke

pytestmark = pytest.mark.anyio
A_DAY = timedelta(days=1)


async def now(company: Company) -> datetime:
    async with company.store.read() as session:
        return await company.store.clock.now(session)


async def lends(company: Company, by: str, to: str, *, days: int = 1) -> str:
    ends = await now(company) + days * A_DAY
    key = f"lend-{next(company.numbers)}"
    asked = Lending(
        by=await company.person(by), to=f"person:{to}", begins_at=None, ends_at=ends, reason="away", key=key
    )
    return (await lend(company.store, asked)).id


async def hands_on(company: Company, by: str, to: str, run: RunId) -> str:
    approval = (await company.approvals(run))[-1]
    key = f"hand-{next(company.numbers)}"
    asked = Lending(by=await company.person(by), to=f"person:{to}", begins_at=None, ends_at=None, reason="", key=key)
    return (await lend_one(company.store, ApprovalId(approval.id), asked)).id


async def asks(company: Company, name: str, action: str = "two") -> RunId:
    return await company.ask(name, "1.1.0", "production", action=action)


async def state(company: Company, run: RunId) -> str:
    return (await company.approvals(run))[-1].state


@pytest.fixture
async def yard(company: Company, tmp_path: Path) -> Company:
    """`two` takes two of sre or platform, `one` one of sre, and `own` lets the requester be the one."""
    everybody = {"run": ["everyone"]}
    await load_beside(
        company,
        tmp_path,
        like_deploy("two", allow=everybody, approval=[{"from": ["group:sre", "group:platform"], "count": 2}]),
        like_deploy("one", allow=everybody, approval=[{"from": ["group:sre"]}]),
        like_deploy("own", allow=everybody, approval=[{"from": ["group:sre"], "self_approval": True}]),
    )
    return company


async def test_a_delegate_decides_for_somebody_and_both_are_one_voice(yard: Company) -> None:
    run = await asks(yard, "ana")
    with pytest.raises(Forbidden, match="not one of them"):
        await yard.decide("fay", run)
    await lends(yard, "sam", "fay")
    assert not await yard.decide("fay", run)
    assert await yard.decide("fay", run)  # the same again changes nothing
    with pytest.raises(Forbidden, match="Fay has decided for you already"):
        await yard.decide("sam", run)
    await lends(yard, "sam", "ben")
    with pytest.raises(Forbidden, match="Sam, for whom you would decide, has a decision here"):
        await yard.decide("ben", run)
    assert await state(yard, run) == ApprovalState.PENDING
    await yard.decide("pat", run)
    await yard.through(run)
    assert ((await yard.run(run)).state, yard.ci.posts) == (RunState.SUCCEEDED, 1)
    async with yard.store.read() as session:
        [entry] = await session.scalars(
            select(AuditRow).where(AuditRow.action == "decision.approve", AuditRow.actor == await yard.person("fay"))
        )
    assert entry.facts["on_behalf_of"] == await yard.person("sam")
    assert entry.facts["delegation"].startswith("d_")


async def test_ones_own_right_comes_first_and_is_one_voice(yard: Company) -> None:
    run = await asks(yard, "ana")
    await lends(yard, "sam", "pat")
    await yard.decide("pat", run)
    await yard.decide("sam", run)  # Pat decided by Pat's own right, so Sam's is there
    assert await state(yard, run) == ApprovalState.APPROVED


async def test_for_whom_somebody_has_decided_decides_for_nobody_else_there(yard: Company) -> None:
    """Each person counts once, so a second decision with somebody of the first one in it would not."""
    run = await asks(yard, "ana")
    await lends(yard, "sam", "fay")
    await lends(yard, "pat", "sam")
    await yard.decide("fay", run)
    with pytest.raises(Forbidden, match="Fay has decided for you already"):
        await yard.decide("sam", run)
    assert await state(yard, run) == ApprovalState.PENDING
    await yard.decide("pat", run)
    await yard.through(run)
    assert ((await yard.run(run)).state, yard.ci.posts) == (RunState.SUCCEEDED, 1)


async def test_what_was_lent_cannot_be_lent_on(yard: Company) -> None:
    run = await asks(yard, "ana", "one")
    await lends(yard, "sam", "fay")
    await lends(yard, "fay", "ben")
    with pytest.raises(Forbidden, match="not one of them"):
        await yard.decide("ben", run)
    with pytest.raises(Forbidden, match="cannot be lent on"):
        await hands_on(yard, "fay", "ben", run)


async def test_requester_and_delegate_are_one_person_in_both_directions(yard: Company) -> None:
    """Sam may decide, and so may Pat; while one decides for the other, neither decides on the other's request."""
    lent = await lends(yard, "pat", "sam")
    by_pat, by_sam = await asks(yard, "pat"), await asks(yard, "sam")
    with pytest.raises(Forbidden, match=r"Pat, who asked for this run, lets you decide for them until .*four eyes"):
        await yard.decide("sam", by_pat)
    with pytest.raises(Forbidden, match=r"Sam, who asked for this run, decides for you until .*four eyes"):
        await yard.decide("pat", by_sam)
    await revoke(yard.store, lent, by=await yard.person("pat"), anybody=False)
    await yard.decide("sam", by_pat)
    await yard.decide("pat", by_sam)


async def test_nobody_decides_on_a_request_by_the_right_that_the_requester_lent(yard: Company) -> None:
    run = await asks(yard, "sam", "one")
    await lends(yard, "sam", "fay")
    with pytest.raises(Forbidden, match="four eyes"):
        await yard.decide("fay", run)


async def test_a_delegation_ends_by_itself_and_at_once_when_it_is_revoked(yard: Company) -> None:
    run = await asks(yard, "ana", "one")
    first = await lends(yard, "sam", "fay")
    async with yard.store.write() as tx:
        over = update(DelegationRow).where(DelegationRow.id == first).values(ends_at=tx.now)
        await tx.session.execute(over)
    with pytest.raises(Forbidden, match="not one of them"):
        await yard.decide("fay", run)
    second = await lends(yard, "sam", "fay")
    await revoke(yard.store, second, by=await yard.person("sam"), anybody=False)
    with pytest.raises(Forbidden, match="not one of them"):
        await yard.decide("fay", run)


async def moved(company: Company, person: str, *groups: str) -> None:
    async with company.store.write() as tx:
        await member_of(tx, person, groups)


async def member_of(tx: Tx, person: str, groups: tuple[str, ...]) -> None:
    found = await entities.get(tx.session, f"person:{person}", sees="everything")
    assert found is not None
    await entities.upsert(tx, replace(found, relations={**found.relations, "memberOf": list(groups)}), by="test:x")


@pytest.mark.parametrize("how", ["revoked", "the lender has left the group"])
async def test_what_a_delegation_decided_is_checked_again_before_sending(yard: Company, how: str) -> None:
    run = await asks(yard, "ana", "one")
    lent = await lends(yard, "sam", "fay")
    await yard.decide("fay", run)
    if how == "revoked":
        await revoke(yard.store, lent, by=await yard.person("sam"), anybody=False)
    else:
        await moved(yard, "sam", "group:finance")
    assert (await yard.drive(run)).what is What.WAIT
    assert (yard.ci.posts, (await yard.run(run)).state) == (0, RunState.WAITING_APPROVAL)
    old, new = await yard.approvals(run)
    assert (old.state, new.state) == (ApprovalState.SUPERSEDED, ApprovalState.PENDING)
    [change] = new.drift
    assert change["after"] == ("revoked" if how == "revoked" else "no longer")


async def test_a_delegation_that_ran_out_after_the_decision_leaves_it(yard: Company) -> None:
    run = await asks(yard, "ana", "one")
    lent = await lends(yard, "sam", "fay")
    await yard.decide("fay", run)
    async with yard.store.write() as tx:
        await tx.session.execute(update(DelegationRow).where(DelegationRow.id == lent).values(ends_at=tx.now))
    await yard.through(run)
    assert (await yard.run(run)).state == RunState.SUCCEEDED


async def test_one_approval_is_handed_on_and_no_other(yard: Company) -> None:
    run, other = await asks(yard, "ana", "one"), await asks(yard, "ana", "two")
    with pytest.raises(Forbidden, match="not one of them"):
        await hands_on(yard, "pat", "fay", run)
    with pytest.raises(Rejected, match="four eyes"):
        await hands_on(yard, "sam", "ana", run)
    with pytest.raises(Rejected, match="That is you"):
        await hands_on(yard, "sam", "sam", run)
    with pytest.raises(Rejected, match="no person:nobody"):
        await hands_on(yard, "sam", "nobody", run)
    await hands_on(yard, "sam", "fay", run)
    with pytest.raises(Forbidden, match="not one of them"):
        await yard.decide("fay", other)
    await yard.decide("fay", run)
    assert await state(yard, run) == ApprovalState.APPROVED
    with pytest.raises(Conflict, match="nobody any more"):
        await hands_on(yard, "sam", "ben", run)


async def test_a_delegation_has_an_end_that_is_not_far_away(yard: Company) -> None:
    with pytest.raises(Rejected, match="366 days"):
        await lends(yard, "sam", "fay", days=400)
    with pytest.raises(Rejected, match="end before it begins"):
        await lends(yard, "sam", "fay", days=0)
    async with yard.store.read() as session:
        assert await delegations.of(session, await yard.person("sam"), "person:sam", limit=5) == []


async def test_an_action_may_let_the_requester_approve_and_the_plan_and_the_audit_say_so(yard: Company) -> None:
    run = await asks(yard, "sam", "own")
    assert '"self_approval":true' in (await yard.run(run)).plan
    await yard.decide("sam", run)
    await yard.through(run)
    assert (await yard.run(run)).state == RunState.SUCCEEDED
    async with yard.store.read() as session:
        [entry] = await session.scalars(select(AuditRow).where(AuditRow.action == "decision.approve"))
    assert entry.facts["own_request"] == "true"
    with pytest.raises(Forbidden, match="not one of them"):
        await yard.decide("ana", await asks(yard, "ana", "own"))  # who asks is let, not made, an approver


async def other_sign_in(company: Company, name: str) -> PrincipalId:
    """From now on the company's person of that name signs in elsewhere."""
    async with company.store.write() as tx:
        login = Login(issuer="https://id.example", subject=name, name=name.title(), ref=EntityRef(f"person:{name}"))
        company.people[name] = (await principal_for(tx, login)).id
    return company.people[name]


async def test_two_sign_ins_are_not_two_people_at_one_stage(yard: Company) -> None:
    run = await asks(yard, "ana")
    await yard.decide("sam", run)
    await other_sign_in(yard, "sam")
    with pytest.raises(Forbidden, match="decided on this already"):
        await yard.decide("sam", run)
    assert await lends(yard, "pat", "sam")
    with pytest.raises(Forbidden, match="decided on this already"):
        await yard.decide("sam", run)  # and not for somebody else either
    assert await state(yard, run) == ApprovalState.PENDING


async def grant(company: Company, exception: str, name: str) -> None:
    until = await now(company) + timedelta(hours=1)
    by = await company.person(name)
    await exceptions.decide(
        company.life, exceptions.Deciding(exception=exception, by=by, grant=True, until=until, comment="")
    )


async def test_an_exception_takes_another_person_and_not_another_sign_in_or_a_delegate(yard: Company) -> None:
    await freeze(yard, "night")
    run = await asks(yard, "ana")
    for name in ("sam", "pat"):
        await yard.decide(name, run)
    await yard.drive(run)
    by = await yard.person("sam")
    asking = exceptions.Asking(run=run, freeze="night", by=by, reason="now", key="ask-1")
    exception = (await exceptions.ask(yard.life, asking)).id
    await other_sign_in(yard, "sam")
    with pytest.raises(Forbidden, match="You asked for this exception"):
        await grant(yard, exception, "sam")

    run = await asks(yard, "ana", "one")
    await yard.decide("sam", run)
    await yard.drive(run)
    asking = exceptions.Asking(run=run, freeze="night", by=await yard.person("ana"), reason="now", key="ask-2")
    exception = (await exceptions.ask(yard.life, asking)).id
    lent = await lends(yard, "ana", "sam")
    with pytest.raises(Forbidden, match="one person here"):
        await grant(yard, exception, "sam")
    await revoke(yard.store, lent, by=await yard.person("ana"), anybody=False)
    await grant(yard, exception, "sam")


async def test_two_sign_ins_of_one_person_are_one_person(yard: Company) -> None:
    async with yard.store.write() as tx:
        login = Login(issuer="https://id.example", subject="007", name="Sam", ref=EntityRef("person:sam"))
        other: PrincipalId = (await principal_for(tx, login)).id
    run = await asks(yard, "sam", "one")
    approval = (await yard.approvals(run))[-1]
    with pytest.raises(Forbidden, match="You asked for this run"):
        await decide(
            yard.store,
            Decision(
                approval=ApprovalId(approval.id),
                principal=other,
                verdict=Verdict.APPROVE,
                digest=approval.digest,
                comment="",
            ),
        )
    async with yard.store.read() as session:
        assert await approvals.decisions(session, [approval.id]) == []
