"""Deciding over HTTP: exactly one digest (S10), never by a GET or from elsewhere (S12), and who decides for whom."""

from pathlib import Path
from typing import Any

import httpx
import pytest
from api_house import ORIGIN, House, problem
from more_actions import like_deploy, load_beside

from daytwo_store import approvals
from daytwo_store.identity import Login, principal_for
from daytwo_store.ids import EntityRef, RunId

pytestmark = pytest.mark.anyio
TWO = [{"from": ["group:sre"], "self_approval": True, "remind": ["50%"], "reason": ["approve"]}]


async def asked(house: House, name: str = "ana", action: str = "deploy") -> tuple[RunId, str, str]:
    """A run that waits, its approval and its digest."""
    run = await house.company.ask(name, "1.1.0", "production", action=action)
    row = (await house.company.approvals(run))[-1]
    return run, row.id, row.digest


async def state(house: House, run: RunId) -> tuple[str, str, int]:
    async with house.store.read() as session:
        row = (await house.company.approvals(run))[-1]
        return (await house.company.run(run)).state, row.state, len(await approvals.decisions(session, [row.id]))


UNTOUCHED = ("waiting_approval", "pending", 0)


async def test_only_the_whole_digest_of_this_very_approval_is_decided(shared: House) -> None:
    run, approval, digest = await asked(shared)
    _, _, other = await asked(shared)
    sam = await shared.signed_in("sam")
    path = f"/api/v1/approvals/{approval}/decision"
    wrong: list[tuple[object, int]] = [
        (None, 422),
        ("", 422),
        (digest[:63], 422),
        (digest + "0", 422),
        (digest[:-1], 422),
        (f" {digest[1:]}", 409),
        (digest.upper(), 409),
        (other, 409),
        ("0" * 64, 409),
        (int("1" * 64), 422),
        ([digest], 422),
    ]
    assert digest.upper() != digest
    for given, status in wrong:
        answer = await sam.post(path, json={"verdict": "approve", "digest": given, "comment": "x"})
        assert answer.status_code == status, (given, answer.text)
        problem(answer, status)
    assert (await sam.post(path, json={"verdict": "approve"})).status_code == 422
    assert await state(shared, run) == UNTOUCHED
    assert (await sam.post(path, json={"verdict": "approve", "digest": digest})).status_code == 200


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "PUT", "PATCH"])
async def test_a_link_that_is_opened_decides_nothing(shared: House, method: str) -> None:
    """As mail scanners and browsers do that load a page before it is wanted."""
    run, approval, digest = await asked(shared)
    sam = await shared.signed_in("sam")
    query = {"verdict": "approve", "digest": digest, "comment": "x"}
    for path in (f"/approvals/{approval}", f"/api/v1/approvals/{approval}", f"/api/v1/approvals/{approval}/decision"):
        for headers in ({}, {"Sec-Purpose": "prefetch;prerender"}, {"Purpose": "prefetch"}):
            answer = await sam.request(method, path, params=query, headers=headers)
            assert answer.status_code in (200, 404, 405, 503), answer.text
    assert await state(shared, run) == UNTOUCHED


async def test_another_page_decides_nothing_and_cannot_frame_ours(shared: House) -> None:
    run, approval, digest = await asked(shared)
    sam = await shared.signed_in("sam")
    path, body = f"/api/v1/approvals/{approval}/decision", {"verdict": "approve", "digest": digest}
    for headers in ({"Origin": "https://evil.example"}, {"Origin": "null"}, {"Origin": f"{ORIGIN}.evil.example"}):
        assert (await sam.post(path, json=body, headers=headers)).status_code == 403
    simple = await sam.post(  # what a form of another page can send
        path, content=f"verdict=approve&digest={digest}", headers={"Content-Type": "text/plain", "Origin": "null"}
    )
    assert simple.status_code == 403
    assert (await sam.delete(path, headers={"Origin": "https://evil.example"})).status_code == 403
    assert await state(shared, run) == UNTOUCHED
    page = await sam.get(f"/api/v1/approvals/{approval}")
    assert "frame-ancestors 'none'" in page.headers["content-security-policy"]


async def view(client: httpx.AsyncClient, approval: str) -> dict[str, Any]:
    found: dict[str, Any] = (await client.get(f"/api/v1/approvals/{approval}")).json()
    return found


async def inbox(client: httpx.AsyncClient) -> list[str]:
    items = (await client.get("/api/v1/approvals?mine=true&limit=200")).json()["items"]
    assert all(one["may_decide"]["allowed"] for one in items)
    return [one["id"] for one in items]


async def test_a_delegate_sees_decides_and_is_told_for_whom(house: House) -> None:
    _, approval, digest = await asked(house)
    sam, fay = await house.signed_in("sam"), await house.signed_in("fay")
    assert (await inbox(sam), await inbox(fay)) == ([approval], [])
    until = {"to": "person:fay", "until": "2090-01-01T00:00:00Z", "reason": "on leave"}
    problem(await (await house.token("sam", "read", "approve")).post("/api/v1/delegations", json=until), 403)
    problem(await sam.post("/api/v1/delegations", json=until), 422, "rejected")  # too long
    until["until"] = (await view(sam, approval))["expires_at"]
    made = await sam.post("/api/v1/delegations", json=until)
    assert made.status_code == 201, made.text
    [told] = (await fay.get("/api/v1/delegations")).json()["items"]
    assert (told["by"]["name"], told["to"], told["in_force"], told["reason"]) == ("Sam", "person:fay", True, "on leave")
    assert await inbox(fay) == [approval]
    seen = await view(fay, approval)
    assert (seen["may_decide"]["allowed"], seen["decides_for"]["name"]) == (True, "Sam")
    assert (await fay.post(f"/api/v1/approvals/{approval}/delegate", json={"to": "person:ben"})).status_code == 403
    body = {"verdict": "approve", "digest": digest}
    assert (await fay.post(f"/api/v1/approvals/{approval}/decision", json=body)).status_code == 200
    [decision] = (await view(sam, approval))["decisions"]
    assert (decision["by"]["name"], decision["on_behalf_of"]["name"]) == ("Fay", "Sam")
    assert (await sam.delete(f"/api/v1/delegations/{made.json()['id']}")).status_code == 204


async def test_one_approval_is_handed_on_commented_and_taken_back(house: House) -> None:
    run, approval, digest = await asked(house)
    sam, fay, ana = [await house.signed_in(name) for name in ("sam", "fay", "ana")]
    program = await house.token("sam", "read", "approve")
    refused = await program.post(f"/api/v1/approvals/{approval}/delegate", json={"to": "person:fay"})
    assert "outlive the token" in problem(refused, 403)["detail"]
    assert not (await view(program, approval))["may_delegate"]["allowed"]
    assert (await view(sam, approval))["delegations"] == []
    handed = await sam.post(f"/api/v1/approvals/{approval}/delegate", json={"to": "person:fay"})
    assert [one["to"] for one in handed.json()["delegations"]] == ["person:fay"]
    comments = f"/api/v1/approvals/{approval}/comments"
    assert (await fay.post(comments, json={"text": "Why <b>now</b>?"})).status_code == 201
    assert (await ana.post(comments, json={"text": ""})).status_code == 422
    await ana.post(comments, json={"text": "It is urgent."})
    body = {"verdict": "approve", "digest": digest}
    seen = (await fay.post(f"/api/v1/approvals/{approval}/decision", json=body)).json()["approval"]
    assert [(one["by"]["name"], one["text"]) for one in seen["comments"]] == [
        ("Fay", "Why <b>now</b>?"),
        ("Ana", "It is urgent."),
    ]
    assert seen["may_take_back"]["allowed"]
    gone = (await fay.delete(f"/api/v1/approvals/{approval}/decision")).json()
    assert (gone["state"], gone["decisions"][0]["taken_back_at"] is not None) == ("superseded", True)
    following = await view(sam, gone["superseded_by"])
    assert following["drift"] == [{"field": "approval of Fay", "before": "approved", "after": "taken back"}]
    assert (await house.company.run(run)).state == "waiting_approval"


async def test_what_is_not_as_usual_is_told_before_and_after(house: House, tmp_path: Path) -> None:
    await load_beside(house.company, tmp_path, like_deploy("own", approval=TWO))
    sam = await house.signed_in("sam")
    inputs = {"version": "1.2.0", "environment": "environment:production"}
    plan = (await sam.post("/api/v1/actions/own/plan", json={"entity": "service:shop", "inputs": inputs})).json()
    assert plan["approvals"][0]["terms"] == [
        "Who asks for it, or fills in values of it, may approve it, too: the action says so.",
        "Approving it takes a reason.",
        "Rejecting it takes no reason.",
        "Those who are asked are reminded after 12h.",
    ]
    _, approval, digest = await asked(house, "sam", "own")
    assert await inbox(sam) == [approval]
    body = {"verdict": "approve", "digest": digest}
    answer = await sam.post(f"/api/v1/approvals/{approval}/decision", json=body)
    assert "wants a reason" in problem(answer, 422, "rejected")["detail"]
    body["comment"] = "tried on staging"
    seen = (await sam.post(f"/api/v1/approvals/{approval}/decision", json=body)).json()["approval"]
    [decision] = seen["decisions"]
    assert (decision["own_request"], seen["self_approval"]) == (True, True)
    assert (decision["own_edit"], decision["own_values"]) == (False, False)


async def test_who_has_decided_with_another_sign_in_is_not_asked_again(house: House, tmp_path: Path) -> None:
    """The inbox says what the decision would: each person counts once, with whatever sign-in."""
    both = like_deploy("both", approval=[{"from": ["group:sre"], "count": 2}])
    await load_beside(house.company, tmp_path, both)
    run, approval, _ = await asked(house, action="both")
    sam = await house.signed_in("sam")
    assert [one["id"] for one in (await sam.get("/api/v1/approvals?mine=true")).json()["items"]] == [approval]
    async with house.store.write() as tx:
        login = Login(issuer="https://id.example", subject="007", name="Sam", ref=EntityRef("person:sam"))
        house.company.people["sam"] = (await principal_for(tx, login)).id
    await house.company.decide("sam", run)
    assert (await sam.get("/api/v1/approvals?mine=true")).json()["items"] == []
    (seen,) = (await sam.get("/api/v1/approvals")).json()["items"]
    assert "another sign-in" in seen["may_decide"]["why_not"]
