"""The token by which an attempt's pipeline says who it is, where its CI system has no tokens of its own (A4). Pure.

Derived, so nothing has to be kept: an HMAC of connection and marker. It may claim and report for that one attempt.
What is planned, approved and stored holds only its SHA-256; the token takes that place as the bytes leave
(docs/decisions/0011).
"""

import base64
import hashlib
import hmac
from typing import Final

from daytwo_store.ids import ConnectionName, Corr

RESERVED: Final = "daytwo_token"  # the input that carries it
PREFIX: Final = "dtr_"
_SHORTEST_KEY: Final = 16  # bytes


class NotTheSlot(AssertionError):
    """The place for the token is there more than once: nothing is sent."""


def run_token(key: bytes, connection: ConnectionName | str, marker: Corr) -> str:
    """256 bits for one attempt. Raises `ValueError` for a key that is too short."""
    if len(key) < _SHORTEST_KEY:
        raise ValueError(f"The key of run tokens has {len(key)} bytes; it needs at least {_SHORTEST_KEY}.")
    parts = [part.encode() for part in (connection, marker)]
    message = b"".join(b"%d:%s," % (len(part), part) for part in parts)
    digest = hmac.digest(key, message, hashlib.sha256)
    return PREFIX + base64.b32encode(digest).decode().lower().rstrip("=")


def commitment(token: str) -> str:
    """What stands in its place until it is sent: exactly one token has this SHA-256."""
    return "sha256:" + hashlib.sha256(token.encode()).hexdigest()


def filled(body: bytes, token: str) -> bytes:
    """The body with the token in its place; a body without such a place as it is. Raises `NotTheSlot`."""
    slot = commitment(token).encode()
    if body.count(slot) > 1:
        raise NotTheSlot("The place for the run's token stands more than once in what is to be sent: nothing is sent.")
    return body.replace(slot, token.encode())
