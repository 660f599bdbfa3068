"""Refused deliveries on their way into the database: counted here, written together, at most once a second.

Whoever floods the door with forged deliveries costs one transaction a second, however many they are. What was counted
within the last second is lost when the process dies.
"""

import asyncio
from collections import Counter
from typing import Final

import structlog

from daytwo_store import refused_webhooks
from daytwo_store.engine import Store
from daytwo_store.errors import DaytwoError
from daytwo_store.refused_webhooks import Refused

log = structlog.get_logger()
_PACE: Final = 1.0  # seconds
_MOST: Final = 200  # kinds of refusal between two writes; further ones are counted as from elsewhere
ELSEWHERE: Final = "many addresses"

_Kind = tuple[str, str, str]  # connection, why, source


class RefusedDeliveries:
    def __init__(self, store: Store, *, pace: float = _PACE) -> None:
        self._store = store
        self._pace = pace
        self._times: Counter[_Kind] = Counter()
        self._size: dict[_Kind, int] = {}
        self._writing: asyncio.Task[None] | None = None

    def note(self, connection: str, why: str, *, source: str | None, size: int) -> None:
        kind = (connection, why, source or "unknown")
        if kind not in self._times and len(self._times) >= _MOST:
            kind = (connection, why, ELSEWHERE)
        self._times[kind] += 1
        self._size[kind] = size
        if self._writing is None:
            self._writing = asyncio.create_task(self._write())

    async def _write(self) -> None:
        await asyncio.sleep(self._pace)
        times, size, self._times, self._size, self._writing = self._times, self._size, Counter(), {}, None
        refused = [
            Refused(connection=kind[0], why=kind[1], source=kind[2], size=size[kind], times=count)
            for kind, count in times.items()
        ]
        try:
            async with self._store.write() as tx:
                await refused_webhooks.keep(tx, refused)
        except DaytwoError as error:
            log.warning("webhook.refusals_not_kept", count=times.total(), error=error.type)
