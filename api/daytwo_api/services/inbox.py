"""Deliveries of CI systems (A8): verified on the raw bytes, stored once, answered, then proven by a read."""

from collections.abc import Mapping
from datetime import timedelta

import structlog
from fastapi import Request

from daytwo_actions.backends.base import Backend, WebhookRefused
from daytwo_api.services.poker import Poker
from daytwo_store import inbox
from daytwo_store.engine import Store
from daytwo_store.errors import NotFound, Unauthenticated
from daytwo_store.inbox import Delivery

log = structlog.get_logger()
_AT_MOST_EVERY = timedelta(seconds=1)  # pokes of one run; what comes in between is swept


class Inbox:
    def __init__(self, store: Store, backends: Mapping[str, Backend], poker: Poker) -> None:
        self._store = store
        self._backends = backends
        self._poker = poker

    async def receive(self, connection: str, request: Request) -> dict[str, bool]:
        backend = self._backends.get(connection)
        if backend is None:
            raise NotFound(f"There is no connection {connection}. Nothing was stored.")
        body = await request.body()
        try:
            hints = backend.webhook(dict(request.headers), body)
        except WebhookRefused as refused:
            log.warning("webhook.refused", connection=connection, bytes=len(body))
            raise Unauthenticated(
                f"The delivery was refused: {refused}. Nothing was stored. Compare the secret of the webhook with the "
                "one that the connection is configured with."
            ) from refused
        if not hints:
            return {"stored": False}
        async with self._store.write() as tx:
            stored = False
            for hint in hints:
                delivery = Delivery(
                    connection=connection,
                    delivery=hint.delivery,
                    external=hint.run,
                    project_id=hint.project_id,
                    event=hint.event,
                )
                if not await inbox.store(tx, delivery):
                    continue
                stored = True
                run = await inbox.want_look(tx, delivery, at_most_every=_AT_MOST_EVERY)
                if run is not None:
                    tx.poke(run)
        self._poker.wake()
        return {"stored": stored}
