"""Cursors of pages: the place of the last row shown, opaque to everybody else."""

import base64
import binascii
import json
from datetime import UTC, datetime

from daytwo_store.errors import Rejected


def make(*place: str) -> str:
    """The cursor of the page that begins after this place."""
    return base64.urlsafe_b64encode(json.dumps(place).encode()).decode().rstrip("=")


def read(cursor: str, parts: int) -> tuple[str, ...]:
    """The place that `make` was given. Raises `Rejected` when it is none of ours."""
    try:
        place = json.loads(base64.urlsafe_b64decode(cursor.encode() + b"=" * (-len(cursor) % 4)))
    except (binascii.Error, ValueError, RecursionError):
        place = None
    if not isinstance(place, list) or len(place) != parts or not all(_storable(part) for part in place):
        raise _foreign()
    return tuple(place)


def number(cursor: str) -> int:
    """The place in a list that is numbered: `make(str(number))`. Raises `Rejected`."""
    (digits,) = read(cursor, 1)
    if not digits.isascii() or not digits.isdecimal() or len(digits) > 18:
        raise _foreign()
    return int(digits)


def moment(cursor: str) -> tuple[datetime, str]:
    """The place in a list by time: `make(moment.isoformat(), id)`. Raises `Rejected`."""
    written, identity = read(cursor, 2)
    try:
        place = datetime.fromisoformat(written)
    except ValueError:
        raise _foreign() from None
    return (place if place.tzinfo else place.replace(tzinfo=UTC)), identity


def _foreign() -> Rejected:
    return Rejected("The cursor is not one of ours, so there is no page to show. Start without a cursor.")


def _storable(part: object) -> bool:
    """PostgreSQL takes no null character, UTF-8 no lone surrogate."""
    return isinstance(part, str) and "\x00" not in part and not any("\ud800" <= sign <= "\udfff" for sign in part)
