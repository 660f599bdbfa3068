"""Many connections from one place, and how whoever asks something meanwhile is answered."""

import asyncio
import contextlib
import json
import time

import httpx

Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Flood:
    """Connections that are kept, from one place."""

    def __init__(self, port: int) -> None:
        self._port = port
        self.kept: list[Connection] = []

    async def connect(self, send: bytes = b"") -> Connection:
        made = await asyncio.open_connection("127.0.0.1", self._port)
        self.kept.append(made)
        made[1].write(send)
        return made

    async def said(self, send: bytes, *, seconds: float = 60) -> bytes:
        """All that is answered until the other end closes."""
        reader, writer = await self.connect(send)
        with contextlib.suppress(ConnectionError):
            await writer.drain()
        async with asyncio.timeout(seconds):
            try:
                return await reader.read()
            except ConnectionResetError:
                return b""

    def end(self) -> None:
        for _, writer in self.kept:
            writer.close()


def told(answer: bytes, status: int) -> None:
    """A problem that says what was not done."""
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(f"HTTP/1.1 {status} ".encode()), answer[:200]
    assert b"connection: close" in head
    problem = json.loads(body)
    assert problem["status"] == status
    assert "Nothing was done" in problem["detail"]


async def answers(url: str, times: int) -> list[float]:
    """Seconds of each, on a connection of its own."""
    took = []
    for _ in range(times):
        began = time.monotonic()
        async with httpx.AsyncClient(timeout=20) as client:
            assert (await client.get(f"{url}/livez")).status_code == 200
        took.append(time.monotonic() - began)
    return took
