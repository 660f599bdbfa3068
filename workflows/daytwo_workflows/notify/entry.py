"""`notifications` in the settings: channels, routes, texts. Only operators set up channels; users name no address.

An address of a chat or a mail server holds its password, so it is a secret: it stands in a file of its own.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from daytwo_actions.backends.http.settings import is_loopback
from daytwo_actions.expressions import ExpressionError, names, parse_template
from daytwo_store.notifications import Notice
from daytwo_workflows.notify.texts import NAMES
from daytwo_workflows.secret_files import SettingsRejected, secret_text

_CONFIG: Final = ConfigDict(frozen=True, extra="forbid")
Event = Annotated[str, Field(pattern=r"^(\*|[a-z_]+\.(\*|[a-z_]+))$")]
Recipient = Annotated[str, Field(pattern=r"^(group|person|role):[a-z0-9._-]+$")]
PerMinute = Annotated[int, Field(ge=1, le=6000)]


class ChannelEntry(BaseModel):
    """What all kinds of channel have."""

    model_config = _CONFIG

    url_file: Path = Field(description="file with the address, which is a secret")
    per_minute: PerMinute = Field(default=30, description="messages a minute, at most; the others wait")

    def url(self, name: str) -> str:
        """Raises `SettingsRejected`."""
        return secret_text(self.url_file, f"notifications.channels.{name}.url_file")


class ChatEntry(ChannelEntry):
    kind: Literal["chat"]


class MailEntry(ChannelEntry):
    kind: Literal["mail"]
    address: Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")] = Field(
        default="email", description="property of persons in the catalog that holds their address"
    )


class WebhookEntry(ChannelEntry):
    kind: Literal["webhook"]
    secret_files: Annotated[tuple[Path, ...], Field(min_length=1, max_length=2)] = Field(
        description="files with the secrets that deliveries are signed with (whsec_…); two during a change"
    )

    def url(self, name: str) -> str:
        """Raises `SettingsRejected` for an address over which a delivery could be read by others."""
        url = super().url(name)
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.fragment:
            raise SettingsRejected(_not_usable(name, "an address such as https://hooks.example.com/daytwo"))
        if parts.scheme == "http" and not is_loopback(parts.hostname):
            raise SettingsRejected(_not_usable(name, "an address with https"))
        return url

    def secrets(self, name: str) -> tuple[str, ...]:
        return tuple(secret_text(path, f"notifications.channels.{name}.secret_files") for path in self.secret_files)


Channel = Annotated[ChatEntry | MailEntry | WebhookEntry, Field(discriminator="kind")]


class RouteEntry(BaseModel):
    """Which events go to which channels. Every route that fits counts."""

    model_config = _CONFIG

    events: tuple[Event, ...] = Field(min_length=1, description="as approval.asked, run.*, or * for all")
    to: tuple[Recipient, ...] = Field(
        default=(),
        description="only what one of these is told: group:sre, person:ana, role:operator; else all",
    )
    channels: tuple[str, ...] = Field(min_length=1, description="names of channels")

    @field_validator("events")
    @classmethod
    def _exist(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for pattern in value:
            if not any(fits(pattern, kind) for kind in Notice):
                raise ValueError(f"there is no event {pattern}")
        return value


class TextEntry(BaseModel):
    """The words of one event. Expressions as in action files; text only."""

    model_config = _CONFIG

    title: Annotated[str, Field(min_length=1, max_length=300)] = Field(description="one line")
    body: Annotated[str, Field(min_length=1, max_length=4000)] = Field(description="several lines")

    @field_validator("title", "body")
    @classmethod
    def _can_be_worked_out(cls, value: str) -> str:
        try:
            named = names(parse_template(value))
        except ExpressionError as error:
            raise ValueError(str(error)) from None
        if unknown := sorted({name.dotted for name in named} - set(NAMES)):
            raise ValueError(
                f"there is no {unknown[0]} in texts of notifications; there are {', '.join(sorted(NAMES))}"
            )
        return value


class NotificationsEntry(BaseModel):
    model_config = _CONFIG

    channels: Mapping[Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$")], Channel] = Field(
        default={}, description="channels by name"
    )
    routes: tuple[RouteEntry, ...] = Field(default=(), description="which events go to which channels")
    texts: Mapping[str, TextEntry] = Field(default={}, description="words of events, in place of ours")

    @model_validator(mode="after")
    def _hang_together(self) -> Self:
        for number, route in enumerate(self.routes, 1):
            if missing := set(route.channels) - self.channels.keys():
                raise ValueError(f"route {number} names the channel {min(missing)}, which there is none of")
        if unknown := self.texts.keys() - set(Notice):
            raise ValueError(f"texts has {min(unknown)}, and there is no such event")
        return self

    def files(self) -> Iterator[Path]:
        for channel in self.channels.values():
            yield channel.url_file
            if isinstance(channel, WebhookEntry):
                yield from channel.secret_files


def fits(pattern: str, kind: str) -> bool:
    """Whether an event is one of a pattern: `*`, `run.*`, `run.failed`."""
    return pattern in ("*", kind) or (pattern.endswith(".*") and kind.startswith(pattern[:-1]))


def beside(folder: Path, given: object) -> object:
    """The entry as it stands in a file, with paths relative to that file's folder."""
    if not isinstance(given, dict) or not isinstance(given.get("channels"), dict):
        return given
    channels = {name: _beside(folder, one) for name, one in given["channels"].items()}
    return {**given, "channels": channels}


def _beside(folder: Path, channel: object) -> object:
    if not isinstance(channel, dict):
        return channel
    found: dict[Any, object] = dict(channel)
    url = found.get("url_file")
    if isinstance(url, str):
        found["url_file"] = folder / url
    files = found.get("secret_files")
    if isinstance(files, list):
        found["secret_files"] = [folder / one if isinstance(one, str) else one for one in files]
    return found


def _not_usable(name: str, wanted: str) -> str:
    return f"The file of notifications.channels.{name}.url_file has to hold {wanted}. Nothing was started."
