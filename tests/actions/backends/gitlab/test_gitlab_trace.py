"""A job's log without what GitLab's runner writes for GitLab's page; the same wherever it is cut."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daytwo_actions.backends.gitlab.wire.trace import Trace
from daytwo_actions.logs import Cleaner

SAMPLES = Path(__file__).parent / "samples"


def cleaned(log: bytes, size: int = 1_000_000) -> bytes:
    trace = Trace()
    return b"".join(trace.feed(log[at : at + size]) for at in range(0, len(log), size)) + trace.end()


def lines(log: bytes) -> list[str]:
    cleaner = Cleaner(secrets=[])
    return cleaner.feed(cleaned(log)) + cleaner.end()


def test_a_log_as_the_runner_wrote_it_before_and_after_18_7() -> None:
    assert lines((SAMPLES / "trace.plain.txt").read_bytes()) == [
        "Running with gitlab-runner 18.6.0\x1b[0;m",
        '\x1b[36;1mExecuting "step_script"\x1b[0;m',
        "\x1b[32;1m$ echo hi\x1b[0;m",
        "hi",
        "\x1b[32;1mJob succeeded\x1b[0;m",
    ]
    assert lines((SAMPLES / "trace.timestamps.txt").read_bytes()) == [
        "Running with gitlab-runner 18.8.0\x1b[0;m",
        '\x1b[36;1mExecuting "step_script"\x1b[0;m',
        "hi",
        "warn: x",
        "",
        "\x1b[32;1mJob succeeded\x1b[0;m",
    ]


@pytest.mark.parametrize("name", ["trace.plain.txt", "trace.timestamps.txt"])
@pytest.mark.parametrize("size", [1, 2, 3, 7, 64])
def test_it_does_not_matter_where_it_is_cut(name: str, size: int) -> None:
    log = (SAMPLES / name).read_bytes()
    assert cleaned(log, size) == cleaned(log)


@pytest.mark.parametrize("name", ["trace.plain.txt", "trace.timestamps.txt"])
def test_what_was_given_of_a_running_job_stays_the_beginning(name: str) -> None:
    log = (SAMPLES / name).read_bytes()
    whole = cleaned(log)
    for at in range(len(log)):
        trace = Trace()
        assert whole.startswith(trace.feed(log[:at]))
        part = log[:at].rpartition(b"\n")[0] + b"\n" if b"\n" in log[:at] else b""
        assert whole.startswith(cleaned(part))


def test_what_was_overwritten_on_a_terminal_is_left_out() -> None:
    assert lines(b"10%\r50%\r100%\nnext\r\nlast") == ["100%", "next", "last"]


def test_a_line_that_is_no_stamp_stays() -> None:
    assert lines(b"2026-03-01 10:00:00 started\n2026-03-01T10:00:00Z mine\n") == [
        "2026-03-01 10:00:00 started",
        "2026-03-01T10:00:00Z mine",
    ]


def test_a_line_without_an_end_is_not_held_for_ever() -> None:
    trace = Trace()
    given_out = sum(len(trace.feed(b"x" * 100_000)) for _ in range(100))
    assert given_out > 8_000_000


@given(st.binary(max_size=300))
def test_anything_may_stand_in_a_log(log: bytes) -> None:
    assert cleaned(log, 5) == cleaned(log)
