"""What people said is bound by the audit: the entry of what they did has the digest of their words, never the words."""

import hashlib
from typing import Final

SAID: Final = "said"  # the fact that has it; entries of before have none


def said(words: str | None) -> dict[str, str]:
    """SHA-256 of somebody's words, as a fact; also of none, so that none can be put into their mouth."""
    return {SAID: digest_of_words(words)}


def digest_of_words(words: str | None) -> str:
    """64 hex digits."""
    return hashlib.sha256((words or "").encode("utf-8", "surrogatepass")).hexdigest()
