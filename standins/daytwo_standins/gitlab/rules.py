"""``workflow:rules``: whether there is to be a pipeline at all. gitlab-ci-local does not ask them when it lists.

https://docs.gitlab.com/ci/yaml/#workflowrules, https://docs.gitlab.com/ci/jobs/job_rules/#cicd-variable-expressions.
``changes`` and ``exists`` count as true.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

_TOKEN = re.compile(
    r"""\s*(?:(?P<sign>\|\||&&|==|!=|=~|!~|\(|\))|\$(?P<variable>\w+)|(?P<null>null)|"(?P<double>[^"]*)"|'(?P<single>[^']*)'"""
    r"""|/(?P<regex>(?:\\.|[^/\\])*)/(?P<flags>\w*))"""
)
_COMPARE: Final = ("==", "!=", "=~", "!~")
Value = str | re.Pattern[str] | bool | None


class ExpressionInvalidError(ValueError):
    """An ``if`` that cannot be read."""


def wanted(workflow: Mapping[str, Any], variables: Mapping[str, str]) -> bool:
    """Whether the first rule that fits lets a pipeline be; without rules every pipeline is.

    Raises:
        ExpressionInvalidError: a rule cannot be read.
    """
    rules = workflow.get("rules")
    if not isinstance(rules, list):
        return True
    for rule in rules:
        if isinstance(rule, dict) and ("if" not in rule or holds(str(rule["if"]), variables)):
            return bool(rule.get("when") != "never")
    return False


def holds(text: str, variables: Mapping[str, str]) -> bool:
    """Whether an expression is true.

    Raises:
        ExpressionInvalidError: it cannot be read.
    """
    return _Reader(text, variables).whole()


class _Reader:
    """Reads an expression from left to right; ``&&`` binds closer than ``||``."""

    def __init__(self, text: str, variables: Mapping[str, str]) -> None:
        self._text = text
        self._variables = variables
        self._tokens = self._split(text)

    def whole(self) -> bool:
        value = _truth(self._either())
        if self._tokens:
            raise ExpressionInvalidError(f"invalid expression syntax: {self._text}")
        return value

    def _split(self, text: str) -> list[tuple[str, Value]]:
        tokens: list[tuple[str, Value]] = []
        place, end = 0, len(text.rstrip())
        while place < end:
            found = _TOKEN.match(text, place)
            if found is None:
                raise ExpressionInvalidError(f"invalid expression syntax: {text}")
            tokens.append(self._token(found))
            place = found.end()
        return tokens

    def _token(self, found: re.Match[str]) -> tuple[str, Value]:
        if found["sign"]:
            return found["sign"], None
        if found["variable"]:
            return "value", self._variables.get(found["variable"])
        if found["regex"] is not None:
            return "value", re.compile(found["regex"], re.IGNORECASE if "i" in found["flags"] else 0)
        return "value", found["double"] if found["double"] is not None else found["single"]

    def _either(self) -> Value:
        value = self._both()
        while self._take("||"):
            other = self._both()
            value = _truth(value) or _truth(other)
        return value

    def _both(self) -> Value:
        value = self._compared()
        while self._take("&&"):
            other = self._compared()
            value = _truth(value) and _truth(other)
        return value

    def _compared(self) -> Value:
        left = self._operand()
        for sign in _COMPARE:
            if self._take(sign):
                return _compare(sign, left, self._operand())
        return left

    def _operand(self) -> Value:
        if self._take("("):
            value = self._either()
            if self._take(")"):
                return value
        elif self._tokens and self._tokens[0][0] == "value":
            return self._tokens.pop(0)[1]
        raise ExpressionInvalidError(f"invalid expression syntax: {self._text}")

    def _take(self, sign: str) -> bool:
        if self._tokens and self._tokens[0][0] == sign:
            self._tokens.pop(0)
            return True
        return False


def _truth(value: Value) -> bool:
    return bool(value)


def _compare(sign: str, left: Value, right: Value) -> bool:
    if sign in {"==", "!="}:
        return (left == right) is (sign == "==")
    pattern = right if isinstance(right, re.Pattern) else re.compile(re.escape(str(right or "")))
    found = isinstance(left, str) and pattern.search(left) is not None
    return found is (sign == "=~")
