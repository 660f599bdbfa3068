"""Who is on call, wherever an action would look: told to those who may see the entity and the names."""

from pathlib import Path

import pytest
from api_house import House, problem
from hiding import hide
from more_actions import like_deploy, load_beside
from rota import FORM, ON_CALL, ROTA, ROTA_KIND

pytestmark = pytest.mark.anyio


async def test_who_is_on_call_now(house: House, tmp_path: Path) -> None:
    by_entity = [{"from": [{"on_call": "${{ entity.relations.dependsOn }}"}]}]
    await load_beside(
        house.company,
        tmp_path,
        ROTA_KIND,
        ROTA,
        like_deploy("by-rota", approval=[{"from": [{"on_call": ON_CALL}]}], form=FORM),
        like_deploy("by-target", approval=by_entity),
    )
    ben = await house.signed_in("ben")
    shown = {one["entity"]: one for one in (await ben.get("/api/v1/on-call")).json()["items"]}
    assert (shown["rota:nights"]["place"], shown["rota:nights"]["names"]) == ("properties.on_call", ["person:fay"])
    assert [one["name"] for one in shown["rota:nights"]["actions"]] == ["by-rota"]
    (shop,) = (await ben.get("/api/v1/on-call", params={"entity": "service:shop"})).json()["items"]
    assert (shop["place"], [one["name"] for one in shop["actions"]]) == ("relations.dependsOn", ["by-target"])

    await hide(house.store, "person:fay", "group:finance")
    assert (await ben.get("/api/v1/on-call", params={"entity": "rota:nights"})).json()["items"][0]["names"] == []
    await hide(house.store, "rota:nights", "group:finance")
    problem(await ben.get("/api/v1/on-call", params={"entity": "rota:nights"}), 404)
    assert "rota:nights" not in (await ben.get("/api/v1/on-call")).text
