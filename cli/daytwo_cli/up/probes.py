"""Is it ready? Answers to that, asked again and again while a part starts, so they cost little."""

import http.client
import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit


def ask(url: str, *, within: float = 5) -> tuple[int, bytes]:
    """Status and body of a GET on this machine; (0, b"") when nobody answers.

    Not httpx, whose every client loads the certificates of the world first: 20 ms of work that is not needed here.
    """
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=within)
    try:
        connection.request("GET", parts.path or "/")
        answer = connection.getresponse()
        return answer.status, answer.read()
    except (OSError, http.client.HTTPException):
        return 0, b""
    finally:
        connection.close()


def answers(url: str, *, within: float = 2) -> bool:
    """Whether GET answers 200."""
    return ask(url, within=within)[0] == http.HTTPStatus.OK


def announced(file: Path) -> bool:
    """Whether a program has printed its one line of JSON."""
    return bool(announcement(file))


def announcement(file: Path) -> dict[str, Any]:
    """The line, or nothing yet."""
    try:
        text = file.read_text()
    except FileNotFoundError:
        return {}
    found = json.loads(text.splitlines()[0]) if "\n" in text else {}
    return found if isinstance(found, dict) else {}


def says(log: Path, pattern: str, mark: int) -> bool:
    """Whether a log has this (a regular expression) beyond its first `mark` bytes."""
    with log.open("rb") as file:
        file.seek(mark)
        return re.search(pattern.encode(), file.read()) is not None
