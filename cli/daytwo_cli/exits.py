"""Exit codes of `daytwo`: one table, shown by `daytwo --help` and in cli/README.md."""

from collections.abc import Mapping
from enum import IntEnum
from typing import Final


class Exit(IntEnum):
    SUCCESS = 0
    FAILED = 1
    USAGE = 2
    NOT_GRANTED = 3
    NEEDS_ATTENTION = 4
    CANCELLED = 5
    REFUSED = 6
    UNREACHABLE = 7
    INTERRUPTED = 130


MEANING: Final[Mapping[Exit, str]] = {
    Exit.SUCCESS: "done",
    Exit.FAILED: "what was asked for failed (the run failed, a definition is not valid, a part did not come up)",
    Exit.USAGE: "the command line is wrong",
    Exit.NOT_GRANTED: "rejected, expired, withdrawn or superseded: nothing was sent",
    Exit.NEEDS_ATTENTION: "a person has to say what became of it",
    Exit.CANCELLED: "cancelled",
    Exit.REFUSED: "the server refused (4xx), or it refused the run: nothing was sent",
    Exit.UNREACHABLE: "the server or the network does not answer",
    Exit.INTERRUPTED: "interrupted here; a run goes on, nothing is cancelled",
}

OF_RUN: Final[Mapping[str, Exit]] = {
    "succeeded": Exit.SUCCESS,
    "failed": Exit.FAILED,
    "rejected": Exit.NOT_GRANTED,
    "expired": Exit.NOT_GRANTED,
    "withdrawn": Exit.NOT_GRANTED,
    "needs_attention": Exit.NEEDS_ATTENTION,
    "cancelled": Exit.CANCELLED,
    "refused": Exit.REFUSED,
    "superseded": Exit.NOT_GRANTED,
}
