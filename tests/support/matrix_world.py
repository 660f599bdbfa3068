"""The house of the matrix: everybody who asks, and the vault, which only finance may see."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from api_house import House
from matrix_requests import World, revoked
from more_actions import like_deploy, load_beside

from daytwo_api.app import create_app
from daytwo_api.services.live import Live
from daytwo_api.services.ticks import Pace
from daytwo_store import entities, grants
from daytwo_store.entities import Draft


@asynccontextmanager
async def open_world(shared: House) -> AsyncIterator[World]:
    """Adds Kim and Lou, who are in no group, and the vault, which only finance may see."""
    where = {"type": "string", "format": "entity", "kind": "environment"}
    form = {"pages": [{"title": "Where", "properties": {"where": where}}]}
    chore = {"id": "switch", "uses": "task", "with": {"from": ["group:sre"], "text": "Switch it", "form": form}}
    usual: dict[str, object] = {"approval": [], "catalog": [], "undo": None, "lock": None, "steps": [chore]}
    with TemporaryDirectory() as folder:
        where = {"project": "${{ entity.properties.repository }}", "ref": "main", "inputs": {}}
        back = {"uses": "github", "with": {**where, "pipeline": "revoke.yml"}}
        grant = {"id": "grant", "uses": "github", "with": {**where, "pipeline": "grant.yml"}, "undo": back}
        lasting = {"for": "4h", "extend": {"from": ["group:sre"], "most": "8h"}}
        temporary = [grant, {"id": "access", "uses": "temporary", "with": lasting}]
        access = like_deploy("access", **{**usual, "steps": temporary, "on_error": "undo"})
        quiet: dict[str, object] = {"allow": {"run": ["owner", "group:sre"], "see": ["group:finance"]}}
        secretly = [
            like_deploy("quiet-deploy", **quiet),
            like_deploy("quiet-chore", **usual, **quiet),
            like_deploy("quiet-access", **{**usual, "steps": temporary, "on_error": "undo"}, **quiet),
        ]
        await load_beside(shared.company, Path(folder), like_deploy("chore", **usual), access, *secretly)
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
        "named": await house.token("ana", "read", "run:rollback"),
        "deciding": await house.token("sam", "read", "approve"),
    }
    yield World(house, askers)
    await house.close()
