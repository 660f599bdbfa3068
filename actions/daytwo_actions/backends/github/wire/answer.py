"""An HTTP answer, or its absence, as plain data, and what its headers tell."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final, TypedDict

_LEAST_WAIT: Final = 60.0  # seconds; what GitHub asks for when it limits without naming a time
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
    held: bool = False  # GitHub was not asked at all, because it has told us to wait


def message(answer: Answer) -> str:
    """What the vendor says about it, in one printable line of at most 300 characters, with its request id."""
    try:
        document = json.loads(answer.body)
    except (ValueError, RecursionError):
        document = None
    words = document.get("message") if isinstance(document, dict) else None
    if not isinstance(words, str) or not words.strip():
        words = "no explanation that could be read"
    line = _UNPRINTABLE.sub(" ", words).strip()[:_LONGEST_MESSAGE]
    request_id = _UNPRINTABLE.sub("", answer.headers.get("x-github-request-id", ""))[:64]
    return f"{answer.status}: {line}" + (f" (GitHub's request id {request_id})" if request_id else "")


def server_time(answer: Answer) -> datetime | None:
    """The vendor's clock when it answered (header Date)."""
    try:
        moment = parsedate_to_datetime(answer.headers["date"])
    except (KeyError, ValueError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def remaining(answer: Answer) -> int | None:
    """Requests left before the primary rate limit."""
    return _number(answer, "x-ratelimit-remaining")


def next_page(answer: Answer) -> str | None:
    """The number of the next page of a listing, None on the last one."""
    found = _NEXT_PAGE.search(answer.headers.get("link", ""))
    return found[1] if found else None


def is_rate_limit(answer: Answer) -> bool:
    """Whether a 403 or 429 only means "not so fast".

    https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api
    """
    if answer.status == 429:
        return True
    if answer.status != 403:
        return False
    words = message(answer).lower()
    limited = "rate limit exceeded" in words or "secondary rate limit" in words or "abuse detection" in words
    return limited or "retry-after" in answer.headers or remaining(answer) == 0


def wait_asked(answer: Answer) -> float:
    """Seconds to wait before asking again: what the vendor says, else a minute. Never less than a second."""
    told = wait_told(answer)
    return _LEAST_WAIT if told is None else told


def wait_told(answer: Answer) -> float | None:
    """Seconds to wait that the vendor names, at least one; None when it names none."""
    told = _number(answer, "retry-after")
    if told is not None:
        return max(1.0, float(told))
    return resets_in(answer) if remaining(answer) == 0 else None


def resets_in(answer: Answer) -> float | None:
    """Seconds until the next period of the primary limit, at least one.

    The time of reset is compared with the vendor's own clock, never with ours; that one shows whole seconds only.
    """
    now = server_time(answer)
    reset = _number(answer, "x-ratelimit-reset")
    return None if now is None or reset is None else max(1.0, float(reset) - now.timestamp() + 1.0)


class Told(TypedDict):
    limit: int | None
    remaining: int | None
    resets_in: float | None


def limits_told(answer: Answer) -> Told:
    """What an answer says of the primary limit."""
    return Told(limit=_number(answer, "x-ratelimit-limit"), remaining=remaining(answer), resets_in=resets_in(answer))


def _number(answer: Answer, header: str) -> int | None:
    value = answer.headers.get(header, "")
    return int(value) if value.isascii() and value.isdigit() and len(value) <= _MOST_DIGITS else None
