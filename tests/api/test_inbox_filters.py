"""The inbox by what is asked for and who asks; what is decided stands by itself, the last one first."""

import pytest
from api_house import House

pytestmark = pytest.mark.anyio


async def test_the_inbox_is_narrowed_and_decided_ones_come_last_first(house: House) -> None:
    company, runs = house.company, []
    for number in range(3):
        run = await company.ask("ana" if number else "ben", "1.1.0", "production", key=f"inbox-{number}")
        await company.drive(run)
        runs.append(run)
    sam = await house.signed_in("sam")

    async def listed(**asked: object) -> list[str]:
        answer = await sam.get("/api/v1/approvals", params=asked)
        assert answer.status_code == 200, answer.text
        return [one["run"] for one in answer.json()["items"]]

    assert sorted(await listed(requester="person:ana")) == sorted(runs[1:])
    assert await listed(requester="person:ben", action="deploy", entity="service:shop") == [runs[0]]
    assert await listed(entity="service:billing") == await listed(action="restart") == []
    assert await listed(decided=True) == []
    for run in runs[:2]:
        await company.decide("sam", run)
    assert await listed(decided=True) == [runs[1], runs[0]]
    assert await listed(mine=True) == [runs[2]]
    first = (await sam.get("/api/v1/approvals", params={"decided": True, "limit": 1})).json()
    assert [one["run"] for one in first["items"]] == [runs[1]]
    assert await listed(decided=True, limit=1, cursor=first["next_cursor"]) == [runs[0]]
