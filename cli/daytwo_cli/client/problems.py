"""What a server said no with, as text for people."""

from collections.abc import Mapping
from typing import Final

import httpx
from pydantic import ValidationError

from daytwo_api.views.common import Problem
from daytwo_cli.errors import CliError, Refused, Unreachable
from daytwo_cli.show.words import clean

# The server speaks to the page and to programs, and does not know that it was asked from a terminal.
_SIGN_IN: Final = (
    "In a terminal: `daytwo login` where people choose who they are; else make a token on the page and set "
    "DAYTWO_TOKEN, which counts before a login."
)


def error_of(answer: httpx.Response, *, titles: Mapping[str, str] | None = None) -> CliError:
    """The error to raise for an answer of 400 and above."""
    kind = Refused if answer.status_code < httpx.codes.INTERNAL_SERVER_ERROR else Unreachable
    try:
        problem = Problem.model_validate_json(answer.content)
    except ValidationError:
        return kind(
            f"The server answered {answer.status_code} {answer.reason_phrase} without saying why. "
            "Whether anything was done is not known. Is the address right?"
        )
    return kind(_text(problem, titles or {}), document=answer.text)


def _text(problem: Problem, titles: Mapping[str, str]) -> str:
    lines = [problem.detail or problem.title]
    for fault in problem.errors:
        field = fault.pointer.rsplit("/", 1)[-1]
        lines.append(f"  {titles.get(field, field) or 'all of it'}: {fault.detail}")
    if problem.status == httpx.codes.UNAUTHORIZED:
        lines.append(_SIGN_IN)
    lines.append(f"(request {problem.request_id})")
    return clean("\n".join(lines))
