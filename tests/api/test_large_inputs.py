"""Inputs that are too large (R46): the documented limit refuses them before anything is begun, and the largest one that
is accepted goes through."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from api_house import House, problem
from counting import Rows
from more_actions import like_deploy, load_beside

from daytwo_api.bodies import LIMIT
from daytwo_store.ids import RunId

pytestmark = pytest.mark.anyio
DEPLOY = {"version": "1.1.0", "environment": "environment:staging"}
FORM = {
    "pages": [
        {
            "title": "What",
            "required": ["version", "environment"],
            "properties": {
                "version": {"type": "string", "title": "Version"},
                "environment": {"type": "string", "format": "entity", "kind": "environment", "title": "Environment"},
                "text": {"type": "string", "title": "Text"},
                "names": {"type": "array", "title": "Names", "items": {"type": "string"}},
            },
        }
    ]
}


@pytest.fixture
async def roomy(house: House, tmp_path: Path) -> House:
    """With an action that takes any text and any list."""
    await load_beside(house.company, tmp_path, like_deploy("roomy", form=FORM))
    return house


async def pieces(body: bytes) -> AsyncIterator[bytes]:
    for at in range(0, len(body), 16_384):
        yield body[at : at + 16_384]


async def submit(house: House, content: Any, key: str) -> Any:
    ana = await house.signed_in("ana")
    headers = {"content-type": "application/json", "Idempotency-Key": key.ljust(16, "-")}
    return await ana.post("/api/v1/actions/roomy/runs", content=content, headers=headers)


def body(**inputs: object) -> bytes:
    return json.dumps({"entity": "service:shop", "inputs": {**DEPLOY, **inputs}}).encode()


@pytest.mark.parametrize("size", [LIMIT, 300_000, 1_900_000, 5_000_000])
async def test_over_the_limit_nothing_is_begun(roomy: House, size: int) -> None:
    rows = Rows(roomy.store)
    await submit(roomy, b"{}", "warm")
    content = body(text="x" * size)
    for number, sent in enumerate((content, pieces(content))):
        before = {**await rows.count(), "session": "", "audit": "", "audit head": ""}
        answer = await submit(roomy, sent, f"large-{number}")
        assert "nothing was done" in problem(answer, 413, "too-large")["detail"]
        assert {**await rows.count(), "session": "", "audit": "", "audit head": ""} == before
    assert roomy.temporal.driven == []


@pytest.mark.parametrize(
    ("inputs", "pointer"),
    [({"names": ["a"] * 10_000}, "/inputs/names"), ({"text": "x" * 60_001}, "/inputs/text")],
    ids=("10,000 items", "a long text"),
)
async def test_what_fits_the_body_and_not_an_answer_is_told_by_field(
    roomy: House, inputs: dict[str, Any], pointer: str
) -> None:
    answer = await submit(roomy, body(**inputs), "fields")
    assert pointer in [fault["pointer"] for fault in problem(answer, 422, "input-rejected")["errors"]]
    assert roomy.temporal.driven == []


async def test_the_largest_that_is_accepted_goes_through(roomy: House) -> None:
    answer = await submit(roomy, body(text="x" * 60_000, names=["y" * 50] * 1_000), "largest")
    assert answer.status_code == 202, answer.text
    run = RunId(answer.json()["id"])
    await roomy.company.through(run)
    assert (await roomy.company.run(run)).state == "succeeded"
