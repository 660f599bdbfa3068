"""Secrets in what is sent to a service: expressions see what stands in for them, until it leaves."""

import hashlib
import hmac
import json
from collections.abc import Mapping

from daytwo_actions.services.door import Service, ServiceCall
from daytwo_store.ids import RunId
from daytwo_workflows.life.context import Life
from daytwo_workflows.secret_sources.reference import read_reference


def stand_ins(life: Life, run: RunId) -> dict[str, str]:
    """`secrets` of expressions in a run."""
    names = {name for service in life.services.values() for name in service.secrets}
    return {name: _stand_in(life, run, name) for name in sorted(names)}


async def with_secrets(life: Life, run: RunId, service: Service, call: ServiceCall) -> ServiceCall:
    """The call as it leaves. Raises `SecretMissing`, `SecretUnreachable`: then nothing was sent."""
    headers, body = dict(call.headers), call.body
    for name, reference in service.secrets.items():
        mark = _stand_in(life, run, name)
        if not (any(mark in value for value in headers.values()) or (body is not None and mark.encode() in body)):
            continue
        value = await life.source.get(read_reference(reference, connection=service.name))
        headers = {key: text.replace(mark, value) for key, text in headers.items()}
        if body is not None:
            body = body.replace(mark.encode(), json.dumps(value)[1:-1].encode())
    return ServiceCall(method=call.method, path=call.path, headers=headers, body=body)


def strangers(life: Life, run: RunId, service: Service, texts: Mapping[str, str]) -> list[str]:
    """Secrets that are named in these texts and may not be sent to this service."""
    marks = stand_ins(life, run)
    return [
        name
        for name, mark in marks.items()
        if name not in service.secrets and any(mark in text for text in texts.values())
    ]


def _stand_in(life: Life, run: RunId, name: str) -> str:
    told = hmac.digest(life.marker_key, f"secret {run} {name}".encode(), hashlib.sha256).hex()
    return f"(secret {name} {told[:32]})"
