"""What leaves for a service goes below its address and nowhere else, over a real connection."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from pydantic import SecretStr

from daytwo_actions.backends.wire.answer import Silence
from daytwo_actions.services.door import ServiceAnswer, ServiceCall
from daytwo_actions.services.sender import HttpService, ServiceSettings

pytestmark = pytest.mark.anyio


@asynccontextmanager
async def listening() -> AsyncIterator[tuple[int, list[str]]]:
    """A port of this machine, and the heads of the requests that reach it."""
    heads: list[str] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append((await reader.readuntil(b"\r\n\r\n")).decode())
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1], heads


def service(port: int, *, token: str | None = "own-token") -> HttpService:  # a test's
    secret = None if token is None else SecretStr(token)
    return HttpService(ServiceSettings(name="pager", base=f"http://127.0.0.1:{port}/api", token=secret))


@pytest.mark.parametrize(
    "path",
    [
        "@127.0.0.1:{other}/x",
        ":1@127.0.0.1:{other}/x",
        ".evil.example/x",
        "x",
        "//127.0.0.1:{other}/x",
        "/../admin",
        "/a/../../admin",
        "/a/%2e%2E/admin",
        "/a/%252e%252e/admin",
        "/a/..;/admin",
        "/a/..%2fadmin",
        "/a/.%2e/admin?x=1",
        "/a/.",
        "/a\\..\\admin",
        "/a%5cadmin",
        "/a\r\nHost: evil",
        "/a%0d%0aHost: evil",
        "/a#b",
        "",
    ],
)
async def test_no_path_leads_elsewhere(path: str) -> None:
    async with listening() as (port, there), listening() as (other, elsewhere):
        call = ServiceCall(method="GET", path=path.format(other=other))
        answer = await service(port).call(call, seconds=5)
    assert isinstance(answer, Silence)
    assert (answer.sent, there, elsewhere) == (False, [], [])


@pytest.mark.parametrize("path", ["/items/a@b", "/items/a%2Fb?of=x/../y", "/items/..a/b.", "/", "/a:1/b"])
async def test_what_is_below_arrives_with_the_token(path: str) -> None:
    async with listening() as (port, there):
        answer = await service(port).call(ServiceCall(method="GET", path=path), seconds=5)
    assert isinstance(answer, ServiceAnswer)
    assert there[0].startswith(f"GET /api{path} HTTP/1.1\r\n")
    assert "Authorization: Bearer own-token\r\n" in there[0]


@pytest.mark.parametrize("name", ["Host", "authorization", "Content-Length", "transfer-encoding", "a b", "X-A"])
async def test_no_header_says_who_sends_or_where(name: str) -> None:
    value = "a\r\nHost: evil" if name == "X-A" else "1"
    async with listening() as (port, there):
        answer = await service(port).call(ServiceCall(method="GET", path="/", headers={name: value}), seconds=5)
    assert isinstance(answer, Silence)
    assert (answer.sent, there) == (False, [])


async def test_a_service_without_a_token_takes_an_authors() -> None:
    async with listening() as (port, there):
        call = ServiceCall(method="GET", path="/", headers={"Authorization": "Token x"})
        await service(port, token=None).call(call, seconds=5)
    assert "Authorization: Token x\r\n" in there[0]
