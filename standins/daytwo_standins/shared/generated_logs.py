"""Logs that no job has written: long ones, odd ones, slow ones; for tests of who reads them."""

import asyncio
import random
from collections.abc import AsyncIterator, Iterator
from typing import Final

from daytwo_standins.shared.faults import LogFault

_PART: Final = 64 * 1024
_ODD: Final = (
    b"\x1b[31mred\x1b[0m\x1b]0;title\x07\n",
    b"bell \x07 back \b\b\b tab \t feed \x0c nul \x00 escape \x1b\n",
    b"over\rwritten\r\n",
    b"turned \xe2\x80\xae round \xe2\x81\xa6 hidden \xe2\x80\x8b\n",
    b"<script>alert(1)</script> ::error::not ours ##[error]not ours either\n",
)


def parts(fault: LogFault) -> Iterator[bytes]:
    """The log, a piece at a time, ``size`` bytes in all."""
    left = fault.size
    for piece in _endless(fault):
        if left <= 0:
            return
        yield piece[:left]
        left -= len(piece)


async def slowly(fault: LogFault) -> AsyncIterator[bytes]:
    """The same, with the pause before each piece."""
    for piece in parts(fault):
        await asyncio.sleep(fault.pause)
        yield piece


def lines(fault: LogFault) -> Iterator[str]:
    """The same as lines, for where a log has no bytes."""
    rest = b""
    for piece in parts(fault):
        *whole, rest = (rest + piece).split(b"\n")
        yield from (line.decode(errors="replace") for line in whole)
    if rest:
        yield rest.decode(errors="replace")


def _endless(fault: LogFault) -> Iterator[bytes]:
    pattern = fault.pattern.encode()
    if fault.generator == "lines":
        line = pattern + b"\n"
        whole = line if fault.pause else line * max(1, _PART // len(line))  # a slow one comes line by line
        while True:
            yield whole
    elif fault.generator == "one_line":
        while True:
            yield pattern * max(1, _PART // len(pattern))
    elif fault.generator == "odd":
        while True:
            yield from _ODD
    else:
        dice = random.Random(fault.size)  # noqa: S311  # reproducible on purpose, protects nothing
        while True:
            yield dice.randbytes(_PART)
