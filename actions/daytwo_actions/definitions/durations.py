"""Durations as people write them in a definition: `90s`, `30m`, `24h`, `7d`, `1h30m`."""

import re
from datetime import timedelta
from typing import Annotated, Final

from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema

_PATTERN: Final = r"^(?=[0-9])([0-9]{1,4}d)?([0-9]{1,5}h)?([0-9]{1,6}m)?([0-9]{1,8}s)?$"
_PARTS: Final = re.compile(_PATTERN)
LONGEST: Final = timedelta(days=90)


def parse_duration(value: object) -> timedelta:
    """Raises ValueError with a sentence."""
    found = _PARTS.fullmatch(value) if isinstance(value, str) and value.isascii() else None
    if found is None:
        raise ValueError("A duration is written as 90s, 30m, 24h, 7d or 1h30m")
    days, hours, minutes, seconds = (int(part[:-1]) if part else 0 for part in found.groups())
    duration = timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
    if not timedelta() < duration <= LONGEST:
        raise ValueError(f"A duration is more than nothing and at most {LONGEST.days}d")
    return duration


def format_duration(duration: timedelta) -> str:
    """The same again, without parts that are zero."""
    seconds = int(duration.total_seconds())
    text = ""
    for unit, size in (("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1)):
        count, seconds = divmod(seconds, size)
        text += f"{count}{unit}" if count else ""
    return text or "0s"


Duration = Annotated[
    timedelta,
    BeforeValidator(parse_duration),
    PlainSerializer(format_duration, return_type=str),
    WithJsonSchema({"type": "string", "pattern": _PATTERN, "examples": ["30m", "24h", "1h30m"]}),
]
