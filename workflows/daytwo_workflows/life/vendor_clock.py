"""The clock of a CI system, which may be wrong: how far it is behind ours is measured by its answers' header Date.

Ours is the database's. A run that was just started bears the vendor's time, so it is looked for from so much earlier as
its clock is behind. That a run is absent is concluded later, never sooner, where the clock is in doubt:

- an old answer out of some cache looks like a slow clock. Only as far as the look before the send told the same, which
  was another answer at another time, is it taken for one; else the vendor's own clock has to reach the moment;
- a clock may be set in between. The most that was seen counts for where to look from, the least for how late it is.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

SKEW: Final = timedelta(seconds=60)  # how far a vendor's clock may be behind ours before it is measured (A1)
_AS_GOOD_AS_RIGHT: Final = 5.0  # seconds: the header has whole ones, and an answer takes its time
_MUCH: Final = 30.0  # seconds more than was known: the list began too late to have the run in it
_MOST: Final = 3600.0  # seconds behind: beyond that nothing is looked for from there, and a person is asked


@dataclass(slots=True)
class VendorClock:
    """Seconds that it was seen to be behind ours; less than nothing: ahead. `least` None: never seen."""

    least: float | None = 0.0
    most: float = 0.0

    @property
    def wrong(self) -> bool:
        return bool(self.least or self.most)

    @property
    def slow(self) -> bool:
        return self.most > SKEW.total_seconds()

    @property
    def readable(self) -> bool:
        """Whether a list can begin as far back as this clock is behind."""
        return self.most <= _MOST

    def learn(self, now: datetime, told: datetime | None) -> bool:
        """`now` is the time before the question. Whether it is much more behind than was known: ask again then."""
        if told is None:
            return False
        behind = (now - told).total_seconds()
        behind = 0.0 if abs(behind) <= _AS_GOOD_AS_RIGHT else behind
        known, self.most = self.most, max(self.most, behind)
        self.least = behind if self.least is None else min(self.least, behind)
        return self.most - known > _MUCH

    def since(self, moment: datetime) -> datetime:
        """From when on the CI system is asked for what began at `moment` by our clock, or later."""
        return moment - SKEW - timedelta(seconds=min(self.most, _MOST))

    def reached(self, told: datetime | None, moment: datetime) -> bool:
        """Was it `moment` when the CI system answered, give or take its whole seconds? No clock is no proof."""
        return told is not None and told + timedelta(seconds=1 + (self.least or 0.0)) >= moment
