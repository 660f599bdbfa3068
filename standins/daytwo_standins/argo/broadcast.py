"""Telling everybody who watches that a workflow has changed."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from daytwo_standins.argo.runs import Run

Change = tuple[str, Run]  # ADDED, MODIFIED or DELETED


class Broadcast:
    """Everybody who listens gets every change, in order."""

    def __init__(self) -> None:
        self._listeners: set[asyncio.Queue[Change]] = set()

    def tell(self, kind: str, run: Run) -> None:
        """Something has happened."""
        for listener in self._listeners:
            listener.put_nowait((kind, run))

    @contextmanager
    def listening(self) -> Iterator[asyncio.Queue[Change]]:
        """Hear of everything from now on."""
        heard: asyncio.Queue[Change] = asyncio.Queue()
        self._listeners.add(heard)
        try:
            yield heard
        finally:
            self._listeners.discard(heard)
