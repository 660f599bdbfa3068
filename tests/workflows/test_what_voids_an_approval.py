"""Every field that the digest covers (A3): one that is another before sending voids the approval, old beside new."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import rfc8785
from company import SHOP, Company
from more_actions import like_deploy, load_beside
from sqlalchemy import func, select

from daytwo_actions.plan.model import digest_of
from daytwo_store import entities
from daytwo_store.entities import EVERYTHING
from daytwo_store.states import RunState
from daytwo_store.tables import ApprovalRow, OutboxRow, RunRow
from daytwo_workflows.contracts import What
from daytwo_workflows.life.asking import Wish, plan

pytestmark = pytest.mark.anyio
Change = Callable[[dict[str, Any]], object]

FIELDS: dict[str, Change] = {
    "action.version": lambda sealed: sealed["action"].update(version="f" * 64),
    "requester.subject": lambda sealed: sealed["requester"].update(subject="person:eve"),
    "requester.issuer": lambda sealed: sealed["requester"].update(issuer="elsewhere"),
    "entity.owner": lambda sealed: sealed["entity"].update(owner="group:finance"),
    "read": lambda sealed: sealed["read"].update({"entity.properties.repository": "acme/other"}),
    "inputs": lambda sealed: sealed["inputs"].update(version="9.9.9"),
    "lock": lambda sealed: sealed.update(lock="shop/elsewhere"),
    "approval.needed_from": lambda sealed: sealed["approval"].update(needed_from=["group:storefront"]),
    "approval.count": lambda sealed: sealed["approval"].update(count=2),
    "approval.expires_at": lambda sealed: sealed["approval"].update(expires_at="2099-01-01T00:00:00Z"),
    "approval.rule": lambda sealed: sealed["approval"].update(rule="${{ true }}"),
    "steps[0].pinned.commit": lambda sealed: sealed["steps"][0]["pinned"].update(commit="f" * 40),
    "steps[0].pinned.pipeline_digest": lambda sealed: sealed["steps"][0]["pinned"].update(pipeline_digest="e" * 64),
    "steps[0].pinned.project_id": lambda sealed: sealed["steps"][0]["pinned"].update(project_id="666"),
    "steps[0].ref": lambda sealed: sealed["steps"][0].update(ref="evil"),
    "steps[0].inputs": lambda sealed: sealed["steps"][0]["inputs"].update(version="9.9.9"),
    "steps[0].request.body": lambda sealed: sealed["steps"][0]["request"].update(body="{}"),
    "catalog": lambda sealed: sealed["catalog"][0]["properties"].update(version="9.9.9"),
}


@pytest.mark.parametrize("also_digest", [False, True], ids=["plan", "plan and digest"])
@pytest.mark.parametrize("name", FIELDS)
async def test_a_plan_that_is_not_the_approved_one_is_never_sent(
    company: Company, name: str, also_digest: bool
) -> None:
    """The row was changed behind our back, with its digest or without: the approval is about another text."""
    run = await company.ask("ana", "1.1.0", "production")
    await company.decide("sam", run)
    async with company.store.write() as tx:
        row = await tx.session.merge(await company.run(run))
        sealed = json.loads(row.plan)
        FIELDS[name](sealed)
        row.plan = rfc8785.dumps(sealed).decode()
        if also_digest:
            row.digest = digest_of(row.plan)
    await company.drive(run)
    assert company.ci.posts == 0
    assert (await company.run(run)).state in (RunState.WAITING_APPROVAL, RunState.REFUSED)
    assert (await company.approvals(run))[0].state == "superseded"


async def shop(company: Company, owner: str | None = None, **properties: str) -> None:
    async with company.store.write() as tx:
        found = await entities.get(tx.session, SHOP, sees=EVERYTHING)
        assert found is not None
        changed = replace(found, properties={**found.properties, **properties}, owner=owner or found.owner)
        await entities.upsert(tx, changed, by="test:x")


@pytest.mark.parametrize(
    ("what", "field"),
    [
        ("commit", "steps[0].pinned.commit"),
        ("pipeline file", "steps[0].pinned.pipeline_digest"),
        ("value read", "read.entity.properties.repository"),
    ],
)
async def test_what_changes_in_the_world_is_shown_old_beside_new(company: Company, what: str, field: str) -> None:
    run = await company.ask("ana", "1.1.0", "production")
    [first] = await company.approvals(run)
    await company.decide("sam", run)
    match what:
        case "commit":
            company.ci.commit = "e" * 40
        case "pipeline file":
            company.ci.pipeline_texts = {company.ci.commit: "on: push\n"}
        case _:
            await shop(company, repository="acme/shop-next")
    assert (await company.drive(run)).what is What.WAIT
    newest = (await company.approvals(run))[-1]
    assert (newest.supersedes, newest.state, company.ci.posts) == (first.id, "pending", 0)
    assert newest.digest != first.digest
    changed = {change["field"]: (change["before"], change["after"]) for change in newest.drift}
    before, after = changed[field]
    assert before != after
    assert None not in (before, after)


async def test_another_owner_voids_it(company: Company, tmp_path: Path) -> None:
    """Who approved did so for what belonged to others: they are asked again, with the new owner before their eyes."""
    await load_beside(company, tmp_path, like_deploy("open", allow={"run": ["everyone"]}))
    run = await company.ask("ana", "1.1.0", "production", action="open")
    [first] = await company.approvals(run)
    await company.decide("sam", run)
    await shop(company, owner="group:finance")
    assert (await company.drive(run)).what is What.WAIT
    before, newest = await company.approvals(run)
    assert (before.id, before.state) == (first.id, "superseded")
    assert (newest.supersedes, newest.state, company.ci.posts) == (first.id, "pending", 0)
    changed = {change["field"]: (change["before"], change["after"]) for change in newest.drift}
    assert changed["entity.owner"] == ("group:storefront", "group:finance")
    await company.decide("sam", run)
    await company.through(run)
    assert company.ci.posts == 1


async def test_another_owner_is_planned_anew_where_nobody_had_to_approve(company: Company) -> None:
    run = await company.ask("sam", "1.1.0", "staging")
    await shop(company, owner="group:finance")
    await company.drive(run)
    sealed = json.loads((await company.run(run)).plan)
    assert (sealed["entity"]["owner"], sealed["approval"], company.ci.posts) == ("group:finance", None, 1)


async def test_a_dry_run_reads_alone(company: Company) -> None:
    """Case S50: a preview asks what the real thing asks, sends nothing, and leaves nothing behind."""
    wish = Wish(
        action="deploy",
        requester=await company.person("ana"),
        token=None,
        entity=SHOP,
        inputs={"version": "1.1.0", "environment": "environment:production"},
        version=None,
    )
    planned = await plan(company.life, wish)
    async with company.store.read() as session:
        left = [await session.scalar(select(func.count()).select_from(row)) for row in (RunRow, ApprovalRow, OutboxRow)]
    assert (left, company.ci.posts, planned.plan.approval is not None) == ([0, 0, 0], 0, True)
