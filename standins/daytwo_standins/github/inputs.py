"""A dispatch's body, checked as GitHub checks it: what is refused here starts nothing.

https://docs.github.com/en/rest/actions/workflows#create-a-workflow-dispatch-event
"""

import dataclasses
import json
import math
from typing import Any

from daytwo_standins.github.config import Enterprise
from daytwo_standins.github.problems import ApiError, unprocessable
from daytwo_standins.github.workflow_file import MAX_INPUTS, Input, as_text

MAX_CHARACTERS = 65_535
_MOST_ON_ENTERPRISE = 10
_KEYS = {"ref", "inputs", "return_run_details"}


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class DispatchBody:
    """A well-formed request; ``inputs`` are still as they were sent."""

    ref: str
    inputs: dict[str, Any]
    return_run_details: bool


def parse_body(raw: bytes, enterprise: Enterprise | None = None) -> DispatchBody:
    """Read the body of a dispatch; an older Enterprise Server takes less.

    Raises:
        ApiError: 400 when it is no JSON object, 422 when it breaks the documented form.
    """
    try:
        data = json.loads(raw)
    except ValueError as error:
        raise ApiError(400, "Problems parsing JSON") from error
    if not isinstance(data, dict):
        raise ApiError(400, "Body should be a JSON object")
    known = _KEYS if enterprise is None else _KEYS - {"return_run_details"}
    unknown = sorted(set(data) - known)
    if unknown and enterprise is not None:
        raise ApiError(enterprise.refuses_details, f'Invalid request.\n\n"{unknown[0]}" is not a permitted key.')
    if unknown:
        raise unprocessable(f'Invalid request.\n\n"{unknown[0]}" is not a permitted key.')
    ref, inputs, details = data.get("ref"), data.get("inputs") or {}, data.get("return_run_details", False)
    if not isinstance(ref, str) or not ref:
        raise unprocessable('Invalid request.\n\n"ref" wasn\'t supplied.')
    if not isinstance(inputs, dict):
        raise unprocessable(f"Invalid request.\n\nFor 'properties/inputs', {json.dumps(inputs)} is not an object.")
    if not isinstance(details, bool):
        raise unprocessable("Invalid request.\n\nFor 'properties/return_run_details', the value is not a boolean.")
    most = MAX_INPUTS if enterprise is None else _MOST_ON_ENTERPRISE
    if len(inputs) > most:
        raise unprocessable(f"Invalid request.\n\nNo more than {most} properties are allowed in inputs.")
    if len(json.dumps(inputs, ensure_ascii=False)) > MAX_CHARACTERS:
        raise unprocessable(f"inputs are too large: at most {MAX_CHARACTERS} characters are allowed.")
    return DispatchBody(ref=ref, inputs=inputs, return_run_details=details)


def accept_inputs(declared: tuple[Input, ...], given: dict[str, Any], environments: tuple[str, ...]) -> dict[str, str]:
    """The inputs that the run gets: as text, with defaults filled in.

    Raises:
        ApiError: 422 for an unknown, missing or impossible input.
    """
    unknown = [name for name in given if all(name != one.name for one in declared)]
    if unknown:
        raise unprocessable(f"Unexpected inputs provided: {json.dumps(unknown)}")
    accepted = {}
    for one in declared:
        value = _text(one.name, given[one.name]) if one.name in given else None
        if not value and one.required and not one.default:
            raise unprocessable(f"Required input '{one.name}' not provided")
        if value is None:
            value = one.default if one.default is not None else _empty(one)
        else:
            _check(one, value, environments)
        accepted[one.name] = value
    return accepted


def _text(name: str, value: object) -> str:
    if value is None or isinstance(value, dict | list):
        raise unprocessable(f"Provided value for input '{name}' has to be a string, a number or a boolean")
    return as_text(value)


def _empty(one: Input) -> str:
    """What an optional input without a default is: the first choice, false, or nothing."""
    if one.kind == "choice" and one.options:
        return one.options[0]
    return "false" if one.kind == "boolean" else ""


def _check(one: Input, value: str, environments: tuple[str, ...]) -> None:
    if one.kind == "choice" and value not in one.options:
        raise unprocessable(f"Provided value '{value}' for input '{one.name}' not in the list of allowed values")
    if one.kind == "boolean" and value not in {"true", "false"}:
        raise unprocessable(f"Provided value '{value}' for input '{one.name}' is not a boolean")
    if one.kind == "number" and not _is_number(value):
        raise unprocessable(f"Provided value '{value}' for input '{one.name}' is not a number")
    if one.kind == "environment" and value and environments and value not in environments:
        raise unprocessable(f"Provided value '{value}' for input '{one.name}' is not an environment")


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text)) and "_" not in text
    except ValueError:
        return False
