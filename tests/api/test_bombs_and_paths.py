"""JSON that is made to hurt (S37), and paths that lead elsewhere (S45): refused in a sentence, and never 500."""

import re
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest
from api_house import House, problem

from daytwo_api.app import create_app
from daytwo_api.openapi import document

pytestmark = pytest.mark.anyio
KEYS: Final = ",".join(f'"k{number}": 1' for number in range(9_000))
BOMBS: Final = {
    "deep lists": b'{"text": ' + b"[" * 60_000 + b"]" * 60_000 + b"}",
    "deep objects": b'{"a":' * 20_000 + b"1" + b"}" * 20_000,
    "many keys": b"{" + KEYS.encode() + b"}",
    "a million keys": b"{" + b'"k":1,' * 1_000_000 + b'"k":1}',
    "a long number": b'{"limit": ' + b"9" * 100_000 + b"}",
    "a number of a megabyte": b'{"limit": ' + b"9" * 1_000_000 + b"}",
    "a number past all": b'{"limit": 1e999}',
    "a long fraction": b'{"limit": 0.' + b"1" * 100_000 + b"}",
    "no number": b'{"limit": NaN}',
    "infinity": b'{"limit": -Infinity}',
    "half a pair": b'{"text": "\\ud800"}',
    "a half in a key": b'{"\\udfff": 1}',
    "utf-16": '{"kind": 1}'.encode("utf-16"),
    "utf-32": '{"kind": 1}'.encode("utf-32"),
    "latin": b'{"text": "\xe4"}',
    "twice, the last one wrong": b'{"limit": 1, "limit": "x"}',
    "something after it": b'{"text": "a"} {"text": "b"}',
    "nothing": b"",
    "a mark of bytes": b'\xef\xbb\xbf{"kind": 1}',
}
ROUTES: Final = ("/api/v1/entities/search", "/api/v1/actions/deploy/runs", "/api/v1/me/may", "/api/v1/tokens")


@pytest.mark.parametrize("what", BOMBS)
async def test_json_that_is_made_to_hurt_is_refused(shared: House, what: str) -> None:
    ana = await shared.signed_in("ana")
    headers = {"content-type": "application/json", "Idempotency-Key": "bomb-0000-0000-0000"}
    for route in ROUTES:
        answer = await ana.post(route, content=BOMBS[what], headers=headers)
        assert answer.status_code in (400, 413, 422), f"{route}: {answer.text[:300]}"
        problem(answer, answer.status_code)
        assert len(answer.content) < 20_000, "what was sent is not sent back"


@pytest.mark.parametrize("body", ['{"do": "read", "do": "read"}', '{"do": "read", "d\\u006f": "run"}'])
async def test_a_key_that_stands_twice_is_refused_by_its_name(shared: House, body: str) -> None:
    """Both say something that is allowed by itself."""
    ana = await shared.signed_in("ana")
    headers = {"content-type": "application/json"}
    assert (await ana.post("/api/v1/me/may", content='{"do": "read"}', headers=headers)).status_code == 200
    detail = problem(await ana.post("/api/v1/me/may", content=body, headers=headers), 422)["detail"]
    assert "“do” twice" in detail
    assert "Nothing was done" in detail


UP: Final = (
    "../",
    "..%2f",
    "%2e%2e/",
    "%2e%2e%2f",
    "..%5c",
    "%2e%2e%5c",
    "..%252f",
    "..%c0%af",
    "..%ef%bc%8f",
    "....//",
)
FILES: Final = ("secret.txt", "etc/passwd")
OTHERS: Final = (
    "/etc/passwd",
    "%2fetc%2fpasswd",
    "file:%2f%2f%2fetc%2fpasswd",
    "..;/secret.txt",
    "secret.txt%3f",
    "~root",
)
QUERIES: Final = [up + FILES[0] for up in UP if "%25" not in up] + list(OTHERS)
PATHS: Final = [up * times + file for up in UP for times in (1, 8) for file in FILES] + list(OTHERS)


@pytest.fixture
async def paged(shared: House, tmp_path: Path) -> AsyncIterator[House]:
    """A page beside which a file lies that is not for everybody."""
    (tmp_path / "static/assets").mkdir(parents=True)
    (tmp_path / "static/index.html").write_text("<html>the page</html>")
    (tmp_path / "secret.txt").write_text("hunter2")
    services = replace(shared.services, page=tmp_path / "static")
    opened = House(create_app(services), services, shared.company, shared.temporal)
    yield opened
    await opened.close()


async def test_no_path_leads_out(paged: House, record_property: Callable[[str, object], None]) -> None:
    pat = await paged.signed_in("pat")
    assert (await pat.get("/")).text == "<html>the page</html>"
    bases = ["/", "/assets/"]
    for path, operations in document()["paths"].items():
        if "get" in operations and not path.endswith("/events"):
            bases += [path.replace(f"{{{one}}}", "SPOILED", 1) for one in re.findall(r"{(\w+)}", path)]
    assert "/api/v1/connections/{name}/pipelines/SPOILED" in bases, "each of several"
    tried = 0
    for base in bases:
        for spoiled in PATHS:
            where = base.replace("SPOILED", spoiled) if "SPOILED" in base else base + spoiled
            answer = await pat.get(where.replace("{", "").replace("}", ""))
            assert answer.status_code in (200, 404, 405, 422), f"{where}: {answer.text[:300]}"
            assert "hunter2" not in answer.text, where
            assert "root:x:" not in answer.text, where
            tried += 1
    record_property("inputs", tried)
    assert tried > 40 * len(bases)


async def test_no_parameter_of_a_query_leads_out(paged: House, record_property: Callable[[str, object], None]) -> None:
    pat = await paged.signed_in("pat")
    known = {"kind": "service", "name": "shop"}
    where = [
        (re.sub(r"{(\w+)}", lambda found: known.get(found[1], found[1]), path), one["name"])
        for path, operations in document()["paths"].items()
        for one in operations.get("get", {}).get("parameters", ())
        if one["in"] == "query" and path != "/api/v1/events"  # a stream, which does not end
    ]
    assert len(where) > 80
    for path, name in where:
        for spoiled in QUERIES:
            answer = await pat.get(f"{path}?{name}={spoiled}")
            assert answer.status_code in (200, 404, 422), f"{path} {name}={spoiled}: {answer.text[:300]}"
            assert "hunter2" not in answer.text, (path, name)
            assert "root:x:" not in answer.text, (path, name)
    record_property("inputs", len(where) * len(QUERIES))
