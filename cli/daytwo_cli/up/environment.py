"""What our own processes inherit from whoever started us: what finds programs and files, and no more.

No proxy setting: everything is on loopback. No token and no PYTHON… variable that was meant for another program.
"""

import os
import sys
from pathlib import Path
from typing import Final

_OF_THE_SYSTEM: Final = ("PATH", "HOME", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR")
_KEPT: Final = (*_OF_THE_SYSTEM, "DAYTWO_ACT", "DAYTWO_GITLAB_CI_LOCAL", "DAYTWO_TEMPORAL")


def inherited(**more: str) -> dict[str, str]:
    """The environment of a process of ours, with `more` on top."""
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    return {**kept, "PYTHONUNBUFFERED": "1", **more}


def python(*arguments: str | Path) -> list[str]:
    """A Python program of ours, started by the interpreter that runs us."""
    return [sys.executable, *map(str, arguments)]
