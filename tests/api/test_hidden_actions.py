"""An action that somebody may not see, or not run, tells them nothing: may it be seen, run, and only then the form."""

from pathlib import Path
from typing import Any

import pytest
from api_house import House
from hiding import hide
from more_actions import like_deploy, load_beside

pytestmark = pytest.mark.anyio
SHOP = "service:shop"
RIGHT = {"version": "1.1.0", "environment": "environment:staging"}
WRONG = {"version": "no such version", "environment": 7, "more": True}


async def asked(house: House, name: str, action: str, **body: object) -> list[dict[str, Any]]:
    """What the dry run, the start and the form answer."""
    client = await house.signed_in(name)
    where = f"/api/v1/actions/{action}"
    form = {"entity": body["entity"]} if body.get("entity") else {}
    answers = [
        await client.post(f"{where}/plan", json=body),
        await client.post(f"{where}/runs", json=body),
        await client.post(f"{where}/form", json=form),
    ]
    return [answer.json() | {"instance": "", "request_id": ""} for answer in answers]


@pytest.mark.parametrize(
    "body",
    [
        {"entity": SHOP, "inputs": RIGHT},
        {"entity": SHOP, "inputs": WRONG},
        {"entity": SHOP, "inputs": RIGHT, "version": "0" * 64},
        {"inputs": RIGHT},
    ],
)
async def test_a_hidden_action_is_answered_as_one_that_does_not_exist(
    house: House, tmp_path: Path, body: dict[str, Any]
) -> None:
    only_sre = {"run": ["group:sre"], "see": ["group:sre"]}
    await load_beside(house.company, tmp_path, like_deploy("secretive", allow=only_sre))
    hidden = await asked(house, "fay", "secretive", **body)
    nothing = await asked(house, "fay", "nothing-at-all", **body)
    assert {one["status"] for one in hidden} == {404}
    assert [str(one).replace("secretive", "nothing-at-all") for one in hidden] == [str(one) for one in nothing]
    assert (await asked(house, "sam", "secretive", entity=SHOP, inputs=RIGHT))[0].get("status") is None


async def test_an_entity_of_another_kind_does_not_tell_that_the_action_exists(house: House, tmp_path: Path) -> None:
    await load_beside(house.company, tmp_path, like_deploy("secretive", allow={"run": ["group:sre"], "see": ["owner"]}))
    for entity in ("environment:staging", "service:nothing"):
        plan, start, _ = await asked(house, "fay", "secretive", entity=entity, inputs=RIGHT)
        assert {plan["detail"], start["detail"]} == {
            "There is no action secretive. Look at the list of actions; it may have been renamed or removed."
        }


async def test_who_may_not_run_it_learns_nothing_about_the_inputs(house: House, tmp_path: Path) -> None:
    await load_beside(house.company, tmp_path, like_deploy("theirs", allow={"run": ["group:sre"]}))
    for inputs in (RIGHT, WRONG):
        plan, start, _ = await asked(house, "fay", "theirs", entity=SHOP, inputs=inputs, version="0" * 64)
        assert (plan["status"], start["status"]) == (403, 403)
        assert "errors" not in plan or not plan["errors"]
        assert "group:sre" in plan["detail"]
    plan, _, _ = await asked(house, "sam", "theirs", entity=SHOP, inputs=WRONG)
    assert plan["status"] == 422


async def test_the_owner_of_an_entity_sees_what_its_owner_may_see(house: House, tmp_path: Path) -> None:
    await load_beside(house.company, tmp_path, like_deploy("owned", allow={"run": ["owner"], "see": ["owner"]}))
    plan, _, _ = await asked(house, "ana", "owned", entity=SHOP, inputs=RIGHT)
    assert "digest" in plan, plan
    await hide(house.store, SHOP, "group:finance")
    plan, _, _ = await asked(house, "ana", "owned", entity=SHOP, inputs=RIGHT)
    assert plan["status"] == 404
