"""Runs of what somebody may not see: hidden while it is in the catalog, and after it has left."""

import pytest
from api_house import House, problem
from hiding import hide, remove

from daytwo_store.ids import RunId
from daytwo_store.states import ExternalStatus

pytestmark = pytest.mark.anyio
SHOP = "service:shop"


async def sees(house: House, name: str, run: RunId) -> bool:
    """The list and the run itself say the same."""
    client = await house.signed_in(name)
    listed = [one["id"] for one in (await client.get("/api/v1/runs")).json()["items"]]
    answer = await client.get(f"/api/v1/runs/{run}")
    assert answer.status_code == (200 if run in listed else 404), answer.text
    return run in listed


async def test_a_run_of_a_hidden_entity_stays_hidden_when_the_entity_is_removed(house: House) -> None:
    await hide(house.store, SHOP, "group:storefront")
    run = await house.company.ask("ana", "1.1.0", "staging")
    await house.company.through(run)
    assert [await sees(house, name, run) for name in ("ana", "ben", "fay")] == [True, True, False]
    await remove(house.store, SHOP)
    assert [await sees(house, name, run) for name in ("ana", "ben", "fay")] == [True, True, False]


async def test_an_entity_that_was_hidden_after_the_run_stays_hidden_too(house: House) -> None:
    run = await house.company.ask("ana", "1.1.0", "staging")
    await house.company.through(run)
    assert await sees(house, "fay", run)
    await hide(house.store, SHOP, "group:storefront")
    await remove(house.store, SHOP)
    assert [await sees(house, name, run) for name in ("ana", "ben", "fay")] == [True, True, False]


async def test_what_everybody_could_see_is_still_seen_when_it_is_removed(house: House) -> None:
    run = await house.company.ask("ana", "1.1.0", "staging")
    await remove(house.store, SHOP)
    assert await sees(house, "fay", run)


async def test_an_approval_of_a_hidden_run_is_for_those_who_are_asked(house: House) -> None:
    await hide(house.store, SHOP, "group:storefront")
    run = await house.company.ask("ana", "1.1.0", "production")
    await remove(house.store, SHOP)
    approval = (await house.company.approvals(run))[0].id
    for name, seen in (("ana", True), ("ben", True), ("sam", True), ("fay", False)):
        client = await house.signed_in(name)
        listed = [one["id"] for one in (await client.get("/api/v1/approvals")).json()["items"]]
        assert (approval in listed) is seen, name
        answer = await client.get(f"/api/v1/approvals/{approval}")
        if seen:
            assert answer.status_code == 200, name
        else:
            problem(answer, 404)


async def test_what_a_run_makes_of_a_removed_hidden_entity_is_hidden_like_it(house: House) -> None:
    company = house.company
    await hide(house.store, SHOP, "group:storefront")
    await remove(house.store, "deployment:shop-staging")
    company.ci.ends_as = None
    run = await company.ask("ana", "1.1.0", "staging")
    await company.drive(run)
    await remove(house.store, SHOP)
    company.ci.end("1", ExternalStatus.SUCCEEDED)
    await company.through(run)
    assert (await company.run(run)).state == "succeeded"
    for name, status in (("ana", 200), ("ben", 200), ("fay", 404)):
        client = await house.signed_in(name)
        made = await client.get("/api/v1/entities/deployment/shop-staging")
        assert made.status_code == status, (name, made.text)
