"""Answers of a vendor whose clock is wrong: the header ``Date``, every time in a body, and when a limit is lifted."""

import re
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime, formatdate, parsedate_to_datetime
from typing import Final

# A text of JSON that is a time and nothing else.
_TIME: Final = re.compile(rb'"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d+)?(Z|\+00:00)"')
_RESETS: Final = ("x-ratelimit-reset", "ratelimit-reset", "x-rate-limit-reset")  # seconds since the epoch


def date(skew: float) -> str:
    """The header, by a clock that is so many seconds ahead."""
    return formatdate(time.time() + skew, usegmt=True)


def body(raw: bytes, skew: float) -> bytes:
    """A body in JSON as that clock would have it."""

    def moved(found: "re.Match[bytes]") -> bytes:
        when = datetime.fromisoformat(found[1].decode()).replace(tzinfo=UTC) + timedelta(seconds=round(skew))
        return b'"' + f"{when:%Y-%m-%dT%H:%M:%S}".encode() + (found[2] or b"") + found[3] + b'"'

    return _TIME.sub(moved, raw)


def headers(told: Mapping[str, str], skew: float) -> dict[str, str]:
    """Headers as that clock would have them."""
    moved = {name: str(round(float(told[name]) + skew)) for name in _RESETS if name in told}
    until = told.get("retry-after", "0")
    if not until.isdigit():
        moved["retry-after"] = format_datetime(parsedate_to_datetime(until) + timedelta(seconds=skew), usegmt=True)
    return {**told, **moved, "date": date(skew)}
