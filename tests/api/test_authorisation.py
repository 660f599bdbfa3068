"""Who may do what to which object: every route of openapi.json, against authorisation.yaml.

Objects belong to three services: `shop` (owned by storefront), `billing` (owned by finance), and `vault`, which only
finance may see; `nothing` does not exist. Where somebody may not see the vault, its answer has to be the same as that
for nothing, word for word.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
from api_house import House
from company import Company
from sqlalchemy import select, text

from daytwo_actions.roles import PERMISSIONS, Permission
from daytwo_api.app import create_app
from daytwo_api.openapi import document
from daytwo_api.services.live import Live
from daytwo_api.services.ticks import Pace
from daytwo_store import delegations, entities, grants, identity, lock_holds, locks, reviews, runs
from daytwo_store.delegations import NewDelegation
from daytwo_store.entities import Draft
from daytwo_store.identity import Login
from daytwo_store.ids import EntityRef, RunId
from daytwo_store.lock_holds import Holding
from daytwo_store.lock_reading import situations
from daytwo_store.tables import Base, LockHoldRow, RunRow
from daytwo_store.yaml12 import parse
from daytwo_workflows.life.asking import Wish, start

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
REQUESTER: Final = {"shop": "ana", "billing": "fay", "vault": "fay"}


@dataclass
class World:
    """The house with every kind of asker, and objects made when they are needed."""

    house: House
    askers: dict[str, httpx.AsyncClient] = field(default_factory=dict)
    kept: dict[tuple[str, str], str] = field(default_factory=dict)

    @property
    def company(self) -> Company:
        return self.house.company

    async def run(self, thing: str, environment: str = "staging", version: str = "1.1.0") -> str:
        """A new run on a service that has not begun."""
        if thing == "nothing":
            return "r_nothing"
        wish = Wish(
            action="deploy",
            requester=await self.company.person(REQUESTER[thing]),
            token=None,
            entity=EntityRef(f"service:{thing}"),
            inputs={"version": version, "environment": f"environment:{environment}"},
            version=None,
        )
        key = f"matrix-{next(self.company.numbers)}"
        return (await start(self.company.life, wish, key)).run.id

    async def waiting(self, thing: str) -> str:
        """The approval of a new run."""
        if thing == "nothing":
            return "a_nothing"
        run = RunId(await self.run(thing, "production"))
        await self.company.drive(run)
        return (await self.company.approvals(run))[-1].id

    async def once(self, kind: str, thing: str, make: Callable[[str], Awaitable[str]]) -> str:
        """The same object for routes that only read."""
        if (kind, thing) not in self.kept:
            self.kept[kind, thing] = await make(thing)
        return self.kept[kind, thing]

    async def finished(self, thing: str) -> str:
        run = await self.run(thing)
        if thing != "nothing":
            await self.company.through(RunId(run))
        return run

    async def freeze(self) -> str:
        """A new freeze, which holds deploys of 1.0.0 alone."""
        spec = {"reason": "matrix", "where": {"actions": ["deploy"], "when": "${{ inputs.version == '1.0.0' }}"}}
        asked = {"title": "Matrix", "owner": "group:sre", "spec": spec}
        made: str = (await self.askers["approver"].post("/api/v1/freezes", json=asked)).json()["id"]
        return made

    async def exception(self, thing: str) -> str:
        """A new one, that the requester of a held run asks for."""
        if thing == "nothing":
            return "fx_nothing"
        run, freeze = await self.run(thing, version="1.0.0"), await self.once("freeze", "", lambda _: self.freeze())
        who = self.askers["owner" if thing == "shop" else "foreign"]
        asked = {"freeze": freeze, "reason": "matrix"}
        made: str = (await who.post(f"/api/v1/runs/{run}/exceptions", json=asked)).json()["id"]
        return made

    async def locked(self, thing: str) -> tuple[str, int]:
        """A key that a run has, with its number."""
        if thing == "nothing":
            return "nothing/production", 1
        key = f"{thing}/production"  # nothing here gets as far as this key, and runs of others end in staging
        async with self.house.store.read() as session:
            (seen,) = await situations(session, [key])
        if seen.holder is None:
            run = RunId(await self.run(thing, "production"))
            async with self.house.store.write() as tx:
                want = locks.wanted(await runs.hold(tx, run))
                assert want is not None
                await locks.acquire(tx, want)
            return await self.locked(thing)
        assert seen.fence is not None
        return key, seen.fence

    async def reviewed(self, thing: str) -> str:
        """A run that has ended and whose review is open; finance closes it."""
        run = await self.finished(thing)
        if thing != "nothing":
            async with self.house.store.write() as tx:
                row = await runs.hold(tx, RunId(run))
                row.break_glass = True
                await reviews.open_review(tx, row, needed_from=["group:finance"])
        return run

    async def token(self, thing: str) -> str:
        """`shop`: a token of Ana's, `billing`: one of Fay's."""
        if thing == "nothing":
            return "t_nothing"
        owner = await self.house.signed_in(REQUESTER[thing])
        made: str = (await owner.post("/api/v1/tokens", json={"name": "x"})).json()["token"]["id"]
        return made


@pytest.fixture(scope="module")
async def world(shared: House) -> AsyncIterator[World]:
    """Adds Kim and Lou, who are in no group, and the vault, which only finance may see."""
    async with shared.store.write() as tx:
        shop = await entities.get(tx.session, "service:shop", sees="everything")
        assert shop is not None
        properties = {"email": "kim@acme.example"}
        kim = Draft(kind="person", name="kim", title="Kim", properties=properties)
        lou = Draft(kind="person", name="lou", title="Lou", properties={"email": "lou@acme.example"})
        vault = Draft(
            kind="service",
            name="vault",
            title="Vault",
            owner="group:finance",
            properties=shop.properties,
            visible_to=("group:finance",),
        )
        more = [
            Draft(kind="person", name=name, title=name.title(), properties={"email": f"{name}@acme.example"})
            for name in ("rob", "vera", "ulf", "cleo", "aud")
        ]
        for draft in (kim, lou, vault, *more):
            await entities.upsert(tx, draft, by="file:test.yaml")
        groups = ("storefront", "finance", "sre", "platform")
        given = {
            "viewer": ["person:vera"],
            "requester": ["person:kim", "person:lou", *(f"group:{name}" for name in groups)],
            "operator": ["group:sre"],
            "author": ["person:ulf"],
            "catalog_admin": ["person:cleo"],
            "auditor": ["person:aud"],
            "admin": ["group:platform"],
        }
        await grants.put(tx, given, source="test.yaml")
    live = Live(shared.services.listener, shared.services.runs, Pace(ping=0.01, least=0.0, life=0.05))
    services = replace(shared.services, live=live)
    house = House(create_app(services), services, shared.company, shared.temporal)
    askers = {
        "anonymous": house.anonymous(),
        "person": await house.signed_in("kim"),
        "owner": await house.signed_in("ana"),
        "foreign": await house.signed_in("fay"),
        "approver": await house.signed_in("sam"),
        "reading": await house.token("ben", "read"),
        "running": await house.token("ben", "read", "run"),
        "admin": await house.signed_in("pat"),
        "revoked": await revoked(house),
        "ci": house.anonymous(Authorization="Bearer eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJodHRwczovL2NpIn0.c2ln"),
        "roleless": await house.signed_in("rob"),
        "viewer": await house.signed_in("vera"),
        "team": await house.signed_in("ben"),
        "author": await house.signed_in("ulf"),
        "catalog_admin": await house.signed_in("cleo"),
        "auditor": await house.signed_in("aud"),
        "deciding": await house.token("sam", "read", "approve"),
    }
    yield World(house, askers)
    await house.close()


async def revoked(house: House) -> httpx.AsyncClient:
    client = await house.token("ana", "read", "run", "approve")
    owner = await house.signed_in("ana")
    newest = (await owner.get("/api/v1/tokens")).json()["items"][0]["id"]
    assert (await owner.delete(f"/api/v1/tokens/{newest}")).status_code == 204
    return client


Request = tuple[dict[str, str], dict[str, Any]]  # what stands in the path, and keywords of httpx
Make = Callable[[World, str], Awaitable[Request]]
DEPLOY: Final = {"version": "1.1.0", "environment": "environment:staging"}


def plain(**more: Any) -> Make:
    async def make(_: World, __: str) -> Request:
        return {}, more

    return make


_BASE32: Final = str.maketrans("0123456789", "abcdefghij")


def marked(**body: Any) -> Make:
    """About another run each time: whoever is refused too often about one is slowed down."""

    async def make(world: World, _: str) -> Request:
        return {}, {"json": {"marker": f"{next(world.company.numbers):020d}".translate(_BASE32), **body}}

    return make


async def entity(_: World, thing: str) -> Request:
    return {"kind": "service", "name": thing}, {}


async def action(_: World, thing: str) -> Request:
    return {"name": "deploy"}, {"params": {"entity": f"service:{thing}"}}


def on(**body: Any) -> Make:
    async def make(_: World, thing: str) -> Request:
        return {"name": "deploy", "field": "version"}, {"json": {"entity": f"service:{thing}", **body}}

    return make


async def start_of_run(world: World, thing: str) -> Request:
    names, more = await on(inputs=DEPLOY)(world, thing)
    return names, {**more, "headers": {"Idempotency-Key": f"matrix-start-{next(world.company.numbers)}"}}


async def seen_run(world: World, thing: str) -> Request:
    return {"run": await world.once("run", thing, world.finished)}, {}


def new_run(**body: Any) -> Make:
    async def make(world: World, thing: str) -> Request:
        return {"run": await world.run(thing)}, {"json": body}

    return make


async def gate(world: World, thing: str) -> Request:
    key = {"Idempotency-Key": f"matrix-gate-{next(world.company.numbers)}"}
    run = await world.once("gate", thing, world.run)
    return {"run": run, "gate": "g_0"}, {"json": {"verdict": "go"}, "headers": key}


async def undone(world: World, thing: str) -> Request:
    key = {"Idempotency-Key": f"matrix-undo-{next(world.company.numbers)}"}
    return {"run": await world.once("unended", thing, world.run)}, {"json": {}, "headers": key}


async def again(world: World, thing: str) -> Request:
    key = {"Idempotency-Key": f"matrix-rerun-{next(world.company.numbers)}"}
    return {"run": await world.once("run", thing, world.finished)}, {"json": {}, "headers": key}


async def approval(world: World, thing: str) -> Request:
    return {"approval": await world.once("approval", thing, world.waiting)}, {}


async def decision(world: World, thing: str) -> Request:
    waiting = await world.waiting(thing)
    found = await world.askers["foreign"].get(f"/api/v1/approvals/{waiting}")
    digest = found.json().get("digest", "0" * 64)
    return {"approval": waiting}, {"json": {"verdict": "approve", "digest": digest}}


async def own_decision(world: World, thing: str) -> Request:
    return {"approval": await world.once("undecided", thing, world.waiting)}, {}


async def handed_on(world: World, thing: str) -> Request:
    key = {"Idempotency-Key": f"matrix-delegate-{next(world.company.numbers)}"}
    return {"approval": await world.once("lent", thing, world.waiting)}, {"json": {"to": "person:lou"}, "headers": key}


async def said(world: World, thing: str) -> Request:
    key = {"Idempotency-Key": f"matrix-comment-{next(world.company.numbers)}"}
    return {"approval": await world.once("approval", thing, world.waiting)}, {"json": {"text": "hm"}, "headers": key}


async def lent(world: World, thing: str) -> Request:
    """`shop`: a delegation of Ana's, `billing`: one of Fay's; both long over."""
    if thing == "nothing":
        return {"delegation": "d_nothing"}, {}
    by = await world.company.person(REQUESTER[thing])
    async with world.house.store.write() as tx:
        new = NewDelegation(
            by=by,
            to="person:lou",
            approval=None,
            begins_at=tx.now,
            ends_at=tx.now,
            reason="",
            key=f"matrix-lent-{next(world.company.numbers)}",
        )
        return {"delegation": (await delegations.create(tx, new, run=None)).id}, {}


async def review(world: World, thing: str) -> Request:
    return {"run": await world.once("review", thing, world.reviewed)}, {}


async def close_review(world: World, thing: str) -> Request:
    return {"run": await world.reviewed(thing)}, {"json": {"words": "looked"}}


async def token(world: World, thing: str) -> Request:
    return {"token": await world.token(thing)}, {}


async def principal(world: World, thing: str) -> Request:
    async def make(_: str) -> str:
        async with world.house.store.write() as tx:
            login = Login(issuer="elsewhere", subject="x", name="X", ref=None)
            return (await identity.principal_for(tx, login)).id

    return {"principal": "p_nothing" if thing == "nothing" else await world.once("principal", thing, make)}, {}


def freeze(**more: Any) -> Make:
    async def make(world: World, thing: str) -> Request:
        return {"freeze": "fz_nothing" if thing == "nothing" else await world.freeze()}, more

    return make


async def wanted_exception(world: World, thing: str) -> Request:
    key = {"Idempotency-Key": f"matrix-exception-{next(world.company.numbers)}"}
    run = await world.run(thing, version="1.0.0")
    asked = {"freeze": await world.once("freeze", "", lambda _: world.freeze()), "reason": "matrix"}
    return {"run": run}, {"json": asked, "headers": key}


async def seen_exception(world: World, thing: str) -> Request:
    return {"exception": await world.once("exception", thing, world.exception)}, {}


def new_exception(**body: Any) -> Make:
    async def make(world: World, thing: str) -> Request:
        return {"exception": await world.exception(thing)}, {"json": body}

    return make


async def lock(world: World, thing: str) -> Request:
    """A lock that a run has, or a run before it."""
    return {}, {"params": {"key": (await world.locked(thing))[0]}}


async def release(world: World, thing: str) -> Request:
    key, fence = await world.locked(thing)
    return {}, {"json": {"key": key, "fence": fence, "reason": "it hangs"}}


async def held(world: World, thing: str) -> Request:
    """A hold of Sam's that waits for a run to give back its lock."""
    if thing == "nothing":
        return {"hold": "h_nothing"}, {}
    key, _ = await world.locked(thing)
    async with world.house.store.write() as tx:
        open_hold = await tx.session.scalar(
            select(LockHoldRow.id).where(LockHoldRow.key == key, LockHoldRow.ended_at.is_(None))
        )
        if open_hold is None:
            cat = (await identity.principal_for(tx, Login(issuer="elsewhere", subject="cat", name="Cat", ref=None))).id
            open_hold = (await lock_holds.hold(tx, Holding(key=key, by=cat, reason="a debugger", until=None))).id
    return {"hold": open_hold}, {}


async def new_hold(world: World, _: str) -> Request:
    return {}, {"json": {"key": f"matrix-{next(world.company.numbers)}", "reason": "x", "seconds": 60}}


async def webhook(_: World, thing: str) -> Request:
    return {"connection": "github" if thing == "shop" else thing}, {"content": b"{}"}


async def pipelines(_: World, thing: str) -> Request:
    names = {"name": "github" if thing == "shop" else thing, "pipeline": "deploy.yml"}
    return names, {"params": {"project": "acme/shop"}}


async def connection(_: World, thing: str) -> Request:
    return {"name": "github" if thing == "shop" else thing}, {}


async def channel(_: World, thing: str) -> Request:
    return {"name": "nowhere" if thing == "shop" else thing}, {}


async def credential(world: World, thing: str) -> Request:
    names, _ = await connection(world, thing)
    return names, {"json": {"credential": "never-kept-here"}}


async def kind(_: World, thing: str) -> Request:
    return {"name": "service" if thing == "shop" else thing}, {}


RESOLUTION: Final = {"step": "ship", "attempt": 1, "outcome": "did_not_run", "reason": "looked"}
REQUESTS: Final[dict[str, Make]] = {
    "GET /api/v1/actions": action,
    "GET /api/v1/actions/{name}": action,
    "POST /api/v1/actions/{name}/form": on(),
    "POST /api/v1/actions/{name}/options/{field}": on(),
    "POST /api/v1/actions/{name}/plan": on(inputs=DEPLOY),
    "POST /api/v1/actions/{name}/runs": start_of_run,
    "GET /api/v1/runs/{run}": seen_run,
    "GET /api/v1/runs/{run}/events": seen_run,
    "GET /api/v1/runs/{run}/evidence": seen_run,
    "GET /api/v1/runs/{run}/logs": seen_run,
    "GET /api/v1/runs/{run}/logs.txt": seen_run,
    "POST /api/v1/runs/{run}/cancel": new_run(),
    "POST /api/v1/runs/{run}/withdraw": new_run(),
    "POST /api/v1/runs/{run}/undo": undone,
    "POST /api/v1/runs/{run}/rerun": again,
    "POST /api/v1/runs/{run}/gates/{gate}": gate,
    "POST /api/v1/runs/{run}/resolve": new_run(**RESOLUTION),
    "GET /api/v1/approvals/{approval}": approval,
    "GET /api/v1/approvals/{approval}/pipelines": approval,
    "GET /api/v1/reviews/{run}": review,
    "POST /api/v1/reviews/{run}/close": close_review,
    "GET /api/v1/connections/{name}/webhooks": connection,
    "POST /api/v1/approvals/{approval}/decision": decision,
    "POST /api/v1/approvals/{approval}/comments": said,
    "POST /api/v1/approvals/{approval}/delegate": handed_on,
    "DELETE /api/v1/approvals/{approval}/decision": own_decision,
    "POST /api/v1/delegations": plain(
        json={"to": "person:lou", "begins": "2090-01-01T00:00:00Z", "until": "2090-02-01T00:00:00Z"}
    ),
    "DELETE /api/v1/delegations/{delegation}": lent,
    "GET /api/v1/entities/{kind}/{name}": entity,
    "GET /api/v1/entities/{kind}/{name}/history": entity,
    "POST /api/v1/entities/search": plain(json={}),
    "GET /api/v1/connections/{name}/pipelines": pipelines,
    "GET /api/v1/connections/{name}/pipelines/{pipeline}": pipelines,
    "GET /api/v1/kinds/{name}": kind,
    "POST /api/v1/channels/{name}/test": channel,
    "GET /api/v1/locks/detail": lock,
    "POST /api/v1/locks/release": release,
    "DELETE /api/v1/locks/holds/{hold}": held,
    "POST /api/v1/locks/holds": new_hold,
    "POST /api/v1/check": plain(json={}),
    "POST /api/v1/session": plain(json={"name": "ana"}),
    "POST /api/v1/me/may": plain(json={"do": "read"}),
    "POST /api/v1/tokens": plain(json={"name": "x"}),
    "DELETE /api/v1/tokens/{token}": token,
    "DELETE /api/v1/principals/{principal}/access": principal,
    "POST /api/v1/freezes": plain(
        json={
            "title": "X",
            "owner": "group:sre",
            "spec": {"reason": "x", "where": {"actions": ["restart"]}, "until": "2100-01-01T00:00Z"},
        }
    ),
    "GET /api/v1/freezes/{freeze}": freeze(),
    "PATCH /api/v1/freezes/{freeze}": freeze(json={"title": "Y"}),
    "DELETE /api/v1/freezes/{freeze}": freeze(),
    "POST /api/v1/stop": plain(json={"reason": "matrix"}),
    "POST /api/v1/runs/{run}/exceptions": wanted_exception,
    "GET /api/v1/exceptions/{exception}": seen_exception,
    "POST /api/v1/exceptions/{exception}/decision": new_exception(verdict="refuse", comment="no"),
    "POST /api/v1/exceptions/{exception}/revoke": new_exception(),
    "POST /api/v1/webhooks/{connection}": webhook,
    "POST /api/v1/ci/claim": marked(),
    "POST /api/v1/ci/report": marked(outputs={}),
    "PUT /api/v1/credentials/{name}": credential,
    "DELETE /api/v1/credentials/{name}": connection,
    "POST /api/v1/ci/secrets": marked(),
}
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
async def test_who_may(world: World, route: str, thing: str) -> None:
    """Status and effect of every cell: what is refused changes no row, and what changes one is in the audit."""
    wrong: list[str] = []
    refused: Request | None = None
    after: dict[str, str] | None = None  # rows, where nothing was made since
    for asker in (*COLUMNS, *FURTHER):
        wanted = expected(asker, route, thing)
        # what was refused has changed nothing, so the next who is refused may be refused the same
        if refused is None or wanted not in REFUSED or "/ci/" in route:
            request, after = await made(world, route, thing), None
        else:
            request = refused
        before = after or await rows(world)
        answer = await send(world, asker, route, request)
        after = await rows(world)
        if answer.status_code != wanted:
            wrong.append(f"{asker}: {answer.status_code}, not {wanted}: {answer.text[:200]}")
            continue
        changed = {name for name, count in after.items() if count != before[name]}
        if wanted in REFUSED and changed:
            wrong.append(f"{asker}: {wanted}, and yet it changed {changed}")
        if changed and "audit" not in changed and not changed <= UNAUDITED:
            wrong.append(f"{asker}: it changed {changed}, and the audit does not say so")
        refused = request if wanted in REFUSED else refused
    assert wrong == []


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
    return row[how["like"] if may(MODEL["columns"][how["like"]], need) else how["else"]]


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


COUNTED: Final = text(
    " UNION ALL ".join(
        f"SELECT '{table}', count(*)::text FROM \"{table}\""  # names of our own tables
        for table in sorted(Base.metadata.tables)
    )
    + " UNION ALL SELECT 'audit head', max(n)::text FROM audit"
)


async def rows(world: World) -> dict[str, str]:
    """How many rows every table has."""
    async with world.house.store.read() as session:
        return {name: str(count) for name, count in await session.execute(COUNTED)}


HIDING: Final = [route for route, things in ROWS.items() if {"vault", "nothing"} <= set(things)]


@pytest.mark.parametrize("route", HIDING)
async def test_what_is_hidden_answers_as_what_does_not_exist(world: World, route: str) -> None:
    make = REQUESTS[route]
    for asker, status in zip(COLUMNS, ROWS[route]["vault"], strict=True):
        if status == 404:
            names = [set((await make(world, thing))[0].values()) for thing in ("vault", "nothing")]
            hidden, missing = [await ask(world, asker, route, thing) for thing in ("vault", "nothing")]
            assert normal(hidden, *names) == normal(missing, *names)


def normal(answer: httpx.Response, *names: set[str]) -> dict[str, Any]:
    """The problem without its request id and without the names that were asked for."""
    said: dict[str, Any] = answer.json()
    said.pop("request_id")
    words = said["detail"].replace(".", " ").replace(",", " ").replace("'", " ").split()
    said["detail"] = [
        word
        for word in words
        if "vault" not in word and "nothing" not in word and word[:2] not in ("r_", "a_", "h_", "fx")
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
        assert (await client.delete("/api/v1/stop")).json()["stopped"] is False
    if route == "DELETE /api/v1/sessions" and answer.status_code == 200:
        assert (await client.post("/api/v1/session", json={"name": PEOPLE[asker]})).status_code == 200
    return answer


async def test_pages_of_runs_hold_exactly_what_may_be_seen(world: World) -> None:
    """The ids of a list, page by page, are those of the model, and a page is full as long as more follow."""
    for thing in ("shop", "vault", "billing", "vault", "shop"):
        await world.run(thing)
    async with world.house.store.read() as session:
        entities_of = {row.id: row.entity for row in await session.scalars(select(RunRow))}
    for asker in ("person", "owner", "foreign", "approver", "admin", "viewer", "auditor", "reading"):
        wanted = {run for run, on in entities_of.items() if on != "service:vault" or asker == "foreign"}
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
    "POST /api/v1/entities/search",
)


@pytest.mark.parametrize("route", LISTS)
async def test_no_list_names_what_is_hidden(world: World, route: str) -> None:
    run = RunId(await world.run("vault"))
    world.company.ci.ends_as = None
    await world.company.drive(run)
    await world.once("approval", "vault", world.waiting)
    await world.once("review", "vault", world.reviewed)
    assert "vault" in (await ask(world, "foreign", route, "any")).text
    for asker in ("person", "owner", "reading", "running", "admin"):
        answer = await ask(world, asker, route, "any")
        assert answer.status_code == 200
        assert "vault" not in answer.text, asker
