"""What GitLab's answers tell beyond HTTP: its explanations, in several shapes, and its rate limit."""

import json
from typing import Final

from daytwo_actions.backends.wire.answer import Answer, Told, in_one_line, number_in, server_time, wait_in

# The limit of its own that creating pipelines has is told as a 400; nothing was created then either.
_TOO_MANY_PIPELINES: Final = "too many pipelines"
_NOT_SO_FAST: Final = 429


def message(answer: Answer) -> str:
    """What GitLab says about it, in one printable line of at most 300 characters, with its request id."""
    try:
        document = json.loads(answer.body)
    except (ValueError, RecursionError):
        document = None
    words = "; ".join(_words(document)) if isinstance(document, dict) else ""
    request_id = in_one_line(answer.headers.get("x-request-id", ""), longest=64)
    said = in_one_line(words) or "no explanation that could be read"
    return f"{answer.status}: {said}" + (f" (GitLab's request id {request_id})" if request_id else "")


def _words(document: dict[str, object]) -> list[str]:
    """`message` is a text, a list, or texts by field; errors of the API's own framework are in `error`."""
    said = document.get("message") or document.get("error")
    more = document.get("error_description")
    return [*_texts(said), *_texts(more)]


def _texts(value: object) -> list[str]:
    if isinstance(value, str):
        return [value] if value.strip() else []
    if isinstance(value, list):
        return [text for one in value[:20] if isinstance(one, str) for text in _texts(one)]
    if isinstance(value, dict):
        return [
            text if field == "base" else f"{field} {text}"
            for field, texts in list(value.items())[:20]
            if isinstance(texts, str | list)
            for text in _texts(texts)
        ]
    return []


def is_rate_limit(answer: Answer) -> bool:
    """https://docs.gitlab.com/security/rate_limits/"""
    if answer.status == _NOT_SO_FAST:
        return True
    return answer.status == 400 and _TOO_MANY_PIPELINES in message(answer).lower()


def wait_told(answer: Answer) -> float | None:
    """Seconds to wait that GitLab names, at least one; None when it names none."""
    told = wait_in(answer)
    if told is not None:
        return max(1.0, told)
    return _resets_in(answer) if number_in(answer, "ratelimit-remaining") == 0 else None


def _resets_in(answer: Answer) -> float | None:
    """By GitLab's own clock, which shows whole seconds only."""
    now, reset = server_time(answer), number_in(answer, "ratelimit-reset")
    return None if now is None or reset is None else max(1.0, float(reset) - now.timestamp() + 1.0)


def limits_told(answer: Answer) -> Told:
    """What an answer says of the limit; many say nothing."""
    limit, remaining = number_in(answer, "ratelimit-limit"), number_in(answer, "ratelimit-remaining")
    return Told(limit=limit, remaining=remaining, resets_in=_resets_in(answer))
