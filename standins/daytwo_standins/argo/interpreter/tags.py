"""``{{tags}}`` in templates: replaced in the text of the template's JSON, as Argo does it.

A value is escaped as the inside of a JSON string, so it arrives as it is wherever the template puts it; a script gets
it as text in its source. A tag that nobody knows stays. Values that are replaced first may carry tags themselves.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

OPEN, CLOSE = "{{", "}}"


def fill(data: Any, *rounds: Mapping[str, str]) -> Any:
    """The same data with the tags replaced, one mapping after the other."""
    text = json.dumps(data, ensure_ascii=False)
    for values in rounds:
        text = _replaced(text, values)
    return json.loads(text)


def tags_in(data: Any) -> Iterator[str]:
    """The names of all tags, in order."""
    text = json.dumps(data, ensure_ascii=False)
    for _, tag in _pieces(text):
        if tag is not None:
            yield tag.strip()


def text_of(value: Any) -> str:
    """A value as text: strings as they are, everything else as JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _replaced(text: str, values: Mapping[str, str]) -> str:
    out = []
    for before, tag in _pieces(text):
        out.append(before)
        if tag is None:
            continue
        value = values.get(tag.strip())
        out.append(f"{OPEN}{tag}{CLOSE}" if value is None else json.dumps(value, ensure_ascii=False)[1:-1])
    return "".join(out)


def _pieces(text: str) -> Iterator[tuple[str, str | None]]:
    """Text before a tag and the tag; at the end the rest and None."""
    at = 0
    while True:
        start = text.find(OPEN, at)
        end = text.find(CLOSE, start + len(OPEN)) if start >= 0 else -1
        if end < 0:
            yield text[at:], None
            return
        yield text[at:start], text[start + len(OPEN) : end]
        at = end + len(CLOSE)
