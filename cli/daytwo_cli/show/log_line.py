"""A line of a pipeline's log as people read it.

GitHub puts a time before each line, and marks groups, errors and warnings by `##[…]`
(https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands). Lines of others pass unchanged.
"""

import re
from typing import Final, NamedTuple

_TIME: Final = re.compile(r"^\ufeff?\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z ?")
_MARK: Final = re.compile(r"^##\[(\w+)\](.*)$")
_STYLE: Final = {"error": "red", "warning": "yellow", "notice": "blue", "debug": "dim", "command": "dim"}


class Shown(NamedTuple):
    """What is printed, and how."""

    text: str
    style: str = ""


def tidy(line: str) -> Shown | None:
    """None when there is nothing to show."""
    text = _TIME.sub("", line)
    mark = _MARK.match(text)
    if mark is None:
        return Shown(text)
    kind, rest = mark.groups()
    if kind == "endgroup":
        return None
    if kind == "group":
        return Shown(f"▸ {rest}", "bold")
    return Shown(f"{kind}: {rest}" if kind in _STYLE else text, _STYLE.get(kind, ""))
