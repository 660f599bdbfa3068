"""Which line of a log says what went wrong."""

from pathlib import Path

import pytest

from daytwo_actions.error_lines import Rater, telling

STAMP = "2026-01-01T00:00:00.1234567Z "
SPECS = Path(__file__).parents[4] / "shared" / "specs"


def first(*lines: str) -> str | None:
    _, at = telling(lines, Rater())
    return None if at is None else lines[at]


def test_the_vendors_mark_counts_more_than_a_guess() -> None:
    mark = f"{STAMP}##[error]the check failed"
    assert first("error: a guess", "fine", mark) == mark
    assert first("error: a guess", "fine") == "error: a guess"
    assert first("all is well", "0 errors") is None


@pytest.mark.parametrize(
    "end",
    [
        f"{STAMP}##[error]Process completed with exit code 1.",
        f"{STAMP}##[error]The operation was canceled.",
        f"{STAMP}##[error]The process '/usr/bin/git' failed with exit code 128",
        "Error: Process completed with exit code 1.",
        "\x1b[31;1mERROR: Job failed: exit code 1\x1b[0;m",
        "2026-01-01T00:00:00.123456Z 00O \x1b[31;1mERROR: Job failed: exit status 1\x1b[0;m",
        "Error: exit status 1",
        "make: *** [Makefile:3: test] Error 1",
    ],
)
@pytest.mark.parametrize(
    "cause",
    [
        "Error: the setting PAYMENTS_URL is missing",
        "TypeError: undefined is not a function",
        "    java.lang.IllegalStateException: no pool",
        "npm ERR! missing script: build",
        "npm error code E404",
        "panic: runtime error: index out of range [5]",
        "fatal: repository 'x' not found",
        "FAILED tests/test_it.py::test_one - assert 1 == 2",
        "--- FAIL: TestOne (0.00s)",
        "E       assert 1 == 2",
        "/bin/sh: 1: helm: not found",
        "deploy.sh: line 3: helm: command not found",
        "ls: cannot access 'x': No such file or directory",
        "error[E0308]: mismatched types",
        'time="2026-01-01T00:00:00Z" level=error msg="it is full"',
        "curl: (22) The requested URL returned error: 404",
        "BUILD FAILED in 3s",
        "ERROR: Job failed: execution took longer than 1h0m0s seconds",
    ],
)
def test_what_each_failed_job_ends_with_comes_last(cause: str, end: str) -> None:
    for shown in (cause, f"{STAMP}{cause}", f"2026-01-01T00:00:00.123456Z 01E {cause}", f"\x1b[31m{cause}\x1b[0m"):
        assert first("fine", shown, "fine", end, end) == shown
        assert first("fine", end, "fine", shown) == shown
    assert first("fine", end) == end, "when nothing else says anything"


@pytest.mark.parametrize(
    "line",
    [
        "Found 0 errors and 2 warnings",
        "0 ERRORS",
        "0 ERROR, 3 ok",
        "errors: 0",
        "error: 0",
        "ERROR: none",
        '{"error": null, "ok": true}',
        "continue-on-error: true",
        "fail_on_error: false",
        "no error: it is fine",
        "Tests run: 3, FAILED: 0",
        "PLAY RECAP ok=3 failed=0",
        'msg="sub-process exited" error="<nil>"',
        "downloading error-prone-2.1.jar",
        "test_raises_TypeError ok",
        "except ValueError:",
        "log.error: off",
        "$ echo 'error: shown before it runs'",
        "\x1b[32;1m$ echo 'Error: shown before it runs'\x1b[0;m",
        "++ echo 'fatal: x'",
        "panic-free",
    ],
)
def test_an_ordinary_line_is_none(line: str) -> None:
    assert first(line, f"{STAMP}{line}") is None


def test_of_a_traceback_it_is_the_last_line() -> None:
    trace = ["Traceback (most recent call last):", '  File "a.py", line 1, in <module>', "    go()", "    ^^^^"]
    assert first(*trace, "shop.Missing: PAYMENTS_URL", "Error: it ended") == "shop.Missing: PAYMENTS_URL"
    stamped = [f"{STAMP}{line}" for line in [*trace, "KeyboardInterrupt"]]
    assert first(*stamped) == stamped[-1]


def test_a_script_that_is_shown_before_it_runs_is_not_what_went_wrong() -> None:
    group = [f"{STAMP}##[group]Run make", f"{STAMP}\x1b[36;1mecho 'error: a'; echo '::error::b'\x1b[0m", "fatal: c"]
    marks = [f"{STAMP}##[endgroup]", f"{STAMP}error: d"]
    assert first(*group, *marks) == marks[-1]
    assert first(*group, f"{STAMP}##[error]e") == f"{STAMP}##[error]e", "a group without an end hides no mark"
    assert first("somebody wrote ::error::x and ##[error]y") is None, "a mark stands where a line begins"


@pytest.mark.skipif(not SPECS.exists(), reason="the vendors' descriptions are not here")
def test_githubs_own_example() -> None:
    lines = (SPECS / "github/logs/job.log.txt").read_text().splitlines()
    assert first(*lines) == lines[-1], "nothing else says anything"
    cause = f"{STAMP}sh: 1: helm: not found"
    assert first(*lines[:-1], cause, lines[-1]) == cause
