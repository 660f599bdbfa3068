"""Connections of urllib3 that ask for permission before the first byte and read no longer than the permit lasts.

A read time-out alone does not bound an answer: one that drips a byte every few seconds goes on for minutes.
"""

import http.client
import io
import socket
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Final

import requests.adapters
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from daytwo_actions.backends.http.certificates import Certificates
from daytwo_actions.backends.http.permit import Permit

_SHORTEST: Final = 0.001  # seconds; a time-out of 0 would mean "do not block" to a socket


@dataclass(frozen=True, kw_only=True, slots=True)
class Allowance:
    """What the request that this thread is busy with may do. Times in seconds."""

    permit: Permit
    connect: float
    read: float
    # A kept connection may be closed by the server in the very moment in which a request leaves on it, and then
    # nobody knows whether it arrived. So a write goes on a connection of its own.
    fresh: bool

    def within(self, seconds: float) -> float:
        """`seconds`, or what is left of the whole when that is less."""
        return max(_SHORTEST, min(seconds, self.permit.remaining()))


# Between a call of requests and the connection that urllib3 makes or takes for it nothing else can be handed over.
ALLOWANCE: Final[ContextVar[Allowance]] = ContextVar("allowance")


class _BoundedReader(io.RawIOBase):
    """Reads of a socket, each limited by what is left of the whole."""

    def __init__(self, sock: socket.socket, raw: io.RawIOBase, allowance: Allowance) -> None:
        self._sock = sock
        self._raw = raw
        self._allowance = allowance

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int | None:
        if self._allowance.permit.remaining() <= 0:
            raise TimeoutError("the answer was not complete in time")
        self._sock.settimeout(self._allowance.within(self._allowance.read))
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


class _BoundedResponse(http.client.HTTPResponse):
    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        self.fp.close()
        # The unbuffered file keeps the socket open for as long as the answer is being read, as the original does.
        raw = sock.makefile("rb", buffering=0)
        self.fp = io.BufferedReader(_BoundedReader(sock, raw, ALLOWANCE.get()))


class _Watched(HTTPConnection):
    response_class = _BoundedResponse
    _connecting = False
    _permitted = False

    def connect(self) -> None:
        allowance = ALLOWANCE.get()
        self.timeout = allowance.within(allowance.connect)
        self._connecting = True
        try:
            super().connect()
        finally:
            self._connecting = False

    def putrequest(self, *args: Any, **kwargs: Any) -> None:
        self._permitted = False
        super().putrequest(*args, **kwargs)

    def send(self, data: Any) -> None:
        if not self._connecting and not self._permitted:  # a proxy's CONNECT is not yet the request
            self._ask()
        super().send(data)

    def _ask(self) -> None:
        if self.sock is None:
            self.connect()
        allowance = ALLOWANCE.get()
        allowance.permit.take()
        self._permitted = True
        if self.sock is not None:
            self.sock.settimeout(allowance.within(allowance.read))


class _WatchedTls(_Watched, HTTPSConnection):
    pass


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Watched

    def _get_conn(self, timeout: float | None = None) -> Any:
        connection = super()._get_conn(timeout)
        if ALLOWANCE.get().fresh:
            connection.close()  # it opens again by itself
        return connection


class _TlsPool(_Pool, HTTPSConnectionPool):
    ConnectionCls = _WatchedTls


class WatchedAdapter(requests.adapters.HTTPAdapter):
    """The transport of requests over such connections. It tries nothing twice."""

    def __init__(self, size: int, certificates: Certificates) -> None:
        self._certificates = certificates
        super().__init__(pool_connections=2, pool_maxsize=size, max_retries=0)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _TlsPool}

    def build_connection_pool_key_attributes(self, *args: Any, **kwargs: Any) -> Any:
        host, pool = super().build_connection_pool_key_attributes(*args, **kwargs)
        if host["scheme"] == "https":
            pool["ssl_context"] = self._certificates.context()
        return host, pool

    def cert_verify(self, conn: Any, *_: Any) -> None:
        """The original would add the public authorities to those of the context."""
        conn.cert_reqs = "CERT_REQUIRED"

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        if proxy.lower().startswith("https:"):
            kwargs["proxy_ssl_context"] = Certificates(None).context()
        manager = super().proxy_manager_for(proxy, **kwargs)
        manager.pool_classes_by_scheme = {"http": _Pool, "https": _TlsPool}
        return manager
