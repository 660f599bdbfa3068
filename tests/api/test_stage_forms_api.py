"""What approvers fill in over HTTP: the form for who may decide, faults with pointers, shown where decisions are."""

from pathlib import Path
from typing import Any

import httpx
import pytest
from api_house import House, problem
from company import Company
from more_actions import like_deploy, load_beside

from daytwo_store.evidence import opened
from daytwo_store.evidence_check import points
from daytwo_store.ids import RunId
from daytwo_store.signing import KeyRing, Signer

pytestmark = pytest.mark.anyio
KEYS = KeyRing.of([Signer.read(b"1" * 64).public])  # as the settings of these tests have it
FORM = {
    "pages": [
        {
            "title": "Change",
            "required": ["ticket"],
            "properties": {
                "ticket": {"type": "string", "title": "Change ticket", "pattern": "^CHG-[0-9]+$"},
                "where": {"type": "string", "from": {"catalog": {"kind": "environment"}}},
            },
        }
    ]
}


async def asked(company: Company, folder: Path) -> RunId:
    stages = [{"id": "change", "from": ["group:sre", "group:platform"], "count": 2, "form": FORM}]
    document = like_deploy("filled", approval=stages)
    document["spec"]["steps"][0]["with"]["inputs"]["ticket"] = "${{ approvals.change.ticket }}"
    await load_beside(company, folder, document)
    return await company.ask("ana", "1.1.0", "production", action="filled")


async def seen(client: httpx.AsyncClient, path: str) -> dict[str, Any]:
    answer = await client.get(f"/api/v1{path}")
    assert answer.status_code == 200, answer.text
    view: dict[str, Any] = answer.json()
    return view


async def test_the_form_is_resolved_checked_and_shown_with_the_decision(house: House, tmp_path: Path) -> None:
    run = await asked(house.company, tmp_path)
    ana, sam, pat = [await house.signed_in(name) for name in ("ana", "sam", "pat")]
    [waiting] = (await seen(sam, "/approvals?mine=true"))["items"]
    assert (waiting["asks"], waiting["filled"], waiting["unusual"]) == (
        [{"name": "ticket", "title": "Change ticket"}, {"name": "where", "title": "Where"}],
        None,
        None,
    )
    assert [(one["title"], one["text"]) for one in waiting["hints"]] == [
        ("Version", "1.1.0"),
        ("Environment", "production"),
    ]
    path = f"/api/v1/approvals/{waiting['id']}"
    plan = await seen(sam, f"/approvals/{waiting['id']}")
    [step] = plan["sealed"]["steps"]
    assert step["holes"]["ticket"]["value"] == "${{ approvals.change.ticket }}"
    [request] = plan["open_requests"]
    assert (request["sent"], request["holes"][0]["filled"], request["why_not"]) == (None, False, None)
    [source] = request["holes"][0]["sources"]
    assert (source["name"], source["json_schema"]["pattern"]) == ("approvals.change.ticket", "^CHG-[0-9]+$")
    assert source["who"] == "Whoever approves the stage change fills it in."

    form = (await sam.post(f"{path}/form", json={"answers": {"ticket": "nope"}})).json()
    assert (form["pages"][0]["title"], [one["pointer"] for one in form["errors"]]) == ("Change", ["/ticket"])
    listed = (await sam.post(f"{path}/options/where", json={"search": "stag"})).json()
    assert [one["value"] for one in listed["options"]] == ["staging"]
    problem(await sam.post(f"{path}/options/ticket", json={}), 404)
    assert "four eyes" in problem(await ana.post(f"{path}/form", json={}), 403)["detail"]

    body: dict[str, Any] = {"verdict": "approve", "digest": waiting["digest"]}
    wrong = problem(await sam.post(f"{path}/decision", json={**body, "answers": {"where": "moon"}}), 422)
    assert {one["pointer"] for one in wrong["errors"]} == {"/answers/ticket", "/answers/where"}
    assert "fills in ticket, where" in problem(await sam.post(f"{path}/decision", json=body), 422)["detail"]
    body["answers"] = {"ticket": "CHG-7", "where": "staging"}
    first = await sam.post(f"{path}/decision", json=body)
    assert first.status_code == 200, first.text
    [decision] = first.json()["approval"]["decisions"]
    assert [(one["title"], one["value"]) for one in decision["filled"]] == [
        ("Change ticket", "CHG-7"),
        ("Where", "staging"),
    ]

    now = await seen(pat, f"/approvals/{waiting['id']}")
    assert now["filled"] == {"ticket": "CHG-7", "where": "staging"}
    [request] = now["open_requests"]
    [hole] = request["holes"]
    assert (hole["written"], hole["value"]) == ("${{ approvals.change.ticket }}", "CHG-7")
    assert hole["sources"][0]["who"] == "Sam filled it in."
    assert (request["sent"]["attempt"], '"CHG-7"' in request["sent"]["body"]) == (None, True)
    other = {**body, "answers": {"ticket": "CHG-8"}}
    assert "Sam has filled in" in problem(await pat.post(f"{path}/decision", json=other), 409)["detail"]
    assert (await pat.post(f"{path}/decision", json={**body, "answers": now["filled"]})).status_code == 200
    assert problem(await sam.post(f"{path}/form", json={}), 409)["detail"].startswith("This approval is approved")
    await house.company.through(run)
    view = await seen(ana, f"/runs/{run}")
    assert view["approvals"][0]["decisions"][1]["filled"][0]["value"] == "CHG-7"
    await told_by_evidence(house, run)


async def told_by_evidence(house: House, run: RunId) -> None:
    content = (await (await house.signed_in("pat")).get(f"/api/v1/runs/{run}/evidence")).content

    def failing(change: Any) -> list[str]:
        told = opened(content, KEYS)
        change(told)
        return [point.text for point in points(told, KEYS) if not point.holds]

    assert failing(lambda _: None) == []
    for forgery in (
        lambda told: told["decisions"][0]["answers"].update(ticket="CHG-8"),
        lambda told: [one["answers"].update(ticket="CHG-8") for one in told["decisions"]],
        lambda told: [one.update(answers=None) for one in told["decisions"]],
        lambda told: [one["answers"].update(more="x") for one in told["decisions"]],
    ):
        assert failing(forgery) != []


async def test_an_undo_and_a_rerun_are_called_so_and_what_may_not_be_seen_is_not_named(house: House) -> None:
    company = house.company
    ended = []
    for version in ("1.1.0", "1.2.0"):
        run = await company.ask("ana", version, "production")
        await company.decide("sam", run)
        await company.through(run)
        ended.append(run)
    ana, sam = await house.signed_in("ana"), await house.signed_in("sam")
    for verb, key in (("undo", "undo-it-1"), ("rerun", "rerun-it-1")):
        answer = await ana.post(f"/api/v1/runs/{ended[1]}/{verb}", json={}, headers={"Idempotency-Key": key})
        assert answer.status_code == 202, answer.text
    told = {one["unusual"] for one in (await seen(sam, "/approvals?state=pending"))["items"]}
    assert told == {f"Undoes run {ended[1]}", f"Runs run {ended[1]} again"}
    found = (await seen(ana, "/approvals?state=pending"))["items"]
    assert [one["hints"][0]["text"] for one in found if one["unusual"].startswith("Undoes")] == ["1.1.0"]
