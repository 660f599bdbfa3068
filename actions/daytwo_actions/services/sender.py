"""Calls to one service through httpx: sent once, no redirections, a bounded answer, within a time."""

import asyncio
import json
from collections.abc import Mapping
from contextlib import aclosing, suppress
from pathlib import Path
from typing import Any, Final

import httpx
from pydantic import BaseModel, ConfigDict, Field, JsonValue, SecretStr, field_validator

from daytwo_actions.backends.argo.sender import pieces_of, reason_of
from daytwo_actions.backends.http.certificates import Certificates
from daytwo_actions.backends.http.permit import Permit
from daytwo_actions.backends.http.settings import safe_address, visible
from daytwo_actions.backends.wire.answer import Answer, Silence, wait_in
from daytwo_actions.services.address import below
from daytwo_actions.services.door import ServiceAnswer, ServiceCall
from daytwo_actions.services.headers import must_be_headers
from daytwo_store.errors import Rejected

_LIMIT: Final = 256 * 1024  # bytes of an answer


class ServiceSettings(BaseModel):
    """Where a service is, and with which credential."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    name: str
    base: str
    token: SecretStr | None = None  # sent as `Authorization: Bearer …`
    ca_file: Path | None = None
    secrets: Mapping[str, str] = Field(default_factory=dict)  # references by name, of those that may be sent there

    @field_validator("base")
    @classmethod
    def _is_a_safe_address(cls, value: str) -> str:
        return safe_address(value)

    @field_validator("token")
    @classmethod
    def _can_be_a_header(cls, value: SecretStr | None) -> SecretStr | None:
        return None if value is None else visible(value)


class HttpService:
    """For one event loop."""

    def __init__(self, settings: ServiceSettings) -> None:
        self._settings = settings
        self._certificates = Certificates(settings.ca_file)

    @property
    def name(self) -> str:
        return self._settings.name

    @property
    def secrets(self) -> Mapping[str, str]:
        return self._settings.secrets

    async def call(self, call: ServiceCall, *, seconds: float) -> ServiceAnswer | Silence:
        """Nothing raises for what the line does."""
        permit = Permit(seconds)
        try:
            async with asyncio.timeout(seconds):
                return _read(await self._whole(call, permit))
        except Rejected as refused:  # it would not go where it has to
            return Silence(sent=permit.taken, reason=refused.detail, again=None)
        except Exception as error:  # noqa: BLE001 - whatever the line does is an answer too
            reason, again = reason_of(error, sent=permit.taken)
            return Silence(sent=permit.taken, reason=reason, again=again)

    async def _whole(self, call: ServiceCall, permit: Permit) -> Answer:
        async def before_the_bytes(event: str, info: Mapping[str, Any]) -> None:
            if event.endswith("send_request_headers.started") and info["request"].method != b"CONNECT":
                permit.take()

        async with httpx.AsyncHTTPTransport(verify=self._certificates.context(), retries=0) as transport:
            response = await transport.handle_async_request(self._request(call, before_the_bytes))
            try:
                body = bytearray()
                async with aclosing(pieces_of(response)) as pieces:
                    async for piece in pieces:
                        body += piece
                        if len(body) > _LIMIT:
                            raise httpx.RemoteProtocolError("longer than it may be")
            finally:
                await response.aclose()
        headers = {name.lower(): value for name, value in response.headers.items()}
        return Answer(status=response.status_code, headers=headers, body=self._without_credential(bytes(body)))

    def _request(self, call: ServiceCall, trace: Any) -> httpx.Request:
        must_be_headers(call.headers, token=self._settings.token is not None)
        headers = {"Accept": "application/json", "Accept-Encoding": "identity", "User-Agent": "daytwo"}
        if self._settings.token is not None:
            headers["Authorization"] = f"Bearer {self._settings.token.get_secret_value()}"
        if call.body is not None:
            headers["Content-Type"] = "application/json"
        return httpx.Request(
            call.method,
            below(self._settings.base, call.path),
            headers={**headers, **call.headers, "Connection": "close"},
            content=call.body,
            extensions={"timeout": {"connect": 5.0, "pool": 5.0, "read": 30.0, "write": 30.0}, "trace": trace},
        )

    def _without_credential(self, body: bytes) -> bytes:
        token = self._settings.token
        return body if token is None else body.replace(token.get_secret_value().encode(), b"***")


def _read(answer: Answer) -> ServiceAnswer:
    text = answer.body.decode(errors="replace")
    body: JsonValue = text
    with suppress(ValueError):
        body = json.loads(text)
    return ServiceAnswer(status=answer.status, body=body, retry_after=wait_in(answer))
