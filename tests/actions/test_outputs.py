"""What a pipeline reports is small, plain, and has no secrets in it."""

import json

import pytest

from daytwo_actions.outputs import LIMIT, checked
from daytwo_store.errors import DaytwoError


def test_plain_results_stay_as_they_are() -> None:
    given = {"url": "https://shop.example", "replicas": 3, "ratio": 0.5, "ok": True, "none": None, "list": [{"a": "ü"}]}
    assert checked(given, secrets=()) == given


def test_secrets_are_masked_in_values_and_names_however_they_are_written() -> None:
    text = json.dumps(
        checked({"a": ["x hunter2secret y"], "hunter2secret": {"b": "aHVudGVyMnNlY3JldA"}}, secrets=["hunter2secret"])
    )
    assert "hunter2secret" not in text
    assert "aHVudGVyMnNlY3JldA" not in text
    assert text.count("***") == 3


@pytest.mark.parametrize(
    "given",
    [
        {"a": float("nan")},
        {"a": float("inf")},
        {"a": 10**400},
        {"a": 2**53},
        {"a": "\x00"},
        {"a": "\ud800"},
        {"": 1},
        {"n" * 201: 1},
        {"a": "x" * LIMIT},
        {"a": [[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]},
    ],
    ids=("nan", "inf", "huge", "inexact", "null", "surrogate", "nameless", "long-name", "large", "deep"),
)
def test_what_cannot_be_carried_is_refused_whole(given: dict[str, object]) -> None:
    with pytest.raises(DaytwoError, match=r"Nothing was kept\."):
        checked(given, secrets=())  # type: ignore[arg-type]
