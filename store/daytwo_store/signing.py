"""Ed25519 signatures of what leaves the database: checkpoints of the audit, its cuts, evidence files.

A signature is over a purpose and canonical JSON, so that none of one kind passes for one of another. A key is named by
the first 16 hex digits of the SHA-256 of its public half.
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

import rfc8785
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)
from pydantic import JsonValue


class Purpose(StrEnum):
    CHECKPOINT = "checkpoint"
    CUT = "cut"
    EVIDENCE = "evidence"


class KeyUnusable(Exception):
    """A file does not hold a key of the kind that is needed; says what it should hold."""


class Verdict(StrEnum):
    GOOD = "good"
    WRONG = "wrong"
    UNKNOWN_KEY = "unknown key"


@dataclass(frozen=True, slots=True)
class Signer:
    """The private half of one key."""

    private: Ed25519PrivateKey

    @classmethod
    def read(cls, content: bytes) -> "Signer":
        """From 64 hexadecimal digits or a PEM file. Raises `KeyUnusable`."""
        digits = content.strip()
        if re.fullmatch(rb"[0-9a-fA-F]{64}", digits):
            return cls(Ed25519PrivateKey.from_private_bytes(bytes.fromhex(digits.decode())))
        try:
            key = load_pem_private_key(content, password=None)
        except (ValueError, TypeError) as error:
            raise KeyUnusable("64 hexadecimal digits, or an Ed25519 private key as PEM without a password") from error
        if not isinstance(key, Ed25519PrivateKey):
            raise KeyUnusable("64 hexadecimal digits, or an Ed25519 private key as PEM; this is another kind of key")
        return cls(key)

    @property
    def public(self) -> Ed25519PublicKey:
        return self.private.public_key()

    @property
    def key(self) -> str:
        """The name of the key."""
        return name_of(self.public)

    def sign(self, purpose: Purpose, document: Mapping[str, JsonValue]) -> str:
        """The signature in base64."""
        return self.sign_bytes(purpose, rfc8785.dumps(dict(document)))

    def sign_bytes(self, purpose: Purpose, content: bytes) -> str:
        """The same of bytes that are kept as they are."""
        return base64.b64encode(self.private.sign(_message(purpose, content))).decode()


@dataclass(frozen=True, slots=True)
class KeyRing:
    """Public keys that are trusted, by name."""

    keys: Mapping[str, Ed25519PublicKey]

    @classmethod
    def of(cls, keys: Iterable[Ed25519PublicKey]) -> "KeyRing":
        return cls({name_of(key): key for key in keys})

    def check(self, purpose: Purpose, document: Mapping[str, JsonValue], *, key: str, signature: str) -> Verdict:
        return self.check_bytes(purpose, rfc8785.dumps(dict(document)), key=key, signature=signature)

    def check_bytes(self, purpose: Purpose, content: bytes, *, key: str, signature: str) -> Verdict:
        if key not in self.keys:
            return Verdict.UNKNOWN_KEY
        try:
            raw = base64.b64decode(signature, validate=True)
            if base64.b64encode(raw).decode() != signature:  # bits of the last letter that nobody reads
                return Verdict.WRONG
            self.keys[key].verify(raw, _message(purpose, content))
        except (InvalidSignature, ValueError, binascii.Error):
            return Verdict.WRONG
        return Verdict.GOOD


def name_of(key: Ed25519PublicKey) -> str:
    return hashlib.sha256(key.public_bytes(Encoding.Raw, PublicFormat.Raw)).hexdigest()[:16]


def pem_of(key: Ed25519PublicKey) -> str:
    """As it is handed to those who check signatures."""
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def public_keys(content: bytes) -> list[Ed25519PublicKey]:
    """All public keys of a PEM file, one after the other. Raises `KeyUnusable`."""
    found = re.findall(rb"-----BEGIN PUBLIC KEY-----.*?-----END PUBLIC KEY-----", content, re.DOTALL)
    if not found:
        raise KeyUnusable("one or more Ed25519 public keys as PEM (BEGIN PUBLIC KEY)")
    keys = []
    for pem in found:
        try:
            key = load_pem_public_key(pem)
        except ValueError as error:
            raise KeyUnusable("Ed25519 public keys as PEM; one of these cannot be read") from error
        if not isinstance(key, Ed25519PublicKey):
            raise KeyUnusable("Ed25519 public keys as PEM; one of these is another kind of key")
        keys.append(key)
    return keys


def _message(purpose: Purpose, content: bytes) -> bytes:
    return f"daytwo {purpose} v1\n".encode() + content
