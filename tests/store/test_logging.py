"""Logs: one JSON object per line, known fields only, and nothing that somebody typed."""

import ast
import io
import json
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from typing_extensions import Buffer

from daytwo_store.logging import FIELDS, configure_logging

ROOT = Path(__file__).parents[2]
PACKAGES = ("actions", "api", "catalog", "forms", "store", "workflows")


@pytest.fixture
def out() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    before, level = root.handlers, root.level
    stream = io.StringIO()
    configure_logging(process="test", stream=stream)
    yield stream
    configure_logging(process="tests", level="warning")
    root.handlers, root.level = before, level


def lines(out: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in out.getvalue().splitlines()]


def test_a_line_is_an_object_with_time_level_and_process(out: io.StringIO) -> None:
    structlog.get_logger().info("run.refused", run="r_1", count=2, first=None, state=["a"])
    (line,) = lines(out)
    assert line.pop("at")
    assert line.pop("pid")
    assert line == {
        "level": "info", "event": "run.refused", "process": "test", "run": "r_1", "count": 2, "first": None,
        "state": ["a"],
    }  # fmt: skip


class Pieces(io.RawIOBase):
    """A file, and each write to it. What is written between two of them, by another process, stands in between."""

    def __init__(self) -> None:
        super().__init__()
        self.written: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, piece: Buffer, /) -> int:
        self.written.append(bytes(piece))
        return len(self.written[-1])


@pytest.mark.usefixtures("out")
def test_a_line_comes_with_its_end_so_that_no_other_writer_tears_it() -> None:
    pieces = Pieces()
    unbuffered = io.TextIOWrapper(pieces, encoding="utf-8", write_through=True)  # as stderr is with PYTHONUNBUFFERED
    configure_logging(process="test", stream=unbuffered)
    structlog.get_logger().info("x", what="y" * 9000)
    structlog.get_logger().info("z")
    assert [piece.endswith(b"}\n") for piece in pieces.written] == [True, True]


def test_an_unknown_field_is_named_and_left_out(out: io.StringIO) -> None:
    structlog.get_logger().warning("x", password="hunter2", run="r_1", what="y" * 9000)
    (line,) = lines(out)
    assert line["dropped"] == ["password"]
    assert "hunter2" not in out.getvalue()
    assert len(out.getvalue()) < 3000


def test_an_exception_is_its_type_and_place_without_its_text(out: io.StringIO) -> None:
    def inner() -> None:
        raise ValueError("hunter2")

    try:
        try:
            inner()
        except ValueError as error:
            raise RuntimeError("hunter3") from error
    except RuntimeError:
        structlog.get_logger().exception("poker.failed")
    (line,) = lines(out)
    said = json.dumps(line["exception"])
    assert "builtins.ValueError" in said
    assert "builtins.RuntimeError" in said
    assert "store/test_logging.py" in said
    assert "hunter" not in out.getvalue()


def test_libraries_log_their_template_from_warning_on(out: io.StringIO) -> None:
    logger = logging.getLogger("somebody.else")
    logger.info("GET %s", "https://example.com/?token=hunter2")
    logger.warning("retrying %s", "https://example.com/?token=hunter2")
    (line,) = lines(out)
    assert (line["event"], line["logger"], line["template"]) == ("library", "somebody.else", "retrying %s")
    assert line["level"] == "warning"
    assert "hunter2" not in out.getvalue()


def test_less_severe_lines_are_left_out(out: io.StringIO) -> None:
    structlog.get_logger().debug("x")
    assert out.getvalue() == ""


def used_fields(tree: ast.AST) -> Iterator[str]:
    """Keywords of calls such as `log.info("event", run=…)`."""
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and isinstance(node.func.value, ast.Name)
            and node.func.value.id in ("log", "logger")
        ):
            yield from (keyword.arg for keyword in node.keywords if keyword.arg)


def test_every_field_that_we_log_is_on_the_list() -> None:
    used = {
        (path.relative_to(ROOT).as_posix(), field)
        for package in PACKAGES
        for path in (ROOT / package).rglob("daytwo_*/**/*.py")
        for field in used_fields(ast.parse(path.read_text()))
        if field not in FIELDS | {"exc_info"}
    }
    assert used == set()


def test_of_a_long_chain_of_exceptions_what_became_of_it_is_kept(out: io.StringIO) -> None:
    """Whoever reads the line looks at the last: it says that the database was away, and not that we made a mistake."""

    def deeper(left: int) -> None:
        if left == 0:
            raise ValueError("the first")
        try:
            deeper(left - 1)
        except Exception as error:
            raise KeyError(str(left)) from error

    try:
        try:
            deeper(12)
        except KeyError as error:
            raise LookupError("at last") from error
    except LookupError:
        structlog.get_logger().exception("poker.failed")
    told = json.loads(out.getvalue().splitlines()[-1])["exception"]
    assert told[0] == "builtins.ValueError"
    assert [one for one in told if not one.startswith(" ")][-1] == "builtins.LookupError"
    assert len(told) <= 50
