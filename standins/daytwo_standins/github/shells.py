"""The shells of the steps, wrapped, so that a failing step loses none of its last lines.

act 0.2.89 gives each step a pseudo-terminal and, when the step fails, returns without reading what is left in it: of 60
steps that failed right after an ``::error::`` 13 lost lines, among them the one that says why. So the wrapper holds a
failed step back until its own last line, the mark, has come out of act; then everything before it has, too.
"""

import re
import shlex
import shutil
from pathlib import Path

_MARK = "daytwo-standin-all-said"
_FOUND = re.compile(rf"{_MARK} (\d+)\s*$")
_WRAPPER = """\
#!/bin/sh
case "$*" in
  */act/workflow/*) ;;
  *) exec {real} "$@" ;;
esac
{real} "$@"
code=$?
if [ "$code" -ne 0 ]; then
  printf '%s %s\\n' {mark} "$$"
  tries=0
  while [ ! -e {folder}/"$$" ] && [ "$tries" -lt 500 ]; do
    sleep 0.02
    tries=$((tries + 1))
  done
fi
exit "$code"
"""


def wrap_shells(folder: Path, path: str) -> Path:
    """Write the wrappers for the shells that are on ``path``; the folder to put in front of it."""
    wrappers, heard = folder / "shells", folder / "heard"
    wrappers.mkdir(exist_ok=True)
    heard.mkdir(exist_ok=True)
    for name in ("bash", "sh"):
        real = shutil.which(name, path=path)
        if real:
            wrapper = wrappers / name
            text = _WRAPPER.format(real=shlex.quote(real), mark=_MARK, folder=shlex.quote(str(heard)))
            wrapper.write_text(text, encoding="utf-8")
            wrapper.chmod(0o755)
    return wrappers


class Heard:
    """Recognises the mark in what a step printed, and lets the step go."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "heard"

    def without_mark(self, text: str) -> str | None:
        """The text as it is, or without the mark; None when nothing else was in it."""
        found = _FOUND.search(text)
        if found is None:
            return text
        (self._folder / found[1]).touch()
        return text[: found.start()] or None
