"""What is visible to one person, by their own name, is so everywhere: in the catalog as in runs and locks."""

import pytest
from api_house import House
from hiding import hide

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(("name", "sees"), [("fay", True), ("ben", False)])
async def test_it_is_seen_everywhere_or_nowhere(house: House, name: str, sees: bool) -> None:
    house.company.ci.ends_as = None
    run = await house.company.ask("ana", "1.1.0", "staging")
    await house.company.drive(run)
    await hide(house.store, "service:shop", "person:fay")
    client = await house.signed_in(name)
    found = (await client.post("/api/v1/entities/search", json={"kind": "service"})).json()["items"]
    seen = {
        "search": "service:shop" in [one["ref"] for one in found],
        "entity": (await client.get("/api/v1/entities/service/shop")).status_code == 200,
        "history": (await client.get("/api/v1/entities/service/shop/history")).status_code == 200,
        "run": (await client.get(f"/api/v1/runs/{run}")).status_code == 200,
        "lock": run in [one["holder_run"] for one in (await client.get("/api/v1/locks")).json()["items"]],
    }
    assert seen == dict.fromkeys(seen, sees)
