"""An emergency as people ask for it, see it and review it over HTTP (case S14)."""

from pathlib import Path
from typing import Any

import httpx
import pytest
from api_house import House, problem
from company import SHOP
from more_actions import like_deploy, load_beside

from daytwo_store.ids import RunId
from daytwo_workflows.life.asking import Wish, start

pytestmark = pytest.mark.anyio
GLASS = {"allow": ["group:sre"], "second": "group:platform"}
INPUTS = {"version": "1.1.0", "environment": "environment:production"}


@pytest.fixture
async def sam(house: House, tmp_path: Path) -> httpx.AsyncClient:
    action = like_deploy("mend", approval=[{"from": ["group:finance"]}], break_glass=GLASS)
    await load_beside(house.company, tmp_path, action)
    return await house.signed_in("sam")


async def ask(client: httpx.AsyncClient, key: str = "emergency-1", **more: Any) -> httpx.Response:
    body = {"entity": "service:shop", "inputs": INPUTS, "comment": "it is down", "break_glass": True, **more}
    return await client.post("/api/v1/actions/mend/runs", json=body, headers={"Idempotency-Key": key})


async def emergency(house: House) -> RunId:
    """One that the company of the house drives to its end."""
    wish = Wish(
        action="mend",
        requester=await house.company.person("sam"),
        token=None,
        entity=SHOP,
        inputs=INPUTS,
        version=None,
        comment="it is down",
        break_glass=True,
    )
    return RunId((await start(house.company.life, wish, "emergency-run")).run.id)


async def seen(client: httpx.AsyncClient, path: str) -> dict[str, Any]:
    answer = await client.get(f"/api/v1{path}")
    assert answer.status_code == 200, answer.text
    view: dict[str, Any] = answer.json()
    return view


async def test_it_is_offered_previewed_confirmed_shown_and_reviewed(house: House, sam: httpx.AsyncClient) -> None:
    offer = (await seen(sam, "/actions/mend?entity=service:shop"))["break_glass"]
    assert (offer["may"]["allowed"], offer["second"], offer["expires_in"]) == (True, "group:platform", 900)
    body = {"entity": "service:shop", "inputs": INPUTS, "break_glass": True}
    plan = (await sam.post("/api/v1/actions/mend/plan", json=body)).json()
    assert [one["needed_from"] for one in plan["approvals"]] == [["group:platform"]]
    assert plan["break_glass"]["second"] == "group:platform"
    assert [one["needed_from"] for one in plan["break_glass"]["past"]] == [["group:finance"]]

    asked = (await ask(sam)).json()["id"]
    assert (await seen(sam, f"/runs/{asked}"))["break_glass"] is True
    run = await emergency(house)
    view = await seen(sam, f"/runs/{run}")
    assert (view["break_glass"], view["review"], view["state"]) == (True, None, "waiting_approval")
    [waiting] = view["approvals"]
    assert (waiting["break_glass"], waiting["may_decide"]["allowed"]) == (True, False)
    assert "to confirm that it goes past its approval" in waiting["text"]

    pat = await house.signed_in("pat")
    decision = {"verdict": "approve", "digest": waiting["digest"]}
    assert (await pat.post(f"/api/v1/approvals/{waiting['id']}/decision", json=decision)).status_code == 200
    await house.company.through(run)
    review = (await seen(sam, f"/runs/{run}"))["review"]
    assert [one["name"] for one in review["confirmed_by"]] == ["Pat"]
    assert (review["past"], review["comment"], review["closed_at"]) == (["group:finance"], "it is down", None)
    assert "somebody else" in review["may_close"]["why_not"]

    fay = await house.signed_in("fay")
    assert [one["run"] for one in (await seen(fay, "/reviews?closed=false"))["items"]] == [run]
    problem(await sam.post(f"/api/v1/reviews/{run}/close", json={"words": "fine"}), 403)
    closed = (await fay.post(f"/api/v1/reviews/{run}/close", json={"words": "disk was full"})).json()
    assert (closed["closed_by"]["name"], closed["words"]) == ("Fay", "disk was full")
    assert (await seen(fay, "/reviews?closed=false"))["items"] == []
    assert [one["run"] for one in (await seen(fay, "/reviews?closed=true"))["items"]] == [run]


async def test_an_ordinary_request_and_an_emergency_are_two_requests(sam: httpx.AsyncClient) -> None:
    assert (await ask(sam)).status_code == 202
    assert (await ask(sam)).json()["repeated"] is True
    problem(await ask(sam, break_glass=False), 422)


@pytest.mark.parametrize(
    ("name", "action", "more", "status", "said"),
    [
        ("sam", "mend", {"comment": ""}, 422, "Say why"),
        ("ana", "mend", {}, 403, "past its approval"),
        ("sam", "deploy", {}, 422, "no `break_glass`"),
    ],
)
async def test_what_is_not_allowed_is_not_started_and_not_previewed(
    house: House, sam: httpx.AsyncClient, name: str, action: str, more: dict[str, Any], status: int, said: str
) -> None:
    client = sam if name == "sam" else await house.signed_in(name)
    body = {"entity": "service:shop", "inputs": INPUTS, "comment": "it is down", "break_glass": True, **more}
    path = f"/api/v1/actions/{action}"
    started = await client.post(f"{path}/runs", json=body, headers={"Idempotency-Key": "emergency-2"})
    assert said in problem(started, status)["detail"]
    if "comment" not in more:
        assert said in problem(await client.post(f"{path}/plan", json=body), status)["detail"]
    assert (await seen(client, "/runs"))["items"] == []


async def test_reviews_come_in_pages(house: House, tmp_path: Path) -> None:
    glass = {"allow": ["group:sre"], "second": "none"}
    await load_beside(house.company, tmp_path, like_deploy("mend", break_glass=glass))
    sam = await house.signed_in("sam")
    assert (await seen(sam, "/actions/mend?entity=service:shop"))["break_glass"]["second"] is None
    started = [(await ask(sam, f"emergency-{number}")).json()["id"] for number in range(3)]
    found: list[str] = []
    cursor = ""
    while True:
        page = await seen(sam, f"/reviews?limit=2{cursor}")
        found += [one["run"] for one in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert found == started
