"""What looks like a template is a value (S15): in every text of every route, of an entity, a log and a group."""

from collections.abc import AsyncIterator, Callable, Iterator
from copy import deepcopy
from itertools import cycle
from typing import Any

import pytest
from api_house import House
from matrix_requests import REQUESTS, World
from matrix_world import open_world
from template_corpus import CORPUS, RESULT, WORKED_OUT

from daytwo_store import entities
from daytwo_store.entities import EVERYTHING, Draft
from daytwo_store.ids import RunId

pytestmark = pytest.mark.anyio
NOT_SIGNED_OUT = ("/session", "/stop", "/principals/")  # would end what the others need


@pytest.fixture(scope="module")
async def world(shared: House) -> AsyncIterator[World]:
    async with open_world(shared) as opened:
        yield opened


def texts(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where texts are."""
    if isinstance(value, str):
        yield path
    elif isinstance(value, dict | list):
        for name, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from texts(inner, (*path, name))


def spoiled(value: Any, path: tuple[Any, ...], text: str) -> Any:
    copy = deepcopy(value)
    *way, last = path
    inner = copy
    for name in way:
        inner = inner[name]
    inner[last] = text
    return copy


async def test_every_text_of_every_route(world: World, record_property: Callable[[str, object], None]) -> None:
    """What answers, answers with what was typed or without it, and never with what it would come to."""
    several, worked_out = cycle(CORPUS), cycle(WORKED_OUT)
    tried = 0
    for route, make in REQUESTS.items():
        method, template = route.split(" ")
        if any(part in template for part in NOT_SIGNED_OUT):
            continue
        names, more = await make(world, "shop")
        given = {"names": names, **{name: more[name] for name in ("json", "params") if name in more}}
        for path in texts(given):
            for text in (next(worked_out), next(several)):
                asked = spoiled(given, path, text)
                where = template.format(**{name: one.replace("/", "%2F") for name, one in asked.pop("names").items()})
                answer = await world.askers["approver"].request(method, where, headers=more.get("headers"), **asked)
                assert answer.status_code < 500, f"{route} {path} {text}: {answer.text[:300]}"
                assert RESULT not in answer.text, f"{route} {path} {text}"
                tried += 1
    record_property("inputs", tried)
    assert tried > 150


async def test_an_entity_a_group_and_a_log(world: World) -> None:
    ci, text = world.company.ci, " ".join(WORKED_OUT)
    async with world.house.store.write() as tx:
        shop = await entities.get(tx.session, "service:shop", sees=EVERYTHING)
        group = await entities.get(tx.session, "group:sre", sees=EVERYTHING)
        assert shop is not None
        assert group is not None
        spoiled_group = Draft(kind="group", name="sre", title=text, properties=group.properties)
        written = Draft(
            kind="service",
            name="shop",
            title=text,
            owner=shop.owner,
            properties={**shop.properties, "description": text},
        )
        for draft in (spoiled_group, written):
            await entities.upsert(tx, draft, by="file:test.yaml")
    owner = world.askers["owner"]
    assert (await owner.get("/api/v1/entities/service/shop")).json()["title"] == text
    ci.log = "\n".join(WORKED_OUT).encode()
    run = RunId(await world.finished("shop"))
    lines = [one["text"] for one in (await owner.get(f"/api/v1/runs/{run}/logs")).json()["lines"]]
    assert lines == WORKED_OUT
    for path in (
        "/runs",
        f"/runs/{run}",
        f"/runs/{run}/logs.txt",
        "/entities/group/sre",
        "/actions?entity=service:shop",
    ):
        answer = await owner.get(f"/api/v1{path}")
        assert answer.status_code == 200, f"{path}: {answer.text[:300]}"
        assert RESULT not in answer.text
    body = {"entity": "service:shop", "inputs": {"version": "1.1.0", "environment": "environment:staging"}}
    planned = await owner.post("/api/v1/actions/deploy/plan", json=body)
    assert planned.status_code == 200
    assert RESULT not in planned.text
