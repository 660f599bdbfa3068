"""A process of ours that is killed leaves no picture of its memory behind: secrets may be in it."""

import resource
from contextlib import suppress
from pathlib import Path
from typing import Final

_NOTHING: Final = "0"  # core(5): no kind of memory goes into a dump


def forbid() -> None:
    """For this process and what it starts. The limit is for files; a program that the kernel hands dumps to does not
    have to obey it, so what goes into one is nothing, too."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with suppress(OSError):  # Linux alone has it
        Path("/proc/self/coredump_filter").write_text(_NOTHING)
