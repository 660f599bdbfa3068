"""`auto`: a rule of the action approves a stage in place of people, and is never taken for one."""

from dataclasses import replace
from pathlib import Path

import pytest
from company import Company
from freezing import freeze, lift
from more_actions import like_deploy, load_beside
from sqlalchemy import select

from daytwo_actions.definitions import DefinitionRejected
from daytwo_actions.plan.model import Plan
from daytwo_store import approvals, entities
from daytwo_store.entities import EVERYTHING
from daytwo_store.errors import Conflict
from daytwo_store.ids import EntityRef, RunId
from daytwo_store.states import RunState
from daytwo_store.tables import AuditRow, DecisionRow, PrincipalRow
from daytwo_workflows.contracts import What

pytestmark = pytest.mark.anyio
PYTHON = "${{ entity.properties.language == 'Python' }}"


async def ruled(company: Company, folder: Path, *stages: object) -> RunId:
    await load_beside(company, folder, like_deploy("ruled", approval=list(stages)))
    return await company.ask("ana", "1.1.0", "production", action="ruled")


async def decisions(company: Company, run: RunId) -> list[DecisionRow]:
    rows = await company.approvals(run)
    async with company.store.read() as session:
        return list(await approvals.decisions(session, [row.id for row in rows]))


async def written_in(company: Company, language: str) -> None:
    async with company.store.write() as tx:
        shop = await entities.get(tx.session, EntityRef("service:shop"), sees=EVERYTHING)
        assert shop is not None
        await entities.upsert(tx, replace(shop, properties={**shop.properties, "language": language}), by="test:x")


async def test_a_rule_that_holds_approves_as_a_rule_and_stands_in_the_plan(company: Company, tmp_path: Path) -> None:
    run = await ruled(company, tmp_path, {"from": ["group:sre"], "count": 2, "auto": PYTHON})
    [row] = await company.approvals(run)
    assert (row.state, row.rule) == ("approved", PYTHON)
    [decision] = await decisions(company, run)
    assert (decision.verdict, decision.rule, decision.digest) == ("approve", PYTHON, row.digest)
    async with company.store.read() as session:
        principal = await session.get(PrincipalRow, decision.principal)
        audited = await session.scalar(select(AuditRow).where(AuditRow.action == "decision.by_rule"))
    assert principal is not None
    assert (principal.issuer, principal.ref) == ("daytwo:rule", None)
    assert audited is not None
    assert (audited.actor, audited.facts["rule"]) == ("daytwo", PYTHON)
    planned = Plan.model_validate_json(row.document).approval
    assert planned is not None
    assert planned.rule == PYTHON
    await company.through(run)
    assert ((await company.run(run)).state, company.ci.posts) == (RunState.SUCCEEDED, 1)


@pytest.mark.parametrize(
    "rule",
    [
        "${{ entity.properties.language == 'Go' }}",
        "${{ entity.properties.language }}",  # text is not true
        "${{ entity.properties.description | int > 3 }}",  # cannot be worked out
    ],
)
async def test_a_rule_that_is_not_true_leaves_it_to_people(company: Company, tmp_path: Path, rule: str) -> None:
    run = await ruled(company, tmp_path, {"from": ["group:sre"], "auto": rule})
    [row] = await company.approvals(run)
    assert (row.state, row.rule, await decisions(company, run)) == ("pending", None, [])
    assert (await company.drive(run)).what is What.WAIT
    assert company.ci.posts == 0


async def test_of_several_stages_each_is_decided_by_its_own(company: Company, tmp_path: Path) -> None:
    run = await ruled(
        company,
        tmp_path,
        {"from": ["group:sre"], "auto": PYTHON},
        {"from": ["group:platform"]},
        {"from": ["group:sre"]},
    )
    assert [(row.stage, row.state) for row in await company.approvals(run)] == [(1, "approved"), (2, "pending")]
    await company.decide("pat", run)
    await company.decide("sam", run)
    await company.through(run)
    assert (await company.run(run)).state == RunState.SUCCEEDED


async def test_a_rule_that_does_not_hold_before_sending_voids_it(company: Company, tmp_path: Path) -> None:
    run = await ruled(company, tmp_path, {"from": ["group:sre"], "auto": PYTHON})
    await written_in(company, "Go")
    assert (await company.drive(run)).what is What.WAIT
    assert company.ci.posts == 0
    old, new = await company.approvals(run)
    assert (old.state, new.state, new.rule) == ("superseded", "pending", None)
    changed = {change["field"]: (change["before"], change["after"]) for change in new.drift}
    assert changed["approval.rule"] == (PYTHON, None)
    await company.decide("sam", run)
    await company.through(run)
    assert ((await company.run(run)).state, company.ci.posts) == (RunState.SUCCEEDED, 1)


async def test_one_who_comes_after_a_rule_is_told_so(company: Company, tmp_path: Path) -> None:
    run = await ruled(company, tmp_path, {"from": ["group:sre"], "auto": PYTHON})
    with pytest.raises(Conflict, match="already approved by Rule of ruled"):
        await company.decide("sam", run)


async def test_a_rule_with_a_typo_is_refused_where_it_stands(company: Company, tmp_path: Path) -> None:
    with pytest.raises(DefinitionRejected, match="langage"):
        await ruled(company, tmp_path, {"from": ["group:sre"], "auto": "${{ entity.properties.langage == 'Go' }}"})


async def test_no_rule_decides_while_a_freeze_holds_and_who_did_is_not_asked_again(
    company: Company, tmp_path: Path
) -> None:
    await freeze(company, "night", where={"entities": ["service:shop"]})
    run = await ruled(company, tmp_path, {"from": ["group:sre"], "auto": PYTHON})
    assert [(one.state, one.rule) for one in await company.approvals(run)] == [("pending", None)]
    await company.decide("sam", run)
    await company.drive(run)
    assert company.ci.posts == 0
    await lift(company, "night")
    await company.through(run)
    assert ((await company.run(run)).state, company.ci.posts) == (RunState.SUCCEEDED, 1)
    assert [one.state for one in await company.approvals(run)] == ["approved"]
    later = await company.ask("ana", "1.0.0", "production", action="ruled")
    assert [one.rule for one in await company.approvals(later)] == [PYTHON]
