"""Who is let in: for those who manage access, in pages, and never a secret."""

import pytest
from api_house import House, problem
from hiding import remove

pytestmark = pytest.mark.anyio


async def test_who_is_let_in_with_groups_roles_and_what_they_have(house: House) -> None:
    await house.token("ana", "read")
    pat = await house.signed_in("pat")
    found = {one["name"]: one for one in (await pat.get("/api/v1/principals")).json()["items"]}
    ana = found["Ana"]
    assert (ana["ref"], ana["groups"], ana["present"]) == ("person:ana", ["group:storefront"], True)
    assert (ana["sessions"], ana["tokens"]) == (1, 1)
    assert "admin" in found["Pat"]["roles"]
    assert "admin" not in ana["roles"]
    ended = (await pat.delete(f"/api/v1/principals/{ana['id']}/access")).json()
    assert ended == {"sessions": 1, "tokens": 1, "delegations": 0}
    (again,) = (await pat.get("/api/v1/principals", params={"q": "person:AN"})).json()["items"]
    assert (again["sessions"], again["tokens"]) == (0, 0)


async def test_they_come_in_pages_by_name(house: House) -> None:
    for name in ("sam", "ana", "ben"):
        await house.signed_in(name)
    pat = await house.signed_in("pat")
    names: list[str] = []
    cursor: str | None = None
    while True:
        asked = {"limit": "2"} | ({"cursor": cursor} if cursor else {})
        answer = (await pat.get("/api/v1/principals", params=asked)).json()
        names += [one["name"] for one in answer["items"]]
        cursor = answer["next_cursor"]
        if cursor is None:
            break
    assert names == sorted(names)
    assert {"Ana", "Ben", "Pat", "Sam"} <= set(names)


async def test_whoever_has_left_the_catalog_is_shown_as_gone(house: House) -> None:
    await house.signed_in("ana")
    await remove(house.store, "person:ana")
    pat = await house.signed_in("pat")
    (ana,) = (await pat.get("/api/v1/principals", params={"q": "person:ana"})).json()["items"]
    assert (ana["present"], ana["groups"], ana["roles"]) == (False, [], [])


async def test_a_search_that_no_name_can_have_is_refused(shared: House) -> None:
    pat = await shared.signed_in("pat")
    problem(await pat.get("/api/v1/principals", params={"q": "a\x00b"}), 422)
