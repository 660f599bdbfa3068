"""Where something stands in the text of an expression."""

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final

_EXCERPT: Final = 100  # characters of a line shown around the place
_CUT: Final = "…"
_LONGEST: Final = 100  # characters of a word that are compared; nobody misspells more


@dataclass(frozen=True, slots=True)
class Place:
    """Characters `start` to `end` of `text`, which stands at the JSON pointer `pointer` of the template.

    Lines and columns count from 1, columns in characters.
    """

    text: str
    start: int
    end: int
    pointer: str = ""

    @property
    def line(self) -> int:
        return self.text.count("\n", 0, self.start) + 1

    @property
    def column(self) -> int:
        return self.start - self._line_start() + 1

    def excerpt(self) -> str:
        """The line with a caret under the place, cut to what fits a terminal."""
        begin = self._line_start()
        stop = self.text.find("\n", self.start)
        line = self.text[begin : stop if stop >= 0 else len(self.text)]
        left = self.start - begin
        width = max(1, min(self.end - self.start, len(line) - left))
        cut = max(0, left - _EXCERPT // 2)
        shown = line[cut : cut + _EXCERPT]
        mark = "^" * max(1, min(width, len(shown) - (left - cut)))
        lead = _CUT if cut else ""
        tail = _CUT if len(line) > cut + _EXCERPT else ""
        return f"  {lead}{shown}{tail}\n  {' ' * (len(lead) + left - cut)}{mark}"

    def _line_start(self) -> int:
        return self.text.rfind("\n", 0, self.start) + 1


def did_you_mean(word: str, known: Iterable[str]) -> str | None:
    """A sentence with the nearest known word, or None when nothing is near."""
    near = get_close_matches(word[:_LONGEST], list(known), n=1, cutoff=0.6)
    return f"Did you mean `{near[0]}`?" if near else None
