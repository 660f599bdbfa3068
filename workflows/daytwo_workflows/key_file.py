"""The file of a key ring: JSON, private to its owner, replaced as a whole.

    {"active": "k-20261129-3f2a91c7", "keys": {"k-20261129-3f2a91c7": "<32 bytes, base64>"}}

Processes look at it each time they need a key, so a key that is added or made active is there without a restart.
"""

import base64
import binascii
import json
import os
import secrets
import stat
from datetime import datetime
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from daytwo_store.keyring import KEY_BYTES, KeyId, KeyRing, Keys
from daytwo_workflows.secret_files import SettingsRejected, secret_bytes

_KeyName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,62}$")]


class _Content(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    active: _KeyName | None
    keys: dict[_KeyName, str]


def read_ring(path: Path) -> KeyRing:
    """Raises `SettingsRejected`, never with a key in it."""
    try:
        content = _Content.model_validate_json(secret_bytes(path, "key_ring_file"))
        keys = {KeyId(name): base64.b64decode(text, validate=True) for name, text in content.keys.items()}
    except (ValidationError, binascii.Error):
        raise SettingsRejected(
            f"The file that key_ring_file names ({path}) is not a key ring. Nothing was started. Take it from where "
            "`daytwo keys new` wrote it, whole."
        ) from None
    short = next((name for name, key in keys.items() if len(key) != KEY_BYTES), None)
    if short is not None:
        raise SettingsRejected(f"The key {short} in {path} has not {KEY_BYTES} bytes. Nothing was started.")
    if content.active is not None and content.active not in keys:
        raise SettingsRejected(f"The active key {content.active} is not in {path}. Nothing was started.")
    return KeyRing(KeyId(content.active) if content.active else None, keys)


def write_ring(path: Path, ring: KeyRing) -> None:
    """In place of what was there, at once, readable by its owner only."""
    text = json.dumps(
        {"active": ring.active, "keys": {name: base64.b64encode(key).decode() for name, key in ring.keys.items()}},
        indent=2,
    )
    beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    mode = stat.S_IMODE(path.stat().st_mode) if path.exists() else 0o600
    with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "w") as file:
        file.write(text + "\n")
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)  # what is encrypted with a key from now on has to find it after a power cut
    finally:
        os.close(folder)


def new_key(ring: KeyRing, now: datetime) -> tuple[KeyId, KeyRing]:
    """The ring with one more key, which is not active unless it is the first."""
    kid = KeyId(f"k-{now:%Y%m%d}-{secrets.token_hex(4)}")
    assert kid not in ring.keys, "a key is never replaced"
    return kid, KeyRing(ring.active or kid, {**ring.keys, kid: secrets.token_bytes(KEY_BYTES)})


def follow(path: Path | None, derived: KeyRing) -> Keys:
    """The keys of a file as it is now; `derived` without one, and beside it for what was encrypted before there was
    one. A file that cannot be read any more leaves the keys as they were. Raises `SettingsRejected` at the start."""
    return Keys.of(derived) if path is None else Keys(_Following(path, derived))


class _Following:
    def __init__(self, path: Path, derived: KeyRing) -> None:
        self._path = path
        self._derived = derived
        self._seen = _mark(path)
        self._ring = self._read()
        if self._ring.active is None:
            raise SettingsRejected(
                f"The key ring {path} has no active key. Nothing was started. Make one: daytwo keys new."
            )

    def __call__(self) -> KeyRing:
        mark = _mark(self._path)
        if mark is not None and mark != self._seen:
            try:
                self._ring, self._seen = self._read(), mark
            except SettingsRejected:
                return self._ring
        return self._ring

    def _read(self) -> KeyRing:
        ring = read_ring(self._path)
        return KeyRing(ring.active, {**self._derived.keys, **ring.keys})


def _mark(path: Path) -> tuple[int, int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size
