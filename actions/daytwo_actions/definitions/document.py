"""A document with the position of everything in it."""

from dataclasses import dataclass, field

from pydantic import JsonValue

from daytwo_actions.definitions.errors import Problem


@dataclass(frozen=True, slots=True)
class Span:
    """Where a value stands: line and column of its first character from 1, and its characters in the file."""

    line: int
    column: int
    start: int
    end: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Document:
    """One document of a file. `values` and `keys` say by JSON pointer where a value, and where its key, stands."""

    file: str
    text: str = field(repr=False)
    value: JsonValue
    values: dict[str, Span] = field(repr=False)
    keys: dict[str, Span] = field(repr=False)

    def problem(self, pointer: str, message: str, suggestion: str | None = None, *, at_key: bool = False) -> Problem:
        """A problem at a value, or at its key. A pointer that is not in the document is told at the nearest above.

        Where the text was not kept, no line is told: the pointer says where it is.
        """
        spans = self.keys if at_key and pointer in self.keys else self.values
        found = pointer
        while found and found not in spans:
            found = found.rpartition("/")[0]
        span = spans.get(found) or (Span(1, 1, 0, 0) if self.values else Span(0, 0, 0, 0))
        return Problem(self.file, span.line, span.column, message, suggestion, pointer)

    def problem_in(
        self, pointer: str, text: str, part: tuple[int, int], message: str, suggestion: str | None = None
    ) -> Problem:
        """A problem at the characters `part` of a text, found again in the file however it is quoted or folded."""
        span = self.values.get(pointer)
        word = text[part[0] : part[1]]
        if span is None or not word:
            return self.problem(pointer, message, suggestion)
        raw = self.text[span.start : span.end]
        at = _nth(raw, word, text.count(word, 0, part[0]))
        if at < 0:
            return self.problem(pointer, message, suggestion)
        before = self.text[: span.start + at]
        line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
        return Problem(self.file, line, column, message, suggestion, pointer)


def _nth(raw: str, word: str, number: int) -> int:
    at = raw.find(word)
    for _ in range(number):
        at = raw.find(word, at + 1) if at >= 0 else -1
    return at
