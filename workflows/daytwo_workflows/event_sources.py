"""Who may tell us of events: sources as they stand under `events` in the file of settings.

A source signs as Standard Webhooks say, or, where it cannot, sends a token. Both are compared with what is in files.
"""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from standardwebhooks import Webhook, WebhookVerificationError

from daytwo_actions.expressions import ExpressionError, Template, names, parse_template
from daytwo_store.errors import Unauthenticated
from daytwo_workflows.secret_files import SettingsRejected, secret_text

_SHORTEST: Final = 24  # bytes of a secret, as Standard Webhooks say
_LONGEST: Final = 64
_LONGEST_ID: Final = 200


class EventSourceEntry(BaseModel):
    """One system that tells us of events."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    secret_files: tuple[Path, ...] = Field(
        default=(),
        description="files with the secrets (whsec_…) that it signs with, as Standard Webhooks say; several while one "
        "changes",
    )
    token_files: tuple[Path, ...] = Field(
        default=(),
        description="instead, where it cannot sign, as Alertmanager: files with the tokens that it sends as `Bearer`",
    )
    key: str = Field(
        default="${{ event.key }}",
        description="an expression on `event`, the body: what it is about; `wait` finds it by that",
    )
    same_minutes: int = Field(
        default=5,
        ge=0,
        le=1440,
        description="for how long the same bytes are a repeated attempt and not another event, where no header names "
        "the event; an alert that still fires comes again in the same bytes",
    )

    @model_validator(mode="after")
    def _one(self) -> Self:
        if bool(self.secret_files) == bool(self.token_files):
            raise ValueError("has `secret_files` or `token_files`, and one of them only")
        return self


@dataclass(frozen=True, kw_only=True, slots=True)
class Delivery:
    """`name` is the sender's, the same at every try; `same_for`: it has none, and its bytes stand for it so long."""

    name: str
    same_for: timedelta | None = None


class EventSource:
    """`admit` says whether a delivery is of this source, and gives the name that it has there."""

    def __init__(
        self,
        *,
        name: str,
        key: Template,
        signers: tuple[Webhook, ...],
        tokens: tuple[str, ...],
        same_for: timedelta,
    ) -> None:
        self.name = name
        self.key = key
        self._same_for = same_for
        self._signers = signers
        self._tokens = tokens

    def admit(self, headers: Mapping[str, str], body: bytes) -> Delivery:
        """Raises `Unauthenticated`; the names of headers are in small letters."""
        known = self._signed(headers, body) if self._signers else self._shown(headers)
        if not known:
            how = "its secret signs" if self._signers else "its token is"
            raise Unauthenticated(
                f"Nothing was stored: this is not what {how} for the source {self.name}. Compare it with the file that "
                "the settings name, and the clocks of both: a signature is good for five minutes."
            )
        given = headers.get("webhook-id") or headers.get("idempotency-key")
        if given:
            return Delivery(name=given[:_LONGEST_ID])
        return Delivery(name=hashlib.sha256(body).hexdigest(), same_for=self._same_for)

    def _signed(self, headers: Mapping[str, str], body: bytes) -> bool:
        for one in self._signers:
            try:
                one.verify(body, dict(headers), json_parse=False)
            except (WebhookVerificationError, ValueError):  # the latter where what is sent is no text, or no base64
                continue
            return True
        return False

    def _shown(self, headers: Mapping[str, str]) -> bool:
        kind, _, token = headers.get("authorization", "").partition(" ")
        sent = token.strip().encode()
        found = [hmac.compare_digest(sent, one.encode()) for one in self._tokens]
        return kind.lower() == "bearer" and any(found)


def open_sources(entries: Mapping[str, EventSourceEntry]) -> dict[str, EventSource]:
    """Raises `SettingsRejected`."""
    return {
        name: EventSource(
            name=name,
            key=_key(name, entry.key),
            signers=tuple(_signer(name, path) for path in entry.secret_files),
            tokens=tuple(secret_text(path, f"events.{name}.token_files") for path in entry.token_files),
            same_for=timedelta(minutes=entry.same_minutes),
        )
        for name, entry in entries.items()
    }


def _key(name: str, text: str) -> Template:
    try:
        template = parse_template(text)
    except ExpressionError as error:
        raise SettingsRejected(f"events.{name}.key: {error.detail} Nothing was started.") from None
    strange = next((one.dotted for one in names(template) if one.dotted.partition(".")[0] != "event"), None)
    if strange is not None:
        raise SettingsRejected(f"events.{name}.key names {strange}; it knows `event`. Nothing was started.")
    return template


def _signer(name: str, path: Path) -> Webhook:
    text = secret_text(path, f"events.{name}.secret_files")
    try:
        raw = base64.b64decode(text.removeprefix("whsec_"), validate=True)
    except ValueError:
        raw = b""
    if not _SHORTEST <= len(raw) <= _LONGEST:
        raise SettingsRejected(
            f"The file that events.{name}.secret_files names ({path}) has to hold whsec_ and {_SHORTEST} to {_LONGEST} "
            "random bytes in base64. Nothing was started."
        )
    return Webhook(raw)
