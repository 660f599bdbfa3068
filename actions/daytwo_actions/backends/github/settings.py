"""Where a GitHub connection goes, with which credential, and how long it waits."""

import ipaddress
import re
from datetime import timedelta
from typing import Annotated, Final, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator

from daytwo_store.ids import ConnectionName

_VISIBLE: Final = re.compile(r"[\x21-\x7e]+")

Seconds = Annotated[timedelta, Field(gt=timedelta(0), le=timedelta(minutes=5))]


def is_loopback(host: str) -> bool:
    """Whether a host name of a URL can only mean this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class GitHubSettings(BaseModel):
    """One connection to github.com, GitHub Enterprise Server ("https://HOST/api/v3") or the stand-in."""

    # A model that has this one as a field has to hide its inputs too: pydantic follows the outermost.
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    kind: Literal["github"] = "github"
    name: ConnectionName
    base: str = "https://api.github.com"
    token: SecretStr
    # Two while the secret is being changed: deliveries signed with either are taken.
    webhook_secrets: Annotated[tuple[SecretStr, ...], Field(max_length=2)] = ()
    # Who our dispatches come from ("acme-bot", "acme-app[bot]"). Asked from GitHub once when it is not given;
    # the token of an App's installation cannot ask, so there it has to be given.
    login: str | None = None
    # GitHub Enterprise Server up to 3.19 takes 10 inputs; github.com takes 25 since December 2025.
    max_inputs: Annotated[int, Field(ge=1, le=25)] = 25
    api_version: Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}$")] | None = "2022-11-28"

    connect_timeout: Seconds = timedelta(seconds=3)
    read_timeout: Seconds = timedelta(seconds=10)  # silence on the line
    total_timeout: Seconds = timedelta(seconds=15)  # of a read, from the call to its last byte

    log_timeout: Annotated[timedelta, Field(gt=timedelta(0))] = timedelta(minutes=10)  # of the log of one job

    # PyGithub blocks its thread. Sending has threads of its own so that slow reads never hold up a dispatch.
    read_threads: Annotated[int, Field(ge=1, le=64)] = 8
    send_threads: Annotated[int, Field(ge=1, le=64)] = 4

    answer_limit: Annotated[int, Field(ge=1024)] = 20_000_000  # bytes of one answer, unpacked
    log_limit: Annotated[int, Field(ge=1024)] = 500_000_000  # bytes of one job's log; the rest is cut off, visibly

    @field_validator("base")
    @classmethod
    def _is_a_safe_address(cls, value: str) -> str:
        parts = urlsplit(value)
        host = parts.hostname
        if not host or parts.scheme not in {"http", "https"}:
            raise ValueError("has to be a web address such as https://api.github.com")
        if parts.username or parts.password or parts.query or parts.fragment:
            raise ValueError("has to be an address only: no user, password, query or fragment in it")
        if parts.scheme == "http" and not is_loopback(host):
            raise ValueError("has to be https: the credential would cross the network in clear text")
        _ = parts.port  # raises ValueError when it is not a number
        return value.rstrip("/")

    @field_validator("token")
    @classmethod
    def _can_be_a_header(cls, value: SecretStr) -> SecretStr:
        # Checked here because an HTTP library would put the offending header, token included, into its error.
        if not _VISIBLE.fullmatch(value.get_secret_value()):
            raise ValueError("has to be visible ASCII characters without spaces or line ends (is a newline left?)")
        return value

    @field_validator("webhook_secrets")
    @classmethod
    def _are_not_empty(cls, value: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
        if not all(secret.get_secret_value() for secret in value):
            raise ValueError("an empty secret would let anybody sign")
        return value
