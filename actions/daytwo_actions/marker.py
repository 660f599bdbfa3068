"""The marker of an attempt: what a run in a CI system carries so that we know it again (algorithm A1).

It is an HMAC, so nobody can start a run that carries the marker of an attempt that has not been sent yet.
"""

import base64
import hashlib
import hmac
import re

from daytwo_store.ids import AttemptNo, Corr, RunId, StepPath

_LENGTH = 20  # characters of 5 bits each: 100 bits
_ANY = re.compile(rf"(?<![a-z0-9])[a-z2-7]{{{_LENGTH}}}(?![a-z0-9])")
_SHORTEST_KEY = 16  # bytes


def corr(key: bytes, run_id: RunId, step_path: StepPath, attempt_no: AttemptNo) -> Corr:
    """Lower-case base 32 (RFC 4648) of the HMAC-SHA256 of (run, step path, attempt), its first 20 characters.

    `key` is the installation's marker key, at least 16 bytes. Raises `ValueError` for a shorter one.
    """
    if len(key) < _SHORTEST_KEY:
        raise ValueError(f"The marker key has {len(key)} bytes; it needs at least {_SHORTEST_KEY} to be unguessable.")
    # Each part goes in with its length, so that no two triples give the same message.
    parts = [part.encode() for part in (run_id, step_path, str(attempt_no))]
    message = b"".join(b"%d:%s," % (len(part), part) for part in parts)
    digest = hmac.new(key, message, hashlib.sha256).digest()
    return Corr(base64.b32encode(digest).decode().lower()[:_LENGTH])


def shows_one(text: str) -> bool:
    """Whether the text has the marker of any attempt in it, as a word of its own, by its looks."""
    return _ANY.search(text) is not None
