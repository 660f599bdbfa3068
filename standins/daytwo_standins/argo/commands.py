"""What people ask of a workflow that runs: numbered files for its runner, and numbered answers.

A command is carried out once, in order; the state says how many were.
"""

from pathlib import Path
from typing import Any

from daytwo_standins.shared.files import read_json, write_json


def ask(folder: Path, verb: str, told: dict[str, Any]) -> int:
    """Leave a command for the runner; its number. Only the server asks, one at a time."""
    place = folder / "commands"
    place.mkdir(parents=True, exist_ok=True)
    number = 1 + sum(1 for _ in place.glob("[0-9]*.json"))
    write_json(place / f"{number}.json", {"verb": verb, "told": told}, durable=True)
    return number


def command(folder: Path, number: int) -> dict[str, Any] | None:
    """The command of a number, if it was asked."""
    return read_json(folder / "commands" / f"{number}.json")


def reply(folder: Path, number: int, answer: dict[str, Any]) -> None:
    """Say what became of a command: ``{}``, or the ``code`` and ``message`` of its refusal."""
    place = folder / "replies"
    place.mkdir(parents=True, exist_ok=True)
    write_json(place / f"{number}.json", answer)


def answer_to(folder: Path, number: int) -> dict[str, Any] | None:
    """What became of a command, if that is known."""
    return read_json(folder / "replies" / f"{number}.json")
