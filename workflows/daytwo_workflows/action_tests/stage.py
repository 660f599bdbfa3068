"""What tests share: the servers, and for each company a database with its files loaded. Every test gets a copy."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Final

from pydantic import SecretStr

from daytwo_store import copies
from daytwo_store.clock import GivenClock
from daytwo_store.engine import Store
from daytwo_store.settings import StoreSettings
from daytwo_workflows.action_tests.server import Skipping, TestClock
from daytwo_workflows.company import load_company

KINDS: Final[Mapping[str, str]] = {"github": "github", "gitlab": "gitlab", "argo": "argo"}
_LONG_AGO: Final = datetime(2020, 1, 1, tzinfo=UTC)  # the files were there before any test begins


@dataclass
class Stage:
    """`url` is the address of a migrated database that nobody is connected to."""

    server: Skipping
    url: str
    _loaded: dict[str, str] = field(default_factory=dict)  # by company, the database with it
    _next: dict[str, "asyncio.Task[str]"] = field(default_factory=dict)  # and a copy that is being made beside a test
    _numbers: "count[int]" = field(default_factory=lambda: count(1))

    @asynccontextmanager
    async def store(
        self, folders: Sequence[Path], connections: Mapping[str, str], begins: datetime
    ) -> AsyncIterator[tuple[Store, TestClock]]:
        """A store of a test's own, with the company in it. Raises what `load_company` raises."""
        key = await self._company(folders, connections)
        url = await (self._next.pop(key, None) or self._copying(key))
        self._next[key] = self._copying(key)
        clock = TestClock(self.server, begins)
        store = Store(StoreSettings(url=SecretStr(url), pool_size=5), clock=clock)
        try:
            yield store, clock
        finally:
            await store.close()
            await asyncio.to_thread(copies.drop, url)

    def _copying(self, key: str) -> "asyncio.Task[str]":
        name = f"played_{next(self._numbers)}"
        return asyncio.create_task(asyncio.to_thread(copies.copy, self._loaded[key], name))

    async def _company(self, folders: Sequence[Path], connections: Mapping[str, str]) -> str:
        key = hashlib.sha256(repr(([str(one) for one in folders], sorted(connections.items()))).encode()).hexdigest()
        if key not in self._loaded:
            url = copies.copy(self.url, f"company_{key[:16]}_{next(self._numbers)}")
            store = Store(StoreSettings(url=SecretStr(url), pool_size=2), clock=GivenClock(_LONG_AGO))
            try:
                await load_company(store, folders, {**KINDS, **connections})
            except BaseException:
                await store.close()
                copies.drop(url)
                raise
            await store.close()
            self._loaded[key] = url
        return key

    async def clear(self) -> None:
        """Leave nothing behind in a server that others go on with."""
        for copying in self._next.values():
            copies.drop(await copying)
        for url in self._loaded.values():
            copies.drop(url)
        self._next.clear()
        self._loaded.clear()
