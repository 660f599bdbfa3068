"""Is everything stopped? Asked for every answer, so looked up at most every other second."""

import time
from typing import Final

from fastapi import Request, Response

from daytwo_store import freezes
from daytwo_store.engine import Store
from daytwo_store.errors import Unavailable

HEADER: Final = "Daytwo-Stopped"  # "yes" while everything is stopped; why is for who is signed in: GET /stop
_GOOD_FOR: Final = 2.0  # seconds


class StopFlag:
    def __init__(self, store: Store) -> None:
        self._store = store
        self._stopped = False
        self._read_at: float | None = None

    def forget(self) -> None:
        """Somebody here has changed it."""
        self._read_at = None

    async def up(self) -> bool:
        """What was known last while the database does not answer. It decides nothing: the seal asks the database."""
        now = time.monotonic()
        if self._read_at is None or now - self._read_at > _GOOD_FOR:
            self._read_at = now
            try:
                async with self._store.read() as session:
                    self._stopped = await freezes.stopped(session) is not None
            except Unavailable:
                pass
        return self._stopped


async def tell_of_stop(request: Request, response: Response) -> None:
    """Every answer of the API says whether everything is stopped."""
    flag: StopFlag = request.app.state.services.stop_flag
    if await flag.up():
        response.headers[HEADER] = "yes"
