"""A plan says in words which inputs travel packed."""

import pytest
from api_house import House

pytestmark = pytest.mark.anyio
BODY = {"entity": "service:shop", "inputs": {"version": "1.1.0", "environment": "environment:staging"}}


async def planned(house: House) -> dict[str, object]:
    client = await house.signed_in("ana")
    answer = await client.post("/api/v1/actions/deploy/plan", json=BODY)
    assert answer.status_code == 200, answer.text
    (request,) = answer.json()["requests"]
    return dict(request)


async def test_a_plan_says_which_inputs_travel_together(house: House) -> None:
    assert (await planned(house))["packing"] is None
    house.company.ci.by_name = ("environment",)
    request = await planned(house)
    assert request["packed"] == ["version"]
    assert request["packing"] == (
        "The input version goes as JSON in the pipeline's input daytwo_inputs, because it does not declare it by name."
    )
    house.company.ci.by_name = ()
    assert str((await planned(house))["packing"]).startswith("2 inputs (version, environment) go together as JSON")
