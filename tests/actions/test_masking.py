"""S30: a secret is found in every usual encoding, wherever the stream is cut, also when secrets overlap."""

import base64
import html
import json
import random
import shlex
import string
from collections.abc import Callable
from itertools import pairwise
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from daytwo_actions.head_and_tail import HeadAndTail
from daytwo_actions.logs import LINE_LIMIT, Cleaner
from daytwo_actions.masking import MASK, Masker, encodings_of, masked

SECRET = "S3cr3t/with +odd='chars\" & ünïcode"
SECOND = "S3cr3t/with"  # what the first begins with
TOOLS: dict[str, Callable[[str], str]] = {
    "plain": str,
    "reversed": lambda s: s[::-1],
    "base64": lambda s: base64.b64encode(s.encode()).decode(),
    "base64, one byte in": lambda s: base64.b64encode(b":" + s.encode() + b"\n").decode(),
    "base64, two bytes in": lambda s: base64.b64encode(b"u:" + s.encode()).decode(),
    "base64url": lambda s: base64.urlsafe_b64encode(s.encode()).decode(),
    "basic authorisation": lambda s: base64.b64encode(b"user:" + s.encode()).decode(),
    "hex": lambda s: s.encode().hex(),
    "HEX": lambda s: s.encode().hex().upper(),
    "url": lambda s: quote(s, safe=""),
    "url path": quote,
    "form": quote_plus,
    "json": json.dumps,
    "json, not ascii": lambda s: json.dumps(s, ensure_ascii=False),
    "json in json": lambda s: json.dumps(json.dumps(s)),
    "shell": shlex.quote,
    "html": html.escape,
}


def longest_rest(text: str, secret: str) -> int:
    """How much of a secret, in whatever of its forms, can still be read in one piece."""
    forms = encodings_of(secret)
    return max(
        (
            size
            for form in forms
            for at in range(len(form))
            for size in range(len(form) - at, 3, -1)
            if form[at : at + size] in text
        ),
        default=0,
    )


def stream(text: str, cuts: list[int], secrets: tuple[str, ...]) -> str:
    masker = Masker(secrets)
    places = sorted({0, len(text), *(cut % (len(text) + 1) for cut in cuts)})
    return "".join(masker.feed(text[a:b]) for a, b in pairwise(places)) + masker.end()


@pytest.mark.parametrize("tool", TOOLS)
def test_what_tools_print_is_masked(tool: str) -> None:
    shown = masked(f"before {TOOLS[tool](SECRET)} after", [SECRET])
    assert MASK in shown
    assert shown.startswith("before ")
    assert shown.endswith(" after")
    if "base64" in tool or tool == "basic authorisation":
        assert "=" not in shown, "what fills it up at its end is gone, too"
    assert longest_rest(shown, SECRET) < 4


def test_percent_signs_may_be_small() -> None:
    assert (
        masked(quote("über/alles", safe="").replace("%C3%BC", "%c3%bc").replace("%2F", "%2f"), ["über/alles"]) == MASK
    )


@pytest.mark.parametrize("tool", TOOLS)
@given(cuts=st.lists(st.integers(0, 400), max_size=8))
def test_it_is_masked_wherever_the_stream_is_cut(tool: str, cuts: list[int]) -> None:
    text = f"x {TOOLS[tool](SECRET)} y {TOOLS[tool](SECRET)} z"
    assert stream(text, cuts, (SECRET, SECOND)) == masked(text, (SECRET, SECOND))


@pytest.mark.parametrize(
    ("secrets", "text", "shown"),
    [
        (("abcd", "abcdefgh"), "x abcdefgh y", "x *** y"),  # one begins with the other
        (("efgh", "abcdefgh"), "x abcdefgh y", "x *** y"),  # … or ends with it
        (("abcdef", "defghi"), "x abcdefghi y", "x *** y"),  # they overlap
        (("abcd", "abcdefgh"), "x abcdefg", "x ***efg"),
        (("aaaa",), "x " + "a" * 50 + " y", "x *** y"),
        (("abcd",), "abcdabcd", "******"),
        (("****",), "a **** b", "a *** b"),
    ],
)
def test_secrets_that_share_letters_leave_no_rest(secrets: tuple[str, ...], text: str, shown: str) -> None:
    assert masked(text, secrets) == shown
    for cut in range(len(text)):
        assert stream(text, [cut], secrets) == shown
    assert stream(text, list(range(len(text))), secrets) == shown


@given(
    st.lists(st.text("ab", min_size=4, max_size=9), min_size=1, max_size=4),
    st.text("ab", max_size=60),
    st.lists(st.integers(0, 60), max_size=10),
)
@example(["aaaa", "aaab"], "aaaaab", [3])
def test_every_letter_of_a_secret_is_gone(secrets: list[str], text: str, cuts: list[int]) -> None:
    """Compared with the plainest possible way: mark every letter that belongs to some form."""
    forms = {form for secret in secrets for form in encodings_of(secret)}
    hidden = [False] * len(text)
    for form in forms:
        for at in range(len(text) - len(form) + 1):
            if text[at : at + len(form)] == form:
                hidden[at : at + len(form)] = [True] * len(form)
    left = "".join(letter for letter, gone in zip(text, hidden, strict=True) if not gone)
    assert stream(text, cuts, tuple(secrets)).replace(MASK, "") == left


@given(st.lists(st.integers(0, 300), max_size=6))
def test_what_is_given_out_early_is_the_same(cuts: list[int]) -> None:
    """A log that still grows: whatever is settled is given out at once."""
    text = "abcd efgh S3cr3t/wi and S3cr3t/with and S3cr3t"
    masker = Masker((SECRET, SECOND))
    places = sorted({0, len(text), *(cut % (len(text) + 1) for cut in cuts)})
    given_out = "".join(masker.feed(text[a:b]) + masker.settled() for a, b in pairwise(places)) + masker.end()
    assert given_out == masked(text, (SECRET, SECOND)) == "abcd efgh S3cr3t/wi and *** and S3cr3t"


def test_each_line_of_a_longer_secret_is_masked() -> None:
    """CI systems put the time before each line."""
    key = "-----BEGIN KEY-----\nMIIEvQIBADANBgkqhkiG\n9w0BAQEFAASCBKcwggSj\nok\n-----END KEY-----\n"
    shown = masked("".join(f"04:00:01 {line}\n" for line in key.splitlines()), [key])
    assert shown == "04:00:01 ***\n04:00:01 ***\n04:00:01 ***\n04:00:01 ok\n04:00:01 ***\n"
    assert masked(f"key: {key!r}"[:5] + json.dumps(key), [key]) == 'key: "***"'
    assert masked(" ".join(key.split()), [key]) == MASK
    wrapped = base64.encodebytes(key.encode()).decode()
    assert longest_rest(masked(wrapped, [key]).replace(MASK, ""), key) < 8


def test_masking_comes_before_cutting() -> None:
    """A secret that lies across the end of the longest line is not cut in two."""
    cleaner = Cleaner(secrets=(SECRET,))
    lines = cleaner.feed(("x" * (LINE_LIMIT - 8) + SECRET + "\n").encode()) + cleaner.end()
    assert "".join(lines) == "x" * (LINE_LIMIT - 8) + MASK


@pytest.mark.parametrize("head", range(10, 60, 3))
def test_the_end_of_what_is_kept_cuts_no_secret_in_two(head: int) -> None:
    cleaner = Cleaner(secrets=(SECRET,))
    lines = cleaner.feed(f"first line\n{'y' * 10} {SECRET} {'z' * 40}\n".encode()) + cleaner.end()
    bounds = HeadAndTail(head=head, tail=head)
    kept = [*bounds.take(lines), *bounds.tail()]
    assert set(kept) <= set(lines), "whole lines, as they were masked"
    assert longest_rest("\n".join(kept), SECRET) < 4


def test_what_is_too_short_is_not_looked_for() -> None:
    assert "abc" not in encodings_of("abc"), "ordinary text would be blotted out"
    assert masked("abc", ["abc", ""]) == "abc"
    assert masked("a pin: 4711", ["4711"]) == "a pin: ***"


def test_twenty_canaries_in_a_long_log() -> None:
    """Every form of each, at random places of pieces of random length."""
    chance = random.Random(20)
    letters = string.ascii_letters + string.digits + "/+=&\"' \\äß"
    canaries = ["".join(chance.choices(letters, k=chance.randint(8, 60))).strip() + "Q7" for _ in range(20)]
    forms = sorted({form for canary in canaries for form in encodings_of(canary) if len(form) >= 8})
    chance.shuffle(forms)
    text = "".join(f"line {number}: value={form};\n" for number, form in enumerate(forms))
    masker, out, at = Masker(canaries), [], 0
    while at < len(text):
        size = chance.randint(1, 700)
        out.append(masker.feed(text[at : at + size]) + masker.feed(""))
        at += size
    shown = "".join(out) + masker.end()
    assert [form for form in forms if form in shown] == []
    assert shown.count(MASK) >= len(forms)
