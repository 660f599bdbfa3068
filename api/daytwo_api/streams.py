"""Server-sent events on the wire: frames, and a response that lets nobody hold it up."""

import asyncio
import json
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from typing import Final

from fastapi.responses import StreamingResponse
from starlette.types import Send

MEDIA_TYPE: Final = "text/event-stream"
_HEADERS: Final = {
    "Cache-Control": "no-store",
    "X-Accel-Buffering": "no",  # nginx would keep events back until its buffer is full
}
SLOW_AFTER: Final = 15.0  # seconds that one event may take to be taken


def event(name: str, data: str = "{}", *, number: int | None = None) -> bytes:
    """One event. `data` is JSON on one line; `number` comes back as Last-Event-ID."""
    identity = "" if number is None else f"id: {number}\n"
    return f"event: {name}\n{identity}data: {data}\n\n".encode()


def hint(name: str, data: Mapping[str, str] | None = None) -> bytes:
    return event(name, json.dumps(data or {}))


def retry(milliseconds: int) -> bytes:
    """How long a browser waits before it connects again."""
    return f"retry: {milliseconds}\n\n".encode()


class EventStream(StreamingResponse):
    """Streams what the generator yields. A reader who takes nothing for `slow_after` seconds is cut off.

    What waits for a slow reader is one event and the socket's buffer, however much there is to tell.
    """

    def __init__(self, events: AsyncGenerator[bytes, None], *, slow_after: float = SLOW_AFTER) -> None:
        super().__init__(events, media_type=MEDIA_TYPE, headers=_HEADERS)
        self._events = events
        self._slow_after = slow_after

    async def stream_response(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        async with aclosing(self._events):
            async for chunk in self._events:
                try:
                    async with asyncio.timeout(self._slow_after):
                        await send({"type": "http.response.body", "body": chunk, "more_body": True})
                except TimeoutError:
                    return  # without an end, so that the server closes the connection and the reader knows
        await send({"type": "http.response.body", "body": b"", "more_body": False})
