"""Another page, and another name for our address: neither may do anything in somebody's name."""

from typing import Any

import httpx
import pytest
from api_house import ORIGIN, House, problem

from daytwo_api.security import COOKIE, OriginGuard, name_of

pytestmark = pytest.mark.anyio
SEARCH = "/api/v1/entities/search"


async def session_of(house: House, name: str = "ana") -> str:
    client = await house.signed_in(name)
    secret = client.cookies[COOKIE]
    assert isinstance(secret, str)
    return secret


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Origin": ORIGIN}, 200),
        ({"Sec-Fetch-Site": "same-origin"}, 200),
        ({"Origin": ORIGIN, "Sec-Fetch-Site": "cross-site"}, 200),
        ({}, 403),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "http://127.0.0.1:8081"}, 403),
        ({"Origin": "http://127.0.0.1:8080.evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "127.0.0.1:8080"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Origin": "https://evil.example", "Sec-Fetch-Site": "same-origin"}, 403),
    ],
)
async def test_a_session_acts_only_from_our_own_page(shared: House, headers: dict[str, str], status: int) -> None:
    cookie = f"{COOKIE}={await session_of(shared)}"
    client = shared.anonymous()
    del client.headers["Origin"]
    answer = await client.post(SEARCH, json={}, headers={"Cookie": cookie, **headers})
    assert answer.status_code == status
    if status == 403:
        assert "Nothing was done" in problem(answer, 403, "forbidden")["detail"]


async def test_another_page_cannot_sign_somebody_in(shared: House) -> None:
    answer = await shared.anonymous().post(
        "/api/v1/session", json={"name": "ana"}, headers={"Origin": "https://evil.example"}
    )
    problem(answer, 403, "forbidden")
    assert "set-cookie" not in answer.headers


async def test_a_program_without_a_session_needs_no_origin(shared: House) -> None:
    client = shared.anonymous()
    del client.headers["Origin"]
    assert (await client.post("/api/v1/session", json={"name": "ana"})).status_code == 200


async def test_a_token_needs_no_origin_and_a_cookie_beside_it_counts_for_nothing(shared: House) -> None:
    program = await shared.token("sam", "read")
    program.headers["Origin"] = "https://evil.example"
    program.cookies.set(COOKIE, await session_of(shared, "ana"))
    assert (await program.get("/api/v1/me")).json()["name"] == "Sam"
    assert (await program.post(SEARCH, json={})).status_code == 200
    program.headers["Authorization"] = "Bearer dt_wrong"
    problem(await program.post(SEARCH, json={}), 401, "unauthenticated")


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8080", "127.0.0.1.evil.example", "", "[::1", "a@b:c"])
async def test_a_foreign_name_for_our_address_is_refused(shared: House, host: str) -> None:
    answer = await shared.anonymous().get("/api/v1/session", headers={"Host": host})
    problem(answer, 421, "misdirected")


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost:1", "[::1]:8080", "LOCALHOST"])
async def test_loopback_s_own_names_are_ours(shared: House, host: str) -> None:
    assert (await shared.anonymous().get("/api/v1/session", headers={"Host": host})).status_code == 200


@pytest.mark.parametrize("path", ["/livez", "/metrics"])
async def test_probes_come_by_any_name(shared: House, path: str) -> None:
    assert (await shared.anonymous().get(path, headers={"Host": "10.0.0.7:8080"})).status_code == 200


async def test_without_known_names_any_will_do() -> None:
    async def inner(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    transport = httpx.ASGITransport(app=OriginGuard(inner, hosts=None))
    async with httpx.AsyncClient(transport=transport, base_url="http://whatever.example") as client:
        assert (await client.get("/x")).status_code == 204


def test_names_in_host_headers() -> None:
    assert name_of("Daytwo.example:443") == "daytwo.example"
    assert name_of("[::1]:80") == "::1"
    assert name_of("") is None
