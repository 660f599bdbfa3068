"""What approvers fill in: asked for with the decision, checked by the server, a hole in the plan, sent as filled."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from company import Company
from more_actions import like_deploy, load_beside

from daytwo_actions.definitions import DefinitionRejected
from daytwo_actions.plan.model import Plan
from daytwo_forms import InputRejected
from daytwo_store import approvals, entities
from daytwo_store.entities import EVERYTHING
from daytwo_store.errors import Conflict, Forbidden, Rejected
from daytwo_store.evidence_decisions import answers_digest
from daytwo_store.ids import ApprovalId, EntityRef, RunId
from daytwo_store.states import ApprovalState, RunState, Verdict
from daytwo_store.tables import DecisionRow
from daytwo_workflows.contracts import What
from daytwo_workflows.life.asking import rerun, undo
from daytwo_workflows.life.decide import Decision, decide
from daytwo_workflows.life.filling import filled_in
from daytwo_workflows.life.taking_back import take_back

pytestmark = pytest.mark.anyio
TICKET = {"type": "string", "title": "Change ticket", "pattern": "^CHG-[0-9]+$", "maxLength": 12}
BATCH = {"type": "integer", "title": "Machines at once", "minimum": 1, "maximum": 10, "default": 2}
CLUSTER = {"type": "string", "title": "Cluster", "format": "entity", "kind": "environment"}
FORM = {"pages": [{"title": "Change", "required": ["ticket"], "properties": {"ticket": TICKET, "batch": BATCH}}]}
STAGE = {"id": "change", "from": ["group:sre", "group:platform"], "form": FORM}
INPUTS = {
    "version": "${{ inputs.version }}",
    "environment": "${{ inputs.environment.name }} for ${{ approvals.change.ticket }} of ${{ user.name }}",
    "batch": "${{ approvals.change.batch }}",
}
FILLED = {"ticket": "CHG-7", "batch": 3}


def asking(name: str = "filled", *stages: object, inputs: object = INPUTS, **spec: object) -> dict[str, Any]:
    document = like_deploy(name, approval=list(stages) or [STAGE], allow={"run": ["everyone"]}, **spec)
    document["spec"]["steps"][0]["with"]["inputs"] = inputs
    return document


@pytest.fixture
async def yard(company: Company, tmp_path: Path) -> Company:
    await load_beside(company, tmp_path, asking(), asking("both", {**STAGE, "count": 2}))
    return company


async def ask(company: Company, action: str = "filled", name: str = "ana") -> RunId:
    return await company.ask(name, "1.1.0", "production", action=action)


async def approve(company: Company, name: str, run: RunId, answers: Any, **more: Any) -> bool:
    """As the API does it."""
    row = (await company.approvals(run))[-1]
    asked = Decision(
        approval=ApprovalId(more.get("approval", row.id)),
        principal=await company.person(name),
        verdict=more.get("verdict", Verdict.APPROVE),
        digest=more.get("digest", row.digest),
        comment="ok",
        answers=answers,
    )
    return await decide(company.store, await filled_in(company.life, asked))


async def decisions(company: Company, run: RunId) -> list[DecisionRow]:
    rows = await company.approvals(run)
    async with company.store.read() as session:
        return list(await approvals.decisions(session, [row.id for row in rows]))


def sent(company: Company) -> dict[str, Any]:
    """The inputs of the last request."""
    body: dict[str, Any] = json.loads(company.ci.ledger[-1].body)
    return {name: body["inputs"][name] for name in INPUTS}


async def test_what_is_filled_in_is_sealed_as_a_hole_and_sent_as_it_was_filled(yard: Company) -> None:
    run = await ask(yard)
    plan = Plan.model_validate_json((await yard.run(run)).plan)
    [step] = plan.steps
    assert (step.inputs, step.request) == ({"version": "1.1.0"}, None)
    assert {name: hole.value for name, hole in step.holes.items()} == {
        "environment": INPUTS["environment"],
        "batch": INPUTS["batch"],
    }
    assert step.holes["environment"].given == {"inputs.environment.name": "production", "user.name": "Ana"}
    assert plan.asks["change"]["ticket"]["pattern"] == TICKET["pattern"]
    assert (await yard.drive(run)).what is What.WAIT

    assert not await approve(yard, "sam", run, FILLED)
    assert await approve(yard, "sam", run, FILLED), "the same again changes nothing"
    await yard.through(run)
    assert ((await yard.run(run)).state, yard.ci.posts) == (RunState.SUCCEEDED, 1)
    assert sent(yard) == {"version": "1.1.0", "environment": "production for CHG-7 of Ana", "batch": 3}
    [decision] = await decisions(yard, run)
    assert decision.answers == FILLED
    [entry] = [one for one in await yard.audit(run) if one.action == "decision.approve"]
    assert entry.facts["answers"] == answers_digest(FILLED)
    assert "CHG-7" not in json.dumps([one.facts for one in await yard.audit(run)])


async def test_defaults_are_filled_in_by_the_server(yard: Company) -> None:
    run = await ask(yard)
    await approve(yard, "sam", run, {"ticket": "CHG-1"})
    assert [one.answers for one in await decisions(yard, run)] == [{"ticket": "CHG-1", "batch": 2}]


GARBAGE: list[Any] = [
    {},
    {"ticket": ""},
    {"ticket": None},
    {"ticket": "INC-7"},
    {"ticket": "CHG-7\n"},
    {"ticket": "CHG-" + "7" * 9},
    {"ticket": ["CHG-7"]},
    {"ticket": {"$ref": "x"}},
    {"ticket": "${{ secrets.x }}"},
    {"ticket": "CHG-7", "batch": 0},
    {"ticket": "CHG-7", "batch": "3"},
    {"ticket": "CHG-7", "batch": 2.5},
    {"ticket": "CHG-7", "batch": True},
    {"ticket": "CHG-7", "batch": 1e400},
    {"ticket": "CHG-7", "version": "6.6.6"},
    {"ticket": "CHG-7", "__proto__": {"batch": 9}},
    {"ticket": "\ud800"},
    {"ticket": "CHG-7", "batch": [[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]},
    {f"f{number}": "x" for number in range(2000)},
]


async def test_garbage_decides_nothing(yard: Company) -> None:
    run = await ask(yard)
    for answers in GARBAGE:
        with pytest.raises(InputRejected, match="Nothing was decided"):
            await approve(yard, "sam", run, answers)
    with pytest.raises(Rejected, match="fills in ticket, batch"):
        await approve(yard, "sam", run, None)
    with pytest.raises(Rejected, match="Who rejects fills nothing in"):
        await approve(yard, "sam", run, FILLED, verdict=Verdict.REJECT)
    assert (await decisions(yard, run), (await yard.approvals(run))[-1].state) == ([], ApprovalState.PENDING)


async def test_who_may_not_decide_is_told_nothing_about_the_form(yard: Company) -> None:
    run = await ask(yard, name="sam")
    for name, why in (("fay", "not one of them"), ("sam", "four eyes")):
        with pytest.raises(Forbidden, match=why):
            await approve(yard, name, run, {"ticket": "garbage"})


async def test_the_first_fills_in_and_the_next_confirms_exactly_that(yard: Company) -> None:
    run = await ask(yard, "both")
    await approve(yard, "sam", run, FILLED)
    for other in ({"ticket": "CHG-8", "batch": 3}, {"ticket": "CHG-7"}, {}, None, {"ticket": "CHG-7", "batch": True}):
        with pytest.raises(Conflict, match="Sam has filled in this stage"):
            await approve(yard, "pat", run, other)
    with pytest.raises(Conflict, match="already decided"):
        await approve(yard, "sam", run, {"ticket": "CHG-8"})
    await approve(yard, "pat", run, {"batch": 3.0, "ticket": "CHG-7"})
    await yard.through(run)
    assert sent(yard)["environment"] == "production for CHG-7 of Ana"


async def test_what_was_taken_back_is_filled_in_anew(yard: Company) -> None:
    run = await ask(yard, "both")
    await approve(yard, "sam", run, FILLED)
    row = (await yard.approvals(run))[-1]
    await take_back(yard.store, ApprovalId(row.id), by=await yard.person("sam"))
    await approve(yard, "pat", run, {"ticket": "CHG-9"})
    with pytest.raises(Conflict, match="Pat has filled in"):
        await approve(yard, "sam", run, FILLED)
    await approve(yard, "sam", run, {"ticket": "CHG-9", "batch": 2})
    await yard.through(run)
    assert sent(yard)["batch"] == 2


async def test_what_changed_between_reading_and_deciding_counts_for_nothing(yard: Company) -> None:
    run = await ask(yard)
    with pytest.raises(Conflict, match="not what is asked for"):
        await approve(yard, "sam", run, FILLED, digest="0" * 64)
    await approve(yard, "sam", run, FILLED)
    yard.ci.commit = "e" * 40
    assert (await yard.drive(run)).what is What.WAIT
    old, new = await yard.approvals(run)
    assert (old.state, new.state, new.asks) == (ApprovalState.SUPERSEDED, ApprovalState.PENDING, ["ticket", "batch"])
    with pytest.raises(Conflict, match="void"):
        await approve(yard, "pat", run, FILLED, approval=old.id, digest=old.digest)
    await approve(yard, "pat", run, {"ticket": "CHG-2"})
    await yard.through(run)
    assert (yard.ci.posts, sent(yard)["batch"]) == (1, 2)


async def test_what_else_a_hole_names_is_sealed_and_its_change_voids_the_approval(yard: Company) -> None:
    run = await ask(yard)
    await approve(yard, "sam", run, FILLED)
    async with yard.store.write() as tx:
        there = await entities.get(tx.session, EntityRef("environment:production"), sees=EVERYTHING)
        assert there is not None
        await entities.upsert(tx, replace(there, title="Production, soon"), by="test:x")
    await yard.drive(run)
    assert yard.ci.posts == 1, "what is not named may change"


async def test_an_answer_that_was_changed_in_the_database_is_not_sent(yard: Company) -> None:
    run = await ask(yard)
    await approve(yard, "sam", run, FILLED)
    async with yard.store.write() as tx:
        [decision] = [await tx.session.merge(one) for one in await decisions(yard, run)]
        decision.answers = {"ticket": "anything; rm -rf /", "batch": 3}
    await yard.drive(run)
    row = await yard.run(run)
    assert (row.state, yard.ci.posts) == (RunState.REFUSED, 0)
    assert "is not what the plan lets it be" in str(row.reason)


async def test_answers_that_differ_in_the_database_are_asked_for_again(yard: Company) -> None:
    run = await ask(yard, "both")
    await approve(yard, "sam", run, FILLED)
    await approve(yard, "pat", run, FILLED)
    async with yard.store.write() as tx:
        first, _ = [await tx.session.merge(one) for one in await decisions(yard, run)]
        first.answers = {"ticket": "CHG-8", "batch": 3}
    assert (await yard.drive(run)).what is What.WAIT
    assert yard.ci.posts == 0
    assert [one["field"] for one in (await yard.approvals(run))[-1].drift] == ["approvals.change"]


async def test_a_rerun_and_an_undo_are_filled_in_anew(yard: Company) -> None:
    first = await ask(yard)
    await approve(yard, "sam", first, FILLED)
    await yard.through(first)
    second = await yard.ask("ana", "1.2.0", "production", action="filled")
    await approve(yard, "sam", second, {"ticket": "CHG-8"})
    await yard.through(second)
    ana = await yard.person("ana")
    again = await rerun(yard.life, await yard.run(second), ana, None, comment=None, key="again")
    back = await undo(yard.life, await yard.run(second), ana, None, comment=None, key="back")
    for number, accepted in enumerate((back, again)):
        run = RunId(accepted.run.id)
        [row] = await yard.approvals(run)
        assert (row.state, row.asks) == (ApprovalState.PENDING, ["ticket", "batch"])
        await yard.drive(run)
        assert yard.ci.posts == 2 + number
        await approve(yard, "sam", run, {"ticket": f"CHG-{10 + number}"})
        await yard.through(run)
        version = ("1.1.0", "1.2.0")[number]
        assert sent(yard) == {"version": version, "environment": f"production for CHG-{10 + number} of Ana", "batch": 2}


async def test_where_a_stage_is_not_asked_its_answers_are_null(company: Company, tmp_path: Path) -> None:
    """Neither where `when` is false nor in an emergency: the definition says by `default` what is sent then."""
    inputs = {**INPUTS, "environment": "x", "batch": "${{ approvals.change.batch | default(1) }}"}
    glass = {"allow": ["group:sre"], "second": "none"}
    staging = {**STAGE, "when": "${{ inputs.environment.name == 'production' }}"}
    await load_beside(company, tmp_path, asking("filled", staging, inputs=inputs, break_glass=glass))
    run = await company.ask("ana", "1.1.0", "staging", action="filled")
    await company.through(run)
    assert sent(company)["batch"] == 1


async def test_two_stages_fill_in_one_request(company: Company, tmp_path: Path) -> None:
    second = {
        "id": "window",
        "from": ["group:platform"],
        "form": {"pages": [{"title": "W", "properties": {"at": TICKET}}]},
    }
    inputs = {**INPUTS, "environment": "${{ approvals.change.ticket }}/${{ approvals.window.at | default('any') }}"}
    await load_beside(company, tmp_path, asking("filled", STAGE, second, inputs=inputs))
    run = await ask(company)
    await approve(company, "sam", run, FILLED)
    await approve(company, "pat", run, {})
    await company.through(run)
    assert sent(company)["environment"] == "CHG-7/any"


async def test_a_request_that_cannot_be_made_of_it_decides_nothing(company: Company, tmp_path: Path) -> None:
    inputs = {**INPUTS, "batch": "${{ 10 / (approvals.change.batch - 1) }}"}
    await load_beside(company, tmp_path, asking("filled", STAGE, inputs=inputs))
    run = await ask(company)
    with pytest.raises(Rejected, match=r"(?s)The input batch of ship cannot be worked out.*Nothing was decided"):
        await approve(company, "sam", run, {"ticket": "CHG-7", "batch": 1})
    await approve(company, "sam", run, {"ticket": "CHG-7", "batch": 3})
    await company.through(run)
    assert sent(company)["batch"] == 5


async def test_an_entity_that_is_chosen_is_sent_as_its_ref(company: Company, tmp_path: Path) -> None:
    form = {"pages": [{"title": "Where", "required": ["cluster"], "properties": {"cluster": CLUSTER}}]}
    inputs = {**INPUTS, "environment": "x", "batch": "${{ approvals.change.cluster }}"}
    await load_beside(company, tmp_path, asking("filled", {**STAGE, "form": form}, inputs=inputs))
    run = await ask(company)
    with pytest.raises(InputRejected):
        await approve(company, "sam", run, {"cluster": "environment:nowhere"})
    await approve(company, "sam", run, {"cluster": "environment:staging"})
    await company.through(run)
    assert sent(company)["batch"] == "environment:staging"


async def test_expressions_of_the_form_know_the_run_and_who_fills_it_in(company: Company, tmp_path: Path) -> None:
    fields = {
        "ticket": {**TICKET, "default": "CHG-${{ inputs.version | replace('.', '') }}"},
        "batch": {**BATCH, "visible": "${{ user.ref == 'person:pat' and entity.name == 'shop' }}"},
    }
    form = {"pages": [{"title": "Change", "properties": fields}]}
    inputs = {**INPUTS, "environment": "x", "batch": "${{ approvals.change.batch | default(0) }}"}
    await load_beside(company, tmp_path, asking("filled", {**STAGE, "form": form}, inputs=inputs))
    run = await ask(company)
    with pytest.raises(InputRejected, match="is not asked for"):
        await approve(company, "sam", run, {"batch": 4})
    await approve(company, "pat", run, {"batch": 4})
    assert [one.answers for one in await decisions(company, run)] == [{"ticket": "CHG-110", "batch": 4}]


SECRET = {"pages": [{"title": "S", "properties": {"token": {"type": "string", "secret": True}}}]}
WRONG: dict[str, tuple[Any, Any, str]] = {
    "a secret": ({**STAGE, "form": SECRET}, {}, "cannot be secret"),
    "no id": ({key: STAGE[key] for key in ("from", "form")}, {}, "has an `id`"),
    "a rule": ({**STAGE, "auto": "${{ true }}"}, {}, "A rule fills nothing in"),
    "a typo of the stage": (STAGE, {"batch": "${{ approvals.chnge.batch }}"}, "`approvals` has no `chnge`"),
    "a typo of the field": (STAGE, {"batch": "${{ approvals.change.bach }}"}, "Did you mean `batch`"),
    "no field": (STAGE, {"batch": "${{ approvals.change }}"}, "alone cannot be used"),
    "a member of an entity": (STAGE, {"batch": "${{ approvals.change.ticket.name }}"}, "has no members"),
    "an id with a dash": ({**STAGE, "id": "the-change"}, {}, "does not look like"),
    "an unknown kind": (
        {**STAGE, "form": {"pages": [{"title": "x", "properties": {"a": {**CLUSTER, "kind": "cluster"}}}]}},
        {},
        "There is no kind `cluster`",
    ),
    "approvals in the form": (
        {**STAGE, "form": {"pages": [{"title": "x", "properties": {"a": {**TICKET, "visible": "${{ approvals }}"}}}]}},
        {},
        "`approvals` is not known in the form of a stage",
    ),
}


@pytest.mark.parametrize("name", WRONG)
async def test_a_definition_that_is_wrong_is_refused_where_it_stands(
    company: Company, tmp_path: Path, name: str
) -> None:
    stage, inputs, said = WRONG[name]
    with pytest.raises(DefinitionRejected, match=said):
        await load_beside(company, tmp_path, asking("filled", stage, inputs=inputs))


@pytest.mark.parametrize("place", ["lock", "project", "when", "catalog"])
async def test_only_inputs_of_steps_know_what_is_filled_in(company: Company, tmp_path: Path, place: str) -> None:
    document = asking()
    wanted = "x-${{ approvals.change.ticket }}"
    match place:
        case "lock":
            document["spec"]["lock"] = wanted
        case "project":
            document["spec"]["steps"][0]["with"]["project"] = wanted
        case "when":
            document["spec"]["approval"][0]["when"] = "${{ approvals.change.ticket == 'x' }}"
        case _:
            document["spec"]["catalog"][0]["upsert"]["name"] = wanted
    with pytest.raises(DefinitionRejected, match="`approvals` is not known"):
        await load_beside(company, tmp_path, document)
