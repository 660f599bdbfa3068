"""What surrounds every request: ids, headers, limits, and errors that say what to do and nothing of the inside."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest
from api_house import House, problem
from fastapi import APIRouter, FastAPI
from starlette.types import Message

from daytwo_api.app import UndeclaredRoutes, create_app
from daytwo_api.asker import PUBLIC, Reader, undeclared_routes
from daytwo_api.bodies import LIMIT, WEBHOOK_LIMIT, BodyGuard, TooSlow
from daytwo_api.envelope import DATA_POLICY, PAGE_POLICY

pytestmark = pytest.mark.anyio


async def test_every_answer_has_an_id_and_the_headers_that_protect_a_browser(shared: House) -> None:
    answer = await shared.anonymous().get("/api/v1/me")
    assert answer.headers["x-request-id"] == answer.json()["request_id"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-security-policy"] == DATA_POLICY
    assert answer.headers["cache-control"] == "no-store"
    assert "strict-transport-security" not in answer.headers
    page = await shared.anonymous().get("/runs")
    assert page.headers["content-security-policy"] == PAGE_POLICY
    assert "unsafe" not in PAGE_POLICY


@pytest.mark.parametrize(("given", "kept"), [("proxy-1234567", True), ("short", False), ("a\tb" * 9, False)])
async def test_a_proxy_s_request_id_is_kept_when_it_is_one(shared: House, given: str, kept: bool) -> None:
    answer = await shared.anonymous(**{"X-Request-Id": given}).get("/livez")
    assert (answer.headers["x-request-id"] == given) is kept


async def test_https_is_insisted_on_where_it_is_used(shared: House) -> None:
    from daytwo_api.envelope import Envelope

    async def inner(scope: object, receive: object, send: object) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})  # type: ignore[operator]  # ASGI
        await send({"type": "http.response.body", "body": b""})  # type: ignore[operator]  # ASGI

    app = Envelope(inner, metrics=shared.services.metrics, https=True, templates={})
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="https://x") as client:
        assert (await client.get("/")).headers["strict-transport-security"] == "max-age=31536000"


@pytest.mark.parametrize(
    ("method", "path", "status", "kind"),
    [
        ("GET", "/api/v1/nothing", 404, "not-found"),
        ("GET", "/api/v1/me/", 404, "not-found"),
        ("POST", "/nothing", 404, "not-found"),
        ("PUT", "/api/v1/me", 405, "method-not-allowed"),
        ("GET", "/assets/nothing.js", 404, "not-found"),
        ("GET", "/..%2f..%2f..%2fetc/passwd.txt", 404, "not-found"),
    ],
)
async def test_unknown_addresses_and_methods(shared: House, method: str, path: str, status: int, kind: str) -> None:
    if path.startswith(("/assets", "/..")) and not (shared.services.page / "index.html").exists():
        pytest.skip("the page is not built")
    answer = await shared.anonymous().request(method, path)
    problem(answer, status, kind)
    assert ("allow" in answer.headers) is (status == 405)


async def test_every_method_of_an_address_is_named(shared: House) -> None:
    answer = await shared.anonymous().patch("/api/v1/approvals/a_0/decision")
    assert answer.headers["allow"] == "DELETE, POST"


async def test_who_is_unknown_is_told_how_to_sign_in(shared: House) -> None:
    answer = await shared.anonymous().get("/api/v1/me")
    assert "Sign in on the page" in problem(answer, 401, "unauthenticated")["detail"]
    assert answer.headers["www-authenticate"] == "Bearer"


async def chunks(size: int) -> AsyncIterator[bytes]:
    for _ in range(size // 1024 + 1):
        yield b" " * 1024


async def test_a_body_over_128_kb_is_refused_whether_it_says_so_or_not(shared: House) -> None:
    ana = await shared.signed_in("ana")
    exact = b'{"kind": "service"}'.ljust(LIMIT)
    headers = {"content-type": "application/json"}
    assert (await ana.post("/api/v1/entities/search", content=exact, headers=headers)).status_code == 200
    for content in (exact + b" ", chunks(LIMIT)):
        answer = await ana.post("/api/v1/entities/search", content=content, headers=headers)
        assert "nothing was done" in problem(answer, 413, "too-large")["detail"]
    lying = await ana.post("/api/v1/entities/search", content=b"{}", headers={**headers, "content-length": "9" * 30})
    problem(lying, 413, "too-large")


async def test_webhooks_may_be_larger_and_arrive_byte_for_byte() -> None:
    seen: list[bytes] = []

    async def inner(scope: object, receive: object, send: object) -> None:
        message: Message = await receive()  # type: ignore[operator]  # ASGI
        seen.append(message["body"])
        await send({"type": "http.response.start", "status": 202, "headers": []})  # type: ignore[operator]  # ASGI
        await send({"type": "http.response.body", "body": b""})  # type: ignore[operator]  # ASGI

    body = b'{"a": "\\u0000"}'.ljust(WEBHOOK_LIMIT)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=BodyGuard(inner)), base_url="http://x") as client:
        assert (await client.post("/api/v1/webhooks/github", content=body)).status_code == 202
    assert seen == [body]


async def test_a_webhook_over_1_mb_is_refused_whether_it_says_so_or_not(shared: House) -> None:
    client, headers = shared.anonymous(), {"content-type": "application/json"}
    exact = b"{}".ljust(WEBHOOK_LIMIT)
    assert (await client.post("/api/v1/webhooks/github", content=exact, headers=headers)).status_code == 202
    for content in (exact + b" ", chunks(WEBHOOK_LIMIT)):
        answer = await client.post("/api/v1/webhooks/github", content=content, headers=headers)
        assert "nothing was done" in problem(answer, 413, "too-large")["detail"]


async def test_a_body_that_does_not_arrive_is_given_up() -> None:
    async def never() -> Message:
        await asyncio.Event().wait()
        raise AssertionError

    async def nobody(*_: object) -> None:
        raise AssertionError("must not be reached")

    scope = {"type": "http", "method": "POST", "path": "/x", "query_string": b"", "headers": []}
    with pytest.raises(TooSlow):
        await BodyGuard(nobody, seconds=0.05)(scope, never, nobody)


@pytest.mark.parametrize(
    ("body", "status", "kind", "pointer"),
    [
        (b"{", 422, "invalid-request", None),
        (b"[]", 422, "invalid-request", ""),
        (b'{"kind": 1}', 422, "invalid-request", "/kind"),
        (b'{"limit": 0}', 422, "invalid-request", "/limit"),
        (b'{"knd": "x"}', 422, "invalid-request", "/knd"),
        (b'{"text": "' + b"x" * 201 + b'"}', 422, "invalid-request", "/text"),
        (b'{"text": "\\u0000"}', 422, "rejected", None),
        (b'{"text": "\\ud800"}', 422, "rejected", None),
        (b'{"text": "\xed\xa0\x80"}', 422, "rejected", None),
        (b"[" * 70 + b"]" * 70, 422, "rejected", None),
        (b"[" * 60000, 422, None, None),
        (b'{"cursor": "nonsense"}', 422, "rejected", None),
        (b"\xff\xfe", None, None, None),
    ],
)
async def test_a_bad_body_is_told_by_field(
    shared: House, body: bytes, status: int | None, kind: str | None, pointer: str | None
) -> None:
    ana = await shared.signed_in("ana")
    answer = await ana.post("/api/v1/entities/search", content=body, headers={"content-type": "application/json"})
    said = problem(answer, status or answer.status_code, kind)
    assert answer.status_code in (400, 422)
    if pointer is not None:
        assert [fault["pointer"] for fault in said["errors"]] == [pointer]


async def test_harmless_text_that_looks_suspicious_passes(shared: House) -> None:
    ana = await shared.signed_in("ana")
    for text in ('"\\\\u0000"', '"\\u00e9"', '"ü😀"', '"\\ud83d\\ude00"'):
        body = f'{{"text": {text}}}'.encode()
        answer = await ana.post("/api/v1/entities/search", content=body, headers={"content-type": "application/json"})
        assert answer.status_code == 200


async def test_a_body_of_another_type_is_not_taken_for_json(shared: House) -> None:
    """What a page elsewhere can send without asking first (text/plain) never becomes a request."""
    ana = await shared.signed_in("ana")
    answer = await ana.post("/api/v1/entities/search", content=b"{}", headers={"content-type": "text/plain"})
    problem(answer, 422, "invalid-request")


@pytest.mark.parametrize("path", ["/api/v1/runs?cursor=%00", "/api/v1/entities/service/sh%00op", "/api/v1/runs/%00"])
async def test_a_null_character_in_the_address_is_refused(shared: House, path: str) -> None:
    problem(await (await shared.signed_in("ana")).get(path), 422, "rejected")


@pytest.mark.parametrize("path", ["/api/v1/runs/%ff", "/api/v1/runs/%ED%A0%80", "/api/v1/entities/a/%F0%9F%98%80"])
async def test_odd_characters_in_the_address_name_nothing(shared: House, path: str) -> None:
    problem(await (await shared.signed_in("ana")).get(path), 404, "not-found")


async def test_what_should_not_happen_says_nothing_of_the_inside(shared: House) -> None:
    @shared.app.get("/api/v1/broken")
    async def broken() -> None:
        raise RuntimeError("hunter2")

    answer = await shared.anonymous().get("/api/v1/broken")
    said = problem(answer, 500, "internal")
    assert "hunter2" not in answer.text
    assert said["request_id"] in answer.headers["x-request-id"]


def test_a_route_that_names_nobody_is_found_wherever_it_was_included() -> None:
    async def answer() -> None: ...

    async def asked(by: Reader) -> None: ...

    inner, outer, app = APIRouter(prefix="/inner"), APIRouter(prefix="/outer"), FastAPI(openapi_url=None)
    inner.add_api_route("/forgotten", answer, methods=["GET", "POST"])
    inner.add_api_route("/declared", asked)
    outer.include_router(inner)
    app.include_router(outer)
    app.add_route("/plain", answer)
    app.mount("/mounted", answer)
    assert undeclared_routes(app.routes) == [
        "GET /outer/inner/forgotten",
        "POST /outer/inner/forgotten",
        "GET /plain",
        "HEAD /plain",
        "ANY /mounted",
    ]


async def test_an_application_with_such_a_route_does_not_start(shared: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(PUBLIC, "GET /livez")
    with pytest.raises(UndeclaredRoutes, match="GET /livez"):
        create_app(shared.services)
