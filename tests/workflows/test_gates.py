"""Where a run waits in the CI system: an answer is told at most once, and found out by reading when no reply came."""

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from ci_in_memory import job
from company import EXAMPLES, Company
from more_actions import like_deploy
from sqlalchemy import select, text

from daytwo_actions.backends.failures import BackendDenied, BackendUnreachable, GateClosed
from daytwo_actions.backends.tree import ExternalGate, GateId, GateKind, GateVerdict, Job, JobKind
from daytwo_store import connections, freezes, runs
from daytwo_store import gates as rows
from daytwo_store.errors import Conflict, Forbidden, Rejected
from daytwo_store.gates import GateAnswer
from daytwo_store.ids import ExternalJobId, RunId, StepPath
from daytwo_store.states import ExternalStatus, GateAnswerState
from daytwo_store.tables import AuditRow, GateAnswerRow
from daytwo_workflows.company import load_company
from daytwo_workflows.editors import Edit
from daytwo_workflows.life import gates
from daytwo_workflows.life.interventions import cancel
from daytwo_workflows.life.questions import answer_questions

pytestmark = pytest.mark.anyio
GATE = ExternalGate(
    id=GateId("deployment/17?x"),
    kind=GateKind.ENVIRONMENT,
    title="production",
    waits_for="a review by sre",
    url="https://ci/1/review",
    verdicts=frozenset(GateVerdict),
)
NAME = rows.name_of(StepPath("ship"), GATE.id)


def waiting(gate: ExternalGate | None = GATE) -> list[Job]:
    return [
        job("child", kind=JobKind.GROUP, status=ExternalStatus.WAITING),
        job("deploy", parent=ExternalJobId("child"), kind=JobKind.GATE, status=ExternalStatus.WAITING, gate=gate),
    ]


async def at_the_gate(company: Company, environment: str = "staging") -> RunId:
    company.ci.ends_as, company.ci.tree = None, waiting()
    run = await company.ask("ana", "1.1.0", environment)
    await company.through(run)
    return run


async def say(company: Company, run: RunId, verdict: str = "go", *, key: str = "key-0001", gate: str = NAME) -> None:
    by = await company.person("sam")
    said = GateAnswer(run=run, path=StepPath(""), gate=gate, verdict=verdict, comment="fine", by=by, key=key)
    await gates.answer(company.life, said)


async def answers(company: Company, run: RunId) -> list[GateAnswerRow]:
    async with company.store.read() as session:
        return list(await rows.of_run(session, run))


async def test_the_tree_is_kept_with_its_groups_and_gates(company: Company) -> None:
    run = await at_the_gate(company)
    async with company.store.read() as session:
        [group, gate] = (await runs.step(session, run, StepPath("ship"))).jobs
    assert (group["kind"], gate["kind"], gate["parent"]) == ("group", "gate", "child")
    assert isinstance(gate["gate"], dict)
    assert (gate["gate"]["name"], gate["gate"]["waits_for"]) == (NAME, "a review by sre")
    assert NAME.isascii()
    assert "/" not in NAME


async def test_an_answer_is_told_once_and_audited_before_it_is_told(company: Company) -> None:
    run = await at_the_gate(company)
    seen: list[str] = []

    async def look() -> None:
        async with company.store.read() as session:
            seen.extend(row.state for row in await rows.of_run(session, run))

    company.ci.answer_after = look
    await say(company, run)
    await say(company, run)  # the same key again is the same answer
    assert seen == ["sent"], "it was not written down before it was told"
    assert company.ci.answers == [(GATE.id, GateVerdict.GO)]
    assert [row.state for row in await answers(company, run)] == [GateAnswerState.DONE]
    async with company.store.read() as session:
        told = (await session.scalars(select(AuditRow.action).where(AuditRow.action.like("gate.%")))).all()
    assert list(told) == ["gate.go", "gate.answer_done"]
    with pytest.raises(Conflict, match="another answer"):
        await say(company, run, "stop")
    with pytest.raises(Conflict, match="just answered"):
        await say(company, run, key="key-0002")
    assert len(company.ci.answers) == 1


async def test_an_answer_that_was_not_asked_for_since_the_connection_waits_is_known_not_to_have_arrived(
    company: Company,
) -> None:
    run = await at_the_gate(company)
    async with company.store.write() as tx:
        until = tx.now + timedelta(seconds=90)
        told = connections.Allowance(limit=None, remaining=None, resets_at=None, held_until=until)
        await connections.learn(tx, "github", told)
    with pytest.raises(Rejected, match=r"to wait until \d\d:\d\d:\d\d UTC\. It was asked nothing\."):
        await say(company, run)
    [row] = await answers(company, run)
    assert (row.state, company.ci.answers) == (GateAnswerState.REFUSED, [])
    async with company.store.write() as tx:
        await tx.session.execute(text("update connection set held_until = now() - interval '1 second'"))
    await say(company, run, key="key-0002")
    assert len(company.ci.answers) == 1


async def test_after_it_was_read_again_a_gate_that_still_waits_may_be_answered_again(company: Company) -> None:
    """As where two people have to approve there."""
    run = await at_the_gate(company)
    await say(company, run)
    await company.look(run)
    await company.drive(run)
    await say(company, run, key="key-0002")
    assert len(company.ci.answers) == 2


@pytest.mark.parametrize("arrived", [True, False])
async def test_an_answer_without_a_reply_is_settled_by_reading(company: Company, arrived: bool) -> None:
    run = await at_the_gate(company)

    def lost() -> None:
        raise BackendUnreachable("no answer came.")

    company.ci.answering = lost
    await say(company, run)
    [row] = await answers(company, run)
    assert (row.state, "not known" in str(row.note)) == (GateAnswerState.SENT, True)
    with pytest.raises(Conflict, match="just answered"):
        await say(company, run, key="key-0002")
    if arrived:
        company.ci.tree = [job("deploy")]
    await company.drive(run)  # it was poked
    [row] = await answers(company, run)
    assert row.state == (GateAnswerState.DONE if arrived else GateAnswerState.SENT), "it may still be carried out"
    async with company.store.write() as tx:
        await tx.session.execute(text("update gate_answer set asked_at = asked_at - interval '1 minute'"))
    await company.look(run)
    await company.drive(run)
    [row] = await answers(company, run)
    assert row.state == (GateAnswerState.DONE if arrived else GateAnswerState.ABSENT)
    assert len(company.ci.answers) == 1, "an answer is never told twice by itself"


@pytest.mark.parametrize(
    ("failure", "words"),
    [(GateClosed(), "answered before"), (BackendDenied("You are no reviewer."), "You are no reviewer")],
)
async def test_a_refused_answer_says_so(company: Company, failure: Exception, words: str) -> None:
    run = await at_the_gate(company)

    def refuse() -> None:
        raise failure

    company.ci.answering = refuse
    with pytest.raises(Rejected, match=words):
        await say(company, run)
    assert [row.state for row in await answers(company, run)] == [GateAnswerState.REFUSED]


async def test_what_cannot_be_answered_is_not_told(company: Company) -> None:
    run = await at_the_gate(company)
    with pytest.raises(Conflict, match="Nothing of this run"):
        await say(company, run, gate="g_nothing")
    company.ci.tree = waiting(replace(GATE, verdicts=frozenset({GateVerdict.STOP})))
    await company.look(run)
    await company.drive(run)
    with pytest.raises(Rejected, match="Answer it in the CI system"):
        await say(company, run)
    company.ci.end("1", ExternalStatus.SUCCEEDED)
    await company.look(run)
    await company.drive(run)
    with pytest.raises(Conflict):
        await say(company, run, "stop")
    assert company.ci.answers == []


async def test_a_tree_without_end_is_cut_and_says_so(company: Company) -> None:
    company.ci.ends_as, company.ci.tree = None, [job(f"node-{number}") for number in range(1_200)]
    run = await company.ask("ana", "1.1.0", "staging")
    await company.through(run)
    async with company.store.read() as session:
        kept = (await runs.step(session, run, StepPath("ship"))).jobs
    assert len(kept) == 1_001
    assert "200 more" in str(kept[-1]["name"])


async def test_old_answers_do_not_outlive_their_gate(company: Company) -> None:
    """A gate that is gone was answered, whoever did it."""
    run = await at_the_gate(company)
    company.ci.tree = [job("deploy")]
    await company.look(run)
    await company.drive(run)
    with pytest.raises(Conflict, match="Nothing of this run"):
        await say(company, run)


async def test_a_gate_that_asks_us_goes_on_by_the_approval_that_holds(company: Company) -> None:
    """A suspend node called daytwo: no person answers it, and it lets on what was approved, once."""
    asks = replace(GATE, title="daytwo", kind=GateKind.SUSPEND)
    company.ci.ends_as, company.ci.tree = None, waiting(asks)
    run = await company.ask("ana", "1.1.0", "production")
    await company.decide("sam", run)
    await company.through(run)
    assert company.ci.answers == []
    company.ci.misfits["1"] = ["somebody else started it"]
    assert await answer_questions(company.life) == 1
    assert company.ci.answers == [], "a run that does not fit is not let on"
    company.ci.misfits.clear()
    company.ci.tree = waiting(replace(asks, id=GateId("second")))
    await company.look(run)
    await company.drive(run)
    assert await answer_questions(company.life) == 1
    assert company.ci.answers == [("second", GateVerdict.GO)]
    assert await answer_questions(company.life) == 0
    said = [one for one in await company.audit(run) if one.action == "gate.question_answered"]
    assert [one.facts["verdict"] for one in said] == ["stop", "go"]


async def test_no_person_lets_on_a_gate_that_asks_us(company: Company) -> None:
    """What we refused, because it is not what was approved, an approver does not let on by mistake."""
    asks = replace(GATE, title="daytwo", kind=GateKind.SUSPEND)
    company.ci.ends_as, company.ci.tree = None, waiting(asks)
    run = await company.ask("ana", "1.1.0", "production")
    await company.decide("sam", run)
    await company.through(run)
    company.ci.misfits["1"] = ["somebody else started it"]
    assert await answer_questions(company.life) == 1
    with pytest.raises(Conflict, match="No person answers it"):
        await say(company, run)
    assert company.ci.answers == []
    await say(company, run, "stop")
    assert company.ci.answers == [(GATE.id, GateVerdict.STOP)]


async def test_nothing_is_let_on_while_everything_is_stopped(company: Company) -> None:
    asks = replace(GATE, title="daytwo", id=GateId("ours"), kind=GateKind.SUSPEND)
    company.ci.ends_as = None
    company.ci.tree = [*waiting(), job("asks", kind=JobKind.GATE, status=ExternalStatus.WAITING, gate=asks)]
    run = await company.ask("ana", "1.1.0", "staging")
    await company.through(run)
    by = await company.person("pat")
    async with company.store.write() as tx:
        await freezes.stop(tx, by=by, reason="The network is on fire")
    with pytest.raises(Conflict, match="on fire"):
        await say(company, run)
    assert await answer_questions(company.life) == 0
    assert company.ci.answers == []
    async with company.store.write() as tx:
        await freezes.lift(tx, by=by, why="It is out")
        await tx.session.execute(text("update gate_question set again_at = now() - interval '1 second'"))
    await say(company, run)
    assert await answer_questions(company.life) == 1
    assert company.ci.answers == [(GATE.id, GateVerdict.GO), ("ours", GateVerdict.GO)]


async def test_a_gate_of_another_name_or_of_a_run_that_is_stopped_waits(company: Company) -> None:
    run = await at_the_gate(company)
    assert await answer_questions(company.life) == 0
    company.ci.tree, company.ci.obeys = waiting(replace(GATE, title="daytwo")), False
    await company.look(run)
    await company.drive(run)
    await cancel(company.store, run, by=await company.person("ana"), reason="", force=False)
    assert await answer_questions(company.life) == 1
    assert company.ci.answers == []


async def test_who_may_let_on_is_decided_with_the_answer_and_not_before(company: Company, tmp_path: Path) -> None:
    """Whatever whoever calls has looked up before: the group was left, a delegation has begun, since."""
    folders = [EXAMPLES / "catalog", EXAMPLES / "actions", tmp_path]
    approval = [{"from": ["group:sre", "group:platform"], "self_approval": True}]
    document = like_deploy("mine", approval=approval, allow={"run": ["everyone"]})
    (tmp_path / "mine.yaml").write_text(json.dumps(document))
    edit = Edit(commit="c" * 40, email="pat@acme.example", name="Pat")
    await load_company(
        company.store, folders, {"github": "github"}, last_edits=lambda files: dict.fromkeys(files, edit)
    )
    company.ci.ends_as, company.ci.tree = None, waiting()
    run = await company.ask("sam", "1.1.0", "production", action="mine")
    await company.decide("sam", run)
    await company.through(run)

    async def says(name: str, verdict: str) -> None:
        by = await company.person(name)
        said = GateAnswer(run=run, path=StepPath(""), gate=NAME, verdict=verdict, comment="", by=by, key=f"{name}-1")
        await gates.answer(company.life, said)

    for name, why in (("sam", "You asked for this run"), ("pat", "You last changed the file"), ("ben", "decided by")):
        with pytest.raises(Forbidden, match=why):
            await says(name, "go")
    assert (company.ci.answers, await answers(company, run)) == ([], [])
    await says("pat", "stop")
    assert [verdict for _, verdict in company.ci.answers] == ["stop"]
