"""Looking for what became of an attempt that may have been sent: how that has gone so far, kept with its step.

A search takes minutes and is made of single looks, each at its time, so that other branches of a run go on meanwhile.
"""

from dataclasses import asdict, dataclass, fields
from datetime import datetime, timedelta
from typing import Any, Final

from daytwo_store.engine import Tx
from daytwo_store.tables import AttemptRow, StepRow
from daytwo_workflows.contracts import Move, What
from daytwo_workflows.life.steps.external import about
from daytwo_workflows.life.vendor_clock import VendorClock

_SEARCH: Final = "search"  # in the step's data


@dataclass(slots=True)
class Search:
    """`no`: of which attempt. Whoever goes on with it, another worker too, loses nothing."""

    no: int
    looks: int = 0
    misses: int = 0  # complete listings without it, in a row, made when it had to be visible
    repeats: bool = True  # the request may be sent again, where that is harmless
    due: str | None = None  # when to look again
    lacked: str | None = None  # the last listing without it was of this time, by the vendor's clock
    unmarked: str | None = None  # nobody's run that fits in everything but the marker: it may be this one
    least: float = 0.0  # seconds that the vendor's clock was seen to be behind ours, from the look before the send on
    most: float = 0.0

    def over(self, now: datetime) -> bool:
        """Is the pause after the last look over?"""
        return self.due is None or datetime.fromisoformat(self.due) <= now

    def clock(self) -> VendorClock:
        return VendorClock(least=self.least, most=self.most)

    def saw(self, clock: VendorClock) -> None:
        self.least, self.most = clock.least or 0.0, clock.most


_FIELDS: Final = frozenset(one.name for one in fields(Search))


def search_of(step: StepRow, no: int) -> Search:
    kept: Any = (step.data or {}).get(_SEARCH)
    if not isinstance(kept, dict) or kept["no"] != no:
        return Search(no=no)
    return Search(**{name: value for name, value in kept.items() if name in _FIELDS})


def keep(tx: Tx, step: StepRow, search: Search, *, pause: timedelta) -> None:
    """After a look that has settled nothing."""
    search.looks += 1
    search.due = (tx.now + pause).isoformat()
    begin(step, search)


def begin(step: StepRow, search: Search) -> None:
    step.data = {**(step.data or {}), _SEARCH: asdict(search)}


def look_for(tx: Tx, step: StepRow, attempt: AttemptRow) -> Move:
    """The next look, or the pause before it."""
    search = search_of(step, attempt.no)
    if search.due is None or search.over(tx.now):
        return about(What.RECONCILE, attempt)
    return Move(what=What.WAIT, seconds=(datetime.fromisoformat(search.due) - tx.now).total_seconds())
