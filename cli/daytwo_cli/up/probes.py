"""Is it ready? Answers to that, asked again and again while a part starts."""

import json
import re
from pathlib import Path
from typing import Any

import httpx


def answers(url: str, *, within: float = 2) -> bool:
    """Whether GET answers 200. Loopback only, so no proxy is asked."""
    try:
        return httpx.get(url, timeout=within, trust_env=False).status_code == httpx.codes.OK
    except httpx.HTTPError:
        return False


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
