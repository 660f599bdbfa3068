"""What only shows what would happen (S50): by the same rules as the real thing, and it sends and leaves nothing."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

import pytest
from api_house import House
from counting import Rows
from matrix_requests import REQUESTS, World
from matrix_world import open_world

from daytwo_api.openapi import document
from daytwo_store.yaml12 import parse

pytestmark = pytest.mark.anyio
(_DOCUMENT,) = parse((Path(__file__).parent / "authorisation.yaml").read_text())
TABLE: Final[dict[str, Any]] = _DOCUMENT.value["routes"]  # type: ignore[index,assignment,call-overload]  # its own test
# What shows the same as the other does, before it is done.
DRY: Final = {
    "POST /api/v1/actions/{name}/plan": ("POST /api/v1/actions/{name}/runs", 202),
}
# POST, and yet nothing comes of them. A test of a channel does send, for whoever manages channels, as it says.
SHOWING: Final = (
    "POST /api/v1/actions/{name}/form",
    "POST /api/v1/actions/{name}/options/{field}",
    "POST /api/v1/actions/{name}/plan",
    "POST /api/v1/check",
    "POST /api/v1/entities/search",
    "POST /api/v1/me/may",
)


@pytest.fixture(scope="module")
async def world(shared: House) -> AsyncIterator[World]:
    async with open_world(shared) as opened:
        yield opened


@pytest.mark.parametrize("dry", DRY)
def test_a_dry_run_is_for_whoever_may_do_the_real_thing(dry: str) -> None:
    real, done = DRY[dry]
    assert {thing: [done if one == 200 else one for one in row] for thing, row in TABLE[dry].items()} == TABLE[real]


def test_every_route_that_reads_by_a_body_is_looked_at() -> None:
    answers = {
        f"POST {path}"
        for path, operations in document()["paths"].items()
        if "200" in operations.get("post", {}).get("responses", {})
    }
    assert set(SHOWING) <= answers


@pytest.mark.parametrize("route", [*SHOWING, *(route for route in TABLE if route.startswith("GET "))])
async def test_what_shows_sends_nothing_and_leaves_nothing(world: World, route: str) -> None:
    """By everybody, whether they may or not: no row, no request that changes anything in the CI system, no poke."""
    rows, ci = Rows(world.house.store), world.company.ci
    posts = route.startswith("POST ")
    for thing in TABLE[route] if posts else [*TABLE[route]][:1]:
        for asker in ("roleless", "viewer", "owner", "admin", "reading") if posts else ("admin",):
            names, more = await REQUESTS[route](world, thing) if route in REQUESTS else ({}, {})
            before = (await rows.count(), ci.posts, len(ci.cancels), len(ci.answers), len(world.house.temporal.driven))
            method, path = route.split(" ")
            answer = await world.askers[asker].request(method, path.format(**names), **more)
            assert answer.status_code < 500, answer.text
            after = (await rows.count(), ci.posts, len(ci.cancels), len(ci.answers), len(world.house.temporal.driven))
            assert after == before, (asker, thing)
