"""Values of parameters: text that has to arrive as somebody typed it.

Argo puts values into templates as text, within JSON that it makes itself (`strconv.Quote` of Go), and looks for
`{{ … }}` in the result again. So a few values cannot arrive as they are, and those are refused before anything is sent
(docs/decisions/0012).
https://argo-workflows.readthedocs.io/en/latest/variables/
"""

import json
import math
import re
import unicodedata
from collections.abc import Mapping
from typing import Final

from pydantic import JsonValue

from daytwo_actions.backends.argo.wire.inputs import MARKER_INPUT
from daytwo_actions.backends.failures import BackendDenied
from daytwo_store.ids import Corr

_NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,128}")
_MOST_BYTES: Final = 262_144  # of all values; Kubernetes keeps an object of some 1.5 MB, and each node repeats its own
# What Go's Quote writes in a way that JSON does not know: \a, \v and \x…
_NOT_IN_JSON: Final = re.compile(r"[\x00-\x07\x0b\x0e-\x1f\x7f]")


def parameters(inputs: Mapping[str, JsonValue], corr: Corr) -> dict[str, str]:
    """By name, the marker among them. Raises `BackendDenied` for what Argo cannot take as it is.

    True is "true", 3 is "3", null is left out so that the template's own default holds.
    """
    if MARKER_INPUT in inputs:
        raise BackendDenied(
            f"The input {MARKER_INPUT!r} is reserved for the marker of a run. Nothing was sent; "
            "take it out of the step's inputs."
        )
    texts = {_name(name): _text(name, value) for name, value in inputs.items() if value is not None}
    size = sum(len(text.encode()) for text in texts.values())
    if size > _MOST_BYTES:
        raise BackendDenied(
            f"The inputs have {size} bytes, and a workflow can carry {_MOST_BYTES}. Nothing was sent; "
            "pass a reference to the data instead of the data."
        )
    return dict(sorted({**texts, MARKER_INPUT: corr}.items()))


def _name(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise BackendDenied(
            f"{name!r} cannot be the name of a parameter in Argo: letters, digits, - and _ only. Nothing was sent; "
            "correct the step's inputs."
        )
    return name


def _text(name: str, value: JsonValue) -> str:
    match value:
        case str():
            return _arrives(name, value)
        case bool():
            return "true" if value else "false"
        case int():
            return json.dumps(value)
        case float() if math.isfinite(value):
            return json.dumps(value)
    kind = "a list" if isinstance(value, list) else "an object" if isinstance(value, dict) else "not a finite number"
    raise BackendDenied(
        f"The input {name!r} is {kind}, and Argo takes only text. Nothing was sent; "
        "hand a list or an object over as text with toJSON(…)."
    )


def _arrives(name: str, text: str) -> str:
    why = _why_not(text)
    if why is not None:
        raise BackendDenied(f"The input {name!r} cannot reach a workflow as it was typed: {why}. Nothing was sent.")
    return text


def _why_not(text: str) -> str | None:
    if "{{" in text:
        return "Argo takes {{ as the beginning of a variable of its own, and would put something else there"
    if text.endswith("{"):
        # Two values side by side in a template would make one of it.
        return "it ends with {, which Argo may take as the beginning of a variable of its own"
    if _NOT_IN_JSON.search(text):
        return "it has control characters that Argo cannot hand over"
    if any(_is_odd(character) for character in text):
        return "it has characters that Argo cannot hand over (invisible or unknown ones beyond U+FFFF, or half a pair)"
    return None


def _is_odd(character: str) -> bool:
    if character <= "\ud7ff":
        return False
    if character <= "\udfff":
        return True
    return character > "\uffff" and unicodedata.category(character)[0] in "CZ"
