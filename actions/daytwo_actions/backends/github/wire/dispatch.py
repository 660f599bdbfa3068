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

from daytwo_actions.backends.base import FrozenRequest, Pinned
from daytwo_actions.backends.failures import BackendDenied
from daytwo_actions.backends.github.wire import names
from daytwo_actions.backends.pipelines import PACK, packed_names
from daytwo_store.ids import Corr, Digest

RESERVED: Final = "daytwo_run"  # the input that carries our marker into `run-name`
_OURS: Final = {RESERVED: "the marker of a run", PACK: "inputs that travel together"}
_MOST_CHARACTERS: Final = 65_535  # of all inputs together, as JSON
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
    pinned: Pinned,
    inputs: Mapping[str, JsonValue],
    corr: Corr,
    *,
    max_inputs: int,
    api_version: str | None,
    run_details: bool = True,
) -> FrozenRequest:
    """The bytes of a dispatch. Raises `BackendDenied` for inputs that GitHub cannot take.

    Inputs travel as text, the way that GitHub hands them to a workflow: true is "true", 3 is "3", null is left out so
    that the workflow's own default holds. The marker goes along only if the workflow declares an input for it, since
    GitHub refuses inputs that it does not know. If it declares one for packed inputs, those that it does not declare
    by name go into that, as one JSON object with their own types.
    """
    texts = _texts(inputs, pinned.by_name)
    if pinned.marked:
        texts[RESERVED] = corr
    _check_size(texts, max_inputs)
    names.ref_places(pinned.target.ref)
    dispatch = Dispatch(
        ref=pinned.target.ref,
        inputs=dict(sorted(texts.items())),
        return_run_details=run_details and (api_version is None or api_version < _ALWAYS_TELLS),
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


def _texts(inputs: Mapping[str, JsonValue], by_name: tuple[str, ...] | None) -> dict[str, str]:
    for name, why in _OURS.items():
        if name in inputs:
            raise BackendDenied(
                f"The input {name!r} is reserved for {why}. Nothing was sent; take it out of the step's inputs."
            )
    packed = packed_names(inputs, by_name)
    texts = {name: _text(name, inputs[name]) for name in inputs if name not in packed and inputs[name] is not None}
    if packed:
        texts[PACK] = _pack({name: inputs[name] for name in packed})
    return texts


def _pack(values: Mapping[str, JsonValue]) -> str:
    try:
        return json.dumps(values, ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":"))
    except ValueError:
        raise BackendDenied(
            f"Among the inputs {', '.join(sorted(values))} is a number that JSON does not have. Nothing was sent."
        ) from None


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
            f"declare the input {PACK!r} in the workflow in place of some of them: what it does not declare by name "
            "comes in that one as JSON."
        )
    characters = len(json.dumps(texts, ensure_ascii=False))
    if characters > _MOST_CHARACTERS:
        raise BackendDenied(
            f"The inputs have {characters} characters as JSON, and GitHub takes {_MOST_CHARACTERS}. Nothing was sent; "
            "pass a reference to the data instead of the data."
        )
