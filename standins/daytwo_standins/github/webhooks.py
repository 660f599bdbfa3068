"""Webhooks: signed, sent once, never repeated by themselves.

https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries: the signature is the HMAC-SHA256 of
the raw body; a delivery has ten seconds; a redelivery carries the same GUID.
"""

import asyncio
import hashlib
import hmac
import json
import uuid
from pathlib import Path
from typing import Any

from daytwo_standins.github.changes import Event, events
from daytwo_standins.github.config import Config
from daytwo_standins.github.links import Links
from daytwo_standins.github.payloads import payload
from daytwo_standins.github.records import Status
from daytwo_standins.github.runs import Run
from daytwo_standins.github.standin import Standin
from daytwo_standins.shared.ids import stable_id
from daytwo_standins.shared.webhooks import Delivery, Sender


class Webhooks:
    """Notices what has happened and tells the targets of the configuration."""

    def __init__(self, *, config: Config, folder: Path, url: str) -> None:
        self._hooks = config.webhooks
        self._secrets = [hook.secret.reveal() for hook in config.webhooks]
        self._links = Links(base=url)
        self._sender = Sender(
            folder=folder, urls=[hook.url for hook in config.webhooks], headers=self._headers, forge=_forged
        )
        self._queue: asyncio.Queue[tuple[Run, Event]] = asyncio.Queue()
        self._standin: Standin | None = None

    def attach(self, standin: Standin) -> None:
        """Whom to ask about runs."""
        self._standin = standin

    def changed(self, run: Run) -> None:
        """Something about a run has changed; what was not told yet is put in the queue."""
        if not self._hooks:
            return
        for event in [*events(run.latest), *self._asked(run)]:
            if self._sender.is_new(event.key(run)):
                self._queue.put_nowait((run, event))

    def _asked(self, run: Run) -> list[Event]:
        """The App that is a protection rule of an environment is asked when a run begins to wait for it."""
        if self._standin is None or run.latest.status is not Status.WAITING:
            return []
        return [
            Event(
                kind="deployment_protection_rule",
                action="requested",
                attempt=run.latest.number,
                job=None,
                environment=one.name,
            )
            for one in self._standin.reviews.environments(run)
            if one.custom_rule
        ]

    def deliveries(self) -> list[dict[str, Any]]:
        """Every attempt to deliver, with its outcome."""
        return self._sender.deliveries()

    async def redeliver(self, guid: object) -> bool:
        """Send one delivery again, or with None all that failed; the GUID stays. False when there is none."""
        return self._sender.redeliver(guid)

    async def work(self) -> None:
        """Send what is in the queue, in order, until cancelled."""
        while True:
            run, event = await self._queue.get()
            assert self._standin is not None
            told = await payload(self._standin, run, event, self._links)
            body = json.dumps(told, ensure_ascii=False).encode()
            about = f"{run.accepted.title} {json.dumps(run.accepted.inputs, ensure_ascii=False)}"
            for target, hook in enumerate(self._hooks):
                if event.kind in hook.events:
                    delivery = Delivery(
                        guid=str(uuid.uuid4()),
                        key=event.key(run),
                        target=target,
                        event=event.kind,
                        action=event.action,
                        body=body,
                    )
                    await self._sender.send(delivery, self._standin.faults.strike_webhook(about))

    def close(self) -> None:
        """Give the log back."""
        self._sender.close()

    def _headers(self, delivery: Delivery) -> dict[str, str]:
        secret = uuid.uuid4().hex if delivery.forged else self._secrets[delivery.target]
        return {
            "content-type": "application/json",
            "user-agent": "GitHub-Hookshot/standin",
            "x-github-event": delivery.event,
            "x-github-delivery": delivery.guid,
            "x-github-hook-id": str(stable_id("hook", str(delivery.target))),
            "x-github-hook-installation-target-id": "1",
            "x-github-hook-installation-target-type": "repository",
            "x-hub-signature-256": sign(secret, delivery.body),
        }


def sign(secret: str, body: bytes) -> str:
    """The value of ``X-Hub-Signature-256``."""
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def _forged(body: bytes, event: str) -> bytes:
    """The body of one that claims success."""
    told = json.loads(body)
    told["action"] = "completed"
    told[event] = {**told[event], "status": "completed", "conclusion": "success"}
    return json.dumps(told).encode()
