"""Guessing, and asking without end (S43): who does it is slowed down, by address and by principal, and nobody else."""

from collections.abc import Callable

import httpx
import pytest
from api_house import ORIGIN, House, problem

from daytwo_api.app import create_app
from daytwo_api.security import COOKIE
from daytwo_api.services.too_many import Demand, TooMany
from daytwo_api.services.wiring import build_services
from daytwo_api.settings import ApiSettings

pytestmark = pytest.mark.anyio
WRONG = {"Authorization": f"Bearer dt_{'A' * 43}"}


@pytest.fixture
async def guarded(house: House, make_settings: Callable[..., ApiSettings]) -> House:
    settings = make_settings(refusals_per_minute=10, requests_per_minute=60)
    services = build_services(settings, house.store, house.temporal, backends={})
    services.loading.done = True
    return House(create_app(services), services, house.company, house.temporal)


def of(guarded: House, address: str, **headers: str) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app=guarded.app, client=(address, 40_000))
    client = httpx.AsyncClient(transport=transport, base_url=ORIGIN, headers={"Origin": ORIGIN, **headers})
    guarded.clients.append(client)
    return client


async def test_guessed_tokens_and_sessions_from_one_address_are_slowed_down_and_nobody_is_locked_out(
    guarded: House,
) -> None:
    ana = await guarded.token("ana", "read")
    good = ana.headers["Authorization"]
    attacker = of(guarded, "203.0.113.7")
    seen = [(await attacker.get("/api/v1/runs", headers=WRONG)).status_code for _ in range(10)]
    seen += [
        (await attacker.get("/api/v1/me", headers={"Cookie": f"{COOKIE}={number}"})).status_code for number in range(5)
    ]
    assert seen == [401] * 10 + [429] * 5
    said = await attacker.post("/api/v1/actions/deploy/runs", json={}, headers=WRONG)
    assert "nothing was done" in problem(said, 429, "too-many")["detail"]
    assert int(said.headers["Retry-After"]) > 0
    # whose token is guessed is let in, from elsewhere and from behind the same address
    for address in ("203.0.113.8", "203.0.113.7"):
        answer = await of(guarded, address, Authorization=good).get("/api/v1/me")
        assert answer.status_code == 200, answer.text
    # and who guesses elsewhere starts anew
    assert (await of(guarded, "203.0.113.9").get("/api/v1/me", headers=WRONG)).status_code == 401
    await guarded.close()


async def test_who_brings_nothing_is_told_to_sign_in_however_often(guarded: House) -> None:
    client = of(guarded, "203.0.113.7")
    assert {(await client.get("/api/v1/me")).status_code for _ in range(30)} == {401}
    await guarded.close()


async def test_one_principal_does_not_take_it_all_with_more_tokens(guarded: House) -> None:
    first, second = await guarded.token("ana", "read"), await guarded.token("ana", "read")
    seen = []
    while 429 not in seen and len(seen) <= 120:  # a minute may have ended in between
        for client in (first, second):
            seen.append((await client.post("/api/v1/entities/search", json={"text": "shop"})).status_code)
    assert set(seen) == {200, 429}
    assert seen[0] == 200
    assert (await (await guarded.token("sam", "read")).get("/api/v1/me")).status_code == 200
    await guarded.close()


def test_the_next_minute_is_another() -> None:
    clock = [0.0]
    demand = Demand(2, lambda: clock[0])
    demand.note("p_ana")
    demand.note("p_ana")
    with pytest.raises(TooMany, match="Ask again in the next"):
        demand.note("p_ana")
    demand.note("p_sam")
    clock[0] = 60.0
    demand.note("p_ana")
