"""Of a long log the first and the last lines, whatever pieces it comes in; the rest is counted."""

from hypothesis import given
from hypothesis import strategies as st

from daytwo_actions.head_and_tail import HeadAndTail, size_of

LINES = [f"line {number:03d}" for number in range(100)]  # nine bytes each, with their line feed


def test_what_fits_is_the_head_and_nothing_is_left_out() -> None:
    bounds = HeadAndTail(head=900, tail=90)
    assert bounds.take(LINES) == LINES
    assert bounds.tail() == []
    assert bounds.left_out_lines == 0


def test_behind_the_head_the_newest_are_kept() -> None:
    bounds = HeadAndTail(head=95, tail=44)
    assert bounds.take(LINES) == LINES[:10]
    assert bounds.tail() == LINES[-4:]
    assert (bounds.left_out_lines, bounds.left_out_bytes) == (86, 86 * 9)


def test_the_head_is_over_with_the_first_line_that_does_not_fit() -> None:
    bounds = HeadAndTail(head=20, tail=100)
    assert bounds.take(["short", "x" * 30, "short"]) == ["short"]
    assert bounds.take(["short"]) == []
    assert bounds.tail() == ["x" * 30, "short", "short"]


def test_bytes_are_counted_and_not_characters() -> None:
    bounds = HeadAndTail(head=7, tail=0)
    assert bounds.take(["ééé", "é"]) == ["ééé"]
    assert (bounds.left_out_lines, bounds.left_out_bytes) == (1, 3)


def test_the_first_of_the_lines_that_say_the_most_is_spared() -> None:
    lines = [*LINES[:20], "error 1", *LINES[20:40], "ERROR 2", *LINES[40:60], "ERROR 3", "error 4", *LINES[60:]]
    bounds = HeadAndTail(head=95, tail=44, worth=lambda line: {"e": 1, "E": 2}.get(line[0], 0))
    for line in lines:
        bounds.take([line])
    assert bounds.tail() == lines[-4:]
    assert bounds.spared is not None
    before = lines[10 : lines.index("ERROR 2")]
    assert (bounds.spared.line, bounds.spared.lines) == ("ERROR 2", len(before))
    assert bounds.spared.bytes == sum(map(size_of, before))
    after = lines[lines.index("ERROR 2") + 1 : -4]
    assert (bounds.left_out_lines, bounds.left_out_bytes) == (len(after), sum(map(size_of, after)))


def test_what_is_kept_anyway_is_not_spared() -> None:
    bounds = HeadAndTail(head=20, tail=20, worth=lambda _: 1)
    bounds.take(["short"])
    assert (bounds.spared, bounds.left_out_lines) == (None, 0)


@given(
    st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\n"), max_size=12), max_size=60),
    st.integers(0, 120),
    st.integers(0, 120),
    st.integers(1, 9),
)
def test_nothing_is_lost_uncounted(lines: list[str], head: int, tail: int, piece: int) -> None:
    bounds = HeadAndTail(head=head, tail=tail)
    first = [line for at in range(0, len(lines), piece) for line in bounds.take(lines[at : at + piece])]
    last = bounds.tail()
    assert first == lines[: len(first)]
    assert last == lines[len(lines) - len(last) :]
    assert len(first) + bounds.left_out_lines + len(last) == len(lines)
    gone = lines[len(first) : len(lines) - len(last)]
    assert bounds.left_out_bytes == sum(map(size_of, gone))
    assert sum(map(size_of, first)) <= head
    assert sum(map(size_of, last)) <= tail
