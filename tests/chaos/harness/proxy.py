"""A proxy in front of PostgreSQL that sees every COMMIT and can kill its sender, or another, at exactly that one.

A message is a type byte and a length (https://www.postgresql.org/docs/18/protocol-message-formats.html); psycopg sends
COMMIT as a simple query. The hop is a Unix socket, so nothing is encrypted.
"""

import asyncio
import contextlib
import shutil
import struct
import tempfile
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Final
from urllib.parse import quote

from tests.chaos.harness.edge import Cut, Edge, first_to_end
from tests.chaos.harness.loop import LoopThread

_SOCKET: Final = ".s.PGSQL.5432"
_LONGEST: Final = 4_000_000  # bytes of a transaction that are remembered


class Side(Enum):
    """When somebody is killed."""

    BEFORE = "before"  # the COMMIT never reaches the database
    AFTER = "after"  # it has taken effect, and the sender never hears of it


@dataclass
class Trap:
    """Strikes at the `number`-th COMMIT of a transaction that `wanted` picks; once."""

    wanted: Callable[[bytes], bool]  # given all that was sent in the transaction
    number: int
    side: Side
    kill: Callable[[], None]
    cuts: bool = True  # the sender's connection; not where somebody else is killed
    seen: int = 0
    sprung: threading.Event = field(default_factory=threading.Event)

    def strikes(self, transaction: bytes) -> bool:
        if self.sprung.is_set() or not self.wanted(transaction):
            return False
        self.seen += 1
        return self.seen == self.number


class PostgresProxy(Edge):
    """Stands between one process of ours and the server whose socket lies in the folder `upstream`."""

    def __init__(self, loop: LoopThread, upstream: Path) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="dt-"))  # short: the path of a socket holds 107 bytes
        self.transactions: list[bytes] = []  # every committed one, while `recording`
        self.recording = False
        self._upstream = upstream / _SOCKET
        self._loop = loop
        self._traps: list[Trap] = []
        self._server = loop.run(self._listen())

    @property
    def url(self) -> str:
        return f"postgresql://postgres@/daytwo?host={quote(str(self.folder), safe='')}"

    def set(self, trap: Trap) -> Trap:
        self._traps.append(trap)
        return trap

    def clear(self) -> None:
        self._traps.clear()
        self.transactions.clear()
        self.recording = False
        self.heal()

    def close(self) -> None:
        self._loop.run(self._stop())
        shutil.rmtree(self.folder, ignore_errors=True)

    def judge(self, transaction: bytes) -> Trap | None:
        """The trap that this COMMIT springs."""
        if self.recording:
            self.transactions.append(transaction)
        return next((trap for trap in list(self._traps) if trap.strikes(transaction)), None)

    async def _listen(self) -> asyncio.Server:
        return await asyncio.start_unix_server(self._serve, path=str(self.folder / _SOCKET))

    async def _stop(self) -> None:
        self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            server = await asyncio.open_unix_connection(str(self._upstream))
        except OSError:
            writer.close()
            return
        wire = _Wire(self, (reader, writer), server)
        try:
            await wire.run()
        finally:
            for one in (writer, server[1]):
                one.close()


Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class _Wire:
    """One connection."""

    def __init__(self, proxy: PostgresProxy, client: Streams, server: Streams) -> None:
        self._proxy = proxy
        self._client = client
        self._server = server
        self._transaction = bytearray()
        self._prepared: dict[bytes, bytes] = {}  # a statement that is used again is sent by its name alone
        self._deadly: Trap | None = None  # it strikes when the server answers

    async def run(self) -> None:
        await first_to_end(self._there(), self._back(), self._proxy.breaks())

    async def _there(self) -> None:
        reader, writer = self._client[0], self._server[1]
        with contextlib.suppress(asyncio.IncompleteReadError, OSError, Cut):
            while (size := struct.unpack("!I", await reader.readexactly(4))[0]) == 8:
                writer.write(struct.pack("!I", size) + await reader.readexactly(4))  # asks for encryption: told no
            writer.write(struct.pack("!I", size) + await reader.readexactly(size - 4))
            while True:
                head = await reader.readexactly(5)
                message = head + await reader.readexactly(struct.unpack("!I", head[1:])[0] - 4)
                await self._proxy.passes()
                self._look(message)
                writer.write(message)
                await writer.drain()

    def _look(self, message: bytes) -> None:
        said = message[5:].rstrip(b"\0").upper() if message[:1] == b"Q" else b""
        if said.startswith(b"BEGIN"):
            self._transaction.clear()
        if len(self._transaction) < _LONGEST:
            self._transaction += message + self._by_name(message)
        if said != b"COMMIT":
            return
        trap = self._proxy.judge(bytes(self._transaction))
        self._transaction.clear()
        if trap is not None and trap.side is Side.BEFORE:
            self._strike(trap)
        elif trap is not None:
            self._deadly = trap

    def _by_name(self, message: bytes) -> bytes:
        """The text of the statement that a Bind names; a Parse is remembered."""
        if message[:1] == b"P":
            name, text, _ = message[5:].split(b"\0", 2)
            self._prepared[name] = text
        return self._prepared.get(message[5:].split(b"\0", 2)[1], b"") if message[:1] == b"B" else b""

    async def _back(self) -> None:
        reader, writer = self._server[0], self._client[1]
        with contextlib.suppress(OSError, Cut):
            while data := await reader.read(65536):
                await self._proxy.comes_back()
                if self._deadly is not None:
                    deadly, self._deadly = self._deadly, None
                    self._strike(deadly)
                writer.write(data)
                await writer.drain()

    def _strike(self, trap: Trap) -> None:
        trap.kill()
        trap.sprung.set()
        if trap.cuts:
            raise Cut
