"""Logs of our processes: one JSON line per event on stderr, and only fields that are known to be harmless.

A field that is not on the list is left out and named in `dropped`, so that a new one cannot carry a secret out
unnoticed. An exception is logged as its type and where it was raised: its text may quote what somebody typed. Lines of
libraries are logged by their template, without the values filled into it.
"""

import logging
import os
import sys
from collections.abc import MutableMapping
from types import TracebackType
from typing import Final, Literal, TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

Level = Literal["debug", "info", "warning", "error"]

FIELDS: Final = frozenset(
    {
        # every line
        "at", "level", "event", "process", "pid", "exception", "dropped",
        # a request
        "request", "method", "route", "status", "milliseconds", "principal",
        # ids and names of ours and of CI systems
        "run", "step", "attempt", "approval", "action", "entity", "connection", "backend", "job", "external", "gate",
        "workflow", "activity", "first", "kind", "ref",
        # numbers
        "bytes", "count", "created", "changed", "kept", "removed", "seconds", "revision", "events", "previous",
        # words that we chose
        "why", "error", "detail", "what", "state", "outcome", "part", "answer", "address", "signal", "logger",
        "template", "checkpoint", "channel",
    }
)  # fmt: skip
_LONGEST: Final = 2000
_MOST: Final = 50  # entries of a list; of an exception the last says what became of it


def configure_logging(*, process: str, level: Level = "info", stream: TextIO | None = None) -> None:
    """Set up logging of this process, ours and that of libraries. Call it once, before anything is logged."""
    least = getattr(logging, level.upper())
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
            _name_process(process),
            describe_exception,
            only_known_fields,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(least),
        # A line and its end in one write: whoever else writes into the same file (Temporal's library does) would come
        # in between. Which stderr is looked up each time.
        logger_factory=lambda *_: structlog.WriteLogger(stream or sys.stderr),
        cache_logger_on_first_use=False,
    )
    root = logging.getLogger()
    root.handlers = [_Foreign()]
    root.setLevel(max(least, logging.WARNING))


def only_known_fields(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Drop what is not in `FIELDS`; cut long values; make the rest printable."""
    dropped = sorted(event.keys() - FIELDS)
    kept = {name: _harmless(value) for name, value in event.items() if name in FIELDS}
    return {**kept, "dropped": dropped} if dropped else kept


def describe_exception(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """`exc_info` becomes types and places, from the first cause to the last."""
    given = event.pop("exc_info", None)
    error = given if isinstance(given, BaseException) else given[1] if isinstance(given, tuple) else None
    if given is True or given == 1:
        error = sys.exc_info()[1]
    if error is not None:
        event["exception"] = _chain(error)
    return event


def _chain(error: BaseException) -> list[str]:
    lines: list[str] = []
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        lines = [f"{type(current).__module__}.{type(current).__qualname__}", *_places(current.__traceback__), *lines]
        current = current.__cause__ or (None if current.__suppress_context__ else current.__context__)
    return lines if len(lines) <= _MOST else [*lines[: _MOST // 2], "  …", *lines[1 - _MOST // 2 :]]


def _places(trace: TracebackType | None) -> list[str]:
    places = []
    while trace is not None:
        code = trace.tb_frame.f_code
        file = "/".join(code.co_filename.split("/")[-2:])
        places.append(f"  {file}:{trace.tb_lineno} {code.co_name}")
        trace = trace.tb_next
    return places[-12:]


def _harmless(value: object) -> object:
    if value is None or isinstance(value, (bool, int, float)):
        return value
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_harmless(item) for item in list(value)[:_MOST]]
    text = str(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def _name_process(process: str) -> Processor:
    def name(_: WrappedLogger, __: str, event: MutableMapping[str, object]) -> MutableMapping[str, object]:
        event["process"], event["pid"] = process, os.getpid()
        return event

    return name


class _Foreign(logging.Handler):
    """Lines of libraries, in our form."""

    def emit(self, record: logging.LogRecord) -> None:
        logger = structlog.get_logger()
        logger.log(
            max(record.levelno, logging.DEBUG) // 10 * 10,
            "library",
            logger=record.name,
            template=str(record.msg),
            exc_info=record.exc_info if record.exc_info and record.exc_info[1] else None,
        )
