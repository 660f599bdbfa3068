"""Channels that carry a message: chats and mail through apprise, and webhooks signed as Standard Webhooks say.

A channel answers None when it was taken, else a sentence that names no address and no secret. It never follows a
redirection, and gives up after a time.
"""

import asyncio
import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, Protocol

import httpx
from pydantic import JsonValue
from standardwebhooks import Webhook

from daytwo_workflows.notify.entry import ChatEntry, MailEntry, NotificationsEntry, WebhookEntry
from daytwo_workflows.notify.hands import Hands
from daytwo_workflows.secret_files import SettingsRejected

if TYPE_CHECKING:  # loaded when there is a channel that needs it: it knows a hundred services, and takes its time
    from apprise import AppriseAsset, NotifyBase

_PATIENCE: Final = 30.0  # seconds for one message, whatever the channel does
_SHORTEST, _LONGEST = 24, 64  # bytes of a secret, as Standard Webhooks say
_MAIL: Final = frozenset({"mailto", "mailtos"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Outgoing:
    """A message as a channel gets it. `id` is the same at every try; `at` is when this one is made."""

    id: str
    kind: str
    title: str
    body: str
    data: Mapping[str, JsonValue]
    at: datetime
    address: str | None = None  # of the person, for mail


class Channel(Protocol):
    async def send(self, message: Outgoing) -> str | None:
        """None when it was taken; else why not."""


@dataclass(frozen=True, slots=True)
class Chat:
    """Any address that apprise knows."""

    url: str
    hands: Hands

    async def send(self, message: Outgoing) -> str | None:
        return await _by_apprise(self.hands, self.url, message)


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail server. Each message goes to one person, as plain text."""

    url: str
    hands: Hands

    async def send(self, message: Outgoing) -> str | None:
        if message.address is None:
            return "there is no mail address of this person in the catalog"
        parts = _mail_parts(self.url)
        parts |= {"targets": [message.address], "format": "text"}
        parts["headers"] = {**(parts.get("headers") or {}), "X-Daytwo-Message": message.id}
        return await _by_apprise(self.hands, parts, message)


@dataclass(frozen=True, slots=True)
class Hook:
    """Our own sender: JSON, signed with each secret (Standard Webhooks 1.0)."""

    url: str
    signers: tuple[Webhook, ...]

    async def send(self, message: Outgoing) -> str | None:
        payload = {"type": message.kind, "timestamp": message.data["at"], "data": {"id": message.id, **message.data}}
        body = json.dumps(payload, ensure_ascii=False, separators=(",", ":"))
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "daytwo",
            "webhook-id": message.id,
            "webhook-timestamp": str(int(message.at.timestamp())),
            "webhook-signature": " ".join(one.sign(message.id, message.at, body) for one in self.signers),
        }
        try:
            async with (
                asyncio.timeout(_PATIENCE),
                httpx.AsyncClient(follow_redirects=False, trust_env=False, timeout=10) as client,
                client.stream("POST", self.url, content=body.encode(), headers=headers) as answer,
            ):
                taken = answer.is_success  # what it says is of no interest, and may be long
                status = answer.status_code
        except TimeoutError:
            return f"it did not answer within {_PATIENCE:.0f} s"
        except httpx.HTTPError as error:
            return f"it does not answer ({type(error).__name__})"
        return None if taken else f"it answered {status}"


def open_channels(entry: NotificationsEntry, *, patience: float = _PATIENCE) -> dict[str, Channel]:
    """Raises `SettingsRejected` for an address that cannot be used; asks nothing of anybody."""
    hands = Hands(patience)
    found: dict[str, Channel] = {}
    for name, one in entry.channels.items():
        url = one.url(name)
        if isinstance(one, WebhookEntry):
            found[name] = Hook(url, tuple(_signer(name, secret) for secret in one.secrets(name)))
        elif isinstance(one, MailEntry):
            if url.partition("://")[0] not in _MAIL or _made(_mail_parts(url) | {"targets": ["a@b.example"]}) is None:
                raise SettingsRejected(_wrong(name, "an address such as mailtos://user:password@mail.example.com"))
            found[name] = Mail(url, hands)
        else:
            assert isinstance(one, ChatEntry)
            if _made(url) is None:
                raise SettingsRejected(_wrong(name, "an address that apprise knows (https://appriseit.com/services)"))
            found[name] = Chat(url, hands)
    return found


async def _by_apprise(hands: Hands, address: str | dict[str, Any], message: Outgoing) -> str | None:
    def send() -> bool:
        made = _made(address)
        return made is not None and bool(made.notify(body=message.body, title=message.title, body_format="text"))

    try:
        taken = await hands.send(message.id, send)
    except TimeoutError:
        return f"it did not answer within {hands.patience:.0f} s"
    except Exception as error:  # noqa: BLE001 - plugins of a library for a hundred services raise what they like
        return f"it failed ({type(error).__name__})"
    return None if taken else "it does not answer, or did not take the message"


def _made(address: str | dict[str, Any]) -> "NotifyBase | None":
    from apprise import Apprise

    return Apprise.instantiate(address, asset=_asset(), suppress_exceptions=True)


def _mail_parts(url: str) -> dict[str, Any]:
    from apprise.plugins.email.base import NotifyEmail

    return dict(NotifyEmail.parse_url(url) or {})  # type: ignore[no-untyped-call]  # apprise leaves it untyped


def _asset() -> "AppriseAsset":
    """Nothing is kept on the disk, nothing in the text is a template, an escape or an emoji, nothing is redirected."""
    from apprise import AppriseAsset

    return AppriseAsset(
        app_id="Daytwo",
        app_desc="Daytwo",
        app_url="",
        image_url_mask="",
        image_url_logo="",
        theme="",
        plugin_paths=[],
        storage_mode="memory",
        allow_templates=False,
        secure_logging=True,
        interpret_emojis=False,
        interpret_escapes=False,
        async_mode=False,
        http_redirects=0,
    )


def _signer(name: str, secret: str) -> Webhook:
    """Stricter than the library, which passes over what is no base64 and takes a key of one byte."""
    encoded = secret.removeprefix("whsec_")
    try:
        length = len(base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True))
    except ValueError:
        length = 0
    if encoded == secret or not _SHORTEST <= length <= _LONGEST:
        raise SettingsRejected(
            f"A file of notifications.channels.{name}.secret_files has to hold a secret of Standard Webhooks "
            f"(whsec_ and {_SHORTEST} to {_LONGEST} bytes in base64). Nothing was started. Make one: "
            "echo whsec_$(openssl rand -base64 32)."
        )
    return Webhook(secret)


def _wrong(name: str, wanted: str) -> str:
    return f"The file of notifications.channels.{name}.url_file has to hold {wanted}. Nothing was started."
