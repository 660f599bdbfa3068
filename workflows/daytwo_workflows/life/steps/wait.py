"""`wait`: for so long, or until a time. The moment is worked out once, when it begins, and stands in its row."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from daytwo_actions.definitions.durations import LONGEST, parse_duration
from daytwo_actions.freezes.clocks import moment
from daytwo_store import runs
from daytwo_store.engine import Tx
from daytwo_store.errors import Rejected
from daytwo_store.states import StepState
from daytwo_store.tables import Json, RunRow, StepRow
from daytwo_workflows.contracts import Move, What
from daytwo_workflows.life.context import Life
from daytwo_workflows.life.steps.kind import Kind


async def _begin(_life: Life, tx: Tx, _run: RunRow, step: StepRow) -> None:
    """Raises `Rejected` when there is no such time."""
    step.due_at = until(step.given or {}, tx.now)


async def _next(_life: Life, tx: Tx, _run: RunRow, step: StepRow) -> Move | None:
    assert step.due_at is not None, "a wait that has begun knows its end"
    if tx.now >= step.due_at:
        runs.move_step(tx, step, StepState.SUCCEEDED)
        return None
    return Move(what=What.WAIT, seconds=(step.due_at - tx.now).total_seconds())


def until(given: Json, now: datetime) -> datetime:
    """When a wait that begins now is over. Raises `Rejected`."""
    if "for" in given:
        try:
            return now + parse_duration(given["for"])
        except ValueError as error:
            raise Rejected(f"{error}; this came out as {str(given['for'])[:60]!r}.") from None
    text = str(given["until"])
    found = _of_the_clock(text, given.get("zone"), now) or _moment(text)
    if found - now > LONGEST:
        raise Rejected(f"{text} is more than {LONGEST.days} days away, and no wait is longer.")
    return found


def _of_the_clock(text: str, zone: object, now: datetime) -> datetime | None:
    """The next time that the clocks of a zone show, as 02:00; None when the text is not that."""
    try:
        clock = time.fromisoformat(text)
    except ValueError:
        return None
    if not isinstance(zone, str):
        raise Rejected(f"{text} is a time of the clock, and no `zone` says where.")
    try:
        place = ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError):
        raise Rejected(f"There is no time zone {zone[:60]!r}.") from None
    day = now.astimezone(place).date()
    today = moment(datetime.combine(day, clock), place, second=False)
    return today if today > now else moment(datetime.combine(day + timedelta(days=1), clock), place, second=False)


def _moment(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise Rejected(f"{text[:60]!r} is not a time with its zone, as 2026-12-01T02:00:00Z, nor one of a clock.")
    return found.astimezone(UTC)


WAIT = Kind(begin=_begin, next=_next)
