"""``when``: simple comparisons of words, numbers and quoted texts.

As in Argo a word needs no quotes, numbers are compared as numbers, and what cannot be read is an error of the step.
"""

import operator
import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from daytwo_standins.argo.interpreter.booleans import ExpressionError, Tokens, evaluate

_TOKEN: Final = re.compile(
    r"\s*('[^']*'|\"(?:[^\"\\]|\\.)*\"|==|!=|<=|>=|=~|!~|&&|\|\||[<>!(),]|-?\d+(?:\.\d+)?(?![\w.])|[A-Za-z_][\w.]*)"
)
_COMPARE: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "=~": lambda value, pattern: re.search(str(pattern), str(value)) is not None,
    "!~": lambda value, pattern: re.search(str(pattern), str(value)) is None,
}


def holds(text: str) -> bool:
    """Whether a condition holds; none holds always.

    Raises:
        ExpressionError: it cannot be read.
    """
    if not text.strip():
        return True
    try:
        return evaluate(Tokens(_tokens(text)), _comparison)
    except (ExpressionError, TypeError, re.error) as error:
        raise ExpressionError(f"Invalid 'when' expression '{text}': {error}") from error


def _tokens(text: str) -> list[str]:
    found, at, whole = [], 0, text.rstrip()
    while at < len(whole):
        match = _TOKEN.match(whole, at)
        if match is None:
            raise ExpressionError(f"Invalid token at {whole[at : at + 20]!r} (hint: put texts in quotes)")
        found.append(match[1])
        at = match.end()
    return found


def _comparison(tokens: Tokens) -> bool:
    left = _value(tokens.take())
    if tokens.take_if("in"):
        return left in _list(tokens)
    compare = _COMPARE.get(tokens.next)
    if compare is None:
        if isinstance(left, bool):
            return left
        raise ExpressionError(f"expected a comparison after {left!r}")
    tokens.take()
    return compare(left, _value(tokens.take()))


def _list(tokens: Tokens) -> list[Any]:
    if not tokens.take_if("("):
        raise ExpressionError("`in` wants a list in brackets")
    values = [_value(tokens.take())]
    while tokens.take_if(","):
        values.append(_value(tokens.take()))
    if not tokens.take_if(")"):
        raise ExpressionError("the list is not closed")
    return values


def _value(token: str) -> Any:
    if token[0] in "'\"":
        return re.sub(r"\\(.)", r"\1", token[1:-1])
    if token in {"true", "false"}:
        return token == "true"  # noqa: S105  # a word of the expression
    if token.lstrip("-")[:1].isdigit():
        return float(token)
    if not (token[0].isalpha() or token[0] == "_"):
        raise ExpressionError(f"unexpected {token!r}")
    return token
