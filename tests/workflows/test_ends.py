"""How a run ends: nothing of it goes on, and the audit tells everything that ended with it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import pytest
from ci_in_memory import LOST, CiInMemory
from company import Company
from sqlalchemy import select

from daytwo_actions.backends.base import Pinned, Target
from daytwo_actions.backends.failures import BackendDenied
from daytwo_store import runs
from daytwo_store.ids import RunId
from daytwo_store.states import ApprovalState, RunState, StepState, Verdict
from daytwo_store.tables import AuditRow, StepRow
from daytwo_workflows.life.interventions import cancel, withdraw

pytestmark = pytest.mark.anyio


@dataclass
class Denying(CiInMemory):
    async def resolve(self, target: Target) -> Pinned:
        raise BackendDenied("The ref is gone.")


async def steps(company: Company, run: RunId) -> Sequence[StepRow]:
    async with company.store.read() as session:
        return await runs.steps(session, run)


async def audited(company: Company, run: RunId) -> list[tuple[str, str]]:
    query = select(AuditRow.action, AuditRow.actor).where(AuditRow.subject == f"run:{run}").order_by(AuditRow.n)
    async with company.store.read() as session:
        return [(action, actor) for action, actor in await session.execute(query)]


async def test_a_refused_run_leaves_no_step_running(company: Company) -> None:
    run = await company.ask("ana", "1.1.0", "staging")
    company.life = replace(company.life, backends={"github": Denying()})
    await company.drive(run)
    row, [step] = await company.run(run), await steps(company, run)
    assert (row.state, step.state) == (RunState.REFUSED, StepState.CANCELLED)
    assert step.ended_at == row.ended_at
    assert step.note == row.reason


async def test_an_approval_that_is_asked_again_and_rejected_leaves_no_step_running(company: Company) -> None:
    run = await company.ask("ana", "1.1.0", "production")
    await company.decide("sam", run)
    company.ci.commit = "e" * 40
    await company.drive(run)
    assert [step.state for step in await steps(company, run)] == [StepState.RUNNING]
    await company.decide("sam", run, Verdict.REJECT, comment="not this one")
    [step] = await steps(company, run)
    assert (step.state, step.ended_at is not None) == (StepState.CANCELLED, True)
    assert "not this one" in (step.note or "")


async def test_a_held_step_ends_with_a_run_that_is_given_up(company: Company) -> None:
    company.ci.says, company.ci.executes = (lambda run: LOST), False
    run = await company.ask("ana", "1.1.0", "production")
    await company.decide("sam", run)
    await company.drive(run)
    assert [step.state for step in await steps(company, run)] == [StepState.HELD]
    async with company.store.write() as tx:
        await runs.end(tx, await runs.hold(tx, run), RunState.FAILED, reason="given up")
    [step] = await steps(company, run)
    assert (step.state, step.note, step.ended_at is not None) == (StepState.FAILED, "given up", True)


async def test_what_had_not_begun_is_skipped(company: Company) -> None:
    run = await company.ask("ana", "1.1.0", "production")
    await cancel(company.store, run, by=await company.person("ana"), reason="", force=False)
    assert [step.state for step in await steps(company, run)] == [StepState.SKIPPED]


async def test_withdrawing_a_run_withdraws_its_approval_in_the_audit_too(company: Company) -> None:
    run = await company.ask("ana", "1.1.0", "production")
    ana = await company.person("ana")
    await withdraw(company.store, run, by=ana, reason="")
    [approval] = await company.approvals(run)
    assert approval.state == ApprovalState.WITHDRAWN
    assert (await audited(company, run))[2:] == [("run.withdrawn", ana), ("approval.withdrawn", ana)]
    assert approval.settled_at == (await company.run(run)).ended_at


async def test_a_decided_approval_is_not_withdrawn_by_the_end(company: Company) -> None:
    run = await company.ask("ana", "1.1.0", "production")
    await company.decide("sam", run, Verdict.REJECT, comment="no")
    assert [approval.state for approval in await company.approvals(run)] == [ApprovalState.REJECTED]
    assert "approval.withdrawn" not in dict(await audited(company, run))
