"""Words of an expression.

The language is the part of Jinja's expressions that our documentation names, so we read it ourselves: the engine tells
neither where a name stands nor which operator compares what.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from daytwo_actions.expressions.errors import ExpressionError
from daytwo_actions.expressions.source import Place


class Kind(StrEnum):
    NAME = "name"
    NUMBER = "number"
    TEXT = "text"
    SIGN = "sign"
    END = "end"


@dataclass(frozen=True, slots=True)
class Token:
    """`value` is the word as written, of a text the text that it stands for."""

    kind: Kind
    value: str
    start: int
    end: int


_WORD: Final = re.compile(
    r"(?P<name>[A-Za-z_][A-Za-z0-9_]*)"
    r"|(?P<number>(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)"
    r"|(?P<wrong>&&|\|\||\*\*|===|!==|\{%|\{#)"
    r"|(?P<sign>==|!=|<=|>=|//|[()\[\]{},:.|~+\-*/%<>])"
)
_ESCAPES: Final = {"n": "\n", "t": "\t", "r": "\r", "\\": "\\", "'": "'", '"': '"', "/": "/"}
_INSTEAD: Final = {
    "&&": "Use `and`.",
    "||": "Use `or`.",
    "!": "Use `not`.",
    "=": "Use `==` to compare.",
    "===": "Use `==` to compare.",
    "!==": "Use `!=` to compare.",
    "**": "Write the multiplication out.",
    "?": "Use `a if condition else b`.",
    "`": "Use single or double quotes for text.",
    "$": "An expression is not written inside another one.",
    "{%": "There are no statements; use `a if condition else b`.",
    "{#": "There are no comments inside an expression; use a YAML comment.",
}
_STORABLE: Final = re.compile(r"(?!0000|[dD][89a-fA-F])[0-9a-fA-F]{4}")  # neither NUL nor half a surrogate pair
MAX_EXPRESSION: Final = 4096  # characters between the braces
_MAX_NUMBER: Final = 40  # digits; more is no number that JSON keeps


def tokens(text: str, start: int, *, pointer: str) -> Iterator[Token]:
    """The words of the expression that begins at `start`, up to the `}}` that closes it (the last token, END)."""
    return _Lexer(text, start, pointer).words()


class _Lexer:
    def __init__(self, text: str, start: int, pointer: str) -> None:
        self._text = text
        self._at = start
        self._opened = start
        self._pointer = pointer
        self._braces = 0

    def words(self) -> Iterator[Token]:
        while True:
            while self._at < len(self._text) and self._text[self._at] in " \t\r\n":
                self._at += 1
            if self._braces == 0 and self._text.startswith("}}", self._at):
                yield Token(Kind.END, "}}", self._at, self._at + 2)
                return
            if self._at - self._opened > MAX_EXPRESSION:
                message = f"An expression has at most {MAX_EXPRESSION} characters"
                raise self._fault(message, self._opened - 3, self._opened, None)
            if self._at >= len(self._text):
                raise self._fault("The expression is not closed", self._opened - 3, self._opened, "Add `}}`.")
            token = self._text_token() if self._text[self._at] in "'\"" else self._word()
            self._at = token.end
            self._braces += {"{": 1, "}": -1}.get(token.value, 0) if token.kind is Kind.SIGN else 0
            yield token

    def _word(self) -> Token:
        found = _WORD.match(self._text, self._at)
        if found is None or found.lastgroup is None or found.lastgroup == "wrong":
            raise self._unknown(found.group() if found else self._text[self._at])
        token = Token(Kind(found.lastgroup), found.group(), found.start(), found.end())
        after = self._text[token.end : token.end + 1]
        if token.kind is Kind.NUMBER and (after.isalnum() or after == "_" or len(token.value) > _MAX_NUMBER):
            raise self._fault(
                "This is not a number",
                token.start,
                token.end + 1,
                "Quote it if it is text, as a version or a commit is.",
            )
        return token

    def _text_token(self) -> Token:
        quote, at, parts = self._text[self._at], self._at + 1, list[str]()
        longest = min(len(self._text), self._opened + MAX_EXPRESSION)
        while at < longest and self._text[at] != quote:
            if self._text[at] == "\\":
                piece, at = self._escape(at)
                parts.append(piece)
            else:
                parts.append(self._text[at])
                at += 1
        if at >= longest:
            raise self._fault("The text is not closed", self._at, self._at + 1, f"Add {quote} where it ends.")
        if self._text.startswith(quote, at + 1):
            raise self._fault("A quote is not doubled here", at, at + 2, f"Write \\{quote} inside the text.")
        return Token(Kind.TEXT, "".join(parts), self._at, at + 1)

    def _escape(self, at: int) -> tuple[str, int]:
        sign = self._text[at + 1 : at + 2]
        if sign in _ESCAPES:
            return _ESCAPES[sign], at + 2
        digits = self._text[at + 2 : at + 6]
        if sign == "u" and _STORABLE.fullmatch(digits):
            return chr(int(digits, 16)), at + 6
        raise self._fault("There is no such escape", at, at + 2, "Write a backslash as \\\\.")

    def _unknown(self, sign: str) -> ExpressionError:
        known = _INSTEAD.get(sign)
        return self._fault(f"`{sign}` means nothing here", self._at, self._at + len(sign), known)

    def _fault(self, message: str, start: int, end: int, advice: str | None) -> ExpressionError:
        place = Place(self._text, max(0, start), end, self._pointer)
        return ExpressionError(message, place, suggestion=advice)
