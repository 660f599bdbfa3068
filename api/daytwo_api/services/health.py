"""Is this process able to do its work, and its numbers."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from fastapi import Response

from daytwo_actions.backends.identity.provider import Provider
from daytwo_api.metrics import MEDIA_TYPE, Metrics
from daytwo_api.services.policy_watch import AccessWatch
from daytwo_api.views.control import Part, Readiness
from daytwo_store import connections, counts, migrate
from daytwo_store.engine import Store
from daytwo_store.errors import Unavailable

_SECONDS: Final = 3.0  # for each part to answer
_NO_DATABASE: Final = (
    "PostgreSQL does not answer; nothing is accepted until it does, and the log tells where it is looked for"
)
Ask = Callable[[], Awaitable[bool]]


@dataclass(slots=True)
class Loading:
    """Whether the company's files are in the database, as of this process's start."""

    done: bool = False


class Health:
    """`temporal` asks Temporal whether it answers. `provider` is whom people sign in through, if through anybody."""

    def __init__(
        self,
        store: Store,
        *,
        temporal: Ask,
        metrics: Metrics,
        loading: Loading,
        watch: AccessWatch,
        provider: Provider | None = None,
    ) -> None:
        self._watch = watch
        self._provider = provider
        self._store = store
        self._temporal = temporal
        self._metrics = metrics
        self._loading = loading
        self._newest = migrate.newest()

    async def readiness(self, response: Response) -> Readiness:
        """503 while a part is missing. Runs and decisions are taken while only Temporal is away."""
        parts = [*await self._database(), self._company(), *self._files(), await self._engine(), *self._sign_in()]
        ready = all(part.ok for part in parts)
        if not ready:
            response.status_code = 503
        return Readiness(ready=ready, parts=parts)

    async def metrics(self) -> Response:
        """Without the gauges of the database when that does not answer."""
        self._metrics.files(
            policy=self._watch.policy.refused is not None, people=self._watch.people.refused is not None
        )
        try:
            async with asyncio.timeout(_SECONDS), self._store.read() as session:
                self._metrics.waiting(await counts.count(session))
                known, now = await connections.everything(session), await self._store.clock.now(session)
                self._metrics.connections(known, now)
        except (Unavailable, TimeoutError):
            self._metrics.forget_waiting()
        return Response(self._metrics.text(), media_type=MEDIA_TYPE)

    async def _database(self) -> list[Part]:
        try:
            async with asyncio.timeout(_SECONDS):
                revision = await migrate.current(self._store)
        except (Unavailable, TimeoutError):
            return [Part(name="store", ok=False, detail=_NO_DATABASE)]
        current = revision == self._newest
        told = "current" if current else f"at {revision or 'nothing'}, needs {self._newest}: run `daytwo migrate`"
        return [
            Part(name="store", ok=True, detail="PostgreSQL answers"),
            Part(name="migrations", ok=current, detail=told),
        ]

    def _company(self) -> Part:
        told = "the company's files are loaded" if self._loading.done else "the company's files are being loaded"
        return Part(name="company", ok=self._loading.done, detail=told)

    def _files(self) -> list[Part]:
        """Never a reason to take us away: where files cannot be used, what was before holds, everywhere."""
        if not self._loading.done:
            return []
        return [
            _held(
                "policy", "the policy in the company's files is", "the one of before holds", self._watch.policy.refused
            ),
            _held("people", "people and groups in the files are", "those of before hold", self._watch.people.refused),
        ]

    def _sign_in(self) -> list[Part]:
        """Never a reason to take us away: whoever is signed in goes on while the provider is away."""
        if self._provider is None:
            return []
        away = self._provider.away is not None
        told = "the identity provider did not answer at the last sign-in: nobody new gets in, sessions go on"
        return [Part(name="sign-in", ok=True, detail=told if away else "by the identity provider")]

    async def _engine(self) -> Part:
        try:
            async with asyncio.timeout(_SECONDS):
                answers = await self._temporal()
        except TimeoutError:
            answers = False
        told = "Temporal answers" if answers else "Temporal does not answer; runs are taken and start when it is back"
        return Part(name="temporal", ok=answers, detail=told)


def _held(name: str, what: str, before: str, refused: str | None) -> Part:
    told = f"{what} what holds" if refused is None else f"{what} {refused}: {before}; see the log"
    return Part(name=name, ok=True, detail=told)
