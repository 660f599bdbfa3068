"""Values that are encrypted at rest: a ring of keys, and the envelope that names the key it was made with (A6).

AES-256-GCM. The associated data are the key's id, a purpose and the identity of the row, so that a value that somebody
copies into another row does not open there. What is not an envelope is refused, never taken for a value. Pure, except
that `Keys` may follow a file.
"""

import hashlib
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, NewType

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from daytwo_store.errors import DaytwoError, Unavailable

KeyId = NewType("KeyId", str)

KEY_BYTES: Final = 32
MAGIC: Final = b"\x00daytwo\x01"  # begins with what no text in the database can hold
_NONCE: Final = 12


class NotSealed(DaytwoError):
    """Something stands where an encrypted value has to be. It is not used: somebody may have put it there."""

    type = "not-sealed"
    title = "A stored value is not encrypted"


class SealBroken(DaytwoError):
    """The value was changed, or belongs to another row."""

    type = "seal-broken"
    title = "A stored value does not open"


class UnknownKey(Unavailable):
    """The key that opens it is not in this process's ring: put back, everything goes on."""

    type = "unknown-key"
    title = "A key is missing"


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """Where a value belongs: it opens nowhere else."""

    purpose: str  # "input", "credential"
    identity: tuple[str, ...]

    def associated(self, kid: str) -> bytes:
        parts = [part.encode() for part in (kid, self.purpose, *self.identity)]
        return b"".join(b"%d:%s," % (len(part), part) for part in parts)


@dataclass(frozen=True, slots=True)
class KeyRing:
    """Keys by id; values are encrypted with the active one, and opened with whichever they name."""

    active: KeyId | None
    keys: Mapping[KeyId, bytes] = field(repr=False)

    def seal(self, value: bytes, row: Row) -> tuple[KeyId, bytes]:
        """The envelope, and the id of its key. Raises `UnknownKey` when there is no active key."""
        if self.active is None:
            raise UnknownKey(
                "No key is configured to encrypt with, so nothing was kept. Set key_ring_file, or secret_file, in the "
                "settings; see docs/how-to/rotate-keys.md."
            )
        kid, nonce = self.active, os.urandom(_NONCE)
        closed = AESGCM(self._key(kid)).encrypt(nonce, value, row.associated(kid))
        name = kid.encode()
        return kid, MAGIC + bytes([len(name)]) + name + nonce + closed

    def open(self, envelope: bytes, row: Row) -> bytes:
        """The value. Raises `NotSealed`, `UnknownKey`, `SealBroken`."""
        kid, rest = read_envelope(envelope, row)
        try:
            return AESGCM(self._key(kid)).decrypt(rest[:_NONCE], rest[_NONCE:], row.associated(kid))
        except InvalidTag:
            raise SealBroken(
                f"The stored {row.purpose} {row.identity[-1]} does not open with its key {kid}: it was changed, or "
                "copied from another row. It was not used. Ask an administrator; the value has to be given again."
            ) from None

    def _key(self, kid: KeyId) -> bytes:
        key = self.keys.get(kid)
        if key is None:
            raise UnknownKey(
                f"The key {kid} that a stored value was encrypted with is not in the key ring of this process. Nothing "
                "was lost and nothing was done. Put the key back into the file of key_ring_file; it is tried again."
            )
        return key


def read_envelope(envelope: bytes, row: Row) -> tuple[KeyId, bytes]:
    """The key's id, and nonce and ciphertext. Raises `NotSealed`."""
    size = len(MAGIC)
    length = envelope[size] if len(envelope) > size else 0
    rest = envelope[size + 1 + length :]
    if not envelope.startswith(MAGIC) or not length or len(rest) < _NONCE + 16:
        raise NotSealed(
            f"The stored {row.purpose} {row.identity[-1]} is not encrypted, although everything of its kind is. It was "
            "not used. Ask an administrator who wrote it there; the value has to be given again."
        )
    return KeyId(envelope[size + 1 : size + 1 + length].decode(errors="replace")), rest


class Keys:
    """The ring of this process, asked for each time: whoever makes it may follow a file that changes."""

    def __init__(self, read: Callable[[], KeyRing]) -> None:
        self._read = read

    @property
    def ring(self) -> KeyRing:
        return self._read()

    @classmethod
    def of(cls, ring: KeyRing) -> "Keys":
        return cls(lambda: ring)


NO_KEYS: Final = Keys.of(KeyRing(None, {}))


def derived(key: bytes) -> KeyRing:
    """A ring of one key that comes from another secret; its id tells which, so that another one is noticed."""
    kid = KeyId("derived-" + hashlib.sha256(b"daytwo key id" + key).hexdigest()[:8])
    return KeyRing(kid, {kid: key})
