"""YAML: the core schema, places, and everything that is refused."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daytwo_store.yaml12 import MAX_BYTES, Place, YamlFault, parse


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("on", "on"),
        ("no", "no"),
        ("TRUE", True),
        ("False", False),
        ("~", None),
        ("-12", -12),
        ("007", 7),
        ("0o17", 15),
        ("0x1F", 31),
        ("1.10", 1.1),
        (".5", 0.5),
        ("1e3", 1000.0),
        ("1.2.3", "1.2.3"),
        ("2024-01-01", "2024-01-01"),
        ("12:30:45", "12:30:45"),
        ("1_000", "1_000"),
        ("'1'", "1"),
        ('"true"', "true"),
        ("${{ a }}", "${{ a }}"),
        ("|\n  1\n", "1\n"),
    ],
)
def test_plain_scalars_are_what_yaml_1_2_says(text: str, value: object) -> None:
    (document,) = parse(f"a: {text}")
    assert document.value == {"a": value}
    assert type(document.value["a"]) is type(value)


@pytest.mark.parametrize(
    ("text", "where", "what"),
    [
        ("a: 1\na: 2", (2, 1), "'a' stands here twice; the first is in line 1"),
        ("a: &x 1", (1, 4), "anchors"),
        ("a: 1\nb: *a", (2, 4), "aliases"),
        ("a: !!python/object:os.system x", (1, 4), "tag"),
        ("a: !x {}", (1, 4), "tag"),
        ("1: a", (1, 1), "key has to be text"),
        ("? [a]\n: b", (1, 3), "key has to be text"),
        ("- " * 70 + "x", (1, 131), "64 levels"),
        ("a: .inf", (1, 4), "not a number that JSON has"),
        ("a: -.INF", (1, 4), "not a number that JSON has"),
        ("a: .nan", (1, 4), "not a number that JSON has"),
        ("a: 1e999", (1, 4), "too large"),
        ("a: 9007199254740992", (1, 4), "too large"),
        ("a: " + "9" * 5000, (1, 4), "too large"),
        ('a: "\\0"', (1, 4), "null"),
        ("a: b: c", (1, 5), "not YAML"),
        ("a: [", (2, 1), "not YAML"),
        ("a: \x01", (1, 1), "characters"),
        ("x" * (MAX_BYTES + 1), (1, 1), "at most 262,144"),
    ],
)
def test_what_is_refused_says_where_and_why(text: str, where: tuple[int, int], what: str) -> None:
    with pytest.raises(YamlFault, match=what) as caught:
        parse(text)
    assert (caught.value.place.line, caught.value.place.column) == where


def test_an_alias_bomb_is_refused_before_it_grows() -> None:
    lines = ["a0: &a0 [x, x]"] + [f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]" for n in range(1, 64)]
    with pytest.raises(YamlFault, match="anchors"):
        parse("\n".join(lines))


def test_every_value_and_key_knows_its_place() -> None:
    (document,) = parse("spec:\n  steps:\n    - id: ship\n      n: 1.10\n")
    assert document.place(("spec", "steps", 0, "n")) == Place(4, 10, "1.10")
    assert document.key(("spec", "steps", 0, "n")) == Place(4, 7, "n")
    assert document.place(("spec", "steps", 0, "missing", "deeper")) == document.place(("spec", "steps", 0))
    assert document.place(("nothing",)) == Place(1, 1)


def test_several_documents_without_the_empty_ones() -> None:
    assert [document.value for document in parse("---\n---\na: 1\n---\n# nothing\n---\nb: 2\n")] == [{"a": 1}, {"b": 2}]
    assert parse("") == []


@given(st.one_of(st.text(max_size=200), st.text(alphabet="ab:-[]{}&*!|>'\"#%?,\n\t 1.~", max_size=200)))
def test_nothing_but_a_fault_comes_out_of_garbage(text: str) -> None:
    with contextlib.suppress(YamlFault):
        parse(text)
