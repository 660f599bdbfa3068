"""What else holds for a stage: reasons, reminders, escalation, lookups, decisions taken back, comments."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from company import SHOP, Company
from more_actions import like_deploy, load_beside
from rota import FORM, ON_CALL, ROTA, ROTA_KIND
from sqlalchemy import select

from daytwo_actions.definitions import DefinitionRejected
from daytwo_store import approvals, comments, entities, reviews
from daytwo_store.errors import Conflict, Forbidden, Rejected
from daytwo_store.ids import ApprovalId, EntityRef, RunId
from daytwo_store.states import ApprovalState, RunState, Verdict
from daytwo_store.tables import AuditRow, NotificationRow
from daytwo_workflows.contracts import What
from daytwo_workflows.life.asking import Wish, rerun, start, undo
from daytwo_workflows.life.break_glass import Closing, close
from daytwo_workflows.life.commenting import comment
from daytwo_workflows.life.taking_back import take_back

pytestmark = pytest.mark.anyio


async def with_stages(company: Company, folder: Path, *stages: object, **spec: object) -> None:
    await load_beside(company, folder, ROTA_KIND, ROTA, like_deploy("termed", approval=list(stages), form=FORM, **spec))


async def ask(company: Company, name: str = "ana", *, break_glass: bool = False) -> RunId:
    inputs = {"version": "1.1.0", "environment": "environment:production", "rota": "rota:nights"}
    wish = Wish(
        action="termed",
        requester=await company.person(name),
        token=None,
        entity=SHOP,
        inputs=inputs,
        version=None,
        comment="it is down",
        break_glass=break_glass,
    )
    return RunId((await start(company.life, wish, f"termed-{next(company.numbers)}")).run.id)


async def told(company: Company, kind: str) -> list[list[str]]:
    async with company.store.read() as session:
        query = select(NotificationRow).where(NotificationRow.kind == kind).order_by(NotificationRow.n)
        return [list(row.audience) for row in await session.scalars(query)]


async def passes(company: Company, run: RunId, time: timedelta) -> None:
    """Time passes for the pending stage."""
    async with company.store.write() as tx:
        last = await tx.session.merge((await company.approvals(run))[-1])
        last.created_at -= time
        last.expires_at -= time


async def test_a_stage_may_want_a_reason_to_approve_and_none_to_reject(company: Company, tmp_path: Path) -> None:
    await with_stages(company, tmp_path, {"from": ["group:sre"], "reason": ["approve"]})
    first, second = await ask(company), await ask(company)
    with pytest.raises(Rejected, match="wants a reason"):
        await company.decide("sam", first, comment="  ")
    await company.decide("sam", first, comment="checked")
    await company.decide("sam", second, Verdict.REJECT, comment="")
    assert (await company.run(second)).reason == "Rejected. Nothing was sent."


async def test_those_who_are_asked_are_reminded_and_then_others_are_asked(company: Company, tmp_path: Path) -> None:
    stage = {
        "from": ["group:sre"],
        "expires": "10h",
        "remind": ["50%", "1h", "90%"],
        "escalate": {"after": "6h", "to": ["group:platform", "group:sre"]},
    }
    await with_stages(company, tmp_path, stage)
    run = await ask(company)
    digest = (await company.run(run)).digest
    assert await told(company, "approval.asked") == [["group:sre"]]
    move = await company.drive(run)
    assert (move.what, round(move.seconds or 0, -2)) == (What.WAIT, 3600)
    with pytest.raises(Forbidden, match="not one of them"):
        await company.decide("pat", run)
    await passes(company, run, timedelta(hours=1, minutes=1))
    assert round((await company.drive(run)).seconds or 0, -2) == 4 * 3600 - 100  # the next is due at half the time
    assert await told(company, "approval.reminder") == [["group:sre"]]
    await passes(company, run, timedelta(hours=8))  # two things were missed: each is done once
    await company.drive(run)
    await company.drive(run)
    assert await told(company, "approval.reminder") == [["group:sre"], ["group:sre", "group:platform"]]
    assert await told(company, "approval.escalated") == [["group:platform"]]
    await company.decide("pat", run)
    await company.through(run)
    row = await company.run(run)
    assert (row.state, row.digest, company.ci.posts) == (RunState.SUCCEEDED, digest, 1)
    async with company.store.read() as session:
        [entry] = await session.scalars(select(AuditRow).where(AuditRow.action == "approval.escalated"))
    assert entry.facts["to"] == "group:platform, group:sre"


async def test_who_is_on_call_is_looked_up_when_somebody_decides(company: Company, tmp_path: Path) -> None:
    await with_stages(company, tmp_path, {"from": [{"on_call": ON_CALL}]})
    run, other = await ask(company), await ask(company)
    assert (await company.approvals(run))[-1].needed_from == ["on-call:properties.on_call@rota:nights"]
    with pytest.raises(Forbidden, match="decided by whoever is on call, and you are not one of them"):
        await company.decide("pat", run)
    await company.decide("fay", run)
    async with company.store.write() as tx:  # the shift changes before it is sent
        rota = await entities.get(tx.session, "rota:nights", sees="everything")
        assert rota is not None
        await entities.upsert(tx, replace(rota, properties={"on_call": ["group:platform"]}), by="test:x")
    await company.through(run)
    assert (await company.run(run)).state == RunState.SUCCEEDED
    with pytest.raises(Forbidden, match="whoever is on call"):
        await company.decide("fay", other)
    await company.decide("pat", other)


async def test_who_is_on_call_closes_the_review_of_what_went_past_them(company: Company, tmp_path: Path) -> None:
    glass = {"allow": ["group:sre"], "second": "none"}
    await with_stages(company, tmp_path, {"from": [{"on_call": ON_CALL}]}, break_glass=glass)
    run = await ask(company, "sam", break_glass=True)
    await company.through(run)

    async def closing(name: str) -> None:
        await close(company.store, Closing(run=run, principal=await company.person(name), words="it was right"))

    with pytest.raises(Forbidden, match="reviewed by whoever is on call, and"):
        await closing("pat")
    await closing("fay")
    async with company.store.read() as session:
        review = await reviews.of_run(session, run)
    assert review is not None
    assert review.closed_by == await company.person("fay")


async def test_whoever_was_on_call_and_has_left_the_company_no_longer_counts(company: Company, tmp_path: Path) -> None:
    await with_stages(company, tmp_path, {"from": [{"on_call": ON_CALL}]})
    run = await ask(company)
    await company.decide("fay", run)
    async with company.store.write() as tx:
        await entities.delete(tx, EntityRef("person:fay"), by="test:x")
    await company.drive(run)
    assert ((await company.run(run)).state, company.ci.posts) == (RunState.WAITING_APPROVAL, 0)


async def test_owners_of_other_entities_and_roles_are_asked(company: Company, tmp_path: Path) -> None:
    await with_stages(
        company, tmp_path, {"from": [{"owner_of": "${{ inputs.rota.ref }}"}]}, {"from": ["role:operator", "role:admin"]}
    )
    run = await ask(company)
    assert (await company.approvals(run))[-1].needed_from == ["group:finance"]
    with pytest.raises(Forbidden, match="group:finance"):
        await company.decide("pat", run)
    await company.decide("fay", run)
    with pytest.raises(Forbidden, match="role:operator or role:admin"):
        await company.decide("ben", run)
    await company.decide("pat", run)
    assert [row.state for row in await company.approvals(run)] == ["approved", "approved"]


@pytest.mark.parametrize(
    ("stage", "problem"),
    [
        ({"from": [{"on_call": "${{ inputs.rota.name }}"}]}, "names one property or relation of an entity"),
        ({"from": [{"on_call": "${{ inputs.rota.properties.oncall }}"}]}, "has no `oncall`"),
        ({"from": ["role:boss"]}, "`role:boss` does not look like"),
        ({"from": [{"on_call": ON_CALL}], "count": "all"}, "only known when somebody decides"),
        ({"from": ["group:sre"], "remind": ["24h"]}, "nobody is reminded after it"),
        ({"from": ["group:sre"], "remind": ["soon"]}, "A reminder is a share of the time"),
        ({"from": ["group:sre"], "escalate": {"after": "2d", "to": ["group:platform"]}}, "nobody is asked after it"),
        ({"from": ["group:sre"], "reason": ["maybe"]}, "approve"),
    ],
)
async def test_a_mistake_in_a_stage_is_told_with_its_place(
    company: Company, tmp_path: Path, stage: object, problem: str
) -> None:
    with pytest.raises(DefinitionRejected, match=problem) as told:
        await with_stages(company, tmp_path, stage)
    assert "termed.yaml:1:" in str(told.value)


async def test_an_approval_is_taken_back_while_others_are_waited_for(company: Company, tmp_path: Path) -> None:
    await with_stages(company, tmp_path, {"from": ["group:sre", "group:platform"], "count": 2})
    run = await ask(company)
    [row] = await company.approvals(run)
    sam = await company.person("sam")
    with pytest.raises(Conflict, match="nothing to take back"):
        await take_back(company.store, ApprovalId(row.id), by=sam)
    await company.decide("sam", run)
    assert not await take_back(company.store, ApprovalId(row.id), by=sam)
    assert await take_back(company.store, ApprovalId(row.id), by=sam)
    await company.decide("pat", run)
    assert (await company.approvals(run))[-1].state == ApprovalState.PENDING
    await company.decide("sam", run)  # … and thinks better of it
    await company.through(run)
    assert (await company.run(run)).state == RunState.SUCCEEDED
    async with company.store.read() as session:
        every = await approvals.decisions(session, [row.id], taken_back=True)
    assert [(one.principal == sam, one.no, one.withdrawn_at is not None) for one in every] == [
        (True, 1, True),
        (False, 1, False),
        (True, 2, False),
    ]


async def test_taking_back_what_was_approved_asks_everybody_anew_until_it_is_sent(
    company: Company, tmp_path: Path
) -> None:
    await with_stages(
        company, tmp_path, {"from": ["group:sre"]}, {"from": ["group:finance"]}, {"from": ["group:platform"]}
    )
    run = await ask(company)
    before = (await company.run(run)).digest
    await company.decide("sam", run)
    await company.decide("fay", run)
    first = (await company.approvals(run))[0]
    sam = await company.person("sam")
    await take_back(company.store, ApprovalId(first.id), by=sam)
    rows = await company.approvals(run)
    assert [row.state for row in rows] == ["superseded"] * 3 + ["pending"]
    assert rows[-1].drift == [{"field": "approval of Sam", "before": "approved", "after": "taken back"}]
    assert (await company.run(run)).digest not in (before, "")
    assert await told(company, "decision.withdrawn") == [[await company.person("ana")]]
    for name in ("sam", "fay", "pat"):
        await company.decide(name, run)
    await company.through(run)
    assert ((await company.run(run)).state, company.ci.posts) == (RunState.SUCCEEDED, 1)
    with pytest.raises(Conflict, match="too late: the run is succeeded"):
        await take_back(
            company.store, ApprovalId((await company.approvals(run))[-1].id), by=await company.person("pat")
        )


async def test_what_is_taken_back_while_it_waits_for_its_turn_gives_up_the_place(
    company: Company, tmp_path: Path
) -> None:
    await with_stages(company, tmp_path, {"from": ["group:sre"]})
    holder, run = await ask(company), await ask(company)
    company.ci.ends_as = None
    for one in (holder, run):
        await company.decide("sam", one)
        await company.drive(one)
    assert (await company.run(run)).state == RunState.WAITING_LOCK
    approval = ApprovalId((await company.approvals(run))[-1].id)
    await take_back(company.store, approval, by=await company.person("sam"))
    row = await company.run(run)
    assert (row.state, row.fence) == (RunState.WAITING_APPROVAL, None)
    assert "Sam has taken back their approval" in (row.reason or "")
    assert company.ci.posts == 1


async def test_comments_decide_nothing_and_stay_in_order_also_after_the_decision(
    company: Company, tmp_path: Path
) -> None:
    await with_stages(company, tmp_path, {"from": ["group:sre"]})
    run = await ask(company)
    [row] = await company.approvals(run)
    approval, sam, ana = ApprovalId(row.id), await company.person("sam"), await company.person("ana")

    async def says(by: object, text: str, key: str) -> str:
        return await comment(company.store, approval, by=by, text=text, key=key)  # type: ignore[arg-type]

    first = await says(sam, "Why now?", "key-one-1")
    assert await says(sam, "Why now?", "key-one-1") == first
    with pytest.raises(Rejected, match="another comment"):
        await says(sam, "Something else", "key-one-1")
    await says(ana, "The fix is urgent.", "key-two-2")
    await company.decide("sam", run, Verdict.REJECT, comment="tomorrow")
    await says(ana, "All right.", "key-three")
    async with company.store.read() as session:
        found = await comments.of_approvals(session, [row.id])
    assert [(one.principal == sam, one.text) for one in found] == [
        (True, "Why now?"),
        (False, "The fix is urgent."),
        (False, "All right."),
    ]
    assert (await told(company, "approval.commented"))[1] == ["group:sre", sam]
    assert (await company.run(run)).state == RunState.REJECTED


async def test_an_undo_asks_again_also_when_the_approver_is_one_no_more(company: Company, tmp_path: Path) -> None:
    """S13: what was approved once gives nothing to what comes after it."""
    await with_stages(company, tmp_path, {"from": ["group:sre"]})
    runs = [await ask(company), await ask(company)]
    for run in runs:
        await company.decide("sam", run)
        await company.through(run)
    ana = await company.person("ana")
    row = await company.run(runs[1])
    again = await undo(company.life, row, ana, None, comment=None, key="undo-it-once")
    undoing = RunId(again.run.id)
    assert (again.run.state, again.run.protected) == (RunState.WAITING_APPROVAL, True)
    async with company.store.write() as tx:
        sam = await entities.get(tx.session, "person:sam", sees="everything")
        assert sam is not None
        await entities.upsert(tx, replace(sam, relations={"memberOf": ["group:finance"]}), by="test:x")
    with pytest.raises(Forbidden, match="not one of them"):
        await company.decide("sam", undoing)
    posts = company.ci.posts
    await company.drive(undoing)
    assert (company.ci.posts, (await company.run(undoing)).state) == (posts, RunState.WAITING_APPROVAL)


async def test_a_rerun_asks_again(company: Company, tmp_path: Path) -> None:
    """S13: the same inputs, another run, another approval; nothing of the old one counts."""
    await with_stages(company, tmp_path, {"from": ["group:sre", "group:platform"]})
    run = await ask(company)
    ana = await company.person("ana")
    with pytest.raises(Conflict, match="has not ended"):
        await rerun(company.life, await company.run(run), ana, None, comment=None, key="again-0001")
    await company.decide("sam", run)
    await company.through(run)
    old = await company.run(run)
    async with company.store.write() as tx:
        sam = await entities.get(tx.session, "person:sam", sees="everything")
        assert sam is not None
        await entities.upsert(tx, replace(sam, relations={"memberOf": []}), by="test:x")
    made = await rerun(company.life, old, ana, None, comment=None, key="again-0002")
    new = await company.run(RunId(made.run.id))
    assert (new.state, new.rerun_of, new.inputs) == (RunState.WAITING_APPROVAL, run, old.inputs)
    assert new.digest != old.digest
    await company.drive(RunId(new.id))
    assert company.ci.posts == 1
    with pytest.raises(Forbidden, match="not one of them"):
        await company.decide("sam", RunId(new.id))
    again = await rerun(company.life, old, ana, None, comment=None, key="again-0002")
    assert (again.repeated, again.run.id) == (True, new.id)
    await company.decide("pat", RunId(new.id))
    await company.through(RunId(new.id))
    assert (await company.run(RunId(new.id))).state == RunState.SUCCEEDED
