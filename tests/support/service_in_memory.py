"""A service in memory: answers what it is told to, and remembers what it was asked."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from daytwo_actions.backends.wire.answer import Silence
from daytwo_actions.services.door import ServiceAnswer, ServiceCall

Result = ServiceAnswer | Silence
LOST = Silence(sent=True, reason="no complete answer came in time")
REFUSED = Silence(sent=False, reason="the connection was refused", again=5.0)


def answer(status: int = 200, **body: object) -> ServiceAnswer:
    return ServiceAnswer(status=status, body=dict(body))  # type: ignore[arg-type]  # plain JSON


@dataclass
class ServiceInMemory:
    """Implements `Service`. `says` is asked for each call, by its number from 0."""

    name: str = "pager"
    secrets: Mapping[str, str] = field(default_factory=dict)
    calls: list[ServiceCall] = field(default_factory=list)
    says: Callable[[int], Result] = field(default=lambda _: answer())

    async def call(self, call: ServiceCall, *, seconds: float) -> Result:
        self.calls.append(call)
        return self.says(len(self.calls) - 1)
