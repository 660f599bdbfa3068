"""What a token did can be told from what its owner did: in the audit, in the evidence, where a decision is shown."""

import asyncio
import json

import pytest
from api_house import House
from evidence_files import KEYS, checkpoint, evidence_of, failing
from sqlalchemy import select

from daytwo_store import by_token
from daytwo_store.evidence import opened
from daytwo_store.tables import AuditRow

pytestmark = pytest.mark.anyio


async def entries(house: House, actor: str) -> list[tuple[str, str | None]]:
    """What somebody did, by which token."""
    async with house.store.read() as session:
        rows = await session.scalars(select(AuditRow).where(AuditRow.actor == actor).order_by(AuditRow.n))
        return [(row.action, row.facts.get("via")) for row in rows]


async def test_the_audit_and_the_evidence_name_the_token(house: House) -> None:
    company = house.company
    run = await company.ask("ana", "1.1.0", "production")
    row = (await company.approvals(run))[-1]
    sam, program = await house.signed_in("sam"), await house.token("sam", "read", "run", "approve", "admin")
    me = (await sam.get("/api/v1/me")).json()["id"]
    [token] = (await sam.get("/api/v1/tokens")).json()["items"]
    via = f"token:{token['id']}"
    before = await entries(house, me)
    assert [told for _, told in before if told is not None] == [], "signing in and making it is no work of the token"

    body = {"verdict": "approve", "digest": row.digest}
    answer = await program.post(f"/api/v1/approvals/{row.id}/decision", json=body)
    assert answer.status_code == 200, answer.text
    assert [one["via_token"] for one in answer.json()["approval"]["decisions"]] == [token["id"]]
    assert (await program.post("/api/v1/stop", json={"reason": "fire"})).is_success
    hold = {"key": "shop/staging", "reason": "by hand", "seconds": 3600}
    assert (await program.post("/api/v1/locks/holds", json=hold)).is_success
    by = (await entries(house, me))[len(before) :]
    assert {told for _, told in by} == {via}
    assert {"decision.approve", "approval.approved", "stop.begun"} <= {action for action, _ in by}

    assert (await sam.delete("/api/v1/stop?reason=out")).is_success
    assert (await entries(house, me))[-1] == ("stop.lifted", None), "the owner does it again without one"
    await company.through(run)
    await checkpoint(house)
    told = opened(await evidence_of(house, run), KEYS)
    [decision] = told["decisions"]
    assert decision["via_token"] == token["id"]
    assert failing(told) == []
    decision["via_token"] = "t_another"
    assert [one for one in failing(json.loads(json.dumps(told))) if "the audit has no decision" in one]


async def test_a_decision_of_somebody_who_is_signed_in_names_none(house: House) -> None:
    run = await house.company.ask("ana", "1.1.0", "production")
    row = (await house.company.approvals(run))[-1]
    sam = await house.signed_in("sam")
    await house.token("sam", "read", "approve")
    body = {"verdict": "approve", "digest": row.digest}
    answer = (await sam.post(f"/api/v1/approvals/{row.id}/decision", json=body)).json()
    assert answer["approval"]["decisions"][0]["via_token"] is None
    [entry] = [one for one in await house.company.audit(run) if one.action == "decision.approve"]
    assert "via" not in entry.facts


async def test_what_a_request_left_running_is_done_by_no_token_after_it() -> None:
    over = asyncio.Event()

    async def later() -> list[str | None]:
        during = by_token.token_of("p_1")
        await over.wait()
        return [during, by_token.token_of("p_1")]

    with by_token.request():
        by_token.acts("p_1", "t_1")
        assert (by_token.token_of("p_1"), by_token.token_of("daytwo")) == ("t_1", None)
        left = asyncio.create_task(later())
        await asyncio.sleep(0)
    over.set()
    assert await left == ["t_1", None]
    by_token.acts("p_1", "t_1")
    assert by_token.token_of("p_1") is None, "outside of a request nobody acts by a token"
