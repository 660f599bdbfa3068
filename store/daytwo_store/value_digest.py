"""A digest of JSON values that is the same before they are stored and after they are read again."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any


def value_digest(value: object) -> str:
    """SHA-256 of JSON with sorted keys. Numbers may have any size, which RFC 8785 does not allow."""
    text = json.dumps(as_stored(value), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def as_stored(value: object) -> Any:
    """The database writes 1e22 as a whole number, and so it comes back."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, Mapping):
        return {str(name): as_stored(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [as_stored(one) for one in value]
    return value
