"""S6 on open pages: whoever loses the right to look is told nothing more, and the stream ends. Over a real port."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, replace

import anyio
import httpx
import pytest
from api_house import House
from hiding import hide, remove
from served import served
from sqlalchemy import update

from daytwo_api.app import create_app
from daytwo_api.services.live import Live
from daytwo_api.services.ticks import Pace
from daytwo_store import entities, grants
from daytwo_store.entities import EVERYTHING
from daytwo_store.ids import RunId
from daytwo_store.tables import TokenRow

pytestmark = pytest.mark.anyio
SOON = Pace(ping=0.02, least=0.0, look_anyway=0.02, ask_again=0.05, life=60)  # in production within 15 seconds
LISTS = "/api/v1/events"


@dataclass
class Street:
    """The house on a real port, and a run that everybody sees until it is hidden."""

    house: House
    address: str
    run: RunId

    @property
    def page(self) -> str:
        return f"/api/v1/runs/{self.run}/events"

    async def told(self, who: httpx.AsyncClient, path: str, take_away: Callable[[], Awaitable[object]]) -> list[str]:
        """What an open page is told after the right to look was taken away, until it is closed."""
        headers = {name: who.headers[name] for name in ("authorization",) if name in who.headers}
        async with httpx.AsyncClient(base_url=self.address, headers=headers, cookies=dict(who.cookies)) as client:
            with anyio.fail_after(60):
                async with client.stream("GET", path) as answer:
                    assert answer.status_code == 200, path
                    events = names(answer)
                    while await anext(events) != "ping":
                        pass
                    await take_away()
                    rest = [name async for name in events]
            assert (await client.get(path)).status_code in (401, 403, 404)
        return rest


async def names(answer: httpx.Response) -> AsyncIterator[str]:
    async for line in answer.aiter_lines():
        if line.startswith("event: "):
            yield line.removeprefix("event: ")


@pytest.fixture
async def street(house: House) -> AsyncIterator[Street]:
    services = replace(house.services, live=Live(house.services.listener, house.services.runs, SOON))
    ours = House(create_app(services), services, house.company, house.temporal)
    async with served(ours.app) as (address, _):
        yield Street(ours, address, await house.company.ask("ana", "1.1.0", "staging"))
    await ours.close()


async def test_by_signing_out_everywhere(street: Street) -> None:
    async def sign_out() -> None:
        elsewhere = await street.house.signed_in("ana")
        assert (await elsewhere.delete("/api/v1/sessions")).status_code == 200

    for path in (LISTS, street.page):
        assert set(await street.told(await street.house.signed_in("ana"), path, sign_out)) <= {"ping"}


async def test_by_a_token_that_is_revoked_or_over(street: Street) -> None:
    ben = await street.house.signed_in("ben")

    async def revoke() -> None:
        newest = (await ben.get("/api/v1/tokens")).json()["items"][0]["id"]
        assert (await ben.delete(f"/api/v1/tokens/{newest}")).status_code == 204

    async def over() -> None:
        async with street.house.store.write() as tx:
            await tx.session.execute(update(TokenRow).values(expires_at=tx.now))

    for path, take_away in ((LISTS, revoke), (street.page, over)):
        assert set(await street.told(await street.house.token("ben", "read"), path, take_away)) <= {"ping"}


async def test_by_a_role_that_is_taken_away(street: Street) -> None:
    """The session goes on, and reads nothing."""

    async def give(viewers: str) -> None:
        async with street.house.store.write() as tx:
            given = {"viewer": [viewers], "requester": ["group:sre"], "admin": ["group:platform"]}
            await grants.put(tx, given, source="test.yaml")

    for path in (LISTS, street.page):
        await give("everyone")
        ana = await street.house.signed_in("ana")
        assert set(await street.told(ana, path, lambda: give("group:sre"))) <= {"ping"}
        assert (await ana.get("/api/v1/me")).status_code == 200


async def test_by_leaving_the_group_that_alone_sees_it(street: Street) -> None:
    await hide(street.house.store, "service:shop", "group:finance")
    fay = await street.house.signed_in("fay")

    async def leave() -> None:
        async with street.house.store.write() as tx:
            before = await entities.get(tx.session, "person:fay", sees=EVERYTHING)
            assert before is not None
            await entities.upsert(tx, replace(before, relations={}), by="file:x")

    assert set(await street.told(fay, street.page, leave)) <= {"ping"}
    assert (await fay.get("/api/v1/me")).status_code == 200, "and only that run is not there any more"


async def test_by_leaving_the_company(street: Street) -> None:
    fay = await street.house.signed_in("fay")
    assert set(await street.told(fay, LISTS, lambda: remove(street.house.store, "person:fay"))) <= {"ping"}
