"""What GitHub's answers tell beyond HTTP: its explanations, and its two rate limits."""

import json

from daytwo_actions.backends.wire.answer import Answer, Told, in_one_line, number_in, server_time, wait_in


def message(answer: Answer) -> str:
    """What GitHub says about it, in one printable line of at most 300 characters, with its request id."""
    try:
        document = json.loads(answer.body)
    except (ValueError, RecursionError):
        document = None
    words = document.get("message") if isinstance(document, dict) else None
    if not isinstance(words, str) or not words.strip():
        words = "no explanation that could be read"
    request_id = in_one_line(answer.headers.get("x-github-request-id", ""), longest=64)
    return f"{answer.status}: {in_one_line(words)}" + (f" (GitHub's request id {request_id})" if request_id else "")


def remaining(answer: Answer) -> int | None:
    """Requests left before the primary rate limit."""
    return number_in(answer, "x-ratelimit-remaining")


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


def wait_told(answer: Answer) -> float | None:
    """Seconds to wait that GitHub names, at least one; None when it names none."""
    told = wait_in(answer)
    if told is not None:
        return max(1.0, told)
    return resets_in(answer) if remaining(answer) == 0 else None


def resets_in(answer: Answer) -> float | None:
    """Seconds until the next period of the primary limit, at least one.

    The time of reset is compared with the vendor's own clock, never with ours; that one shows whole seconds only.
    """
    now = server_time(answer)
    reset = number_in(answer, "x-ratelimit-reset")
    return None if now is None or reset is None else max(1.0, float(reset) - now.timestamp() + 1.0)


def limits_told(answer: Answer) -> Told:
    """What an answer says of the primary limit."""
    limit = number_in(answer, "x-ratelimit-limit")
    return Told(limit=limit, remaining=remaining(answer), resets_in=resets_in(answer))
