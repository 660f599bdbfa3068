"""Deliveries of CI systems (A8): verified on the raw bytes, stored once, answered, then proven by a read."""

import asyncio
from collections.abc import Mapping
from datetime import timedelta

import structlog
from fastapi import Request

from daytwo_actions.backends.base import Backend, Hint, Part
from daytwo_actions.backends.failures import WebhookRefused
from daytwo_actions.backends.some import Asking, Question
from daytwo_api.repeated import told_once
from daytwo_api.services.refused_deliveries import RefusedDeliveries
from daytwo_store import inbox, questions
from daytwo_store.engine import Store, Tx
from daytwo_store.errors import DaytwoError, NotFound, Unauthenticated
from daytwo_store.inbox import Delivery

log = structlog.get_logger()
_AT_MOST_EVERY = timedelta(seconds=1)  # looks at one run
_FINAL_EVERY = timedelta(milliseconds=100)  # … when the delivery says that it has ended
# Later where nobody has the run open. A beginning is seen in the next listing; a job's end mostly is the end of it all.
_UNWATCHED = {Part.ANY: timedelta(0), Part.BEGINS: None, Part.ENDS: timedelta(seconds=3)}
_MADE_KNOWN = timedelta(seconds=1)  # a run may end before the answer to its dispatch is written down (R28)
_SETTLED = timedelta(seconds=10)  # deliveries overtake each other for so long


class Inbox:
    def __init__(self, store: Store, backends: Mapping[str, Backend], refused: RefusedDeliveries) -> None:
        self._store = store
        self._backends = backends
        self._refused = refused
        self._later: dict[tuple[str, str], asyncio.Task[None]] = {}

    async def receive(self, connection: str, request: Request) -> dict[str, bool]:
        backend = self._backends.get(connection)
        if backend is None:
            raise NotFound(f"There is no connection {connection}. Nothing was stored.")
        body = await request.body()
        try:
            headers = told_once(request.headers, _twice)
            hints = backend.webhook(headers, body)
            asked = backend.questions(headers, body) if isinstance(backend, Asking) else ()
        except WebhookRefused as refused:
            log.warning("webhook.refused", connection=connection, bytes=len(body))
            self._refused.note(connection, str(refused), source=_address(request), size=len(body))
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

    def too_large(self, connection: str, request: Request, why: str, size: int) -> None:
        """A delivery whose body was not even read."""
        if connection in self._backends:
            log.warning("webhook.refused", connection=connection, bytes=size)
            self._refused.note(connection, why, source=_address(request), size=size)

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
            await inbox.want_after_end(tx, delivery, settled=_SETTLED, goes_on=hint.goes_on)
        every = _FINAL_EVERY if hint.final else _AT_MOST_EVERY
        look = await inbox.want_look(tx, delivery, at_most_every=every, unwatched=_UNWATCHED[hint.part])
        if look is not None and not look.after:
            tx.poke(look.run)
        elif look is not None or hint.final:
            self._look_later(delivery, look.after if look is not None else _MADE_KNOWN)
        return True

    def _look_later(self, delivery: Delivery, after: timedelta) -> None:
        """One look for all deliveries that come meanwhile. If this process dies first, the sweeper does it."""
        key = (delivery.connection, delivery.external)
        if key not in self._later:
            task = asyncio.create_task(self._look(delivery, after))
            self._later[key] = task
            task.add_done_callback(lambda _: self._later.pop(key, None))

    async def _look(self, delivery: Delivery, after: timedelta) -> None:
        await asyncio.sleep(after.total_seconds())
        try:
            async with self._store.read() as session:
                now = await self._store.clock.now(session)
                left = await inbox.unanswered(session, before=now, limit=1, about=delivery)
            if not left:
                return  # a read since then has answered it, or it is nobody's run here
            async with self._store.write() as tx:
                await inbox.want(tx, left)
                for run in left:
                    tx.poke(run)
        except DaytwoError as error:
            log.warning("webhook.look_is_swept", external=delivery.external, error=error.type)


def _address(request: Request) -> str | None:
    """Who is connected: behind a proxy that is the proxy, as headers that name somebody else can be made up."""
    return request.client.host if request.client else None


def _twice(header: str) -> WebhookRefused:
    return WebhookRefused(
        f"The delivery was refused and nothing of it was kept: it has the header {header} more than once."
    )


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
