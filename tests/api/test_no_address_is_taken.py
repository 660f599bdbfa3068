"""S23: whoever may use a CI system by us cannot have its credential sent to an address of their own."""

import json
from pathlib import Path
from typing import Any, Final

CONTRACT: Final[dict[str, Any]] = json.loads((Path(__file__).parents[2] / "api/openapi.json").read_text())
ADDRESSES: Final = ("url", "uri", "host", "address", "endpoint", "server")
# Where people are told of a run is no CI system: a channel has a credential of its own, which is in its settings.


def test_no_route_changes_where_a_credential_goes() -> None:
    """Connections are read only, and there is no "test connection" with an address in its body."""
    changing = {
        path: set(operations) & {"put", "patch", "delete", "post"}
        for path, operations in CONTRACT["paths"].items()
        if "/connections" in path
    }
    assert changing, "the routes have other names now"
    assert {path: methods for path, methods in changing.items() if methods} == {}


def test_no_body_of_a_request_has_a_field_for_an_address() -> None:
    bodies = [
        one["requestBody"]["content"]
        for operations in CONTRACT["paths"].values()
        for one in operations.values()
        if isinstance(one, dict) and "requestBody" in one
    ]
    names = {name for body in bodies for name in _fields(body, set())}
    assert "inputs" in names
    assert {name for name in names if name.split("_")[-1] in ADDRESSES} == set()


def _fields(part: object, seen: set[str]) -> set[str]:
    """Names of all properties, of what is referred to as well."""
    if isinstance(part, list):
        return {name for one in part for name in _fields(one, seen)}
    if not isinstance(part, dict):
        return set()
    found = set(part.get("properties", {}))
    reference = part.get("$ref")
    if isinstance(reference, str) and reference not in seen:
        seen.add(reference)
        found |= _fields(CONTRACT["components"]["schemas"][reference.rpartition("/")[2]], seen)
    return found | {name for value in part.values() for name in _fields(value, seen)}
