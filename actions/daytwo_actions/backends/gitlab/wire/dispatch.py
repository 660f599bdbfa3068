"""The frozen bytes of a pipeline's creation.

https://docs.gitlab.com/api/pipelines/#create-a-new-pipeline, https://docs.gitlab.com/ci/triggers/
The bytes are those that python-gitlab will encode (`json.dumps` with its defaults, keys in this order); the transport
compares them again with what is about to leave. A trigger token is not among them: it is put in when they leave.
"""

import hashlib
import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from pydantic import JsonValue

from daytwo_actions.backends.base import FrozenRequest, Pinned
from daytwo_actions.backends.failures import BackendDenied
from daytwo_actions.backends.gitlab.wire import names
from daytwo_actions.backends.gitlab.wire.inputs import MARKER_INPUT, MARKER_VARIABLE, MOST_INPUTS
from daytwo_store.ids import Corr, Digest

EVERYTHING: Final = "*"
_CREATE: Final = "/pipeline"
_TRIGGER: Final = "/trigger/pipeline"
_LONGEST_INPUT: Final = 1023  # bytes: "less than 1 KB"
_LONGEST_VARIABLE: Final = 131_000  # bytes: an environment variable of Linux ends at 128 KiB, its name included
# What ends the place in YAML that a text is filled into, plain or quoted, or makes something else of it than a text.
_MORE_THAN_TEXT: Final = re.compile(
    r"""[\x00-\x1f\x7f-\x9f\u2028\u2029"'\\\[\]{}]|(?:^|\s)\#|:(?:\s|$)|^[&*!|>%@`]|^[-?](?:\s|$)"""
)
_LARGEST_BODY: Final = 1_000_000  # bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class Dispatch:
    """A frozen body, read back as the arguments that encode to the same bytes."""

    project_id: str
    ref: str
    variables: dict[str, str]
    inputs: dict[str, JsonValue]
    triggered: bool  # by a trigger token

    @property
    def path(self) -> str:
        return names.project_by_id(self.project_id) + (_TRIGGER if self.triggered else _CREATE)

    def document(self, token: str | None = None) -> dict[str, JsonValue]:
        """What is sent as JSON. Without the token it is what is kept."""
        if self.triggered:
            secret: dict[str, JsonValue] = {} if token is None else {"token": token}
            return {"ref": self.ref, **secret, "variables": dict(self.variables), "inputs": dict(self.inputs)}
        document: dict[str, JsonValue] = {"ref": self.ref}
        if self.variables:
            document["variables"] = [{"key": key, "value": value} for key, value in self.variables.items()]
        if self.inputs:
            document["inputs"] = dict(self.inputs)
        return document

    def body(self, token: str | None = None) -> bytes:
        return json.dumps(self.document(token), allow_nan=False).encode()


def freeze(
    pinned: Pinned,
    inputs: Mapping[str, JsonValue],
    corr: Corr,
    *,
    triggered: bool,
    max_inputs: int = MOST_INPUTS,
) -> FrozenRequest:
    """The bytes of a dispatch. Raises `BackendDenied` for inputs that GitLab cannot take.

    What the pipeline declares in `spec:inputs` goes as an input, with its type; everything else as a variable, as
    text. null is left out so that the pipeline's own default holds. So does the marker: as the input `daytwo_run`
    where that is declared, else as the variable `DAYTWO_RUN`.
    """
    given = {name: value for name, value in inputs.items() if value is not None}
    if given.keys() & {MARKER_INPUT, MARKER_VARIABLE}:
        raise BackendDenied(
            f"{MARKER_INPUT} and {MARKER_VARIABLE} are reserved for the marker of a run. Nothing was sent; take them "
            "out of the step's inputs."
        )
    given[marker_key(pinned)] = corr
    declared = frozenset(given if EVERYTHING in pinned.declared else pinned.declared) - {MARKER_VARIABLE}
    dispatch = Dispatch(
        project_id=pinned.project_id,
        ref=names.checked_ref(pinned.target.ref),
        variables={name: variable(name, given[name]) for name in sorted(given.keys() - declared)},
        inputs={name: _input(name, given[name]) for name in sorted(given.keys() & declared)},
        triggered=triggered,
    )
    if len(dispatch.inputs) > max_inputs:
        raise BackendDenied(
            f"The step gives {len(dispatch.inputs)} inputs, the marker among them, and GitLab takes {max_inputs} for "
            "one pipeline. Nothing was sent; take some of them out of `spec:inputs`: what the pipeline does not "
            "declare goes as a variable, and of those there may be any number."
        )
    body = _encoded(dispatch)
    return FrozenRequest(pinned=pinned, corr=corr, method="POST", path=dispatch.path, body=body, digest=digest_of(body))


def marker_key(pinned: Pinned) -> str:
    """What our marker is called on its way there."""
    return MARKER_INPUT if MARKER_INPUT in pinned.declared else MARKER_VARIABLE


def thaw(request: FrozenRequest) -> Dispatch:
    """The arguments that give these bytes again. Raises `ValueError` when the bytes are not what was frozen."""
    if digest_of(request.body) != request.digest:
        raise ValueError("its bytes do not have the digest that was frozen with them")
    place = names.project_by_id(request.pinned.project_id)
    triggered = request.path == f"{place}{_TRIGGER}"
    if request.method != "POST" or request.path not in {f"{place}{_TRIGGER}", f"{place}{_CREATE}"}:
        raise ValueError("it does not go where a dispatch of its target goes")
    document = json.loads(request.body)
    variables = document.get("variables", {})
    dispatch = Dispatch(
        project_id=request.pinned.project_id,
        ref=document["ref"],
        variables=variables if triggered else {one["key"]: one["value"] for one in variables},
        inputs=document.get("inputs", {}),
        triggered=triggered,
    )
    if dispatch.body() != request.body:
        raise ValueError("its bytes are not in the form that python-gitlab sends")
    return dispatch


def digest_of(body: bytes) -> Digest:
    return Digest(hashlib.sha256(body).hexdigest())


def _encoded(dispatch: Dispatch) -> bytes:
    try:
        body = dispatch.body()
    except ValueError:
        raise BackendDenied(
            "A number among the inputs is not finite, and JSON has no such number. Nothing was sent; correct it."
        ) from None
    if len(body) > _LARGEST_BODY:
        raise BackendDenied(
            f"The inputs have {len(body)} bytes as JSON; more than {_LARGEST_BODY} are not sent. Nothing was sent; "
            "pass a reference to the data instead of the data."
        )
    return body


def _input(name: str, value: JsonValue) -> JsonValue:
    """Typed, as it is. GitLab puts it into the text of the pipeline's file before it reads that, so a text that could
    be more than a text there is refused, whatever `options` or `regex` say."""
    for text in _strings(value):
        if len(text.encode()) > _LONGEST_INPUT:
            raise BackendDenied(
                f"The input {name!r} has {len(text.encode())} bytes, and GitLab takes less than 1024 in an input. "
                f"Nothing was sent; take {name!r} out of `spec:inputs`, so that it goes as a variable."
            )
        found = _MORE_THAN_TEXT.search(text)
        if found is not None:
            raise BackendDenied(
                f"The input {name!r} holds {found[0]!r}, and GitLab fills an input into the text of the pipeline's "
                "file before it reads that: there it could end the text or be read as something else. Nothing was "
                f"sent; write it otherwise, or take {name!r} out of `spec:inputs`, so that it goes as a variable, in "
                "which every text arrives as it was typed."
            )
    return value


def _strings(value: JsonValue) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, list):
        return [text for one in value for text in _strings(one)]
    if isinstance(value, dict):
        return [text for one in value.values() for text in _strings(one)]
    return []


def variable(name: str, value: JsonValue) -> str:
    """As text that arrives as it was typed: GitLab replaces "$NAME" in a variable's value, and "$$" by "$".

    https://docs.gitlab.com/ci/variables/#use-the--character-in-variables
    """
    text = _text(name, value)
    if not _can_be_a_name(name):
        raise BackendDenied(
            f"{name!r} cannot be the name of a variable in GitLab, and the pipeline declares no input of that name. "
            "Nothing was sent; use letters, digits and _."
        )
    if "\x00" in text:
        raise BackendDenied(f"The input {name!r} holds a null character, which no variable can. Nothing was sent.")
    escaped = text.replace("$", "$$")
    if len(escaped.encode()) + len(name) > _LONGEST_VARIABLE:
        raise BackendDenied(
            f"The input {name!r} has {len(escaped.encode())} bytes, and a variable of a job holds "
            f"{_LONGEST_VARIABLE}. Nothing was sent; pass a reference to the data instead of the data."
        )
    return escaped


def _can_be_a_name(name: str) -> bool:
    return name.isascii() and name.replace("_", "a").isalnum() and not name[0].isdigit()


def _text(name: str, value: JsonValue) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int) or (isinstance(value, float) and math.isfinite(value)):
        return json.dumps(value)
    what = "a list" if isinstance(value, list) else "an object" if isinstance(value, dict) else "not a finite number"
    raise BackendDenied(
        f"The input {name!r} is {what}, and a variable in GitLab is text. Nothing was sent; declare it in "
        "`spec:inputs` (type: array), or hand it over as text with toJSON(…)."
    )
