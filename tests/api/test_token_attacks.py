"""Tokens that are none (S3), and what a good one is good for (S4): on every route that needs somebody."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from api_house import House, problem

from daytwo_api.asker import declared_routes
from daytwo_store import entities
from daytwo_store.clock import GivenClock
from daytwo_store.entities import EVERYTHING

pytestmark = pytest.mark.anyio
Headers = list[tuple[str, str]]


def bearer(value: str) -> tuple[str, str]:
    return "Authorization", f"Bearer {value}"


def attacks(good: str, expired: str, revoked: str) -> dict[str, tuple[Headers, str]]:
    """Headers and query of each."""
    return {
        "nothing": ([bearer("nothing")], ""),
        "empty": ([("Authorization", "")], ""),
        "no secret": ([bearer("")], ""),
        "another scheme": ([("Authorization", f"Basic {good}")], ""),
        "no scheme": ([("Authorization", good)], ""),
        "a good one and another": ([bearer(good), bearer("dt_x")], ""),
        "another and a good one": ([bearer("dt_x"), bearer(good)], ""),
        "a good one twice": ([bearer(good), bearer(good)], ""),
        "two in one": ([bearer(f"{good}, Bearer {good}")], ""),
        "in the query": ([], f"access_token={good}&token={good}"),
        "in a cookie": ([("Cookie", f"daytwo_session={good}; token={good}")], ""),
        "another server's": ([bearer("dt_" + "A" * 43)], ""),
        "one letter less": ([bearer(good[:-1])], ""),
        "in capitals": ([bearer(good.upper())], ""),
        "expired": ([bearer(expired)], ""),
        "revoked": ([bearer(revoked)], ""),
    }


def secret(client: object) -> str:
    return str(client.headers["Authorization"]).removeprefix("Bearer ")  # type: ignore[attr-defined]  # httpx's


async def test_what_is_no_token_opens_no_route_and_all_answers_are_the_same(house: House) -> None:
    clock = GivenClock(datetime.now(UTC))
    house.store.clock = clock
    expired = await house.token("pat", "read", "run", "approve", "admin")
    clock.moment += timedelta(days=30)
    good = await house.token("pat", "read", "run", "approve", "admin")
    clock.moment += timedelta(seconds=1)
    revoked = await house.token("pat", "read", "run", "approve", "admin")
    pat = await house.signed_in("pat")
    listed = (await pat.get("/api/v1/tokens")).json()["items"]
    assert (await pat.delete(f"/api/v1/tokens/{listed[0]['id']}")).status_code == 204  # the newest comes first
    problem(await revoked.get("/api/v1/me"), 401)
    assert (await good.get("/api/v1/me")).status_code == 200

    said = set()
    routes = [route for route in declared_routes(house.app.routes) if route.needs is not None]
    client = house.anonymous()
    for name, (headers, query) in attacks(secret(good), secret(expired), secret(revoked)).items():
        for route in routes:
            answer = await client.request(route.method, f"{route.path}?{query}", headers=headers)
            assert answer.status_code == 401, (name, str(route), answer.text)
            told = {**answer.json(), "request_id": ""}
            said.add(json.dumps(told, sort_keys=True))
    assert len(routes) > 30
    assert len(said) == 1


async def test_a_token_never_may_more_than_its_owner_may_now(house: House) -> None:
    token = await house.token("pat", "read", "admin")
    assert (await token.get("/api/v1/audit")).status_code == 200
    async with house.store.write() as tx:
        pat = await entities.get(tx.session, "person:pat", sees=EVERYTHING)
        assert pat is not None
        left = entities.Draft(kind="person", name="pat", title=pat.title, properties=pat.properties, relations={})
        await entities.upsert(tx, left, by="file:test.yaml")
    problem(await token.get("/api/v1/audit"), 403)
    assert (await token.get("/api/v1/me")).json()["groups"] == []
