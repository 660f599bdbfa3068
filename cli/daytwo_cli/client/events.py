"""Server-sent events of a run, read again from where they broke off."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from daytwo_cli.client.api import Api
from daytwo_cli.errors import Unreachable

_LONGEST_PAUSE: Final = 5.0


@dataclass(frozen=True, slots=True)
class Event:
    """`name` is run, log, ping or end; `data` is JSON text."""

    name: str
    data: str
    id: str | None


def parse(lines: Iterator[str]) -> Iterator[Event]:
    """Events out of lines (the WHATWG's "event stream" format). An event that was cut off is not delivered."""
    data: list[str] = []
    name, id_ = "message", None
    for line in lines:
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if not line:
            if data:
                yield Event(name, "\n".join(data), id_)
            name, data = "message", []
        elif field == "event":
            name = value
        elif field == "data":
            data.append(value)
        elif field == "id":
            id_ = value


def watch(
    api: Api,
    run: str,
    *,
    after: int = 0,
    lost: Callable[[str], None],
    patience: float = 120,
    pause: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[Event]:
    """Events of a run until its `end`. A broken stream is continued after the last log line that was seen.

    `lost` is told when a stream breaks; that the server closes one now and then is no news. Raises Refused, or
    Unreachable when nothing comes for `patience` seconds.
    """
    seen, last_good, wait = str(after), clock(), 0.2
    while True:
        try:
            with api.stream(f"/runs/{run}/events", query={"after": int(seen)}, last_event_id=seen) as lines:
                for event in parse(lines):
                    last_good, wait = clock(), 0.2
                    seen = event.id if event.id and event.name == "log" else seen
                    yield event
                    if event.name == "end":
                        return
            broken = Unreachable(
                f"{api.server.url} closes the stream of {run} again and again. Nothing was changed, and the run goes "
                f"on. Read it without a stream, by daytwo show {run} and daytwo logs {run}; a proxy in between must "
                "not buffer answers."
            )
        except Unreachable as error:
            broken = error
            lost(str(error))
        if clock() - last_good > patience:
            raise broken
        pause(wait)
        wait = min(2 * wait, _LONGEST_PAUSE)
