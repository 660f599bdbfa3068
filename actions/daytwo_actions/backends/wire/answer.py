"""An HTTP answer, or its absence, as plain data, and what its headers tell."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final, TypedDict

_LONGEST_MESSAGE: Final = 300
_MOST_DIGITS: Final = 12
_UNPRINTABLE: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]+")
_NEXT_PAGE: Final = re.compile(r'[?&]page=(\d+)[^>]*>;\s*rel="next"')


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """A complete answer. Header names are in lower case; `body` is unpacked."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class Silence:
    """No complete answer. `sent` is False only when it is certain that no byte of the request left this machine.

    `again` is the number of seconds after which another try makes sense, None when a person has to change something.
    """

    sent: bool
    reason: str
    again: float | None = 5.0
    held: bool = False  # the vendor was not asked at all, because it has told us to wait


class Told(TypedDict):
    """What an answer says of a rate limit: requests of a period, those left, seconds until the next period."""

    limit: int | None
    remaining: int | None
    resets_in: float | None


def in_one_line(words: str, *, longest: int = _LONGEST_MESSAGE) -> str:
    """Somebody else's words, printable and bounded."""
    return _UNPRINTABLE.sub(" ", words).strip()[:longest]


def server_time(answer: Answer) -> datetime | None:
    """The vendor's clock when it answered (header Date)."""
    return _moment_in(answer, "date")


def wait_in(answer: Answer) -> float | None:
    """Seconds that Retry-After names, as a number or as a moment; None when it is not there or something else.

    A moment is compared with the vendor's own clock (header Date), never with ours.
    """
    seconds = number_in(answer, "retry-after")
    if seconds is not None:
        return float(seconds)
    now, until = server_time(answer), _moment_in(answer, "retry-after")
    return None if now is None or until is None else max(0.0, (until - now).total_seconds())


def _moment_in(answer: Answer, header: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(answer.headers[header])
    except (KeyError, ValueError, OverflowError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def number_in(answer: Answer, header: str) -> int | None:
    """A header that is a whole number, None when it is not there or something else."""
    value = answer.headers.get(header, "")
    return int(value) if value.isascii() and value.isdigit() and len(value) <= _MOST_DIGITS else None


def next_page(answer: Answer) -> str | None:
    """The number of the next page of a listing (header Link), None on the last one."""
    found = _NEXT_PAGE.search(answer.headers.get("link", ""))
    return found[1] if found else None
