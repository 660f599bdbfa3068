"""A house over HTTP whose clock is moved by hand, for freezes and what is excepted from them."""

from datetime import UTC, datetime
from typing import Any

import httpx
from api_house import House
from company import Company

from daytwo_store.clock import GivenClock
from daytwo_store.ids import RunId

NOW = datetime(2025, 12, 21, 12, tzinfo=UTC)  # before now: what the CI system starts is newer
YEAR_END = {
    "title": "Year end",
    "owner": "group:sre",
    "spec": {
        "reason": "Nobody is there to mend it",
        "timezone": "Europe/Berlin",
        "from": "2025-12-20T18:00",
        "until": "2026-01-02T08:00",
        "where": {"environments": ["staging"]},
    },
}


class Town:
    """A house whose clock is moved by hand, with everybody signed in."""

    def __init__(self, house: House, clock: GivenClock, people: dict[str, httpx.AsyncClient]) -> None:
        self.house = house
        self.clock = clock
        self.people = people

    @property
    def company(self) -> Company:
        return self.house.company

    async def call(self, who: str, method: str, path: str, **more: Any) -> Any:
        answer = await self.people[who].request(method, f"/api/v1{path}", **more)
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None

    async def freeze(self, **changes: Any) -> str:
        made: str = (await self.call("pat", "POST", "/freezes", json={**YEAR_END, **changes}))["id"]
        return made

    async def run(self, who: str = "ana") -> RunId:
        run = await self.company.ask(who, "1.1.0", "staging")
        await self.company.drive(run)
        return run

    async def ask(self, run: RunId, freeze: str, who: str = "ana") -> str:
        asked = {"freeze": freeze, "reason": "Customers cannot pay"}
        found: str = (await self.call(who, "POST", f"/runs/{run}/exceptions", json=asked))["id"]
        return found

    async def state(self, run: RunId) -> str:
        await self.company.drive(run)
        found: str = (await self.call("ana", "GET", f"/runs/{run}"))["state"]
        return found
