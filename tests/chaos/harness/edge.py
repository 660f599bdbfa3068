"""An edge of the house: what stands between two processes, and carries, delays, loses or breaks what they say."""

import asyncio
import contextlib
from collections.abc import Coroutine
from typing import Final

from tests.chaos.harness.loop import LoopThread

_LOOK: Final = 0.02  # seconds
_LOOK_AT_IDLE: Final = 0.2  # of a connection on which nobody says anything


class Cut(Exception):
    """The connection ends here, on purpose."""


class Edge:
    """What is wrong with it. A test sets it in its own thread; connections look at it in that of their loop."""

    def __init__(self) -> None:
        self.held = False  # nothing passes, and nobody is told so
        self.deaf = False  # requests pass and take effect, no answer comes back, and in the end the connection breaks
        self.slow = 0.0  # seconds that each piece is late, there and back
        self.cut = False  # connections break, and new ones as soon as they are made

    def heal(self) -> None:
        self.held = self.deaf = self.cut = False
        self.slow = 0.0

    async def passes(self) -> None:
        """Before anything is handed on. Raises `Cut`."""
        while self.held:
            await asyncio.sleep(_LOOK)
        if self.slow:
            await asyncio.sleep(self.slow)
        if self.cut:
            raise Cut

    async def comes_back(self) -> None:
        """Before an answer is handed on. Raises `Cut`."""
        await self.passes()
        if not self.deaf:
            return
        while self.deaf:
            await asyncio.sleep(_LOOK)
        raise Cut

    async def breaks(self) -> None:
        """Returns when connections are to end."""
        while not self.cut:
            await asyncio.sleep(_LOOK_AT_IDLE)


class TcpProxy(Edge):
    """Stands in front of a port of this machine, and knows nothing of what passes. `address` is host:port."""

    def __init__(self, loop: LoopThread, port: int) -> None:
        super().__init__()
        self._port = port
        self._loop = loop
        self._server = loop.run(asyncio.start_server(self._serve, "127.0.0.1", 0))
        self.address: str = "{}:{}".format(*self._server.sockets[0].getsockname())

    def close(self) -> None:
        self._loop.run(self._stop())

    async def _stop(self) -> None:
        self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            server = await asyncio.open_connection("127.0.0.1", self._port)
        except OSError:
            writer.close()
            return
        try:
            await first_to_end(self._there(reader, server[1]), self._back(server[0], writer), self.breaks())
        finally:
            for one in (writer, server[1]):
                one.close()

    async def _there(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, Cut):
            while piece := await reader.read(65536):
                await self.passes()
                writer.write(piece)
                await writer.drain()

    async def _back(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, Cut):
            while piece := await reader.read(65536):
                await self.comes_back()
                writer.write(piece)
                await writer.drain()


async def first_to_end(*ways: Coroutine[object, object, None]) -> None:
    """A connection ends as a whole: when one way does, the others are given up."""
    tasks = [asyncio.create_task(way) for way in ways]
    _, left = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in left:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
