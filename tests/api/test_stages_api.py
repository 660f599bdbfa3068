"""Several stages of approval as people are told about them."""

from pathlib import Path
from typing import Any

import pytest
from api_house import House, problem
from more_actions import like_deploy, load_beside

from daytwo_store.ids import RunId

pytestmark = pytest.mark.anyio
STAGES = [{"from": ["group:platform", "group:sre"], "count": 2}, {"from": ["group:finance"], "expires": "1h"}]


async def asked(house: House, folder: Path) -> RunId:
    await load_beside(house.company, folder, like_deploy("staged", approval=STAGES))
    return await house.company.ask("ana", "1.1.0", "production", action="staged")


async def view_of(house: House, name: str, path: str) -> dict[str, Any]:
    client = await house.signed_in(name)
    view: dict[str, Any] = (await client.get(f"/api/v1{path}")).json()
    return view


async def test_every_stage_is_told_before_during_and_after(house: House, tmp_path: Path) -> None:
    run = await asked(house, tmp_path)
    await house.company.decide("sam", run)
    first = (await house.company.approvals(run))[0].id
    seen = await view_of(house, "sam", f"/approvals/{first}")
    waits = "waits for 2 of group:platform or group:sre, 1 has approved, until "
    assert seen["text"].startswith(f"stage 1 of 2: {waits}")
    assert (await view_of(house, "ana", f"/runs/{run}"))["waits"]["text"].startswith(seen["text"])
    assert [(one["number"], one["state"]) for one in seen["all_stages"]] == [(1, "pending"), (2, None)]
    assert seen["all_stages"][1]["text"] == "one of group:finance, when stage 1 is approved"

    await house.company.decide("pat", run)
    second = (await house.company.approvals(run))[1].id
    seen = await view_of(house, "fay", f"/approvals/{second}")
    assert (seen["stage"], seen["stages"], seen["may_decide"]["allowed"]) == (2, 2, True)
    assert seen["all_stages"][0]["text"] == "approved by Sam and Pat"
    assert seen["all_stages"][0]["approval"] == first
    old = await view_of(house, "sam", f"/approvals/{first}")
    assert [one["state"] for one in old["all_stages"]] == ["approved", "pending"]


async def test_one_who_decides_after_the_first_is_told_whose_decision_won(house: House, tmp_path: Path) -> None:
    run = await asked(house, tmp_path)
    pat = await house.signed_in("pat")
    [approval] = await house.company.approvals(run)
    await house.company.decide("sam", run)
    await house.company.decide("pat", run)
    body = {"verdict": "reject", "digest": approval.digest, "comment": "no"}
    answer = problem(await pat.post(f"/api/v1/approvals/{approval.id}/decision", json=body), 409)
    assert "You have already decided" in answer["detail"]


async def test_a_dry_run_says_who_decides_after_whom(house: House, tmp_path: Path) -> None:
    await asked(house, tmp_path)
    ana = await house.signed_in("ana")
    inputs = {"version": "1.2.0", "environment": "environment:production"}
    plan = (await ana.post("/api/v1/actions/staged/plan", json={"entity": "service:shop", "inputs": inputs})).json()
    assert [(one["needed_from"], one["count"]) for one in plan["approvals"]] == [
        (["group:platform", "group:sre"], 2),
        (["group:finance"], 1),
    ]
    assert plan["approvals"][1]["expires_in"] == 3600
    assert plan["starts"] == "When 2 of group:platform or group:sre, then one of group:finance has approved it."


async def test_a_rule_is_told_as_a_rule_and_as_nobody(house: House, tmp_path: Path) -> None:
    rule = "${{ inputs.environment.name == 'production' }}"
    await load_beside(
        house.company, tmp_path, like_deploy("ruled", approval=[{"from": ["group:sre"], "count": 2, "auto": rule}])
    )
    run = await house.company.ask("ana", "1.1.0", "production", action="ruled")
    [approval] = await house.company.approvals(run)
    seen = await view_of(house, "sam", f"/approvals/{approval.id}")
    assert (seen["state"], seen["text"]) == ("approved", "approved by a rule of the action")
    [decision] = seen["decisions"]
    assert (decision["by"], decision["rule"], decision["verdict"]) == (None, rule, "approve")
    ana = await house.signed_in("ana")
    asked = {"entity": "service:shop", "inputs": {"version": "1.2.0", "environment": "environment:production"}}
    plan = (await ana.post("/api/v1/actions/ruled/plan", json=asked)).json()
    assert [one["rule"] for one in plan["approvals"]] == [rule]
    assert plan["starts"] == "At once."
