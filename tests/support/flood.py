"""Many connections from one place, and how whoever asks something meanwhile is answered.

`python flood.py` is an attacker, in a process of its own: what it costs to attack is not to be taken for what it does.
"""

import asyncio
import contextlib
import json
import sys
import time
from collections.abc import AsyncIterator, Mapping

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


@contextlib.asynccontextmanager
async def flooded(url: str, method: str, headers: Mapping[str, str], body: str) -> AsyncIterator[set[int]]:
    """Somebody asks this again and again, four at a time, until the block ends; the statuses that they got, after it.

    0: the connection was closed before there was an answer.
    """
    wanted = json.dumps({"url": url, "method": method, "headers": dict(headers), "body": body})
    pipe = asyncio.subprocess.PIPE
    attacker = await asyncio.create_subprocess_exec(sys.executable, __file__, stdin=pipe, stdout=pipe)
    assert attacker.stdin is not None
    assert attacker.stdout is not None
    attacker.stdin.write(f"{wanted}\n".encode())
    await attacker.stdout.readline()  # it has begun
    seen: set[int] = set()
    try:
        yield seen
    finally:
        attacker.stdin.close()
        seen |= set(json.loads(await attacker.stdout.read()))
        await attacker.wait()


async def _attack() -> None:
    loop = asyncio.get_running_loop()
    wanted = json.loads(await loop.run_in_executor(None, sys.stdin.readline))
    seen: set[int] = set()

    async def go_on() -> None:
        async with httpx.AsyncClient(timeout=30) as client:
            while True:
                try:
                    answer = await client.request(
                        wanted["method"], wanted["url"], headers=wanted["headers"], content=wanted["body"]
                    )
                    seen.add(answer.status_code)
                except httpx.TransportError:  # what is too large is refused before it was sent as a whole
                    seen.add(0)

    going_on = [asyncio.create_task(go_on()) for _ in range(4)]
    print("begun", flush=True)
    await loop.run_in_executor(None, sys.stdin.read)  # until whoever started it has enough
    for one in going_on:
        one.cancel()
    await asyncio.gather(*going_on, return_exceptions=True)
    print(json.dumps(sorted(seen)), flush=True)


if __name__ == "__main__":
    asyncio.run(_attack())
