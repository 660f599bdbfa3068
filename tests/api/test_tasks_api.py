"""Tasks over HTTP: the list is what one may do, the form is the server's, and what is said twice is done once."""

from pathlib import Path

import httpx
import pytest
from api_house import House, problem
from more_actions import like_deploy, load_beside

from daytwo_store.ids import RunId

pytestmark = pytest.mark.anyio
TASKS = "/api/v1/tasks"
FORM = {
    "pages": [{"title": "What", "required": ["size"], "properties": {"size": {"type": "integer", "title": "Size"}}}]
}
ASKS = {"from": ["group:sre"], "text": "# Switch\n<script>", "four_eyes": True, "form": FORM}
SHOWN = {"required": ["link"], "properties": {"link": {"type": "string", "format": "uri"}}}


async def asked(house: House, folder: Path, **more: object) -> RunId:
    """A run of Ana's that waits for sre."""
    step = {"id": "switch", "uses": "task", "with": {**ASKS, "evidence": SHOWN, **more}}
    usual: dict[str, object] = {"approval": [], "catalog": [], "undo": None, "lock": None, "steps": [step]}
    await load_beside(house.company, folder, like_deploy("chore", **usual))
    run = await house.company.ask("ana", "1.1.0", "staging", action="chore")
    await house.company.drive(run)
    return run


async def only(client: httpx.AsyncClient, **query: object) -> dict[str, object]:
    [found] = (await client.get(TASKS, params=query)).json()["items"]  # type: ignore[arg-type]
    return dict(found)


async def test_the_list_is_what_one_may_do(house: House, tmp_path: Path) -> None:
    await asked(house, tmp_path)
    ana, sam = await house.signed_in("ana"), await house.signed_in("sam")
    found = await only(sam, mine=True)
    assert (found["may_do"], found["who"]) == ({"allowed": True, "why_not": None}, "group:sre")
    assert (await ana.get(TASKS, params={"mine": True})).json()["items"] == []
    assert "You asked for this run" in str((await only(ana))["may_do"])
    assert (await sam.get(TASKS, params={"state": "done"})).json()["items"] == []


async def test_it_is_filled_in_and_done_once(house: House, tmp_path: Path) -> None:
    run = await asked(house, tmp_path)
    sam = await house.signed_in("sam")
    task = (await only(sam))["id"]
    form = (await sam.post(f"{TASKS}/{task}/form", json={"answers": {"size": 3}})).json()
    assert [page["title"] for page in form["pages"]] == ["What", "Evidence"]
    wrong = await sam.post(f"{TASKS}/{task}/complete", json={"answers": {"size": "x"}})
    told = problem(wrong, 422)
    assert {fault["pointer"] for fault in told["errors"]} == {"/answers/size", "/answers/link"}
    assert "Nothing was changed" in told["detail"]
    body = {"answers": {"size": 3, "link": "https://a.example"}, "words": "green"}
    first, again = [await sam.post(f"{TASKS}/{task}/complete", json=body) for _ in range(2)]
    assert (first.json()["repeated"], again.json()["repeated"]) == (False, True)
    seen = (await sam.get(f"{TASKS}/{task}")).json()
    assert (seen["instructions"], seen["words"]) == ("# Switch\n<script>", "green")
    assert [(one["title"], one["value"], one["evidence"]) for one in seen["left"]] == [
        ("Size", 3, False),
        ("Link", "https://a.example", True),
    ]
    await house.company.drive(run)
    shown = (await sam.get(f"/api/v1/runs/{run}")).json()
    assert (shown["state"], shown["steps"][0]["outputs"]["size"], shown["steps"][0]["outputs_source"]) == (
        "succeeded",
        3,
        "person",
    )


async def test_the_run_says_who_it_waits_for_and_until_when(house: House, tmp_path: Path) -> None:
    run = await asked(house, tmp_path)
    sam = await house.signed_in("sam")
    waits = (await sam.get(f"/api/v1/runs/{run}")).json()["waits"]
    assert (waits["kind"], waits["owner"], waits["then"]) == ("task", "group:sre", "the step fails")
    task = (await only(sam))["id"]
    assert (await sam.post(f"{TASKS}/{task}/claim", json={})).json()["yours"] is True
    await house.company.drive(run)
    assert (await sam.get(f"/api/v1/runs/{run}")).json()["waits"]["owner"] == "person:sam"


async def test_a_run_that_nobody_can_go_on_with_says_what_to_do(house: House, tmp_path: Path) -> None:
    run = await asked(house, tmp_path, **{"from": ["person:ana"]})
    ana = await house.signed_in("ana")
    said = (await ana.get(f"/api/v1/runs/{run}")).json()["waits"]["text"]
    assert said.startswith("nobody can do it")
    assert "Add one, or stop the run" in said
