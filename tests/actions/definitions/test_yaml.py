"""YAML 1.2 with positions, from strangers."""

import time
from collections.abc import Iterator

import pytest
import yaml
from pydantic import JsonValue
from yamlcore import CCoreLoader

from daytwo_actions.definitions.document import Document
from daytwo_actions.definitions.errors import DefinitionRejected
from daytwo_actions.definitions.yaml import MAX_NODES, read_documents


def one(text: str) -> Document:
    (document,) = read_documents(text, "f.yaml")
    return document


def refusals(text: str) -> list[str]:
    with pytest.raises(DefinitionRejected) as caught:
        read_documents(text, "f.yaml")
    return [str(problem) for problem in caught.value.problems]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("on: no", {"on": "no"}),
        ("a: yes\nb: off\nc: NO\nd: y", {"a": "yes", "b": "off", "c": "NO", "d": "y"}),
        ("a: true\nb: False\nc: TRUE", {"a": True, "b": False, "c": True}),
        ("a: ~\nb: null\nc:\nd: Null", {"a": None, "b": None, "c": None, "d": None}),
        ("a: 1\nb: -2\nc: 1.5\nd: 0\ne: -0.25", {"a": 1, "b": -2, "c": 1.5, "d": 0, "e": -0.25}),
        (
            "a: 2026-01-31\nb: 12:30:45\nc: 1.2.3\nd: 12e",
            {"a": "2026-01-31", "b": "12:30:45", "c": "1.2.3", "d": "12e"},
        ),
        ("a: '1.10'\nb: \"007\"\nc: '~'", {"a": "1.10", "b": "007", "c": "~"}),
        ("a: |\n  x\n  y\nb: >\n  x\n  y\n", {"a": "x\ny\n", "b": "x y\n"}),
        ("{a: [1, {b: c}], d: {}}", {"a": [1, {"b": "c"}], "d": {}}),
        ("a: ${{ x }}", {"a": "${{ x }}"}),
        ("<<: {a: 1}", {"<<": {"a": 1}}),
        ("- a\n- [b]\n- {c: d}", ["a", ["b"], {"c": "d"}]),
        ("text", "text"),
        ("'é': ü 😀", {"é": "ü 😀"}),
        ("\ufeffa: 1", {"a": 1}),
        ("%YAML 1.2\n---\na: yes", {"a": "yes"}),
    ],
    ids=repr,
)
def test_values_are_those_of_the_core_schema(text: str, value: JsonValue) -> None:
    assert one(text).value == value


@pytest.mark.parametrize(
    ("text", "position", "words"),
    [
        ("version: 1.10", "1:10", '`1.10` is read as the number 1.1. Write "1.10"'),
        ("a: 1.0", "1:4", "`1.0` is read as the number 1."),
        ("a: 007", "1:4", "`007` is read as the number 7."),
        ("a: 0x1F", "1:4", "`0x1F` is read as the number 31."),
        ("a: 0o17", "1:4", "`0o17` is read as the number 15."),
        ("a: 1e3", "1:4", "`1e3` is read as the number 1000."),
        ("a: +5", "1:4", "`+5` is read as the number 5."),
        ("a: .5", "1:4", "`.5` is read as the number 0.5."),
        ("a: 123e456", "1:4", "no number that JSON keeps"),
        ("a: .inf", "1:4", "no number that JSON keeps"),
        ("a: .nan", "1:4", "no number that JSON keeps"),
        ("a: 9007199254740993", "1:4", "no number that JSON keeps"),
        ("a: " + "9" * 5000, "1:4", "too long for a number"),
        ("a: &x 1\nb: *x", "1:4", "An anchor (`&x`)"),
        ("a: 1\nb: *x", "2:4", "An alias is not read here"),
        ("*x : 1", "1:1", "An alias is not read here"),
        ("a: !!str 1", "1:4", "A tag ("),
        ("!!python/object/apply:os.system ['true']", "1:1", "A tag ("),
        ("a: !secret x", "1:4", "A tag (`!secret`)"),
        ("a: 1\nb: 2\na: 3", "3:1", "The key `a` was used before, in line 1"),
        ("x:\n  - {a: 1, a: 2}", "2:12", "The key `a` was used before"),
        ("1: x", "1:1", 'The key `1` is not text. Write "1".'),
        ("true: x", "1:1", "The key `true` is not text"),
        ("? [a]\n: b", "1:3", "A key is text, not a list or a map"),
        ("a: [1", "2:1", "This is not YAML"),
        ("a: b: c", "1:5", "This is not YAML"),
        ("\ta: 1", "1:1", "This is not YAML"),
        ("a: 'x", "1:6", "This is not YAML"),
        ("a: \0", "1:1", "NUL"),
        ("a: \ud800", "1:1", "Unicode"),
        ("a: \x07", "1:1", "a character is not allowed"),
        ("a: " + "x" * 300_000, "1:1", "at most 262144 are read"),
        ("[" * 40 + "]" * 40, "1:33", "nested deeper than 32"),
    ],
    ids=lambda text: text[:24],
)
def test_what_is_refused_is_told_where(text: str, position: str, words: str) -> None:
    found = refusals(text)
    assert any(problem.startswith(f"f.yaml:{position}: ") and words in problem for problem in found), found


def test_every_problem_is_told() -> None:
    assert len(refusals("a: 1.10\nb: &x [*y]\na: !t 1\n2: 3")) == 6


def bomb() -> str:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 10)]
    return "\n".join(lines)


@pytest.mark.parametrize(
    "text",
    [
        bomb(),
        "[" * 100_000,
        "{a: " * 60_000,
        "- " * 100_000,
        "? " * 100_000,
        "a: " + "[1]," * 1000,
        "\n".join(" " * n + "a:" for n in range(500)),
        "[" + "1," * 100_000 + "]",
        "\n".join(f"k{n}: {n}" for n in range(20_000)),
        "&a " * 50_000,
        "'" * 200_001,
        "!" * 200_000,
        "# " * 100_000 + "\n[",
        "---\n[" * 40_000,
    ],
    ids=lambda text: text[:12],
)
def test_bombs_are_refused_before_they_are_read(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Counted in what the parser was asked for, and in a time that only what grows out of hand can take."""
    events = 0
    parse = yaml.parse

    def counting(stream: str, **given: type[CCoreLoader]) -> Iterator[yaml.Event]:
        nonlocal events
        for event in parse(stream, **given):
            events += 1
            yield event

    monkeypatch.setattr(yaml, "parse", counting)
    started = time.thread_time()
    assert refusals(text)
    assert time.thread_time() - started < 20
    assert events <= 2 * MAX_NODES


def test_positions_of_values_and_keys() -> None:
    document = one("a:\n  - b: 1\n    'c/d~e': [x,  y]\n")
    assert (document.values["/a/0/b"].line, document.values["/a/0/b"].column) == (2, 8)
    assert (document.keys["/a/0/b"].line, document.keys["/a/0/b"].column) == (2, 5)
    assert (document.values["/a/0/c~1d~0e/1"].line, document.values["/a/0/c~1d~0e/1"].column) == (3, 19)
    assert str(document.problem("/a/0/b", "Wrong", at_key=True)) == "f.yaml:2:5: Wrong."
    assert str(document.problem("/a/0/nothing/deep", "Gone")) == "f.yaml:2:5: Gone."


@pytest.mark.parametrize(
    ("text", "position"),
    [
        ("a: x ${{ inputs.typo }}", "1:17"),
        ("a: 'x ${{ inputs.typo }}'", "1:18"),
        ('a: "x ${{ inputs.typo }}"', "1:18"),
        ("a: |\n  one\n  x ${{ inputs.typo }}\n", "3:16"),
        ("a: >-\n  one\n  x ${{ inputs.typo }}\n", "3:16"),
        ("{b: 1, a: '${{ inputs.typo }}'}", "1:23"),
        ("ä: 1\na: 'ü ${{ inputs.typo }}'", "2:18"),
        ("a: 'it''s ${{ inputs.typo }}'", "1:22"),
        ('a: "\\u00e4 ${{ inputs.typo }}"', "1:23"),
    ],
)
def test_positions_inside_texts(text: str, position: str) -> None:
    document = one(text)
    assert isinstance(document.value, dict)
    value = str(document.value["a"])
    start = value.index("typo")
    problem = document.problem_in("/a", value, (start, start + 4), "Typo")
    assert str(problem) == f"f.yaml:{position}: Typo."


def test_the_right_one_of_equal_words_is_found() -> None:
    document = one("a: ${{ x.y }} ${{ x.y }}")
    value = "${{ x.y }} ${{ x.y }}"
    assert document.problem_in("/a", value, (15, 18), "Second").column == 19


def test_several_documents_have_their_own_positions() -> None:
    first, second = read_documents("a: 1\n---\n# note\na: 2\n---\n", "f.yaml")
    assert (first.value, second.value) == ({"a": 1}, {"a": 2})
    assert second.values["/a"].line == 4


@pytest.mark.parametrize("text", ["", "\n", "# only a comment\n", "---\n", "~"])
def test_nothing_is_no_document(text: str) -> None:
    assert read_documents(text, "f.yaml") == []
