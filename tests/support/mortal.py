"""A worker that dies: around commits and around requests to the CI system, at moments drawn from a seed."""

import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from company import Company

from daytwo_store.clock import GivenClock
from daytwo_store.engine import Store, Tx
from daytwo_store.settings import StoreSettings


class Died(BaseException):
    """SIGKILL, as far as a test can have it: nothing of ours catches it."""


class MortalStore(Store):
    """A store whose process dies at some commits."""

    def __init__(self, settings: StoreSettings, clock: GivenClock, dice: random.Random) -> None:
        super().__init__(settings, clock=clock)
        self.dice, self.left, self.deaths = dice, 0, 0
        self.apart = (2, 7)  # commits and requests between two deaths
        self.mortal = False

    @asynccontextmanager
    async def write(self) -> AsyncIterator[Tx]:
        dies = self._now()
        async with super().write() as tx:
            yield tx
            if dies and self.dice.random() < 0.5:
                await tx.session.flush()
                raise Died  # before it has taken effect
        if dies:
            raise Died

    def perhaps(self) -> None:
        if self._now():
            raise Died

    def _now(self) -> bool:
        if not self.mortal:
            return False
        self.left -= 1
        if self.left > 0:
            return False
        self.left, self.deaths = self.dice.randint(*self.apart), self.deaths + 1
        return True


class MortalCi:
    """The CI system in memory, whose caller may die as a request leaves and when it was carried out."""

    def __init__(self, company: Company, store: MortalStore) -> None:
        self._inner, self._store = company.ci, store

    def __getattr__(self, name: str) -> object:
        return getattr(self._inner, name)

    async def send(self, request: object, *, seconds: float) -> object:
        self._store.perhaps()
        answer = await self._inner.send(request, seconds=seconds)  # type: ignore[arg-type]  # handed through
        self._store.perhaps()
        return answer
