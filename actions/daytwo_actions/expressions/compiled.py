"""What the parser makes of one expression: source for the engine, and what that source calls back."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

Part: TypeAlias = "str | Piece"
Callback: TypeAlias = Callable[..., object]
Equal: TypeAlias = tuple[tuple[str | int, ...], str]  # a name, and the text that it is


@dataclass(frozen=True, slots=True)
class Piece:
    """Engine source for the characters `start` to `end` of the author's text. ASCII only, so bytes are characters."""

    start: int
    end: int
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Path:
    """A name with its constant members, `inputs.environment.name`. `spans` says where each of them stands; `optional`,
    that the expression says itself what holds where it has no value."""

    parts: tuple[str | int, ...]
    spans: tuple[tuple[int, int], ...]
    optional: bool = False

    @property
    def start(self) -> int:
        return self.spans[0][0]

    @property
    def end(self) -> int:
        return self.spans[-1][1]


@dataclass(frozen=True, slots=True)
class Call:
    """A guard, filter, test or function that stands at `start` to `end`; raises ValueError with a sentence."""

    run: Callback
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Compiled:
    """One expression. `whole` is set when it is nothing but a path, which needs no engine. Wherever it is true, what is
    in `sure` is so."""

    start: int
    end: int
    source: str
    segments: tuple[tuple[int, int, int, int], ...]  # from, to in `source`; start, end in the author's text
    paths: tuple[Path, ...]
    calls: tuple[Call, ...]
    whole: int | None
    sure: frozenset[Equal]

    def locate(self, begin: int, end: int) -> tuple[int, int]:
        """The smallest part of the author's text whose source holds `begin` to `end` of the engine's."""
        inside = [seg for seg in self.segments if seg[0] <= begin and end <= seg[1]]
        best = min(inside, key=lambda seg: seg[1] - seg[0], default=(0, 0, self.start, self.end))
        return best[2], best[3]


def flatten(piece: Piece) -> tuple[str, tuple[tuple[int, int, int, int], ...]]:
    """The source of a piece, and which of it came from where."""
    text: list[str] = []
    segments: list[tuple[int, int, int, int]] = []

    def walk(one: Piece, at: int) -> int:
        begin = at
        for part in one.parts:
            if isinstance(part, str):
                text.append(part)
                at += len(part)
            else:
                at = walk(part, at)
        segments.append((begin, at, one.start, one.end))
        return at

    walk(piece, 0)
    return "".join(text), tuple(segments)
