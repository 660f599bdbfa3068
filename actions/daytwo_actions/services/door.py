"""A service, seen from a step: one request, and what came of it. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from pydantic import JsonValue

from daytwo_actions.backends.wire.answer import Silence
from daytwo_store.evidence_sent import digest_of_request
from daytwo_store.ids import Digest


@dataclass(frozen=True, kw_only=True, slots=True)
class ServiceCall:
    """`path` is below the service's address."""

    method: str
    path: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)  # secrets too
    body: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class ServiceAnswer:
    """`body` is JSON where it is that, else text."""

    status: int
    body: JsonValue
    retry_after: float | None = None  # seconds, where it asks to be asked again

    def seen(self) -> dict[str, JsonValue]:
        """`response` of expressions."""
        return {"status": self.status, "body": self.body}


class Service(Protocol):
    """Never retries, never follows a redirection, gives up in time."""

    @property
    def name(self) -> str: ...

    @property
    def secrets(self) -> Mapping[str, str]:
        """The references of secrets that may be sent there, by name."""

    async def call(self, call: ServiceCall, *, seconds: float) -> ServiceAnswer | Silence: ...


def digest_of_call(call: ServiceCall) -> Digest:
    """Of everything that is sent."""
    return Digest(digest_of_request(call.method, call.path, call.headers, call.body or b""))
