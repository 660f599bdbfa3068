"""What is fine on one's own machine and not where others are served: placeholders for secrets, and debugging."""

import sys
from collections.abc import Mapping
from typing import Final
from urllib.parse import unquote, urlsplit

from daytwo_actions.backends.http.settings import is_loopback
from daytwo_workflows.secret_files import SettingsRejected, secret_bytes
from daytwo_workflows.settings import Settings

_PLACEHOLDERS: Final = frozenset(
    {
        "changeme",
        "change-me",
        "change_me",
        "client-secret",
        "daytwo",
        "default",
        "example",
        "password",
        "postgres",
        "secret",
        "todo",
    }
)
_FEWEST: Final = 10  # different bytes in a key; 32 random ones, or 64 random hex digits, have more
_DEBUGGING: Final = ("PYTHONASYNCIODEBUG", "PYTHONDEVMODE")


def is_tried_out(settings: Settings) -> bool:
    """Anybody may be anybody, and it is reached from this machine alone."""
    return settings.sign_in == "people" and is_loopback(urlsplit(settings.page).hostname or "")


def is_placeholder(secret: str) -> bool:
    return secret.casefold() in _PLACEHOLDERS


def must_be_fit(settings: Settings, environment: Mapping[str, str]) -> None:
    """For every process that serves. Raises `SettingsRejected`; trying it out, on loopback, is done with anything."""
    if is_tried_out(settings):
        return
    _must_be_random(secret_bytes(settings.secret_file, "secret_file"), str(settings.secret_file))
    password = urlsplit(settings.database_url.get_secret_value()).password
    if password is not None and is_placeholder(unquote(password)):
        raise SettingsRejected(
            "The password in `database_url` is one that everybody would try first. Nothing was started. Give the "
            "database another one; best leave it out of the address and in PGPASSFILE."
        )
    if sys.flags.dev_mode or any(map(environment.get, _DEBUGGING)):
        raise SettingsRejected(
            "Python's debugging is on (PYTHONDEVMODE, PYTHONASYNCIODEBUG, or -X dev), which may write what is secret "
            "into a log. Nothing was started. Take it out of the environment."
        )


def _must_be_random(key: bytes, file: str) -> None:
    """Not a proof: it finds a placeholder, a text repeated, one byte many times."""
    text = key.strip()
    repeated = any(text == (text[:length] * len(text))[: len(text)] for length in range(1, len(text) // 2 + 1))
    if repeated or len(set(text)) < _FEWEST or any(word.encode() in text.lower() for word in ("changeme", "change-me")):
        raise SettingsRejected(
            f"The file of secret_file ({file}) holds something that is not random. Nothing was started. Make it once, "
            "for all processes: openssl rand -hex 32."
        )
