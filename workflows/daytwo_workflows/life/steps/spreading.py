"""Who was told to wait until the same moment does not go in the same second (A1's backoff with jitter).

Told to a connection, a pause is every run's on it; ended for all at once, it would bring the next limit with it. How
much later a run goes follows from its id: a workflow that is played again, and every process, comes to the same time.
"""

import hashlib
from datetime import timedelta
from typing import Final

_MOST: Final = timedelta(seconds=15)  # never more than a quarter of the pause itself


def spread(run: str, pause: timedelta) -> timedelta:
    """How much later than a pause of this length this run goes on; never earlier."""
    share = int.from_bytes(hashlib.sha256(run.encode()).digest()[:4], "big") / (1 << 32)
    return share * min(max(pause, timedelta(0)) / 4, _MOST)
