"""SQL in every text parameter of every route that reads (S19): it is a value, nothing else, and finds nothing."""

from collections.abc import Callable, Iterator
from typing import Any, Final

import pytest
from api_house import House
from sqlalchemy import text

from daytwo_api.openapi import document

pytestmark = pytest.mark.anyio
CORPUS: Final = (
    "' OR '1'='1",
    "'; DROP TABLE run; --",
    "x' UNION SELECT hash FROM token --",
    "'||(SELECT pg_sleep(30))||'",
    "1); SELECT pg_sleep(30); --",
    "%' OR visible_to IS NOT NULL OR '%'='",
    "$$; DELETE FROM audit; $$",
    "\\'; --",
    'a" OR "1"="1',
    "shop' & !'",
)
NOT_OURS: Final = "/api/v1/connections/"  # what the CI system in memory finds, whatever is asked for
STREAMS: Final = ("/api/v1/events", "/api/v1/runs/{run}/events", "/api/v1/audit/export")


def places() -> Iterator[tuple[str, dict[str, Any]]]:
    """Every route that reads, with its parameters."""
    for path, operations in document()["paths"].items():
        if "get" in operations and path.startswith("/api/") and path not in STREAMS and "/session" not in path:
            yield path, operations["get"]


def is_text(parameter: dict[str, Any]) -> bool:
    schema = parameter["schema"]
    kinds = [schema, *schema.get("anyOf", [])]
    return any(one.get("type") == "string" and "format" not in one and "enum" not in one for one in kinds)


async def test_sql_is_a_value(shared: House, record_property: Callable[[str, object], None]) -> None:
    pat = await shared.signed_in("pat")
    anything = {"run": "r_0", "kind": "service", "name": "github", "project": "acme/shop"}
    tried = 0
    for path, operation in places():
        parameters = [one for one in operation.get("parameters", ()) if one["in"] in ("path", "query")]
        for spoiled in filter(is_text, parameters):
            for value in CORPUS:
                given = {
                    one["name"]: value if one is spoiled else anything.get(one["name"], "x")
                    for one in parameters
                    if one is spoiled or one.get("required")
                }
                inside = {one["name"]: given.pop(one["name"]) for one in parameters if one["in"] == "path"}
                where = path.format(**{name: inner.replace("/", "%2F") for name, inner in inside.items()})
                answer = await pat.get(where, params=given)
                assert answer.status_code in (200, 404, 422), f"{where} {given}: {answer.text}"
                found = answer.status_code == 200 and spoiled["in"] == "query" and not path.startswith(NOT_OURS)
                if found and "items" in answer.json():
                    assert answer.json()["items"] == [], f"{where} {given}"
                tried += 1
    for value in CORPUS:
        for field in ("text", "kind", "owner"):
            answer = await pat.post("/api/v1/entities/search", json={field: value})
            assert answer.status_code in (200, 422)
            assert "hash" not in answer.text
            assert field == "text" or not answer.json().get("items")
    assert tried > 200
    record_property("inputs", tried)
    async with shared.store.read() as session:
        assert await session.scalar(text("SELECT count(*) FROM audit")) > 0
        assert await session.scalar(text("SELECT count(*) FROM run")) is not None
