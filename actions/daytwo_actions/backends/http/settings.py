"""Where a connection goes, with which credential, and how long it waits: what all kinds have in common."""

import ipaddress
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Final
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


def safe_address(value: str) -> str:
    """The address without a slash at its end. Raises `ValueError` when a credential may not be sent there."""
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


def visible(value: SecretStr) -> SecretStr:
    """The credential if it can be a header. Raises `ValueError`.

    Checked here because an HTTP library would put the offending header, credential included, into its error.
    """
    if not _VISIBLE.fullmatch(value.get_secret_value()):
        raise ValueError("has to be visible ASCII characters without spaces or line ends (is a newline left?)")
    return value


class HttpSettings(BaseModel):
    """One connection to a CI system over HTTP."""

    # A model that has this one as a field has to hide its inputs too: pydantic follows the outermost.
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    name: ConnectionName
    base: str
    token: SecretStr
    # Two while the secret is being changed: deliveries signed with either are taken.
    webhook_secrets: Annotated[tuple[SecretStr, ...], Field(max_length=2)] = ()

    # Who makes the tokens by which its jobs are known to us; none: what is usual for the kind.
    token_issuer: str | None = None
    # Hand each attempt a narrow token of ours as an input, for a CI system that makes none (Argo).
    run_tokens: bool = False

    # The certificates that the server's is checked against, in place of this machine's.
    ca_file: Path | None = None
    # Links in its answers, as to a log's archive, may lead into the company's network though its API is public.
    private_links: bool = False

    connect_timeout: Seconds = timedelta(seconds=3)
    read_timeout: Seconds = timedelta(seconds=10)  # silence on the line
    total_timeout: Seconds = timedelta(seconds=15)  # of a read, from the call to its last byte

    log_timeout: Annotated[timedelta, Field(gt=timedelta(0))] = timedelta(minutes=10)  # of the log of one job

    # For a library that blocks its thread. Sending has threads of its own so that slow reads never hold it up.
    read_threads: Annotated[int, Field(ge=1, le=64)] = 8
    send_threads: Annotated[int, Field(ge=1, le=64)] = 4

    answer_limit: Annotated[int, Field(ge=1024)] = 20_000_000  # bytes of one answer, unpacked
    log_limit: Annotated[int, Field(ge=1024)] = 500_000_000  # bytes of one job's log; the rest is cut off, visibly

    @property
    def at_home(self) -> bool:
        """Whether the CI system is on this machine."""
        return is_loopback(urlsplit(self.base).hostname or "")

    def credentials(self) -> Iterator[str]:
        """What requests carry."""
        yield self.token.get_secret_value()

    def secrets(self) -> Iterator[str]:
        """Every value that may never stand in a log."""
        for name in type(self).model_fields:
            value = getattr(self, name)
            for one in value if isinstance(value, tuple) else (value,):
                if isinstance(one, SecretStr):
                    yield one.get_secret_value()

    @field_validator("base")
    @classmethod
    def _is_a_safe_address(cls, value: str) -> str:
        return safe_address(value)

    @field_validator("token_issuer")
    @classmethod
    def _is_a_safe_issuer(cls, value: str | None) -> str | None:
        return None if value is None else safe_address(value)

    @field_validator("token")
    @classmethod
    def _can_be_a_header(cls, value: SecretStr) -> SecretStr:
        return visible(value)

    @field_validator("webhook_secrets")
    @classmethod
    def _are_not_empty(cls, value: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
        if not all(secret.get_secret_value() for secret in value):
            raise ValueError("an empty secret would let anybody sign")
        return value
