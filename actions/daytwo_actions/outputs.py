"""What a pipeline leaves as its results: checked before it is kept, with secrets masked. Pure.

Written by whoever can change the pipeline, so it is data: a small JSON object that every part of ours can carry.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Final

from pydantic import JsonValue

from daytwo_actions.masking import masked
from daytwo_store.errors import Rejected, TooLarge

LIMIT: Final = 64 * 1024  # bytes of the object as JSON
_DEEPEST: Final = 16
_LARGEST: Final = 2**53 - 1  # beyond it JSON numbers are not exact everywhere
_LEFT_OUT: Final = "Nothing was kept."


def checked(outputs: Mapping[str, JsonValue], *, secrets: Sequence[str]) -> dict[str, JsonValue]:
    """The results as they may be kept and shown. Raises `Rejected`, `TooLarge`."""
    kept = {_name(name, secrets): _value(value, secrets, 1) for name, value in outputs.items()}
    size = len(json.dumps(kept, ensure_ascii=False).encode())
    if size > LIMIT:
        raise TooLarge(
            f"The results have {size} bytes as JSON, and {LIMIT // 1024} KB are kept. {_LEFT_OUT} "
            "Leave large things in the CI system as files, and report where they are."
        )
    return kept


def _value(value: JsonValue, secrets: Sequence[str], depth: int) -> JsonValue:
    if depth > _DEEPEST:
        raise Rejected(f"The results are nested more than {_DEEPEST} levels deep. {_LEFT_OUT} Flatten them.")
    match value:
        case str():
            return _text(value, secrets)
        case bool() | None:
            return value
        case int() | float():
            return _number(value)
        case list():
            return [_value(item, secrets, depth + 1) for item in value]
        case dict():
            return {_name(name, secrets): _value(item, secrets, depth + 1) for name, item in value.items()}


def _number(value: float) -> float:
    if not abs(value) <= _LARGEST:  # neither is "not a number"
        raise Rejected(f"The results hold a number that JSON cannot carry exactly. {_LEFT_OUT} Send it as text.")
    return value


def _name(name: str, secrets: Sequence[str]) -> str:
    if not 0 < len(name) <= 200:
        raise Rejected(f"A name in the results is empty or longer than 200 characters. {_LEFT_OUT} Choose another.")
    return _text(name, secrets)


def _text(text: str, secrets: Sequence[str]) -> str:
    if "\x00" in text or any("\ud800" <= sign <= "\udfff" for sign in text):
        raise Rejected(
            f"A text in the results has a null character or half of a surrogate pair. {_LEFT_OUT} Remove it."
        )
    return masked(text, secrets)
