"""What is fine on one's own machine and not where others are served: placeholders for secrets, and debugging."""

import sys
from collections.abc import Mapping
from typing import Final
from urllib.parse import unquote, urlsplit

from daytwo_api.settings import ApiSettings
from daytwo_workflows.secret_files import SettingsRejected, secret_bytes

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


def must_be_fit(settings: ApiSettings, environment: Mapping[str, str]) -> None:
    """Raises `SettingsRejected`. Trying it out, on loopback, may be done with anything."""
    if settings.sign_in == "people":
        return
    _must_be_random(secret_bytes(settings.secret_file, "secret_file"), str(settings.secret_file))
    password = urlsplit(settings.database_url.get_secret_value()).password
    if password is not None and unquote(password).casefold() in _PLACEHOLDERS:
        raise SettingsRejected(
            "The password in `database_url` is one that everybody would try first. Nothing was started. Give the "
            "database another one; best leave it out of the address and in PGPASSFILE."
        )
    if settings.oidc is not None and settings.oidc.secret().get_secret_value().casefold() in _PLACEHOLDERS:
        raise SettingsRejected(
            "The secret in oidc.client_secret_file is a placeholder. Nothing was started. Write the one there that the "
            "identity provider gave you."
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
