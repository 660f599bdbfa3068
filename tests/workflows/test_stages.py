"""Several stages of approval, in order, on a real database: one plan, one digest, different people."""

import hashlib
import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import rfc8785
from company import Company
from more_actions import like_deploy, load_beside
from sqlalchemy import select

from daytwo_actions.definitions import DefinitionRejected
from daytwo_actions.plan.model import Plan
from daytwo_store import approval_pages, approvals, entities
from daytwo_store.approval_pages import ApprovalFilter, Reader, Right
from daytwo_store.entities import EVERYTHING
from daytwo_store.errors import Conflict, Forbidden, Rejected
from daytwo_store.ids import ApprovalId, EntityRef, RunId
from daytwo_store.states import ApprovalState, RunState, Verdict
from daytwo_store.tables import AuditRow
from daytwo_workflows.contracts import What
from daytwo_workflows.life.decide import Decision, decide
from daytwo_workflows.life.interventions import withdraw

pytestmark = pytest.mark.anyio

PRODUCTION = "${{ inputs.environment.name == 'production' }}"
STAGING = "${{ inputs.environment.name == 'staging' }}"
PYTHON = "${{ entity.properties.language == 'Python' }}"
TWO = (
    {"when": PRODUCTION, "from": ["group:sre"], "expires": "1h"},
    {"when": STAGING, "from": ["group:finance"]},
    {"when": PRODUCTION, "from": ["group:platform", "group:sre"], "expires": "2h"},
)


async def staged(company: Company, folder: Path, *stages: object) -> None:
    """The example's deploy with these stages."""
    await load_beside(company, folder, like_deploy("staged", approval=list(stages)))


async def ask(company: Company, environment: str = "production") -> RunId:
    return await company.ask("ana", "1.1.0", environment, action="staged")


@pytest.fixture
async def yard(company: Company, tmp_path: Path) -> Company:
    await staged(company, tmp_path, *TWO)
    return company


async def states(company: Company, run: RunId) -> list[tuple[int, str]]:
    return [(row.stage, row.state) for row in await company.approvals(run)]


async def moves_to(company: Company, person: str, groups: list[str]) -> None:
    async with company.store.write() as tx:
        found = await entities.get(tx.session, EntityRef(f"person:{person}"), sees=EVERYTHING)
        assert found is not None
        await entities.upsert(tx, replace(found, relations={**found.relations, "memberOf": groups}), by="test:x")


async def test_a_stage_opens_when_the_one_before_is_approved_and_all_are_about_one_digest(yard: Company) -> None:
    run = await ask(yard)
    assert await states(yard, run) == [(1, "pending")]
    with pytest.raises(Forbidden, match="group:sre"):
        await yard.decide("pat", run)
    await yard.decide("sam", run)
    assert (await yard.drive(run)).what is What.WAIT
    assert await states(yard, run) == [(1, "approved"), (2, "pending")]
    assert yard.ci.posts == 0
    with pytest.raises(Forbidden, match="earlier stage"):
        await yard.decide("sam", run)
    await yard.decide("pat", run)
    await yard.through(run)
    row = await yard.run(run)
    assert (row.state, yard.ci.posts) == (RunState.SUCCEEDED, 1)
    first, second = await yard.approvals(run)
    assert first.digest == second.digest == row.digest
    assert second.expires_at - second.created_at == timedelta(hours=2)
    [then] = json.loads(first.document)["approval"]["then"]
    assert (then["needed_from"], then["count"]) == (["group:platform", "group:sre"], 1)
    assert (then["expires_in"], then["again"]) == (7200, False)


async def test_a_stage_whose_condition_does_not_hold_is_none(yard: Company) -> None:
    run = await ask(yard, "staging")
    [only] = await yard.approvals(run)
    assert (only.needed_from, only.later) == (["group:finance"], [])


async def test_again_lets_one_person_count_in_two_stages(company: Company, tmp_path: Path) -> None:
    await staged(company, tmp_path, {"from": ["group:sre"]}, {"from": ["group:sre"], "again": True})
    run = await ask(company)
    await company.decide("sam", run)
    await company.decide("sam", run)
    await company.through(run)
    assert (await company.run(run)).state == RunState.SUCCEEDED


async def test_a_rejection_in_any_stage_ends_it(yard: Company) -> None:
    run = await ask(yard)
    await yard.decide("sam", run)
    await yard.decide("pat", run, Verdict.REJECT, comment="not today")
    assert (await yard.drive(run)).what is What.END
    assert ((await yard.run(run)).state, yard.ci.posts) == (RunState.REJECTED, 0)


async def test_the_second_stage_expires_by_its_own_time(yard: Company) -> None:
    run = await ask(yard)
    await yard.decide("sam", run)
    async with yard.store.write() as tx:
        (await tx.session.merge((await yard.approvals(run))[-1])).expires_at = tx.now
    assert (await yard.drive(run)).what is What.END
    row = await yard.run(run)
    assert (row.state, yard.ci.posts) == (RunState.EXPIRED, 0)
    assert "stage 2 of 2, nobody of group:platform, group:sre" in (row.reason or "")
    assert await states(yard, run) == [(1, "approved"), (2, "expired")]


async def test_withdrawn_in_the_second_stage_nothing_is_open(yard: Company) -> None:
    run = await ask(yard)
    await yard.decide("sam", run)
    await withdraw(yard.store, run, by=await yard.person("ana"), reason="")
    assert await states(yard, run) == [(1, "approved"), (2, "withdrawn")]
    with pytest.raises(Conflict, match="withdrawn"):
        await yard.decide("pat", run)


async def test_who_approved_the_first_stage_and_left_voids_all_of_it(yard: Company) -> None:
    run = await ask(yard)
    await yard.decide("sam", run)
    await moves_to(yard, "sam", ["group:finance"])
    await yard.decide("pat", run)
    assert (await yard.drive(run)).what is What.WAIT
    assert yard.ci.posts == 0
    found = await yard.approvals(run)
    assert [(row.stage, row.state) for row in found] == [(1, "superseded"), (2, "superseded"), (1, "pending")]
    assert {change["field"] for change in found[-1].drift} == {"approval of Sam"}
    async with yard.store.read() as session:
        for old in found[:2]:
            following = await approvals.successor(session, (await approvals.stages(session, [old]))[old.id])
            assert following is not None
            assert following.id == found[-1].id


async def test_a_change_after_both_stages_asks_both_again(yard: Company) -> None:
    run = await ask(yard)
    await yard.decide("sam", run)
    await yard.decide("pat", run)
    yard.ci.commit = "e" * 40
    await yard.drive(run)
    assert yard.ci.posts == 0
    await yard.decide("sam", run)
    await yard.drive(run)
    assert yard.ci.posts == 0
    await yard.decide("pat", run)
    await yard.through(run)
    assert ((await yard.run(run)).state, yard.ci.posts) == (RunState.SUCCEEDED, 1)


async def test_a_rule_that_asks_for_nobody_any_more_asks_the_same_stages_again(
    company: Company, tmp_path: Path
) -> None:
    """The plan then names no approval; the rows know the stages, however often it changes."""
    await staged(company, tmp_path, *({"when": PYTHON, "from": [group]} for group in ("group:sre", "group:platform")))
    run = await ask(company)
    await company.decide("sam", run)
    await company.decide("pat", run)
    async with company.store.write() as tx:
        shop = await entities.get(tx.session, EntityRef("service:shop"), sees=EVERYTHING)
        assert shop is not None
        await entities.upsert(tx, replace(shop, properties={**shop.properties, "language": "Go"}), by="test:x")
    for commit in ("d" * 40, "e" * 40):
        company.ci.commit = commit
        await company.drive(run)
        assert (await company.approvals(run))[-1].needed_from == ["group:sre"]
        await company.decide("sam", run)
        assert (await company.approvals(run))[-1].needed_from == ["group:platform"]
        await company.drive(run)
        await company.decide("pat", run)
        assert company.ci.posts == 0
    await company.through(run)
    assert ((await company.run(run)).state, company.ci.posts) == (RunState.SUCCEEDED, 1)


async def test_people_are_looked_up_in_the_catalog_and_stand_in_the_plan(company: Company, tmp_path: Path) -> None:
    await staged(
        company,
        tmp_path,
        {"from": [{"people": {"role": "platform engineer"}}]},
        {"from": [{"people": {"memberOf": "${{ entity.owner }}", "role": "developer"}}]},
    )
    run = await ask(company)
    [first] = await company.approvals(run)
    assert first.needed_from == ["person:pat"]
    with pytest.raises(Forbidden, match="person:pat"):
        await company.decide("sam", run)
    await company.decide("pat", run)
    assert (await company.approvals(run))[-1].needed_from == ["person:ben"]  # ana is one of them, and asked for it
    await company.decide("ben", run)
    await company.through(run)
    assert (await company.run(run)).state == RunState.SUCCEEDED


async def test_who_is_no_longer_named_by_the_catalog_did_not_approve(company: Company, tmp_path: Path) -> None:
    await staged(company, tmp_path, {"from": [{"people": {"memberOf": "group:sre"}}]})
    run = await ask(company)
    await company.decide("sam", run)
    await moves_to(company, "sam", ["group:finance"])
    await moves_to(company, "pat", ["group:sre"])
    await company.drive(run)
    assert company.ci.posts == 0
    newest = (await company.approvals(run))[-1]
    assert (newest.state, newest.needed_from) == ("pending", ["person:pat"])
    assert [change["field"] for change in newest.drift] == ["approval.needed_from[0]"]


async def test_where_all_are_needed_each_member_is_asked_but_not_who_asks(company: Company, tmp_path: Path) -> None:
    await staged(company, tmp_path, {"from": ["group:sre", "person:fay"], "count": "all"})
    await moves_to(company, "pat", ["group:sre"])
    await moves_to(company, "ana", ["group:sre", "group:storefront"])
    run = await ask(company)
    [asked] = await company.approvals(run)
    assert (asked.needed_from, asked.count) == (["person:fay", "person:pat", "person:sam"], 3)
    for name in ("sam", "fay"):
        await company.decide(name, run)
        await company.drive(run)
        assert (await company.run(run)).state == RunState.WAITING_APPROVAL
    await company.decide("pat", run)
    await company.through(run)
    assert (await company.run(run)).state == RunState.SUCCEEDED


@pytest.mark.parametrize(
    ("stage", "said"),
    [
        ({"from": [{"people": {"role": "astronaut"}}]}, "names 0 who may give it"),
        ({"from": [{"people": {"role": "platform engineer"}}], "count": 2}, "the approval of 2"),
        ({"from": [{"people": {"role": "${{ entity.properties.description | split(' ') }}"}}]}, "one value|worked out"),
    ],
)
async def test_what_nobody_could_approve_is_not_started(
    company: Company, tmp_path: Path, stage: object, said: str
) -> None:
    await staged(company, tmp_path, stage)
    with pytest.raises(Rejected, match=said):
        await ask(company)


async def test_people_are_looked_for_by_what_people_have(company: Company, tmp_path: Path) -> None:
    with pytest.raises(DefinitionRejected, match="no property or relation `rolle`"):
        await staged(company, tmp_path, {"from": [{"people": {"rolle": "lead"}}]})


async def test_one_who_came_too_late_is_told_who_was_first(company: Company) -> None:
    await moves_to(company, "pat", ["group:sre"])
    run = await company.ask("ana", "1.1.0", "production")
    await company.decide("sam", run)
    with pytest.raises(Conflict, match=r"already approved by Sam at \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC"):
        await company.decide("pat", run, Verdict.REJECT, comment="no")


async def test_the_inbox_leaves_out_what_somebody_approved_in_an_earlier_stage(yard: Company) -> None:
    run = await ask(yard)
    await yard.decide("sam", run)

    async def inbox(name: str, group: str) -> list[str]:
        right = Right(
            principal=await yard.person(name), human=f"person:{name}", belongs=[group], never_for=[f"person:{name}"]
        )
        wanted = ApprovalFilter(state=ApprovalState.PENDING, mine=True)
        async with yard.store.read() as session:
            found = await approval_pages.page(session, wanted, reader=Reader(own=right), after=None, limit=10)
        return [approval.run_id for approval, _ in found]

    assert await inbox("pat", "group:platform") == [run]
    assert await inbox("sam", "group:sre") == []


async def test_an_approval_of_the_earlier_version_is_decided_as_before(company: Company) -> None:
    """A plan without the keys of stages, and a row with their defaults."""
    run = await company.ask("ana", "1.1.0", "production")
    async with company.store.write() as tx:
        row = await tx.session.merge(await company.run(run))
        sealed = json.loads(row.plan)
        del sealed["approval"]["then"]
        plan = Plan.model_validate(sealed)
        assert plan.approval is not None
        assert plan.approval.then == []
        approval = await tx.session.merge((await company.approvals(run))[0])
        text = rfc8785.dumps(sealed).decode()
        row.plan = approval.document = text
        row.digest = approval.digest = hashlib.sha256(text.encode()).hexdigest()
    await company.decide("sam", run)
    await company.through(run)
    assert (await company.run(run)).state == RunState.SUCCEEDED
    assert len(await company.approvals(run)) == 1


async def test_the_audit_says_which_stage_was_asked(yard: Company) -> None:
    run = await ask(yard)
    await yard.decide("sam", run)
    first, second = await yard.approvals(run)
    late = Decision(
        approval=ApprovalId(first.id),
        principal=await yard.person("pat"),
        verdict=Verdict.APPROVE,
        digest=first.digest,
        comment="",
    )
    with pytest.raises(Forbidden, match="group:sre"):
        await decide(yard.store, late)
    async with yard.store.read() as session:
        entries = (await session.scalars(select(AuditRow).order_by(AuditRow.n))).all()
    asked = [one for one in entries if one.action == "approval.asked"]
    assert [(one.facts["approval"], one.facts["stage"]) for one in asked] == [
        (first.id, "1 of 2"),
        (second.id, "2 of 2"),
    ]
