"""A reference says where a secret is. It may stand in settings, logs and messages; the value may not."""

import re
from dataclasses import dataclass
from typing import Final

PATTERN: Final = r"^secret://(env/[A-Za-z_][A-Za-z0-9_]*|file/[^\s#]+|vault/[^\s/#]+/[^\s#]+#[^\s#]+|stored)$"
NAMED: Final = r"^secrets\.[a-z][a-z0-9_]*$"
OWN_FILE: Final = "own-file"  # the provider of what a setting names by its path; nobody writes such a reference
_PARTS: Final = re.compile(r"secret://(?P<provider>[a-z]+)(?:/(?P<path>[^#]*))?(?:#(?P<key>.+))?")


class ReferenceWrong(ValueError):
    """Not a reference that we know. Says how one looks."""


@dataclass(frozen=True, slots=True)
class Reference:
    provider: str  # "env", "file", "vault", "stored", OWN_FILE
    path: str = ""
    key: str = ""
    connection: str = ""  # of `stored`: whose credential it is

    def __str__(self) -> str:
        if self.provider == OWN_FILE:
            return f"in the file {self.path}"
        return (
            f"secret://{self.provider}" + (f"/{self.path}" if self.path else "") + (f"#{self.key}" if self.key else "")
        )


def read_reference(text: str, *, connection: str = "") -> Reference:
    """Raises `ReferenceWrong`."""
    found = _PARTS.fullmatch(text)
    if found is None or not re.fullmatch(PATTERN, text):
        raise ReferenceWrong(
            "has to be secret://env/NAME, secret://file/PATH, secret://vault/MOUNT/PATH#KEY or secret://stored"
        )
    provider, path, key = found["provider"], found["path"] or "", found["key"] or ""
    if any(part in ("", ".", "..") for part in path.split("/")) and provider in ("file", "vault"):
        raise ReferenceWrong("has to be a plain path, without `.` and `..` in it")
    return Reference(provider, path, key, connection if provider == "stored" else "")
