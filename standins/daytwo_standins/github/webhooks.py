"""Webhooks: signed, sent once, never repeated by themselves.

https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries: the signature is the HMAC-SHA256 of
the raw body; a delivery has ten seconds; a redelivery carries the same GUID.
"""

import asyncio
import dataclasses
import hashlib
import hmac
import json
import secrets
import time
import uuid
from pathlib import Path
from typing import Any

import httpx

from daytwo_standins.github.changes import Event, events
from daytwo_standins.github.config import Config, Webhook
from daytwo_standins.github.faults import WebhookFault
from daytwo_standins.github.files import read_lines
from daytwo_standins.github.links import Links
from daytwo_standins.github.payloads import payload
from daytwo_standins.github.request_log import RequestLog
from daytwo_standins.github.runs import Run, stable_id
from daytwo_standins.github.standin import Standin

_SECONDS = 10.0
_IN_TURN = 1.0  # how long a slow receiver holds up the next event


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Delivery:
    """One event on its way to one target."""

    guid: str
    key: str
    target: int
    event: str
    action: str
    body: bytes
    secret: str


class Webhooks:
    """Notices what has happened and tells the targets of the configuration."""

    def __init__(self, *, config: Config, folder: Path, url: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._targets = [(hook, hook.secret.reveal()) for hook in config.webhooks]
        self._links = Links(base=url)
        self._path = folder / "deliveries.jsonl"
        self._told = {str(line["key"]) for line in read_lines(self._path)}
        self._log = RequestLog(self._path)
        self._queue: asyncio.Queue[tuple[Run, Event]] = asyncio.Queue()
        self._sending: set[asyncio.Task[None]] = set()
        self._client = httpx.AsyncClient(timeout=_SECONDS, follow_redirects=False, trust_env=False)
        self._standin: Standin | None = None
        self._dice = secrets.SystemRandom()

    def attach(self, standin: Standin) -> None:
        """Whom to ask about runs."""
        self._standin = standin

    def changed(self, run: Run) -> None:
        """Something about a run has changed; what was not told yet is put in the queue."""
        if not self._targets:
            return
        for event in events(run.latest):
            key = event.key(run)
            if key not in self._told:
                self._told.add(key)
                self._queue.put_nowait((run, event))

    def deliveries(self) -> list[dict[str, Any]]:
        """Every attempt to deliver, with its outcome."""
        return self._log.read()

    async def redeliver(self, guid: object) -> bool:
        """Send one delivery again, or with None all that failed; the GUID stays. False when there is none."""
        known = {line["guid"]: line for line in self.deliveries()}
        ok = {line["guid"] for line in self.deliveries() if line["ok"]}
        wanted = [g for g in known if g not in ok] if guid is None else [g for g in known if g == guid]
        for one in wanted:
            line = known[one]
            _, secret = self._targets[line["target"]]
            body = str(line["body"]).encode()
            facts = {name: line[name] for name in ("guid", "key", "target", "event", "action")}
            self._send(Delivery(**facts, body=body, secret=secret), 0.0)
        return bool(wanted) or guid is None

    async def work(self) -> None:
        """Send what is in the queue, in order, until cancelled."""
        while True:
            run, event = await self._queue.get()
            assert self._standin is not None
            told = await payload(self._standin, run, event, self._links)
            body = json.dumps(told, ensure_ascii=False).encode()
            for target, (hook, secret) in enumerate(self._targets):
                if event.kind in hook.events:
                    delivery = Delivery(
                        guid=str(uuid.uuid4()),
                        key=event.key(run),
                        target=target,
                        event=event.kind,
                        action=event.action,
                        body=body,
                        secret=secret,
                    )
                    await self._dispatch(run, delivery)

    async def _dispatch(self, run: Run, delivery: Delivery) -> None:
        assert self._standin is not None
        about = f"{run.accepted.title} {json.dumps(run.accepted.inputs, ensure_ascii=False)}"
        faults = [rule.webhook for rule in self._standin.faults.strike("webhook", about).values() if rule.webhook]
        if any(self._dice.random() < fault.drop for fault in faults):
            self._record(delivery, "dropped by a fault", ok=False)
            return
        for forged in (f for f in faults if f.forge):
            self._send(_forged(delivery), forged.delay)
        copies = 1 + sum(fault.dup for fault in faults)
        for _ in range(copies):
            task = self._send(delivery, self._delay(faults))
            if not faults:
                await asyncio.wait([task], timeout=_IN_TURN)

    def _delay(self, faults: list[WebhookFault]) -> float:
        shuffled = self._dice.uniform(0.05, 0.5) if any(fault.shuffle for fault in faults) else 0.0
        return shuffled + sum(fault.delay for fault in faults)

    def _send(self, delivery: Delivery, delay: float) -> asyncio.Task[None]:
        task = asyncio.create_task(self._deliver(delivery, delay))
        self._sending.add(task)
        task.add_done_callback(self._sending.discard)
        return task

    async def _deliver(self, delivery: Delivery, delay: float) -> None:
        if delay:
            await asyncio.sleep(delay)
        hook: Webhook = self._targets[delivery.target][0]
        try:
            answer = await self._client.post(hook.url, content=delivery.body, headers=_headers(delivery))
        except httpx.HTTPError as error:
            self._record(delivery, type(error).__name__, ok=False)
        else:
            self._record(delivery, answer.status_code, ok=answer.is_success)

    def _record(self, delivery: Delivery, outcome: int | str, *, ok: bool) -> None:
        facts = {"guid": delivery.guid, "key": delivery.key, "target": delivery.target, "event": delivery.event}
        body = {"action": delivery.action, "body": delivery.body.decode()}
        self._log.add({"at": time.time(), **facts, **body, "outcome": outcome, "ok": ok})

    def close(self) -> None:
        """Give the log back."""
        self._log.close()


def sign(secret: str, body: bytes) -> str:
    """The value of ``X-Hub-Signature-256``."""
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def _headers(delivery: Delivery) -> dict[str, str]:
    return {
        "content-type": "application/json",
        "user-agent": "GitHub-Hookshot/standin",
        "x-github-event": delivery.event,
        "x-github-delivery": delivery.guid,
        "x-github-hook-id": str(stable_id("hook", str(delivery.target))),
        "x-github-hook-installation-target-id": "1",
        "x-github-hook-installation-target-type": "repository",
        "x-hub-signature-256": sign(delivery.secret, delivery.body),
    }


def _forged(delivery: Delivery) -> Delivery:
    """One that claims success and is signed with a key that is not the target's."""
    told = json.loads(delivery.body)
    told["action"] = "completed"
    told[delivery.event] = {**told[delivery.event], "status": "completed", "conclusion": "success"}
    body = json.dumps(told).encode()
    return dataclasses.replace(delivery, guid=str(uuid.uuid4()), body=body, secret=uuid.uuid4().hex)
