"""Patterns mean the same on both sides, and take linear time on ours."""

import time

import pytest

from daytwo_forms.patterns import matches, pattern_fault


@pytest.mark.parametrize(
    "pattern",
    [
        "^[a-z][a-z0-9-]*$",
        r"^\d+\.\d+\.\d+$",
        "(?:a|b)+",
        r"[\-a]",
        "a{2,3}",
        r"\p{L}+",
        r"^\x41$",
        "[{}]",
        r"\{x\}",
        "^$",
        "é",
        r"a\/b",
        "(a+)+$",
    ],
)
def test_portable_patterns_are_accepted(pattern: str) -> None:
    assert pattern_fault(pattern) is None


@pytest.mark.parametrize(
    "pattern",
    [
        "(?i)a",
        "(?=a)",
        "(?!a)",
        "(?<=a)b",
        "(?P<name>a)",
        "(?<name>a)",
        r"\1",
        r"(a)\1",
        "[[:alpha:]]",
        r"\pL",
        r"\A",
        r"\z",
        r"a\-b",
        r"\_",
        r"\u0041",
        "a{",
        "a}",
        "]",
        "a{,3}",
        "(",
        "[",
        "*",
        "a{1001}",
        "(a{1000}){1000}",
        "\\",
        "x" * 1001,
    ],
)
def test_patterns_that_differ_or_cost_too_much_are_refused(pattern: str) -> None:
    assert pattern_fault(pattern)


def test_a_pattern_is_found_anywhere() -> None:
    assert matches("b", "abc")
    assert not matches("^b", "abc")


def test_a_pattern_that_backtracks_elsewhere_is_linear_here() -> None:
    started = time.thread_time()
    assert not matches("^(a+)+$", "a" * 50_000 + "!")
    assert time.thread_time() - started < 1.0
