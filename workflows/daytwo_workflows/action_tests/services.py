"""Services in memory: they answer what the test says, and keep what they were asked."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from pydantic import JsonValue

from daytwo_actions.action_tests.model import Answer
from daytwo_actions.backends.wire.answer import Silence
from daytwo_actions.services.door import ServiceAnswer, ServiceCall
from daytwo_store import definitions
from daytwo_store.engine import Store
from daytwo_workflows.secret_sources.reference import Reference

_NAMED: Final = re.compile(r"\bsecrets\.([a-z][a-z0-9_]*)")


class SaidSecrets:
    """A provider of secrets that says for each of them what it is: a test sees where it was sent."""

    fresh: float = 0.0

    async def read(self, reference: Reference) -> str:
        return f"the secret {reference.path}"


async def named_secrets(store: Store) -> dict[str, str]:
    """Every secret that an action sends to a service, with a reference to `SaidSecrets`: here each may have it."""
    async with store.read() as session:
        texts = [json.dumps(row.document) for row in await definitions.current(session)]
    return {name: f"secret://env/{name}" for text in texts for name in _NAMED.findall(text)}


@dataclass
class Answering:
    """Implements `Service`. What nothing fits to is answered with 404, as by a service that does not know it."""

    name: str
    answers: Sequence[Answer]
    log: list[tuple[str, ServiceCall]]  # what all services of a test were asked, in its order
    secrets: Mapping[str, str] = field(default_factory=dict)
    given: dict[int, int] = field(default_factory=dict)  # how often each answer was given

    async def call(self, call: ServiceCall, *, seconds: float) -> ServiceAnswer | Silence:  # noqa: ARG002 - it takes no time
        self.log.append((self.name, call))
        fitting = [(number, one) for number, one in enumerate(self.answers) if _fits(one, call)]
        left = [(number, one) for number, one in fitting if one.times is None or self.given.get(number, 0) < one.times]
        if not (left or fitting):
            return ServiceAnswer(status=404, body={"error": "the test says nothing about this request"})
        number, answer = left[0] if left else fitting[-1]
        self.given[number] = self.given.get(number, 0) + 1
        if answer.lost:
            return Silence(sent=True, reason="no complete answer came in time")
        return ServiceAnswer(status=answer.status, body=answer.body)


def body_of(call: ServiceCall) -> JsonValue:
    """JSON where it is that, else text."""
    if call.body is None:
        return None
    text = call.body.decode()
    try:
        found: JsonValue = json.loads(text)
    except ValueError:
        return text
    return found


def _fits(answer: Answer, call: ServiceCall) -> bool:
    return answer.method in (None, call.method) and answer.path in (None, call.path)
