"""The audit through the API: filters, exports, and nothing without it."""

import csv
import io
import json
from typing import Any

import pytest
from api_house import House, problem
from sqlalchemy import func, select, text

from daytwo_api.services.audit import harmless
from daytwo_store.ids import RunId
from daytwo_store.tables import RunRow

pytestmark = pytest.mark.anyio


async def a_run(house: House) -> RunId:
    """One that was approved and has ended, the same for all."""
    if "run" not in house.kept:
        run = await house.company.ask("ana", "1.1.0", "production")
        await house.company.drive(run)
        await house.company.decide("sam", run)
        await house.company.through(run)
        house.kept["run"] = run
    return RunId(house.kept["run"])


async def entries(house: House, **query: Any) -> list[dict[str, Any]]:
    answer = await (await house.signed_in("pat")).get("/api/v1/audit", params={"limit": 200, **query})
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["items"]
    assert all(one.pop("who")["name"] for one in found), "the list names people; an export has ids alone"
    return found


async def test_filters(shared: House) -> None:
    run = await a_run(shared)
    sam = await shared.company.person("sam")
    of_run = await entries(shared, run=run)
    actions = [one["action"] for one in reversed(of_run)]
    assert actions[0] == "run.accepted"
    assert {"approval.asked", "decision.approve", "lock.acquired", "entity.changed", "run.succeeded"} <= set(actions)
    assert [one["action"] for one in await entries(shared, run=run, actor=sam)] == [
        "approval.approved",
        "decision.approve",
    ]
    assert {one["action"] for one in await entries(shared, action="decision.*")} == {"decision.approve"}
    assert await entries(shared, action="decision.") == []
    assert await entries(shared, action="d%*") == []
    assert {one["subject"] for one in await entries(shared, subject="entity:service:shop")} == {"entity:service:shop"}
    accepted = of_run[-1]
    assert accepted not in await entries(shared, run=run, until=accepted["at"])
    assert accepted in await entries(shared, run=run, since=accepted["at"])
    assert await entries(shared, since="2100-01-01T00:00:00Z") == []


async def test_the_list_says_who_it_was(shared: House) -> None:
    await shared.company.ask("ana", "1.1.0", "staging")
    answer = await (await shared.signed_in("pat")).get("/api/v1/audit", params={"action": "run.accepted"})
    assert answer.json()["items"][0]["who"] == {
        "id": await shared.company.person("ana"),
        "name": "Ana",
        "ref": "person:ana",
    }
    loaded = (await (await shared.signed_in("pat")).get("/api/v1/audit", params={"action": "action.loaded"})).json()
    assert loaded["items"][0]["who"]["name"] == "Daytwo"


async def test_an_export_has_every_entry_once_oldest_first(shared: House) -> None:
    run = await a_run(shared)
    pat = await shared.signed_in("pat")
    answer = await pat.get("/api/v1/audit/export")
    assert answer.headers["content-type"] == "application/x-ndjson; charset=utf-8"
    assert answer.headers["content-disposition"] == 'attachment; filename="audit.ndjson"'
    told = [json.loads(line) for line in answer.text.splitlines()]
    assert [one["number"] for one in told] == list(range(1, len(told) + 1))
    assert told[-1] in await entries(shared)
    rest = await pat.get("/api/v1/audit/export", params={"after": told[-3]["number"]})
    assert [json.loads(line) for line in rest.text.splitlines()][:2] == told[-2:]
    some = await pat.get("/api/v1/audit/export", params={"run": run})
    assert [json.loads(line) for line in some.text.splitlines()] == list(reversed(await entries(shared, run=run)))


async def test_a_csv_is_read_by_a_spreadsheet_and_obeyed_by_none(shared: House) -> None:
    async with shared.store.write() as tx:
        tx.audit(actor="p_eve", action="run.accepted", subject='=HYPERLINK("http://evil","x")', facts={"why": "a,b\n"})
    pat = await shared.signed_in("pat")
    answer = await pat.get("/api/v1/audit/export", params={"format": "csv", "actor": "p_eve"})
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    head, row = csv.reader(io.StringIO(answer.text, newline=""))
    assert head == ["number", "at", "actor", "action", "subject", "facts", "hash"]
    assert row[4] == '\'=HYPERLINK("http://evil","x")'
    assert json.loads(row[5]) == {"why": "a,b\n"}


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@SUM(1)", "\t=1", "\r=1", "\n=1"])
def test_a_cell_that_would_be_a_formula_is_text(cell: str) -> None:
    assert harmless(cell) == f"'{cell}"
    assert harmless(f"x{cell}") == f"x{cell}"


async def test_an_export_is_streamed_in_pages(house: House) -> None:
    async with house.store.write() as tx:
        for number in range(2500):
            tx.audit(actor="p_many", action="run.accepted", subject=f"run:r_{number}")
    pat = await house.signed_in("pat")
    pieces = 0
    async with pat.stream("GET", "/api/v1/audit/export", params={"actor": "p_many"}) as answer:
        lines = [line async for line in answer.aiter_lines()]
        pieces += 1
    assert len(lines) == 2500
    assert len({json.loads(line)["number"] for line in lines}) == 2500


async def test_how_far_it_is_signed_and_by_which_key(shared: House) -> None:
    said = (await (await shared.signed_in("pat")).get("/api/v1/audit/seal")).json()
    (key,) = said["keys"]
    assert key["current"]
    assert key["pem"].startswith("-----BEGIN PUBLIC KEY-----\n")
    assert (said["sealed"], said["failing_since"]) == (0, None)


async def test_nothing_is_accepted_decided_or_stopped_while_the_audit_cannot_be_written(house: House) -> None:
    ana, sam = await house.signed_in("ana"), await house.signed_in("sam")
    waiting = await house.company.ask("ana", "1.1.0", "production")
    await house.company.drive(waiting)
    (approval,) = await house.company.approvals(waiting)
    async with house.store.engine.begin() as connection:
        await connection.execute(text("ALTER TABLE audit ADD CONSTRAINT full_disk CHECK (n < 0) NOT VALID"))
    body = {"entity": "service:shop", "inputs": {"version": "1.1.0", "environment": "environment:staging"}}
    decision = {"verdict": "approve", "digest": approval.digest}
    asked = [
        await ana.post("/api/v1/actions/deploy/runs", json=body, headers={"Idempotency-Key": "without-audit"}),
        await sam.post(f"/api/v1/approvals/{approval.id}/decision", json=decision),
        await ana.post(f"/api/v1/runs/{waiting}/withdraw", json={}),
        await ana.post("/api/v1/tokens", json={"name": "x"}),
        await house.anonymous().post("/api/v1/session", json={"name": "ben"}),
    ]
    for answer in asked:
        said = problem(answer, 503, "audit-unwritable")
        assert "nothing was changed" in said["detail"]
    async with house.store.read() as session:
        assert await session.scalar(select(func.count()).select_from(RunRow)) == 1
        assert await session.scalar(text("SELECT count(*) FROM decision")) == 0
        assert await session.scalar(text("SELECT count(*) FROM token")) == 0
    assert (await house.company.run(waiting)).state == "waiting_approval"
    assert (await house.company.approvals(waiting))[0].state == "pending"
    async with house.store.engine.begin() as connection:
        await connection.execute(text("ALTER TABLE audit DROP CONSTRAINT full_disk"))
    again = await sam.post(f"/api/v1/approvals/{approval.id}/decision", json=decision)
    assert again.status_code == 200, again.text
