"""From bytes to lines: cut anywhere, nothing lost, nothing leaked."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daytwo_actions.logs import LINE_LIMIT, Cleaner
from daytwo_actions.masking import MASK, encodings_of

SECRET = "s3cr3t/with+odd=chars"


def clean(data: bytes, cuts: list[int], *, secrets: tuple[str, ...] = ()) -> list[str]:
    cleaner = Cleaner(secrets=secrets)
    places = sorted({0, len(data), *(cut % (len(data) + 1) for cut in cuts)})
    lines = [line for a, b in pairwise(places) for line in cleaner.feed(data[a:b])]
    return lines + cleaner.end()


@given(st.lists(st.text(alphabet="abc é😀\t", max_size=20), max_size=8), st.lists(st.integers(0, 500), max_size=6))
def test_lines_are_the_same_wherever_the_bytes_are_cut(lines: list[str], cuts: list[int]) -> None:
    data = "".join(f"{line}\n" for line in lines).encode()
    assert clean(data, cuts) == lines


@given(st.lists(st.integers(0, 500), max_size=8), st.sampled_from(sorted(encodings_of(SECRET))))
def test_a_secret_is_masked_in_every_encoding_wherever_it_is_cut(cuts: list[int], form: str) -> None:
    data = f"before {form} after\nand {form}{form}\n".encode()
    text = "\n".join(clean(data, cuts, secrets=(SECRET,)))
    assert form not in text
    assert text == f"before {MASK} after\nand {MASK}{MASK}"


def test_an_endless_line_is_cut_into_pieces_and_memory_stays_small() -> None:
    cleaner = Cleaner(secrets=())
    lines = [line for _ in range(40) for line in cleaner.feed(b"x" * 10_000)]
    assert all(len(line) == LINE_LIMIT for line in lines)
    assert sum(map(len, lines + cleaner.end())) == 400_000


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        (b"\x1b[31mred\x1b[0m\n", "\x1b[31mred\x1b[0m"),  # colours stay
        (b"\x1b[2J\x1b[Hgone\n", "gone"),  # moving and clearing do not
        (b"\x1b]0;title\x07text\n", "text"),
        (b"bell\x07\n", "bell\ufffd"),
        ("a\u202eb\n".encode(), "a\ufffdb"),  # text that would read backwards
        (b"\xef\xbb\xbffirst\n", "first"),  # a byte order mark
        (b"windows\r\n", "windows"),
        (b"\xff\xfe\n", "\ufffd\ufffd"),
    ],
)
def test_vendor_text_is_text(raw: bytes, shown: str) -> None:
    assert clean(raw, []) == [shown]


@pytest.mark.parametrize(
    "printed",
    [
        "key=hun\x1b[Kter2-of-shop;",
        "key=\x1b[01;31m\x1b[Khunter2\x1b[m\x1b[K-of-shop;",  # grep --color
        "key=hunter2\x1b]0;title\x07-of-shop;",
        "key=h\x1b[0mu\x1b[1mnter2-of-shop;",
    ],
)
def test_a_secret_that_escape_sequences_part_is_masked_and_other_lines_keep_their_colours(printed: str) -> None:
    for size in (1, 7, 1000):
        cleaner = Cleaner(secrets=["hunter2-of-shop"])
        raw = f"\x1b[32mfine\x1b[0m\n{printed}\n".encode()
        lines = [line for at in range(0, len(raw), size) for line in cleaner.feed(raw[at : at + size])]
        assert [*lines, *cleaner.end()] == ["\x1b[32mfine\x1b[0m", "key=***;"]
