"""How long something lasts, as a step says it: `for`, or `until` a time, perhaps of the clock of a `zone`."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field

from daytwo_actions.definitions.durations import parse_duration
from daytwo_actions.expressions import has_expression
from daytwo_forms.fields import Line, Template, Vocabulary


class Until(Vocabulary):
    """What is written out is checked when the file is loaded; what an expression gives, when its step begins."""

    for_: Template | None = Field(default=None, alias="for", description="as 10m, or an expression that gives that")
    until: Template | None = Field(
        default=None,
        description="a time, as 2026-12-01T02:00:00Z, or the next time that the clocks of `zone` show, as 02:00",
    )
    zone: Line | None = Field(default=None, description="as Europe/Berlin; needed with a time of the clock")

    def faults(self) -> Iterator[tuple[str, str]]:
        """What is wrong in what is written out, by its key. Not looked at when a run reads its definition: it may have
        been accepted before this was asked."""
        if self.for_ is not None and not has_expression(self.for_):
            yield from _fault("for", parse_duration, self.for_)
        if self.until is not None and not has_expression(self.until):
            if clock_time(self.until) is None:
                yield from _fault("until", moment_of, self.until)
            elif self.zone is None:
                yield "until", f"{self.until} is a time of the clock, and no `zone` says where"
        if self.zone is not None:
            yield from _fault("zone", zone_of, self.zone)


def _fault(key: str, read: Callable[[str], object], text: str) -> Iterator[tuple[str, str]]:
    try:
        read(text)
    except ValueError as error:
        yield key, str(error)


def clock_time(text: str) -> time | None:
    """A time of the clock, as 02:00; None when the text is not that."""
    try:
        return time.fromisoformat(text)
    except ValueError:
        return None


def moment_of(text: str) -> datetime:
    """A time with its zone, in UTC. Raises ValueError with a sentence."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise ValueError(f"{text[:60]!r} is not a time with its zone, as 2026-12-01T02:00:00Z, nor one of a clock")
    return found.astimezone(UTC)


def zone_of(name: str) -> ZoneInfo:
    """Raises ValueError with a sentence."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"There is no time zone {name[:60]!r}") from None
