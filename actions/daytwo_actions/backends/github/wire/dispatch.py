"""The frozen bytes of a workflow dispatch.

https://docs.github.com/en/rest/actions/workflows#create-a-workflow-dispatch-event
The bytes are those that PyGithub's `Workflow.create_dispatch` will encode (`json.dumps` with its defaults, keys in this
order); the transport compares them again with what is about to leave.
"""

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from pydantic import JsonValue

from daytwo_actions.backends.base import BackendDenied, FrozenRequest, Pinned
from daytwo_actions.backends.github.wire import names
from daytwo_store.ids import Corr, Digest

RESERVED: Final = "daytwo_run"  # the input that carries our marker into `run-name`
PACK: Final = "daytwo_inputs"  # the input that carries, as JSON, what a workflow does not declare by name
_MOST_CHARACTERS: Final = 65_535  # of all inputs together
_ALWAYS_TELLS: Final = "2026-03-10"  # from this API version on the run id comes unasked, and the flag is unknown


@dataclass(frozen=True, kw_only=True, slots=True)
class Dispatch:
    """A frozen body, read back as the arguments that encode to the same bytes."""

    ref: str
    inputs: dict[str, str]
    return_run_details: bool

    def body(self) -> bytes:
        document: dict[str, object] = {"ref": self.ref, "inputs": self.inputs}
        if self.return_run_details:
            document["return_run_details"] = True
        return json.dumps(document).encode()


def freeze(
    pinned: Pinned, inputs: Mapping[str, JsonValue], corr: Corr, *, max_inputs: int, api_version: str | None
) -> FrozenRequest:
    """The bytes of a dispatch. Raises `BackendDenied` for inputs that GitHub cannot take.

    Inputs travel as text, the way that GitHub hands them to a workflow: true is "true", 3 is "3", null is left out so
    that the workflow's own default holds. The marker goes along only if the workflow declares an input for it, since
    GitHub refuses inputs that it does not know.
    """
    texts = _texts(inputs)
    if pinned.marked:
        texts[RESERVED] = corr
    _check_size(texts, max_inputs)
    names.ref_places(pinned.target.ref)
    dispatch = Dispatch(
        ref=pinned.target.ref,
        inputs=dict(sorted(texts.items())),
        return_run_details=api_version is None or api_version < _ALWAYS_TELLS,
    )
    body = dispatch.body()
    return FrozenRequest(
        pinned=pinned,
        corr=corr,
        method="POST",
        path=f"{names.workflow(pinned.target)}/dispatches",
        body=body,
        digest=digest_of(body),
    )


def thaw(request: FrozenRequest) -> Dispatch:
    """The arguments that give these bytes again. Raises `ValueError` when the bytes are not what was frozen."""
    if digest_of(request.body) != request.digest:
        raise ValueError("its bytes do not have the digest that was frozen with them")
    document = json.loads(request.body)
    dispatch = Dispatch(
        ref=document["ref"],
        inputs=document["inputs"],
        return_run_details=document.get("return_run_details", False),
    )
    if request.method != "POST" or request.path != f"{names.workflow(request.pinned.target)}/dispatches":
        raise ValueError("it does not go where a dispatch of its target goes")
    if dispatch.body() != request.body:
        raise ValueError("its bytes are not in the form that PyGithub sends")
    return dispatch


def digest_of(body: bytes) -> Digest:
    return Digest(hashlib.sha256(body).hexdigest())


def _texts(inputs: Mapping[str, JsonValue]) -> dict[str, str]:
    if RESERVED in inputs:
        raise BackendDenied(
            f"The input {RESERVED!r} is reserved for the marker of a run. Nothing was sent; "
            "take it out of the step's inputs."
        )
    return {name: _text(name, value) for name, value in inputs.items() if value is not None}


def _text(name: str, value: JsonValue) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int) or (isinstance(value, float) and math.isfinite(value)):
        return json.dumps(value)
    raise BackendDenied(
        f"The input {name!r} is {_kind(value)}, and GitHub takes only text, numbers and yes or no. Nothing was sent; "
        "hand a list or an object over as text with toJSON(…)."
    )


def _kind(value: JsonValue) -> str:
    if isinstance(value, list):
        return "a list"
    return "an object" if isinstance(value, dict) else "not a finite number"


def _check_size(texts: Mapping[str, str], max_inputs: int) -> None:
    if len(texts) > max_inputs:
        raise BackendDenied(
            f"The step has {len(texts)} inputs with the marker, and this GitHub takes {max_inputs}. Nothing was sent; "
            "put several values into one input as text with toJSON(…)."
        )
    characters = len(json.dumps(texts))
    if characters > _MOST_CHARACTERS:
        raise BackendDenied(
            f"The inputs have {characters} characters as JSON, and GitHub takes {_MOST_CHARACTERS}. Nothing was sent; "
            "pass a reference to the data instead of the data."
        )
