"""Webhooks: with the secret token, signed, or both; sent once, never repeated by themselves.

https://docs.gitlab.com/user/project/integrations/webhooks/#validate-payloads-by-using-a-secret-token. The signature is
that of Standard Webhooks: HMAC-SHA256 over id, time and raw body, with the key after ``whsec_`` in base64. The id is
the Idempotency-Key and stays when a delivery is repeated.
"""

import asyncio
import base64
import hashlib
import hmac
import json
import time
import uuid
from pathlib import Path
from typing import Any, Final

from daytwo_standins.gitlab.config import Config
from daytwo_standins.gitlab.payloads import Event, events, payload
from daytwo_standins.gitlab.pipelines import Pipeline
from daytwo_standins.gitlab.standin import Standin
from daytwo_standins.gitlab.views import Scene
from daytwo_standins.shared.webhooks import Delivery, Sender

_NAMES: Final = {"pipeline": "Pipeline Hook", "job": "Job Hook"}
_PREFIX = "whsec_"


class Webhooks:
    """Notices what has happened and tells the targets of the configuration."""

    def __init__(self, *, config: Config, folder: Path, url: str) -> None:
        self._hooks = config.webhooks
        self._url = url
        self._secrets = [hook.secret.reveal() if hook.secret else "" for hook in config.webhooks]
        self._keys = [hook.signing_token.reveal() if hook.signing_token else "" for hook in config.webhooks]
        self._sender = Sender(
            folder=folder, urls=[hook.url for hook in config.webhooks], headers=self._headers, forge=_forged
        )
        self._queue: asyncio.Queue[tuple[Pipeline, Event]] = asyncio.Queue()
        self._standin: Standin | None = None

    def attach(self, standin: Standin) -> None:
        """Whom to ask about projects and commits."""
        self._standin = standin

    def changed(self, pipeline: Pipeline) -> None:
        """Something about a pipeline has changed; what was not told yet is put in the queue."""
        if not self._hooks:
            return
        for event in events(pipeline):
            if self._sender.is_new(event.key(pipeline)):
                self._queue.put_nowait((pipeline, event))

    def deliveries(self) -> list[dict[str, Any]]:
        """Every attempt to deliver, with its outcome."""
        return self._sender.deliveries()

    async def redeliver(self, guid: object) -> bool:
        """Send one delivery again, or with None all that failed; its id stays. False when there is none."""
        return self._sender.redeliver(guid)

    async def work(self) -> None:
        """Send what is in the queue, in order, until cancelled."""
        while True:
            pipeline, event = await self._queue.get()
            assert self._standin is not None
            project = self._standin.project(pipeline.accepted.repository)
            assert project is not None
            commit = await self._standin.commit(project.full_path, pipeline.accepted.head_sha)
            told = payload(Scene(base=self._url, project=project, commit=commit), pipeline, event)
            body = json.dumps(told, ensure_ascii=False).encode()
            kind = "job" if event.job else "pipeline"
            for target, hook in enumerate(self._hooks):
                if kind in hook.events:
                    delivery = Delivery(
                        guid=str(uuid.uuid4()),
                        key=event.key(pipeline),
                        target=target,
                        event=_NAMES[kind],
                        action=str(event.job.status if event.job else event.state.status),
                        body=body,
                    )
                    await self._sender.send(delivery, self._standin.faults.strike_webhook(pipeline.about))

    def close(self) -> None:
        """Give the log back."""
        self._sender.close()

    def _headers(self, delivery: Delivery) -> dict[str, str]:
        secret, key = self._secrets[delivery.target], self._keys[delivery.target]
        if delivery.forged:
            secret = secret and uuid.uuid4().hex
            key = key and _PREFIX + base64.b64encode(uuid.uuid4().bytes).decode()
        headers = {
            "content-type": "application/json",
            "user-agent": "GitLab/19.5.0-ee (stand-in)",
            "idempotency-key": delivery.guid,
            "x-gitlab-event": delivery.event,
            "x-gitlab-event-uuid": str(uuid.uuid5(uuid.NAMESPACE_URL, delivery.key)),
            "x-gitlab-instance": self._url,
            "x-gitlab-webhook-uuid": str(uuid.uuid5(uuid.NAMESPACE_URL, self._hooks[delivery.target].url)),
        }
        if secret:
            headers["x-gitlab-token"] = secret
        if key:
            now = str(int(time.time()))
            signature = sign(key, delivery.guid, now, delivery.body)
            headers |= {"webhook-id": delivery.guid, "webhook-timestamp": now, "webhook-signature": signature}
        return headers


def sign(token: str, number: str, timestamp: str, body: bytes) -> str:
    """The value of ``webhook-signature``; ``token`` is the signing token, with its ``whsec_``."""
    key = base64.b64decode(token.removeprefix(_PREFIX))
    message = f"{number}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(key, message, hashlib.sha256).digest()).decode()


def _forged(body: bytes, event: str) -> bytes:
    """The body of one that claims success."""
    told = json.loads(body)
    if event == _NAMES["pipeline"]:
        told["object_attributes"] |= {"status": "success", "detailed_status": "passed"}
    else:
        told["build_status"] = "success"
    return json.dumps(told).encode()
