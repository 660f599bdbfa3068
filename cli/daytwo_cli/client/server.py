"""Which server, and as whom: DAYTWO_URL and DAYTWO_TOKEN, else the house of this folder, else the last login."""

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import SecretStr

from daytwo_cli.client.logins import Login, Logins
from daytwo_cli.errors import Usage
from daytwo_cli.up.folder import DataFolder

DEFAULT_DATA = Path(".daytwo")


@dataclass(frozen=True, kw_only=True, slots=True)
class Server:
    """An address without a slash at its end, and what proves who we are."""

    url: str
    token: SecretStr | None = None
    login: Login | None = None


def find_server(environment: Mapping[str, str], logins: Logins, here: Path) -> Server:
    """Raises Usage when there is no address, or one over which a token would be readable by others."""
    url = environment.get("DAYTWO_URL") or _of_this_folder(here) or logins.current
    if not url:
        raise Usage(
            "No server is known, so nothing was asked. Start one here with `daytwo up`, "
            "or name one in DAYTWO_URL (with a token in DAYTWO_TOKEN)."
        )
    url = str(url).rstrip("/")
    _check_address(url)
    token = environment.get("DAYTWO_TOKEN")
    return Server(url=url, token=SecretStr(token) if token else None, login=None if token else logins.get(url))


def _of_this_folder(here: Path) -> str | None:
    """Only an address of this machine: a folder may be somebody else's."""
    page = DataFolder(here / DEFAULT_DATA).running().get("page")
    return page if isinstance(page, str) and is_loopback(page) else None


def is_loopback(url: str) -> bool:
    """Whether the address cannot leave this machine."""
    host = urlsplit(url).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _check_address(url: str) -> None:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username:
        raise Usage(
            f"{parts.hostname or url!r} is not an address of a server; DAYTWO_URL looks like https://daytwo.example"
        )
    if parts.scheme == "http" and not is_loopback(url):
        raise Usage(f"{url} is not encrypted, so nothing was sent: use https. Plain http is for this machine alone.")
