"""Windows in words: what holds a run back, until when, and who can do something about it."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Final
from zoneinfo import ZoneInfo

from pydantic import JsonValue

from daytwo_actions.freezes import Held
from daytwo_api.views.runs import Waits

_STOPPERS: Final = "administrators and operators"


def zoned(at: datetime, zone: str | None) -> str:
    """'2 Jan 2027 08:00 Europe/Berlin'."""
    there = at.astimezone(ZoneInfo(zone) if zone else UTC)
    return f"{there.day} {there:%b %Y %H:%M} {zone or 'UTC'}"


def held_words(held: Held) -> str:
    """'the freeze 'Year end' to end on 2 Jan 2027 08:00 Europe/Berlin'."""
    when = f"end on {zoned(held.until, held.zone)}" if held.until else "end, and nobody can say when"
    note = f" ({held.note}, so everything is frozen)" if held.note else ""
    return f"the freeze '{held.title}' to {when}{note}"


def holds_words(holds: Sequence[Held]) -> str:
    return " and ".join(held_words(held) for held in holds)


def kept_holds(window: Mapping[str, JsonValue] | None) -> list[Held]:
    """From what a run keeps while it waits."""
    return [Held.of_json(one) for one in _list(window["holds"])] if window else []


def window_waits(window: Mapping[str, JsonValue]) -> Waits:
    """From what the run keeps while it waits."""
    holds = kept_holds(window)
    stop = window["stop"]
    if isinstance(stop, dict):
        also = f"; then for {holds_words(holds)}" if holds else ""
        return Waits(
            kind="window",
            text=f"waits for the global stop to be lifted ({stop['reason']}){also}; then goes on by itself",
            owner=_STOPPERS,
            next_event="the global stop is lifted",
            until=None,
            then="it goes on by itself",
        )
    opens = datetime.fromisoformat(str(window["opens"])) if window["opens"] else None
    later = _later(holds, opens)
    return Waits(
        kind="window",
        text=f"waits for {holds_words(holds)}{later}; then goes on by itself",
        owner=" or ".join(dict.fromkeys(held.owner for held in holds)),
        next_event="the freeze ends, or somebody grants an exception",
        until=opens,
        then="it goes on by itself" if opens else None,
    )


def _later(holds: Sequence[Held], opens: datetime | None) -> str:
    """When something else holds it after those that hold it now."""
    ends = [held.until for held in holds]
    if opens is None or None in ends or opens == max(end for end in ends if end is not None):
        return ""
    return f", and for what follows, until {zoned(opens, holds[0].zone)}"


def _list(value: JsonValue) -> list[dict[str, JsonValue]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []
