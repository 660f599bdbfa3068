"""What answers may be at all, before anything looks at what they mean.

The limits keep every later step cheap, and what passes can be written as canonical JSON (RFC 8785), stored as JSONB
(which takes no NUL) and sent to a CI system unchanged.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import rfc8785

from daytwo_forms.pointers import under
from daytwo_store.errors import FieldFault

_WHOLE: Final = 2**53 - 1


@dataclass(frozen=True, kw_only=True, slots=True)
class AnswerLimits:
    """`total` is bytes of canonical JSON of all answers, `text` characters of one text, `items` of one list or map."""

    total: int = 128 * 1024
    text: int = 60_000
    items: int = 1_000
    depth: int = 12


def limit_faults(answers: Mapping[str, object], at: str, limits: AnswerLimits) -> list[FieldFault]:
    """Every breach. `at` is the JSON pointer of the answers in what was sent."""
    faults = list(_walk(answers, at, limits))
    if faults:
        return faults
    try:
        size = len(rfc8785.dumps(answers))  # type: ignore[arg-type]  # JSON: `_walk` has just found nothing else
    except rfc8785.CanonicalizationError:
        return [FieldFault(at, "The answers cannot be written as JSON")]
    if size > limits.total:
        return [FieldFault(at, f"The answers are {size} bytes together, and at most {limits.total} are accepted")]
    return []


def _walk(answers: Mapping[str, object], at: str, limits: AnswerLimits) -> Iterator[FieldFault]:
    todo: list[tuple[object, str, int]] = [(answers, at, 0)]
    while todo:
        value, pointer, depth = todo.pop()
        fault = _one(value, depth, limits)
        if fault:
            yield FieldFault(pointer, fault)
        elif isinstance(value, Mapping):
            bad = [key for key in value if not isinstance(key, str) or _text_fault(key, limits)]
            if bad:
                yield FieldFault(pointer, "A name in here is not text that can be stored")
            else:
                todo += [(item, under(pointer, key), depth + 1) for key, item in value.items()]
        elif isinstance(value, list | tuple):
            todo += [(item, under(pointer, number), depth + 1) for number, item in enumerate(value)]


def _one(value: object, depth: int, limits: AnswerLimits) -> str | None:
    if isinstance(value, str):
        return _text_fault(value, limits)
    if value is None or isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return None if _keeps(value) else "A number here is larger than JSON keeps exactly"
    if not isinstance(value, Mapping | list | tuple):
        return "This is not a JSON value"
    if depth >= limits.depth:
        return "This is nested too deep"
    return f"At most {limits.items} items are accepted here" if len(value) > limits.items else None


def _keeps(value: float) -> bool:
    """NaN and the infinities are no JSON numbers; readers disagree about whole numbers beyond 2^53."""
    return abs(value) <= _WHOLE if isinstance(value, int) else -1e300 < value < 1e300


def _text_fault(text: str, limits: AnswerLimits) -> str | None:
    if len(text) > limits.text:
        return f"The text has {len(text)} characters, and at most {limits.text} are accepted"
    if "\0" in text:
        return "The text contains a NUL character, which cannot be stored"
    if any("\ud800" <= sign <= "\udfff" for sign in text):
        return "The text is not Unicode: it contains half of a surrogate pair"
    return None
