"""The steps of the story: what each was to do, what was seen, how long it took."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from daytwo_cli.errors import CliError


class StoryBroken(CliError):
    """A step did not do what it says."""


@dataclass(slots=True)
class Step:
    """One row of the summary. `seconds` is None until it has ended."""

    title: str
    expected: str
    seen: str = ""
    seconds: float | None = None

    @property
    def row(self) -> tuple[str, str, str, str]:
        return self.title, self.expected, self.seen, "–" if self.seconds is None else f"{self.seconds:.1f} s"


class Steps:
    """All steps so far."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self.done: list[Step] = []
        self._say = say

    @contextmanager
    def step(self, title: str, *, expected: str) -> Iterator[Step]:
        """A step. An error in it ends the story, and its row says so."""
        step = Step(title, expected)
        self.done.append(step)
        self._say("")
        self._say(f"── {len(self.done)}. {title}")
        began = time.monotonic()
        try:
            yield step
        except BaseException as error:
            step.seen = f"BROKEN: {str(error).splitlines()[0] if str(error) else type(error).__name__}"
            raise
        finally:
            step.seconds = time.monotonic() - began
        self._say(f"   ✓ {step.seen}")


def expect(what: str, *, seen: object, wanted: object) -> None:
    """Raises StoryBroken that names both."""
    if seen != wanted:
        raise StoryBroken(f"{what} is {seen}, and should be {wanted}")
