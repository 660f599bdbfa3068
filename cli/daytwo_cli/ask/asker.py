"""Questions to whoever sits at the terminal."""

import getpass
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, TextIO

from daytwo_cli.errors import CliError
from daytwo_cli.exits import Exit
from daytwo_cli.show.words import clean

SHOWN = 15  # more choices than this are searched rather than read


class Interrupted(CliError):
    """Ctrl-C or the end of input at a question."""

    exit = Exit.INTERRUPTED


@dataclass(frozen=True, slots=True)
class Choice:
    """One of several answers. `value` is what is sent."""

    value: object
    title: str
    detail: str | None = None

    @property
    def words(self) -> str:
        plain = self.title if str(self.value) in self.title else f"{self.title} ({self.value})"
        return f"{plain} – {self.detail}" if self.detail else plain


class Asker(Protocol):
    """`interactive` is false without a terminal: then nothing may be asked."""

    @property
    def interactive(self) -> bool: ...

    def text(self, question: str, *, secret: bool = False) -> str:
        """One line; empty when nothing was typed. Raises Interrupted."""

    def confirm(self, question: str) -> bool:
        """Yes or no; no when nothing was typed. Raises Interrupted."""

    def choose(
        self, question: str, search: Callable[[str], Sequence[Choice]], *, optional: bool = False
    ) -> Choice | None:
        """One of what `search` finds for what is typed (at most one page). None: skipped. Raises Interrupted."""

    def say(self, text: str) -> None:
        """Something that belongs to the conversation."""


class TerminalAsker:
    """Writes questions to the error output, so that what is asked for can be redirected."""

    def __init__(self, stdin: TextIO, stderr: TextIO, *, interactive: bool) -> None:
        self.interactive = interactive
        self._stdin = stdin
        self._stderr = stderr

    def say(self, text: str) -> None:
        self._stderr.write(clean(text) + "\n")
        self._stderr.flush()

    def text(self, question: str, *, secret: bool = False) -> str:
        prompt = clean(question) + ": "
        try:
            if secret:
                return getpass.getpass(prompt, stream=self._stderr)
            self._stderr.write(prompt)
            self._stderr.flush()
            line = self._stdin.readline()
        except KeyboardInterrupt:
            line = ""
        if not line:
            raise Interrupted("\nNothing was sent.")
        return line.strip()

    def confirm(self, question: str) -> bool:
        while True:
            answer = self.text(f"{question} [y/N]").lower()
            if answer in ("y", "yes"):
                return True
            if answer in ("", "n", "no"):
                return False
            self.say("Please answer y or n.")

    def choose(
        self, question: str, search: Callable[[str], Sequence[Choice]], *, optional: bool = False
    ) -> Choice | None:
        typed, skip = "", ", Enter to skip" if optional else ""
        while True:
            found = search(typed)
            self._list(found, typed)
            answer = self.text(f"{question} (a number, or text to search for{skip})")
            if not answer and optional:
                return None
            if (chosen := _picked(found, answer)) is not None:
                return chosen
            typed = answer
            if len(only := search(typed)) == 1:
                self.say(f"  → {only[0].words}")
                return only[0]

    def _list(self, found: Sequence[Choice], typed: str) -> None:
        for number, choice in enumerate(found[:SHOWN], start=1):
            self.say(f"  {number:>2}  {choice.words}")
        if not found:
            self.say(f"  Nothing is offered for {typed!r}." if typed else "  Nothing is offered.")
        elif len(found) > SHOWN:
            self.say("      … and more: type a part of it.")


def _picked(found: Sequence[Choice], answer: str) -> Choice | None:
    """By its number, or by its value or title written out."""
    if answer.isdecimal() and 1 <= int(answer) <= min(len(found), SHOWN):
        return found[int(answer) - 1]
    return next((choice for choice in found if answer and answer in (str(choice.value), choice.title)), None)
