"""Deliveries of webhooks: sent once, never repeated by themselves, each attempt written down."""

import asyncio
import dataclasses
import secrets
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx

from daytwo_standins.shared.faults import WebhookFault
from daytwo_standins.shared.files import read_lines
from daytwo_standins.shared.request_log import RequestLog

_SECONDS = 10.0
_IN_TURN = 1.0  # how long a slow receiver holds up the next event


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Delivery:
    """One event on its way to one target; ``key`` is the same for the same event, over restarts too."""

    guid: str
    key: str
    target: int
    event: str
    action: str
    body: bytes
    forged: bool = False  # to be signed with a secret that is not the target's


class Sender:
    """Sends to ``urls``; ``headers`` signs a delivery, ``forge`` makes its body (given the event) claim success."""

    def __init__(
        self,
        *,
        folder: Path,
        urls: Sequence[str],
        headers: Callable[[Delivery], Mapping[str, str]],
        forge: Callable[[bytes, str], bytes],
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._urls = urls
        self._headers = headers
        self._forge = forge
        path = folder / "deliveries.jsonl"
        self._told = {str(line["key"]) for line in read_lines(path)}
        self._log = RequestLog(path)
        self._sending: set[asyncio.Task[None]] = set()
        self._client = httpx.AsyncClient(timeout=_SECONDS, follow_redirects=False, trust_env=False)
        self._dice = secrets.SystemRandom()

    def is_new(self, key: str) -> bool:
        """Whether an event was never spoken of; from now on it was."""
        if key in self._told:
            return False
        self._told.add(key)
        return True

    def deliveries(self) -> list[dict[str, Any]]:
        """Every attempt to deliver, with its outcome."""
        return self._log.read()

    def redeliver(self, guid: object) -> bool:
        """Send one delivery again, or with None all that failed; the GUID stays. False when there is none."""
        known = {line["guid"]: line for line in self.deliveries()}
        ok = {line["guid"] for line in self.deliveries() if line["ok"]}
        wanted = [g for g in known if g not in ok] if guid is None else [g for g in known if g == guid]
        for one in wanted:
            line = known[one]
            facts = {name: line[name] for name in ("guid", "key", "target", "event", "action")}
            self._start(Delivery(**facts, body=str(line["body"]).encode()), 0.0)
        return bool(wanted) or guid is None

    async def send(self, delivery: Delivery, faults: Sequence[WebhookFault]) -> None:
        """Send a delivery, and what the faults make of it; without faults in order."""
        if any(self._dice.random() < fault.drop for fault in faults):
            self._record(delivery, "dropped by a fault", ok=False)
            return
        for fault in (f for f in faults if f.forge):
            body = self._forge(delivery.body, delivery.event)
            self._start(dataclasses.replace(delivery, guid=str(uuid.uuid4()), body=body, forged=True), fault.delay)
        for fault in (f for f in faults if f.replay):
            self._start(delivery, fault.replay)
        for _ in range(sum(fault.flood for fault in faults)):
            self._start(dataclasses.replace(delivery, guid=str(uuid.uuid4())), self._delay(faults))
        copies = 1 + sum(fault.dup for fault in faults)
        for _ in range(copies):
            task = self._start(delivery, self._delay(faults))
            if not faults:
                await asyncio.wait([task], timeout=_IN_TURN)

    def close(self) -> None:
        """Give the log back."""
        self._log.close()

    def _delay(self, faults: Sequence[WebhookFault]) -> float:
        shuffled = self._dice.uniform(0.05, 0.5) if any(fault.shuffle for fault in faults) else 0.0
        return shuffled + sum(fault.delay for fault in faults)

    def _start(self, delivery: Delivery, delay: float) -> asyncio.Task[None]:
        task = asyncio.create_task(self._deliver(delivery, delay))
        self._sending.add(task)
        task.add_done_callback(self._sending.discard)
        return task

    async def _deliver(self, delivery: Delivery, delay: float) -> None:
        if delay:
            await asyncio.sleep(delay)
        headers = self._headers(delivery)
        try:
            answer = await self._client.post(self._urls[delivery.target], content=delivery.body, headers=headers)
        except httpx.HTTPError as error:
            self._record(delivery, type(error).__name__, ok=False)
        else:
            self._record(delivery, answer.status_code, ok=answer.is_success)

    def _record(self, delivery: Delivery, outcome: int | str, *, ok: bool) -> None:
        facts = {"guid": delivery.guid, "key": delivery.key, "target": delivery.target, "event": delivery.event}
        body = {"action": delivery.action, "body": delivery.body.decode()}
        self._log.add({"at": time.time(), **facts, **body, "outcome": outcome, "ok": ok})
