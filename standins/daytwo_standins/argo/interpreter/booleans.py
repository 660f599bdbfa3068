"""And, or, not and brackets; what stands between them is read by whoever knows what it means."""

from collections.abc import Callable, Sequence


class ExpressionError(Exception):
    """An expression that cannot be read."""


class Tokens:
    """The tokens of an expression, read from the left."""

    def __init__(self, tokens: Sequence[str]) -> None:
        self._tokens = list(tokens)
        self._at = 0

    @property
    def next(self) -> str:
        """The next token, empty at the end."""
        return self._tokens[self._at] if self._at < len(self._tokens) else ""

    def take(self) -> str:
        """Read a token.

        Raises:
            ExpressionError: there is none left.
        """
        token = self.next
        if not token:
            raise ExpressionError("unexpected end of expression")
        self._at += 1
        return token

    def take_if(self, wanted: str) -> bool:
        """Read this token if it is the next."""
        found = self.next == wanted
        self._at += found
        return found


Atom = Callable[[Tokens], bool]


def evaluate(tokens: Tokens, atom: Atom) -> bool:
    """The value of an expression; everything is evaluated, nothing is left unread.

    Raises:
        ExpressionError: it cannot be read.
    """
    value = _either(tokens, atom)
    if tokens.next:
        raise ExpressionError(f"unexpected {tokens.next!r}")
    return value


def _either(tokens: Tokens, atom: Atom) -> bool:
    value = _both(tokens, atom)
    while tokens.take_if("||"):
        value = _both(tokens, atom) or value
    return value


def _both(tokens: Tokens, atom: Atom) -> bool:
    value = _one(tokens, atom)
    while tokens.take_if("&&"):
        value = _one(tokens, atom) and value
    return value


def _one(tokens: Tokens, atom: Atom) -> bool:
    if tokens.take_if("!"):
        return not _one(tokens, atom)
    if tokens.take_if("("):
        value = _either(tokens, atom)
        if not tokens.take_if(")"):
            raise ExpressionError("a bracket is not closed")
        return value
    return atom(tokens)
