"""Lines of a log as somebody reads them, and a text that is looked for in them."""

import pytest

from daytwo_store.log_text import Wanted, as_read

TIME = "2026-11-21T10:00:01.1234567Z "
LINES = "\n".join(
    (
        TIME + "\x1b[36;1mRun make\x1b[0m",
        f"\ufeff{TIME}##[error]It \x1b[31mbr\x1b[1moke\x1b[0m at 10:30",
        "2026-11-21T10:00:02Z",
        "",
        f"no time: {TIME.strip()}",
    )
)


def test_times_and_colours_are_not_read() -> None:
    assert as_read(LINES).split("\n") == [
        "Run make",
        "##[error]It broke at 10:30",
        "",
        "",
        "no time: 2026-11-21T10:00:01.1234567Z",
    ]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("it broke at", [1]),
        ("IT BROKE AT", [1]),
        ("broke", [1]),
        ("error", [1]),
        ("10:30", [1]),
        ("make", [0]),
        ("2026", [4]),
        ("10:00:01", [4]),
        ("31m", []),
        ("\x1b", []),
        ("36;1", []),
        ("(", []),
        ("zebra", []),
        ("make\n##", []),
    ],
)
def test_a_text_is_found_where_it_is_read(text: str, found: list[int]) -> None:
    wanted = Wanted(text)
    assert wanted.among(LINES) == found
    if found:
        assert wanted.may_be_in(LINES)


@pytest.mark.parametrize("text", ["zebra", "it breaks", "b(r", "make run"])
def test_what_is_nowhere_is_known_without_reading(text: str) -> None:
    assert not Wanted(text).may_be_in(LINES)


@pytest.mark.parametrize("text", ["STRASSE", "straße", "İ", "\x00", "a" * 200, "日本"])
def test_any_text_can_be_looked_for(text: str) -> None:
    line = f"\x1b[1m{text[:1]}\x1b[0m{text[1:]}"
    wanted = Wanted(text)
    assert wanted.may_be_in(line)
    assert wanted.among(line) == [0]
