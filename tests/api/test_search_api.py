"""Searching the catalog: words and conditions in one line, counts by kind and owner, and nothing of what is hidden."""

from typing import Any

import pytest
from api_house import House, problem
from hiding import put

from daytwo_catalog.errors import QueryRejected
from daytwo_catalog.query import parse
from daytwo_store.entities import Draft
from daytwo_store.entity_conditions import Condition

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
async def house(shared: House) -> House:
    def service(name: str, **more: Any) -> Draft:
        return Draft(kind="service", name=name, title=name.title(), **more)

    drafts = (
        service("alpha", owner="group:sre", properties={"repository": "a/alpha", "tier": 1}),
        service("beta", owner="group:sre", properties={"repository": "a/beta", "labels": ["blue", "old"]}),
        service("secret", owner="group:sre", visible_to=("group:finance",)),
        service("gamma", relations={"dependsOn": ["service:secret", "service:alpha"]}),
    )
    for draft in drafts:
        await put(shared.store, draft)
    return shared


async def found(house: House, query: str, name: str = "ana", **more: Any) -> list[str]:
    client = await house.signed_in(name)
    answer = await client.post("/api/v1/entities/search", json={"query": query, "limit": 200, **more})
    assert answer.status_code == 200, answer.text
    counted = (await client.post("/api/v1/entities/facets", json={"query": query, **more})).json()
    items = answer.json()["items"]
    assert counted["total"] == len(items), "counts and list agree"
    return [one["name"] for one in items]


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("kind:service owner:group:sre", ["alpha", "beta"]),
        ("alph kind:service", ["alpha"]),
        ("tier=1 owner:group:sre", ["alpha"]),
        ("kind:service owner:group:sre tier!=1", ["beta"]),
        ("labels=blue", ["beta"]),
        ("labels=blu", []),
        ('repository="a/beta"', ["beta"]),
        ("dependsOn>service:alpha", ["gamma"]),
        ("nothing.at.all=1", []),
        ("kind:service kind:service alpha", ["alpha"]),
    ],
)
async def test_all_that_is_written_has_to_hold(house: House, query: str, names: list[str]) -> None:
    assert await found(house, query) == names


async def test_a_relation_to_what_is_hidden_finds_nothing(house: House) -> None:
    assert await found(house, "dependsOn>service:secret", "fay") == ["gamma"]
    assert await found(house, "dependsOn>service:secret", "ana") == []
    assert await found(house, "dependsOn>service:none", "ana") == []


async def test_what_is_typed_and_chosen_holds_together(house: House) -> None:
    assert await found(house, "owner:group:sre", kind="service") == ["alpha", "beta"]
    assert await found(house, "kind:service", kind="group") == []


async def test_facets_say_what_another_choice_would_find(house: House) -> None:
    async def counts(name: str, **asked: str) -> tuple[dict[str, int], dict[str, int]]:
        answer = (await (await house.signed_in(name)).post("/api/v1/entities/facets", json=asked)).json()
        kinds, owners = ({one["name"]: one["count"] for one in answer[of]} for of in ("kinds", "owners"))
        return kinds, owners

    kinds, owners = await counts("ana", kind="service", owner="group:sre")
    assert kinds["service"] == 2
    assert kinds["environment"] > 0, "of the same owner, of other kinds"
    assert (owners["group:sre"], owners["group:finance"]) == (2, 1)
    kinds, _ = await counts("fay", kind="service", owner="group:sre")
    assert kinds["service"] == 3, "she sees the hidden one"


@pytest.mark.parametrize(
    ("query", "at"),
    [
        ('shop "open', 6),
        ("tier=", 1),
        ("a dependsOn>billing", 3),
        ("kind:a kind:b", 8),
    ],
)
async def test_what_cannot_be_read_is_told_with_its_place(house: House, query: str, at: int) -> None:
    client = await house.signed_in("ana")
    for path in ("search", "facets"):
        said = problem(await client.post(f"/api/v1/entities/{path}", json={"query": query}), 422)
        assert f"at character {at}:" in said["detail"]


@pytest.mark.parametrize("query", ["a\x00b", "x" * 501, " ".join(f"p{one}=1" for one in range(21))])
def test_a_search_has_its_limits(query: str) -> None:
    with pytest.raises(QueryRejected):
        parse(query)


@pytest.mark.parametrize("query", ["%_\\=1", "a.b.=x", "'; drop table entity; --", "=", ">", ":", "a>b:c>d", '""'])
async def test_a_nasty_search_is_answered(house: House, query: str) -> None:
    client = await house.signed_in("ana")
    assert (await client.post("/api/v1/entities/search", json={"query": query})).status_code in (200, 422)


def test_words_and_conditions_are_told_apart() -> None:
    assert parse('shop "two words" language!="c sharp" a.b=1').text.split() == ["shop", "two", "words"]
    assert parse('language!="c sharp"').conditions == (Condition(name="language", operator="is not", value="c sharp"),)
