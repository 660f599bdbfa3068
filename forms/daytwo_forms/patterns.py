"""Patterns that mean the same on the server (RE2, linear time) and in the browser (ECMAScript with the flag `u`).

RE2: https://github.com/google/re2/wiki/Syntax. ECMAScript's stricter rules with `u`: ECMA-262 §22.2.1.
"""

import re
from functools import lru_cache
from typing import Final

import re2

_MAX: Final = 1000  # characters; a pattern of a form field is a line, not a program
_TOKEN: Final = re.compile(
    r"\\(?P<escape>[pP]\{[A-Za-z_]+\}|x[0-9a-fA-F]{2}|.)"
    r"|(?P<group>\(\?.?)"
    r"|(?P<posix>\[:)"
    r"|(?P<repeat>\{[0-9]+(?:,[0-9]*)?\})"
    r"|(?P<sign>[\[\]{}])"
    r"|(?P<plain>.)",
    re.DOTALL,
)
_SHARED: Final = frozenset("dDsSwWbBtnrfv^$\\.*+?()[]{}|/")  # escapes of one letter that both read alike


def pattern_fault(pattern: str) -> str | None:
    """Why a pattern cannot be used, or None."""
    if len(pattern) > _MAX:
        return f"A pattern has at most {_MAX} characters"
    inside = False
    for token in _TOKEN.finditer(pattern):
        fault = _token_fault(token, inside=inside)
        if fault:
            return f"The pattern is not portable at `{token.group()}`: {fault}"
        inside = token["sign"] == "[" or (inside and token["sign"] != "]")
    try:
        compiled(pattern)
    except re2.error as error:
        reason = error.args[0] if error.args else b""
        return f"RE2 refuses the pattern: {reason.decode() if isinstance(reason, bytes) else reason}"
    return None


def matches(pattern: str, value: str) -> bool:
    """Is the pattern found anywhere in the value, as JSON Schema has it?"""
    return compiled(pattern).search(value) is not None


@lru_cache(maxsize=512)
def compiled(pattern: str) -> "re2._Regexp":
    options = re2.Options()
    options.log_errors = False
    options.max_mem = 1 << 20  # bytes; a repetition of a repetition is refused instead of filling the memory
    return re2.compile(pattern, options)


def _token_fault(token: re.Match[str], *, inside: bool) -> str | None:
    """`inside` a class such as `[a-z]`."""
    if token["escape"] is not None:
        escape = token["escape"]
        known = escape in _SHARED or len(escape) > 1 or (escape == "-" and inside)
        return None if known else "this escape does not mean the same everywhere"
    if inside:
        return "write `a-z` instead of a class such as `[:alpha:]`" if token["posix"] else None
    if token["group"] not in (None, "(?:"):
        return "of the groups that begin with `(?`, only `(?:` is read alike in browsers"
    return "write it with a backslash" if token["sign"] in ("]", "{", "}") else None
