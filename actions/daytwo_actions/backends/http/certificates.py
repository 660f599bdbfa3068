"""By whose certificates a server is believed: one answer for every request, whatever library carries it.

The libraries read different variables of the environment: dispatches went through behind a company's own authority,
and logs did not.
"""

import os
import ssl
from pathlib import Path
from typing import Final

import httpx

_NAMED: Final = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR")  # the first that is set


class Certificates:
    """Of one connection: its `ca_file`, else what this machine's environment names, else the public authorities.

    `elsewhere`: for what is not the connection's own server, as the store that a link leads to: this machine's
    believe it too. Read again when a file has changed or the environment names another.
    """

    def __init__(self, ca_file: Path | None, *, elsewhere: bool = False) -> None:
        self._alone = ca_file if not elsewhere else None
        self._besides = ca_file if elsewhere else None
        self._made: tuple[object, ssl.SSLContext] | None = None

    def context(self) -> ssl.SSLContext:
        """Raises `FileNotFoundError`, and `ssl.SSLError` for a file that holds no certificates."""
        place = self._alone or _of_environment()
        seen = [(path, path.stat().st_mtime_ns) for path in (place, self._besides) if path is not None]
        if self._made is None or self._made[0] != seen:
            made = _trusting(place)
            if self._besides is not None:
                made.load_verify_locations(cafile=self._besides)
            self._made = (seen, made)
        return self._made[1]


def _of_environment() -> Path | None:
    return next((Path(value) for name in _NAMED if (value := os.environ.get(name))), None)


def _trusting(place: Path | None) -> ssl.SSLContext:
    if place is None:
        made = httpx.create_ssl_context(trust_env=False)
    elif place.is_dir():
        made = ssl.create_default_context(capath=place)
    else:
        made = ssl.create_default_context(cafile=place)
    made.hostname_checks_common_name = False  # long out of use, and requests never looked at it
    return made
