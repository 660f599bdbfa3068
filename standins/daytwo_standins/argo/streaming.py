"""Streams as Argo Server writes them: server-sent events for whoever accepts exactly those, else JSON lines.

What goes wrong after the first byte is told in the stream, since the status has been sent.
"""

import json
import logging
from collections.abc import AsyncIterator, Callable
from typing import Final

from starlette.responses import StreamingResponse

from daytwo_standins.argo.calls import Json, Stream
from daytwo_standins.argo.fields import trimmed
from daytwo_standins.argo.problems import INTERNAL, ApiError

EVENTS: Final = "text/event-stream"
Passed = Callable[[Json], None]
_LOG: Final = logging.getLogger(__name__)


class _Refusal(AsyncIterator[Json | None]):
    def __init__(self, error: ApiError) -> None:
        self._error = error

    async def __anext__(self) -> Json | None:
        raise self._error


def broken(error: ApiError) -> Stream:
    """A refusal of something that goes on: as in Argo a 200, and the error is the first and only object."""
    return Stream(objects=_Refusal(error))


def streamed(answer: Stream, *, accept: str, fields: str, passed: Passed) -> StreamingResponse:
    """The answer on its way; ``passed`` is told each of its objects."""
    as_events = accept == EVENTS  # only the exact text, as in Argo
    kind = EVENTS if as_events else "application/json"
    return StreamingResponse(_chunks(answer, as_events=as_events, fields=fields, passed=passed), media_type=kind)


async def _chunks(answer: Stream, *, as_events: bool, fields: str, passed: Passed) -> AsyncIterator[bytes]:
    if as_events:
        yield b":\n"  # something at once, so that the headers leave
    try:
        async for one in answer.objects:
            if one is not None:
                told = trimmed({"result": one}, fields)
                passed(told)
                yield _written(told, as_events=as_events)
            elif as_events:
                yield b":\n"
    except ApiError as error:
        refused = {"error": error.in_stream()}
        passed(refused)
        yield _written(refused, as_events=as_events)
    except Exception:  # noqa: BLE001  # the status has been sent
        _LOG.exception("A stream failed; what was sent before is true.")
        yield _written({"error": ApiError(INTERNAL, "internal error").in_stream()}, as_events=as_events)


def _written(one: Json, *, as_events: bool) -> bytes:
    text = json.dumps(one, ensure_ascii=False, separators=(",", ":"))
    return f"data: {text} \n\n\n".encode() if as_events else f"{text}\n".encode()
