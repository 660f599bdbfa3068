"""A server that does exactly what a test scripts, byte by byte, and counts what it was sent."""

import asyncio
import json
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import pytest


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    headers: Mapping[str, str]  # names in lower case
    body: bytes
    connection: int  # counted from 1


class Hangup(Exception):
    """The script is done with this connection."""


class Line:
    """The server's end of one connection."""

    def __init__(self, sock: socket.socket, ending: threading.Event) -> None:
        self._sock = sock
        self.ending = ending

    def raw(self, data: bytes) -> None:
        self._sock.sendall(data)

    def answer(self, status: int, body: Any = None, **headers: str) -> None:
        """A complete answer; `body` is bytes or goes out as JSON."""
        raw = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        named = {"Content-Length": str(len(raw))} | {name.replace("_", "-"): value for name, value in headers.items()}
        head = "".join(f"{name}: {value}\r\n" for name, value in named.items() if value)
        self.raw(f"HTTP/1.1 {status} Scripted\r\n{head}\r\n".encode() + raw)

    def reset(self) -> None:
        self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        raise Hangup

    def hangup(self) -> None:
        raise Hangup

    def drip(self, data: bytes, *, every: float) -> None:
        """One byte at a time, until the test ends."""
        for byte in data:
            self.raw(bytes([byte]))
            if self.ending.wait(every):
                raise Hangup
        raise Hangup

    def hold(self) -> None:
        """Say nothing until the test ends."""
        self.ending.wait(60)
        raise Hangup


Script = Callable[[Request, Line], None]


@dataclass
class ScriptedServer:
    """Listens on loopback; every request goes to `script`, and into `requests` before that."""

    script: Script
    tls: ssl.SSLContext | None = None
    requests: list[Request] = field(default_factory=list)
    connections: int = 0

    def __post_init__(self) -> None:
        self._ending = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._sockets: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def port(self) -> int:
        return int(self._listener.getsockname()[1])

    def sent(self, method: str = "POST") -> list[Request]:
        return [request for request in self.requests if request.method == method]

    def stop(self) -> None:
        self._ending.set()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for sock in self._sockets:
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(10)

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            self._sockets.append(sock)
            thread = threading.Thread(target=self._serve, args=(sock, self.connections))
            self._threads.append(thread)
            thread.start()

    def _serve(self, sock: socket.socket, number: int) -> None:
        with suppress(OSError, Hangup), _secured(sock, self.tls) as secured, secured.makefile("rb") as stream:
            while (request := _read(stream, number)) is not None:
                self.requests.append(request)
                self.script(request, Line(secured, self._ending))


def _secured(sock: socket.socket, tls: ssl.SSLContext | None) -> socket.socket:
    if tls is None:
        return sock
    with sock:  # whatever becomes of the handshake
        return tls.wrap_socket(sock, server_side=True)


def _read(stream: Any, number: int) -> Request | None:
    words = stream.readline().decode("latin-1").split()
    if len(words) != 3:
        return None
    headers = {}
    while line := stream.readline().decode("latin-1").strip():
        name, _, value = line.partition(":")
        headers[name.lower()] = value.strip()
    body = stream.read(int(headers.get("content-length", 0)))
    return Request(words[0], words[1], headers, body, number)


@pytest.fixture
def serve() -> Iterator[Callable[..., ScriptedServer]]:
    servers: list[ScriptedServer] = []

    def start(script: Script, tls: ssl.SSLContext | None = None) -> ScriptedServer:
        servers.append(ScriptedServer(script, tls))
        return servers[-1]

    yield start
    for server in servers:
        server.stop()


@dataclass
class Observed:
    """What a backend has told about its requests."""

    calls: list[tuple[str, int | None, float, int | None]] = field(default_factory=list)

    def __call__(self, operation: str, status: int | None, seconds: float, remaining: int | None) -> None:
        self.calls.append((operation, status, seconds, remaining))


@pytest.fixture
def observed() -> Observed:
    return Observed()


async def _eventually(condition: Callable[[], bool], *, seconds: float = 10.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come about in time"
        await asyncio.sleep(0.01)


@pytest.fixture
def eventually() -> Callable[..., Any]:
    """Waits until something is so, with a deadline."""
    return _eventually
