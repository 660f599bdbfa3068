"""Ids that are the same after every restart."""

import hashlib


def stable_id(*words: str) -> int:
    """An integer id that is the same after every restart; small enough for a JavaScript number."""
    return int.from_bytes(hashlib.sha256("\0".join(words).encode()).digest()[:5], "big")
