"""Who may do what to which object: every route of openapi.json, against authorisation.yaml.

Objects belong to three services: `shop` (owned by storefront), `billing` (owned by finance), and `vault`, which only
finance may see; `nothing` does not exist. Where somebody may not see the vault, its answer has to be the same as that
for nothing, word for word.
"""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
from api_house import House
from counting import Changes
from matrix_requests import QUIET, REQUESTS, Request, World, plain
from matrix_world import open_world
from sqlalchemy import select

from daytwo_actions.roles import PERMISSIONS, Permission
from daytwo_api.openapi import document
from daytwo_store import freezes
from daytwo_store.ids import RunId
from daytwo_store.tables import ApprovalRow, RunRow, TaskRow
from daytwo_store.yaml12 import parse

pytestmark = pytest.mark.anyio

(_DOCUMENT,) = parse((Path(__file__).parent / "authorisation.yaml").read_text())
TABLE: Final[dict[str, Any]] = _DOCUMENT.value  # type: ignore[assignment]  # its shape is checked by the tests
COLUMNS: Final[list[str]] = TABLE["columns"]
ROWS: Final[dict[str, dict[str, list[int]]]] = TABLE["routes"]
ROUTES: Final = sorted(
    f"{method.upper()} {path}" for path, operations in document()["paths"].items() for method in operations
)
(_ROLES,) = parse((Path(__file__).parent / "roles.yaml").read_text())
MODEL: Final[dict[str, Any]] = _ROLES.value  # type: ignore[assignment]
FURTHER: Final[dict[str, Any]] = MODEL["further"]
PEOPLE: Final = {"person": "kim", "owner": "ana", "foreign": "fay", "approver": "sam", "admin": "pat"} | {
    "roleless": "rob",
    "viewer": "vera",
    "team": "ben",
    "author": "ulf",
    "catalog_admin": "cleo",
    "auditor": "aud",
}


@pytest.fixture(scope="module")
async def world(shared: House) -> AsyncIterator[World]:
    async with open_world(shared) as opened:
        yield opened


@pytest.fixture(scope="module")
def changes(world: World) -> Changes:
    return Changes(world.house.store)


CASES: Final = [(route, thing) for route, things in ROWS.items() for thing in things]


def test_every_route_has_its_row_and_every_row_its_route() -> None:
    assert sorted(ROWS) == ROUTES
    assert sorted(MODEL["needs"]) == ROUTES, "say in roles.yaml what it takes"
    assert set(REQUESTS) <= set(ROUTES)
    for route, things in ROWS.items():
        assert set(things) <= {"any", "shop", "billing", "vault", "nothing"}, route
        for statuses in things.values():
            assert len(statuses) == len(COLUMNS), route


@pytest.mark.parametrize(("route", "thing"), CASES, ids=[f"{route} {thing}" for route, thing in CASES])
async def test_who_may(world: World, changes: Changes, route: str, thing: str) -> None:
    """Status and effect of every cell: what is refused changes nothing, what changes something is in the audit, and
    what only shows changes nothing and sends nothing, whoever asks (S50)."""
    wrong: list[str] = []
    refused: Request | None = None
    for asker in (*COLUMNS, *FURTHER):
        wanted = expected(asker, route, thing)
        # what was refused has changed nothing, so the next who is refused may be refused the same
        if refused is None or wanted not in REFUSED or "/ci/" in route:
            request = await made(world, route, thing)
        else:
            request = refused
        changes.take()
        sent = world.effects()
        answer = await send(world, asker, route, request)
        changed = changes.take()
        if answer.status_code != wanted:
            wrong.append(f"{asker}: {answer.status_code}, not {wanted}: {answer.text[:200]}")
            continue
        if (wanted in REFUSED or shows(route)) and (changed or world.effects() != sent):
            wrong.append(f"{asker}: {wanted}, and yet it changed {set(changed)} or told somebody")
        if changed and "audit" not in changed and not changed <= UNAUDITED:
            wrong.append(f"{asker}: it changed {set(changed)}, and the audit does not say so")
        refused = request if wanted in REFUSED else refused
    assert wrong == []


async def test_a_change_is_noticed(world: World, changes: Changes) -> None:
    changes.take()
    answer = await ask(world, "owner", "POST /api/v1/actions/{name}/runs", "shop")
    assert answer.status_code == 202
    assert {"run", "step", "audit", "outbox"} <= changes.take()
    sent = world.effects()
    await world.finished("shop")
    assert world.effects() != sent


# POST, and yet nothing comes of them. A test of a channel does send, for whoever manages channels, as it says.
SHOWING: Final = (
    "POST /api/v1/actions/{name}/form",
    "POST /api/v1/actions/{name}/options/{field}",
    "POST /api/v1/actions/{name}/plan",
    "POST /api/v1/approvals/{approval}/form",
    "POST /api/v1/approvals/{approval}/options/{field}",
    "POST /api/v1/check",
    "POST /api/v1/entities/facets",
    "POST /api/v1/entities/search",
    "POST /api/v1/me/may",
    "POST /api/v1/policy/replays",
)
# What shows the same as the other does, before it is done.
DRY: Final = {"POST /api/v1/actions/{name}/plan": ("POST /api/v1/actions/{name}/runs", 202)}


def shows(route: str) -> bool:
    """Does it only show something?"""
    return route.startswith("GET ") or route in SHOWING


@pytest.mark.parametrize("dry", DRY)
def test_a_dry_run_is_for_whoever_may_do_the_real_thing(dry: str) -> None:
    real, done = DRY[dry]
    assert {thing: [done if one == 200 else one for one in row] for thing, row in ROWS[dry].items()} == ROWS[real]


REFUSED: Final = (401, 403, 404)
UNAUDITED: Final = {"webhook", "outbox"}  # what comes from a CI system is told in the audit when it changes a run


def expected(column: str, route: str, thing: str) -> int:
    """What the two tables say."""
    row = dict(zip(COLUMNS, ROWS[route][thing], strict=True))
    if column in row:
        return row[column]
    how, need = FURTHER[column], MODEL["needs"][route]
    differs = how.get("but", {}).get(route, {}).get(thing)
    if differs is not None:
        return int(differs)
    if need == "nothing" or how["like"] == "anonymous":
        return row[how["like"]]
    if not may(how, need):
        return 403
    status = row[how["like"] if may(MODEL["columns"][how["like"]], need) else how["else"]]
    return 403 if need == "run" and how.get("elsewhere") and status not in REFUSED else status


SCOPES: Final = {"self": "read", "read": "read", "run": "run", "runs.control": "run", "decide": "approve"}


def may(who: dict[str, Any], need: str) -> bool:
    """By the roles, and as far as a token goes."""
    if "token" in who and SCOPES.get(need, "admin") not in who["token"]:
        return False
    opened = [MODEL["roles"][role] for role in who["roles"]]
    return need == "self" or any(one == "everything" or need in one for one in opened)


@pytest.mark.parametrize("column", MODEL["columns"])
def test_nobody_gets_further_than_the_roles_open(column: str) -> None:
    """The columns that are written out agree with the table of roles."""
    for route, things in ROWS.items():
        need = MODEL["needs"][route]
        if need != "nothing" and not may(MODEL["columns"][column], need):
            assert {row[COLUMNS.index(column)] for row in things.values()} == {403}, route


def test_no_row_is_for_nobody() -> None:
    """A route that answers nobody is dead, or it is tried elsewhere."""
    dead = {
        route
        for route, things in ROWS.items()
        if all(expected(one, route, thing) in REFUSED for thing in things for one in (*COLUMNS, *FURTHER))
    }
    assert dead == set(MODEL["elsewhere"])
    for file in MODEL["elsewhere"].values():
        assert (Path(__file__).parent / file).exists(), file


def test_roles_in_the_code_are_those_of_the_table() -> None:
    table = {role: sorted(map(str, Permission) if one == "everything" else one) for role, one in MODEL["roles"].items()}
    assert table == {str(role): sorted(map(str, opened)) for role, opened in PERMISSIONS.items()}


def test_every_permission_opens_some_route() -> None:
    """One that opens none is a promise of the table of roles that nothing keeps. Two are asked about one object, inside
    of routes that take less: a run of somebody else's, and a review that is for others."""
    inside = {str(one) for one in Permission} - set(MODEL["needs"].values())
    assert inside == {"runs.control", "break_glass.review"}
    row = ROWS["POST /api/v1/runs/{run}/cancel"]["shop"]
    person, approver = [row[COLUMNS.index(name)] for name in ("person", "approver")]
    assert (person, approver) == (403, 202), "who operates stops the run of somebody else"
    assert FURTHER["auditor"]["but"] == {"POST /api/v1/reviews/{run}/close": {"shop": 200}}


HIDING: Final = [route for route, things in ROWS.items() if {"vault", "nothing"} <= set(things)]


@pytest.mark.parametrize("route", HIDING)
async def test_what_is_hidden_answers_as_what_does_not_exist(world: World, route: str) -> None:
    make = REQUESTS[route]
    for asker, status in zip(COLUMNS, ROWS[route]["vault"], strict=True):
        if status == 404:
            names = [set((await make(world, thing))[0].values()) for thing in ("vault", "nothing")]
            hidden, missing = [await ask(world, asker, route, thing) for thing in ("vault", "nothing")]
            assert normal(hidden, *names) == normal(missing, *names)


OF_RUNS: Final = [
    one
    for one in HIDING
    if any(name in one for name in ("{run}", "{approval}", "{task}")) and 404 in ROWS[one]["vault"]
]


@pytest.mark.parametrize("route", OF_RUNS)
async def test_a_run_of_an_action_that_is_hidden_answers_as_one_that_does_not_exist(world: World, route: str) -> None:
    """For everybody to whom a run on the vault does, but those who are asked to decide in it, and the auditor."""
    make = REQUESTS[route]
    told = dict(zip(COLUMNS, ROWS[route]["vault"], strict=True))
    kept_from = [asker for asker in COLUMNS if told[asker] == 404 and asker != "approver"]
    for asker in kept_from:
        names = [set((await make(world, thing))[0].values()) for thing in (QUIET, "nothing")]
        hidden, missing = [await ask(world, asker, route, thing) for thing in (QUIET, "nothing")]
        assert normal(hidden, *names) == normal(missing, *names), asker
    if told["foreign"] == 200 and route.startswith("GET "):
        for asker in ("foreign", "auditor"):
            assert (await ask(world, asker, route, QUIET)).status_code == 200, asker


def normal(answer: httpx.Response, *names: set[str]) -> dict[str, Any]:
    """The problem without its request id and without the names that were asked for."""
    said: dict[str, Any] = answer.json()
    said.pop("request_id")
    words = said["detail"].replace(".", " ").replace(",", " ").replace("'", " ").split()
    said["detail"] = [
        word
        for word in words
        if "vault" not in word
        and "quiet" not in word
        and "nothing" not in word
        and word[:2] not in ("r_", "a_", "h_", "fx", "sc", "tk")
    ]
    return said


async def ask(world: World, asker: str, route: str, thing: str) -> httpx.Response:
    return await send(world, asker, route, await made(world, route, thing))


async def made(world: World, route: str, thing: str) -> Request:
    return await REQUESTS.get(route, plain())(world, thing)


async def send(world: World, asker: str, route: str, request: Request) -> httpx.Response:
    method, template = route.split(" ")
    names, more = request
    client = world.askers[asker]
    if route.endswith("/session"):  # would sign the asker out for the others
        client = world.house.anonymous(
            **{name: client.headers[name] for name in client.headers if name == "authorization"}
        )
    if "/ci/" in route:  # where whoever is refused too often from one address is slowed down
        address = (f"198.51.100.{next(world.company.numbers) % 250}", 1)
        client = httpx.AsyncClient(
            transport=httpx.ASGITransport(app=world.house.app, client=address),
            base_url=client.base_url,
            headers=client.headers,
            cookies=client.cookies,
        )
        world.house.clients.append(client)
    answer = await client.request(method, template.format(**names), **more)
    if route == "POST /api/v1/stop" and answer.status_code == 200:  # for the others
        async with world.house.store.write() as tx:  # whom it keeps back may not lift it
            await freezes.lift(tx, by=await world.company.person("sam"), why="matrix")
        world.house.services.freezes._flag.forget()
    if route == "DELETE /api/v1/sessions" and answer.status_code == 200:
        assert (await client.post("/api/v1/session", json={"name": PEOPLE[asker]})).status_code == 200
    return answer


async def test_pages_of_runs_hold_exactly_what_may_be_seen(world: World) -> None:
    """The ids of a list, page by page, are those of the model, and a page is full as long as more follow."""
    for thing in ("shop", "vault", "billing", "vault", QUIET, "shop"):
        await world.run(thing)
    async with world.house.store.read() as session:
        rows = (await session.scalars(select(RunRow))).all()
        entities_of = {row.id: row.entity for row in rows}
        quiet = {row.id for row in rows if row.action.startswith(QUIET)}
        asks_sre = set(
            await session.scalars(select(ApprovalRow.run_id).where(ApprovalRow.needed_from.overlap(["group:sre"])))
        )
        asks_sre |= set(await session.scalars(select(TaskRow.run_id).where(TaskRow.needed_from.overlap(["group:sre"]))))
    for asker in ("person", "owner", "foreign", "approver", "admin", "viewer", "auditor", "reading"):
        wanted = {run for run, on in entities_of.items() if on != "service:vault" or asker == "foreign"}
        if asker not in ("foreign", "auditor"):
            wanted -= quiet - asks_sre if asker == "approver" else quiet
        seen: list[str] = []
        cursor: dict[str, str] = {}
        while True:
            page = (await world.askers[asker].get("/api/v1/runs", params={"limit": "50", **cursor})).json()
            seen += [one["id"] for one in page["items"]]
            if page["next_cursor"] is None:
                break
            assert len(page["items"]) == 50, asker
            cursor = {"cursor": page["next_cursor"]}
        assert len(seen) == len(set(seen))
        assert set(seen) == wanted, asker


LISTS: Final = (
    "GET /api/v1/runs",
    "GET /api/v1/reviews",
    "GET /api/v1/approvals",
    "GET /api/v1/locks",
    "GET /api/v1/tasks",
    "GET /api/v1/schedules",
    "GET /api/v1/triggers",
    "GET /api/v1/exceptions",
    "POST /api/v1/entities/search",
)


@pytest.mark.parametrize("route", LISTS)
async def test_no_list_names_what_is_hidden(world: World, route: str) -> None:
    run = RunId(await world.run("vault"))
    world.company.ci.ends_as = None
    await world.company.drive(run)
    await world.once("approval", "vault", world.waiting)
    await world.once("review", "vault", world.reviewed)
    await world.once("task", "vault", world.task)
    await world.once("schedule", "vault", world.schedule)
    await world.once("exception", "vault", world.exception)
    await world.listens("vault")
    assert "vault" in (await ask(world, "foreign", route, "any")).text
    for asker in ("person", "owner", "reading", "running", "admin"):
        answer = await ask(world, asker, route, "any")
        assert answer.status_code == 200
        assert "vault" not in answer.text, asker


QUIETLY: Final = ("GET /api/v1/runs", "GET /api/v1/reviews", "GET /api/v1/approvals", "GET /api/v1/tasks")


@pytest.mark.parametrize("route", QUIETLY)
async def test_no_list_names_a_run_of_a_hidden_action(world: World, route: str) -> None:
    run = RunId(await world.run(QUIET))
    await world.company.drive(run)
    await world.once("approval", QUIET, world.waiting)
    await world.once("review", QUIET, world.reviewed)
    await world.once("task", QUIET, world.task)
    assert "quiet-" in await whole(world, "foreign", route)
    for asker in ("person", "owner", "reading", "running", "admin"):
        assert "quiet-" not in await whole(world, asker, route), asker


async def whole(world: World, asker: str, route: str) -> str:
    """Every page of a list."""
    said, cursor = "", None
    while True:
        params = {"limit": "200"} | ({"cursor": cursor} if cursor is not None else {})
        answer = await world.askers[asker].get(route.removeprefix("GET "), params=params)
        assert answer.status_code == 200
        said += answer.text
        if (cursor := answer.json()["next_cursor"]) is None:
            return said
