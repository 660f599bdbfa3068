"""What answers may be at all."""

import time

import pytest

from daytwo_forms.limits import AnswerLimits, limit_faults

LIMITS = AnswerLimits()


def nested(depth: int, *, listed: bool) -> object:
    value: object = 1
    for _ in range(depth):
        value = [value] if listed else {"a": value}
    return value


@pytest.mark.parametrize(
    ("answers", "pointer", "words"),
    [
        ({"a": "x" * 60_001}, "/inputs/a", "at most 60000"),
        ({"a": ["x" * 60_001]}, "/inputs/a/0", "at most 60000"),
        ({f"a{n}": "x" * 50_000 for n in range(3)}, "/inputs", "bytes together"),
        ({"a": "ä" * 59_000, "b": "ä" * 10_000}, "/inputs", "bytes together"),
        ({"a": "x\0"}, "/inputs/a", "NUL"),
        ({"a": "\ud800"}, "/inputs/a", "not Unicode"),
        ({"\ud800": 1}, "/inputs", "name in here"),
        ({"a": {"b\0": 1}}, "/inputs/a", "name in here"),
        ({"a": float("inf")}, "/inputs/a", "number"),
        ({"a": float("nan")}, "/inputs/a", "number"),
        ({"a": 2**53}, "/inputs/a", "number"),
        ({"a": 10**400}, "/inputs/a", "number"),
        ({"a": nested(10_000, listed=True)}, "/inputs/a" + "/0" * 11, "nested too deep"),
        ({"a": nested(10_000, listed=False)}, "/inputs/a" + "/a" * 11, "nested too deep"),
        ({"a": list(range(1001))}, "/inputs/a", "At most 1000 items"),
        ({str(n): n for n in range(1001)}, "/inputs", "At most 1000 items"),
        ({"a": object()}, "/inputs/a", "not a JSON value"),
        ({"a": {1: 2}}, "/inputs/a", "name in here"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_refused(answers: dict[str, object], pointer: str, words: str) -> None:
    started = time.thread_time()
    (fault,) = limit_faults(answers, "/inputs", LIMITS)
    assert time.thread_time() - started < 0.5
    assert fault.pointer == pointer
    assert words in fault.detail


def test_the_largest_that_is_accepted() -> None:
    answers = {"a": "x" * 60_000, "b": "x" * 60_000, "c": 2**53 - 1, "d": [True, None, 1.5, {"e": ""}]}
    assert limit_faults(answers, "", LIMITS) == []


def test_every_breach_is_told() -> None:
    found = limit_faults({"a": "\0", "b": {"c": ["\0"]}, "d": 1}, "", LIMITS)
    assert {fault.pointer for fault in found} == {"/a", "/b/c/0"}
