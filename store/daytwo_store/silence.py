"""Connections that hang up on a database that says nothing.

`statement_timeout` is kept by the server, and TCP notices a machine that is gone. Neither helps against a server, or
something in front of it, that keeps the connection and answers no more (R32): a request would wait without end.
"""

import asyncio
import os
import socket
from contextlib import suppress
from datetime import timedelta
from typing import Any

import psycopg
from psycopg.abc import PQGen

_MARGIN = timedelta(seconds=3)  # for the server's own refusal to arrive


class ImpatientConnection(psycopg.AsyncConnection[Any]):
    """Whatever is waited for longer than `patience` seconds ends with `psycopg.OperationalError`, and the connection
    with it."""

    patience = 30.0

    async def wait(self, gen: PQGen[Any], *args: Any, **more: Any) -> Any:
        timer = asyncio.get_running_loop().call_later(self.patience, self._hang_up)
        try:
            return await super().wait(gen, *args, **more)
        finally:
            timer.cancel()

    def _hang_up(self) -> None:
        """Whoever reads from it learns that it has ended."""
        with suppress(OSError), socket.socket(fileno=os.dup(self.pgconn.socket)) as line:
            line.shutdown(socket.SHUT_RDWR)


async def connect(*given: Any, statement_timeout: timedelta, **more: Any) -> ImpatientConnection:
    """A connection that waits a little longer for an answer than the server may take for a statement."""
    connection = await ImpatientConnection.connect(*given, **more)
    connection.patience = (statement_timeout + _MARGIN).total_seconds()
    return connection
