"""Deliveries of CI systems (A8): verified on the raw bytes, stored once, answered, then proven by a read."""

import asyncio
from collections.abc import Mapping
from datetime import timedelta

import structlog
from fastapi import Request

from daytwo_actions.backends.base import Backend, Hint, WebhookRefused
from daytwo_actions.backends.some import Asking, Question
from daytwo_store import inbox, questions
from daytwo_store.engine import Store, Tx
from daytwo_store.errors import DaytwoError, NotFound, Unauthenticated
from daytwo_store.ids import RunId
from daytwo_store.inbox import Delivery, Look

log = structlog.get_logger()
_AT_MOST_EVERY = timedelta(seconds=1)  # looks at one run
_FINAL_EVERY = timedelta(milliseconds=100)  # … when the delivery says that it has ended

_SETTLED = timedelta(seconds=10)  # deliveries overtake each other for so long


class Inbox:
    def __init__(self, store: Store, backends: Mapping[str, Backend]) -> None:
        self._store = store
        self._backends = backends
        self._later: dict[RunId, asyncio.Task[None]] = {}

    async def receive(self, connection: str, request: Request) -> dict[str, bool]:
        backend = self._backends.get(connection)
        if backend is None:
            raise NotFound(f"There is no connection {connection}. Nothing was stored.")
        body = await request.body()
        try:
            hints = backend.webhook(dict(request.headers), body)
            asked = backend.questions(dict(request.headers), body) if isinstance(backend, Asking) else ()
        except WebhookRefused as refused:
            log.warning("webhook.refused", connection=connection, bytes=len(body))
            raise Unauthenticated(
                f"{refused} Compare the secret of the webhook with the one that the connection is configured with."
            ) from refused
        if not hints and not asked:
            return {"stored": False}
        stored = False
        async with self._store.write() as tx:
            for one in asked:
                stored = await questions.keep(tx, _question(connection, one)) or stored
            for hint in hints:
                stored = await self._keep(tx, connection, hint) or stored
        return {"stored": stored}

    async def _keep(self, tx: Tx, connection: str, hint: Hint) -> bool:
        delivery = Delivery(
            connection=connection,
            delivery=hint.delivery,
            external=hint.run,
            project_id=hint.project_id,
            event=hint.event,
        )
        if not await inbox.store(tx, delivery):
            return False
        if not hint.final:
            await inbox.want_after_end(tx, delivery, settled=_SETTLED)
        look = await inbox.want_look(tx, delivery, at_most_every=_FINAL_EVERY if hint.final else _AT_MOST_EVERY)
        if look is not None and look.after:
            self._look_later(look)
        elif look is not None:
            tx.poke(look.run)
        return True

    def _look_later(self, look: Look) -> None:
        """One look for all deliveries that come meanwhile. If this process dies first, the sweeper does it."""
        if look.run not in self._later:
            task = asyncio.create_task(self._look(look))
            self._later[look.run] = task
            task.add_done_callback(lambda _: self._later.pop(look.run, None))

    async def _look(self, look: Look) -> None:
        await asyncio.sleep(look.after.total_seconds())
        try:
            async with self._store.write() as tx:
                await inbox.want(tx, [look.run])
                tx.poke(look.run)
        except DaytwoError as error:
            log.warning("webhook.look_is_swept", run=look.run, error=error.type)


def _question(connection: str, one: Question) -> questions.Asked:
    """The worker's sweeper answers it within seconds: what it has to read first may take as long."""
    return questions.Asked(
        connection=connection,
        delivery=one.delivery,
        project_id=one.project_id,
        project=one.project,
        external=one.run,
        gate=one.gate,
    )
