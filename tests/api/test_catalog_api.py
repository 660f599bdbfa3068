"""The catalog as different people see it: what is hidden is nowhere, in no list, relation or history."""

import pytest
from api_house import House, problem

from daytwo_catalog.write import EntityWrite, apply
from daytwo_store import entities
from daytwo_store.entities import Draft

pytestmark = pytest.mark.anyio
SEARCH = "/api/v1/entities/search"


async def test_more_that_refers_to_an_entity_than_is_listed_is_said_to_be_there(
    shared: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    ana = await shared.signed_in("ana")
    assert (await ana.get("/api/v1/entities/service/shop")).json()["referenced_by_more"] is False
    monkeypatch.setattr("daytwo_api.services.catalog.MOST_REFERRING", 1)
    shop = (await ana.get("/api/v1/entities/service/shop")).json()
    assert (shop["referenced_by"], shop["referenced_by_more"]) == (["deployment:shop-production"], True)


async def test_an_entity_with_what_refers_to_it(shared: House) -> None:
    ana = await shared.signed_in("ana")
    shop = (await ana.get("/api/v1/entities/service/shop")).json()
    assert shop["ref"] == "service:shop"
    assert shop["owner"] == "group:storefront"
    assert shop["relations"] == {"dependsOn": ["service:billing"]}
    assert shop["referenced_by"] == ["deployment:shop-production", "deployment:shop-staging"]
    assert (shop["version"], shop["changed_by"]) == (1, "file")


async def test_what_may_not_be_seen_is_answered_like_what_does_not_exist(shared: House) -> None:
    ana, fay = await shared.signed_in("ana"), await shared.signed_in("fay")
    assert (await fay.get("/api/v1/entities/service/payroll")).status_code == 200
    for end in ("", "/history"):
        hidden = problem(await ana.get(f"/api/v1/entities/service/payroll{end}"), 404, "not-found")
        missing = problem(await ana.get(f"/api/v1/entities/service/nothing{end}"), 404, "not-found")
        assert hidden["detail"].replace("payroll", "nothing") == missing["detail"]
        assert {**hidden, "detail": "", "request_id": ""} == {**missing, "detail": "", "request_id": ""}


async def test_a_search_finds_only_what_may_be_seen(shared: House) -> None:
    ana, fay = await shared.signed_in("ana"), await shared.signed_in("fay")
    wanted = {"kind": "service"}
    assert [item["name"] for item in (await ana.post(SEARCH, json=wanted)).json()["items"]] == ["billing", "shop"]
    seen = [item["name"] for item in (await fay.post(SEARCH, json=wanted)).json()["items"]]
    assert seen == ["billing", "payroll", "shop"]
    assert (await ana.post(SEARCH, json={"text": "payr"})).json()["items"] == []


async def test_a_search_by_text_and_owner_in_pages(shared: House) -> None:
    ana = await shared.signed_in("ana")
    first = (await ana.post(SEARCH, json={"text": "shop", "kind": "deployment", "limit": 1})).json()
    rest = {"text": "shop", "kind": "deployment", "limit": 1, "cursor": first["next_cursor"]}
    second = (await ana.post(SEARCH, json=rest)).json()
    assert [page["items"][0]["name"] for page in (first, second)] == ["shop-production", "shop-staging"]
    assert second["next_cursor"] is None
    owned = (await ana.post(SEARCH, json={"owner": "group:finance", "kind": "service"})).json()["items"]
    assert [item["name"] for item in owned] == ["billing"]


async def test_kinds(shared: House) -> None:
    ana = await shared.signed_in("ana")
    names = [kind["name"] for kind in (await ana.get("/api/v1/kinds")).json()["items"]]
    assert names == ["deployment", "environment", "group", "person", "service"]
    person = (await ana.get("/api/v1/kinds/person")).json()
    assert person["relations"] == {"memberOf": {"kind": "group", "many": True}}
    assert person["property_schema"]["required"] == ["email"]
    assert "no kind robot" in problem(await ana.get("/api/v1/kinds/robot"), 404)["detail"]


async def test_history_and_relations_name_nothing_hidden(house: House) -> None:
    run = await house.company.ask("ana", "1.1.0", "staging")
    async with house.store.write() as tx:
        shop = await entities.get(tx.session, "service:shop", sees="everything")
        assert shop is not None
        both = ["service:billing", "service:payroll", "service:gone"]
        changed = Draft(
            kind="service",
            name="shop",
            title=shop.title,
            owner=shop.owner,
            properties=shop.properties,
            relations={"dependsOn": both},
        )
        await entities.upsert(tx, changed, by=f"run:{run}")
        secret = Draft(
            kind="service",
            name="secret",
            title="S",
            visible_to=("group:finance",),
            relations={"dependsOn": ["service:shop"]},
        )
        await entities.upsert(tx, secret, by=f"run:{run}")
    ana, fay = await house.signed_in("ana"), await house.signed_in("fay")
    shown = (await ana.get("/api/v1/entities/service/shop")).json()
    assert shown["relations"] == {"dependsOn": ["service:billing", "service:gone"]}
    assert "service:secret" not in shown["referenced_by"]
    assert shown["changed_by"] == f"run:{run}"
    past = (await ana.get("/api/v1/entities/service/shop/history")).json()["items"]
    assert [event["version"] for event in past] == [2, 1]
    assert past[0]["after"]["relations"] == {"dependsOn": ["service:billing", "service:gone"]}
    assert past[1]["before"] is None
    assert (await fay.get("/api/v1/entities/service/shop")).json()["relations"] == {"dependsOn": both}
    whole = (await fay.get("/api/v1/entities/service/shop/history")).json()["items"]
    assert whole[0]["after"]["relations"] == {"dependsOn": both}
    assert "service:secret" in (await fay.get("/api/v1/entities/service/shop")).json()["referenced_by"]


async def test_history_says_who_changed_what_in_pages(house: House) -> None:
    run = await house.company.ask("ana", "1.1.0", "staging")
    for version in ("1.1.0", "1.2.0"):
        async with house.store.write() as tx:
            write = EntityWrite(kind="deployment", name="shop-production", properties={"version": version})
            await apply(tx, [write], run=run, actor="p_1", like=None)
    ana = await house.signed_in("ana")
    address = "/api/v1/entities/deployment/shop-production/history"
    first = (await ana.get(address, params={"limit": 2})).json()
    assert [(event["by"], event["after"]["properties"]["version"]) for event in first["items"]] == [
        (f"run:{run}", "1.2.0"),
        (f"run:{run}", "1.1.0"),
    ]
    rest = (await ana.get(address, params={"limit": 2, "cursor": first["next_cursor"]})).json()
    assert [event["by"] for event in rest["items"]] == ["file"]
    assert rest["items"][0]["after"].keys() == {"title", "owner", "properties", "relations"}
    problem(await ana.get(address, params={"cursor": "bm8"}), 422)
    problem(await ana.get(address, params={"cursor": first["next_cursor"] * 20}), 422)
