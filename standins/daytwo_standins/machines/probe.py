"""Asks an application whether it is healthy."""

import asyncio
from contextlib import suppress


async def healthy(port: int, *, within: float = 2.0) -> bool:
    """Whether GET /healthz on this loopback port answers 200 within so many seconds."""
    with suppress(OSError, TimeoutError, asyncio.IncompleteReadError):
        async with asyncio.timeout(within):
            return b" 200 " in await _first_line(port)
    return False


async def _first_line(port: int) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
        await writer.drain()
        return await reader.readline()
    finally:
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()
