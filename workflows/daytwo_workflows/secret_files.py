"""Secrets are files: read when a process starts, named in complaints by their path only."""

from pathlib import Path

from daytwo_actions.masking import SHORTEST
from daytwo_store.errors import DaytwoError


class SettingsRejected(DaytwoError):
    """The process does not start. Says which setting, where it stands, and what it should be; never its value."""

    status = 500
    type = "settings"
    title = "The settings cannot be used"


def secret_bytes(path: Path, name: str) -> bytes:
    """What a file holds that the setting `name` names. Raises `SettingsRejected`."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise SettingsRejected(
            f"The file that {name} names cannot be read ({type(error).__name__}: {path}). Nothing was started."
        ) from None


def secret_text(path: Path, name: str) -> str:
    """The same as text without the line end of an editor. Raises `SettingsRejected`."""
    text = secret_bytes(path, name).decode(errors="replace").strip()
    if not text:
        raise SettingsRejected(f"The file that {name} names is empty ({path}). Nothing was started.")
    if len(text) < SHORTEST:  # to mask it would make holes in ordinary words, and not to would show it (S30)
        raise SettingsRejected(
            f"The secret in the file that {name} names has fewer than {SHORTEST} characters ({path}). It could not be "
            "told apart from ordinary text in logs, and anybody could guess it. Nothing was started. Make a longer one."
        )
    return text
