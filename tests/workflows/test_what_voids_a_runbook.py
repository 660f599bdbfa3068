"""The same of plans of several steps: whatever of any step is another before sending voids what was approved."""

import json
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import rfc8785
from company import SHOP, Company, open_company
from pydantic import SecretStr
from service_in_memory import ServiceInMemory, answer
from sqlalchemy import select
from stepping import Step, Stepping, dispatch, wait

from daytwo_actions.plan.model import digest_of
from daytwo_store import entities, runs
from daytwo_store.clock import GivenClock
from daytwo_store.engine import Store
from daytwo_store.entities import EVERYTHING
from daytwo_store.ids import RunId
from daytwo_store.settings import StoreSettings
from daytwo_store.states import ApprovalState, RunState
from daytwo_store.tables import EntityRow
from daytwo_workflows.contracts import What

pytestmark = pytest.mark.anyio
ASKED = [{"from": ["group:sre"]}]
VERSION = "${{ entity.properties.repository }}"  # a value of the catalog that a test changes
IMAGE = {"outputs": {"image": {"type": "string"}}}
BUILT = "${{ steps.build.outputs.image }}"


@pytest.fixture
async def stepping(database_url: str, tmp_path: Path) -> AsyncIterator[Stepping]:
    clock = GivenClock(datetime.now(UTC))
    store = Store(StoreSettings(url=SecretStr(database_url), pool_size=4), clock=clock)
    company = await open_company(store)
    company.ci.left = {"image": "shop@1"}
    company.life = replace(company.life, services={"pager": ServiceInMemory(says=lambda _: answer(ok=True))})
    yield Stepping(company, clock, tmp_path)
    await store.close()


def http(**more: object) -> Step:
    return {"id": "page", "uses": "http", "with": {"service": "pager", "method": "POST", "path": "/x", **more}}


def check(**more: object) -> Step:
    return {"id": "see", "uses": "check", "with": {"until": "${{ true }}", **more}}


def noted(**properties: object) -> Step:
    relations = {"service": "service:shop", "environment": "environment:staging"}
    what = {"kind": "deployment", "name": "shop-staging", "properties": properties, "relations": relations}
    return {"id": "note", "uses": "catalog", "with": {"upsert": what}}


def told(words: str) -> Step:
    return {"id": "tell", "uses": "notify", "with": {"to": ["requester"], "text": words}}


ALL = [
    dispatch("build", **IMAGE),
    dispatch("ship", inputs={"image": BUILT}, protected=True, retry={"attempts": 2, "wait": "1m"}),
    http(body={"of": BUILT}),
    check(get={"service": "pager", "path": "/health"}),
    wait("soak", "10m"),
    {"id": "ok", "uses": "approval", "with": {"from": ["group:sre"]}, "if": f"{BUILT[:-3]} == 'shop@1' }}}}"},
    noted(version="9"),
    told("done"),
]
PLACES = {str(step["id"]): number for number, step in enumerate(ALL)}
Change = Callable[[dict[str, Any]], object]
FIELDS: dict[str, Change] = {
    "ship: a hole": lambda steps: steps["ship"]["late"].update({"inputs.image": "evil@1"}),
    "ship: another pipeline": lambda steps: steps["ship"].update(pipeline="evil.yml"),
    "ship: another commit": lambda steps: steps["ship"]["pinned"].update(commit="f" * 40),
    "ship: no longer protected": lambda steps: steps["ship"].update(protected=False),
    "ship: more tries": lambda steps: steps["ship"].update(retry={"attempts": 9, "wait": 60}),
    "ship: after nobody": lambda steps: steps["ship"].update(needs=[]),
    "ship: goes on when it fails": lambda steps: steps["ship"].update(on_error="continue"),
    "build: what it may leave": lambda steps: steps["build"].update(outputs={"image": {}}),
    "page: elsewhere": lambda steps: steps["page"]["given"].update(path="/evil"),
    "page: another body": lambda steps: steps["page"]["late"].update(body={"of": "evil"}),
    "page: another service": lambda steps: steps["page"]["given"].update(service="bank"),
    "page: another effect": lambda steps: steps["page"].update(effect="idempotent"),
    "see: another condition": lambda steps: steps["see"]["late"].update(until="${{ 1 == 1 }}"),
    "see: another place": lambda steps: steps["see"]["given"].update(get={"service": "pager", "path": "/ok"}),
    "see: a longer time": lambda steps: steps["see"].update(timeout=99999),
    "soak: a shorter wait": lambda steps: steps["soak"]["given"].update({"for": "1s"}),
    "soak: skipped": lambda steps: steps["soak"].update(runs=False),
    "ok: other people": lambda steps: steps["ok"]["given" if "from" in steps["ok"]["given"] else "late"].update(
        {"from": ["person:ana"]}
    ),
    "ok: another condition": lambda steps: steps["ok"].update(when="${{ false }}"),
    "note: another value": lambda steps: steps["note"]["given"]["upsert"]["properties"].update(version="6.6.6"),
    "note: another entity": lambda steps: steps["note"]["given"]["upsert"].update(name="billing-production"),
    "tell: other words": lambda steps: steps["tell"]["given"].update(text="nothing happened"),
    "tell: other people": lambda steps: steps["tell"]["given"].update(to=["person:eve"]),
}


async def test_every_kind_stands_in_the_plan_that_is_changed() -> None:
    assert {str(step["uses"]) for step in ALL} == {"github", "http", "check", "wait", "approval", "catalog", "notify"}
    assert {name.split(":")[0] for name in FIELDS} == set(PLACES)


@pytest.mark.parametrize("name", FIELDS)
async def test_a_runbook_that_is_not_the_approved_one_is_never_sent(stepping: Stepping, name: str) -> None:
    """The row was changed behind our back, with its digest."""
    company = stepping.company
    run = await stepping.run(*ALL, environment="production", approval=ASKED)
    await company.decide("sam", run)
    async with company.store.write() as tx:
        row = await runs.hold(tx, run)
        sealed = json.loads(row.plan)
        FIELDS[name]({step["path"]: step for step in sealed["steps"]})
        assert rfc8785.dumps(sealed).decode() != row.plan
        row.plan = rfc8785.dumps(sealed).decode()
        row.digest = digest_of(row.plan)
    await company.drive(run)
    first, *more = await company.approvals(run)
    assert (company.ci.posts, first.state) == (0, ApprovalState.SUPERSEDED)
    if more:
        place = f"steps[{PLACES[name.split(':')[0]]}]"
        assert any(change["field"].startswith((place, "digest")) for change in more[-1].drift), more[-1].drift


async def now(company: Company, **properties: str) -> None:
    """The catalog says something else of the shop."""
    async with company.store.write() as tx:
        found = await entities.get(tx.session, SHOP, sees=EVERYTHING)
        assert found is not None
        await entities.upsert(tx, replace(found, properties={**found.properties, **properties}), by="test:x")


NAMING: dict[str, tuple[Step, str]] = {
    "http": (http(body={"of": VERSION}), "given.body.of"),
    "check": (check(get={"service": "pager", "path": f"/of/{VERSION}"}), "given.get.path"),
    "wait": (wait("soak", "${{ '10m' if entity.properties.repository == 'acme/shop' else '20m' }}"), "given.for"),
    "catalog": (noted(version=VERSION), "given.upsert.properties.version"),
    "notify": (told(f"now {VERSION}"), "given.text"),
    "if": ({**told("x"), "if": "${{ entity.properties.repository == 'acme/shop' }}"}, "runs"),
    "dispatch": (dispatch("ship", inputs={"of": VERSION}), "inputs.of"),
}


@pytest.mark.parametrize("kind", NAMING)
async def test_what_changes_for_any_kind_of_step_is_shown_old_beside_new(stepping: Stepping, kind: str) -> None:
    company = stepping.company
    step, field = NAMING[kind]
    build = {**dispatch("build"), "with": {"project": "acme/shop", "pipeline": "build.yml", "ref": "main"}}
    run = await stepping.run(build, step, environment="production", approval=ASKED)
    await company.decide("sam", run)
    await now(company, repository="acme/next")
    assert (await company.drive(run)).what is What.WAIT
    first, newest = await company.approvals(run)
    assert (first.state, newest.state, company.ci.posts) == ("superseded", "pending", 0)
    changed = {change["field"]: (change["before"], change["after"]) for change in newest.drift}
    before, after = changed[f"steps[1].{field}"]
    assert before != after


BY_WHOM = pytest.mark.parametrize("approval", [[], ASKED], ids=["nobody had to approve", "approved"])


async def _begun_and_changed(stepping: Stepping, *steps: Step, approval: object) -> RunId:
    """Steps go on before anything is sent; then the catalog changes, and whoever has to approves it again."""
    company = stepping.company
    run = await stepping.run(*steps, environment="production", approval=approval)
    if approval:
        await company.decide("sam", run)
        await company.drive(run)
    await now(company, repository="acme/next")
    await stepping.on(run, later=timedelta(minutes=10))
    if approval:
        assert (await company.run(run)).state == RunState.WAITING_APPROVAL
        await company.decide("sam", run)
        await company.drive(run)
    return run


@BY_WHOM
async def test_a_check_that_held_by_the_old_plan_looks_anew(stepping: Stepping, approval: object) -> None:
    company = stepping.company
    pager = company.life.services["pager"]
    assert isinstance(pager, ServiceInMemory)
    see = check(get={"service": "pager", "path": f"/of/{VERSION}"})
    run = await _begun_and_changed(stepping, see, wait("soak"), dispatch("build"), approval=approval)
    assert [call.path for call in pager.calls] == ["/of/acme/shop", "/of/acme/next"]
    assert stepping.sent() == [], "the wait after it begins anew as well"
    await stepping.on(run, later=timedelta(minutes=10))
    assert stepping.sent() == ["build"]


@BY_WHOM
async def test_a_check_that_still_looks_goes_on_with_the_new_plan(stepping: Stepping, approval: object) -> None:
    company = stepping.company
    pager = company.life.services["pager"]
    assert isinstance(pager, ServiceInMemory)
    see = {
        **check(get={"service": "pager", "path": f"/of/{VERSION}"}, until="${{ response.status == 201 }}"),
        "needs": [],
    }
    run = await _begun_and_changed(
        stepping, see, wait("soak", needs=[]), dispatch("build", needs=["soak"]), approval=approval
    )
    await stepping.on(run, later=timedelta(minutes=1))
    assert pager.calls[0].path == "/of/acme/shop"
    assert pager.calls[-1].path == "/of/acme/next"
    [row] = [one for one in await stepping.steps(run) if one.path == "see"]
    assert row.given is not None
    assert row.given["get"] == {"service": "pager", "path": "/of/acme/next", "headers": {}}
    assert stepping.sent() == ["build"], "the wait was planned as before, and is not waited for twice"


@BY_WHOM
async def test_a_wait_that_is_over_by_the_old_plan_waits_anew(stepping: Stepping, approval: object) -> None:
    soak, _ = NAMING["wait"]
    run = await _begun_and_changed(stepping, soak, dispatch("build"), approval=approval)
    assert stepping.sent() == []
    await stepping.on(run, later=timedelta(minutes=19))
    assert stepping.sent() == []
    await stepping.on(run, later=timedelta(minutes=1))
    assert stepping.sent() == ["build"]


async def test_a_step_that_asks_does_so_about_the_new_plan(stepping: Stepping) -> None:
    company = stepping.company
    gate = {"id": "ok", "uses": "approval", "with": {"from": ["group:sre"]}}
    run = await stepping.run(gate, wait("soak"), dispatch("build", inputs={"of": VERSION}), approval=[])
    await company.decide("sam", run)
    await company.drive(run)
    await now(company, repository="acme/next")
    await stepping.on(run, later=timedelta(minutes=10))
    old, new = await company.approvals(run)
    assert (old.state, new.state, new.path) == ("superseded", "pending", "ok")
    assert "acme/next" in json.loads(new.document)["steps"][2]["inputs"].values()
    assert ("steps[2].inputs.of", "acme/shop", "acme/next") in [
        (change["field"], change["before"], change["after"]) for change in new.drift
    ]


async def test_what_has_taken_effect_is_not_done_twice(stepping: Stepping) -> None:
    company = stepping.company
    run = await _begun_and_changed(
        stepping, noted(version=VERSION), wait("soak"), dispatch("build", inputs={"of": VERSION}), approval=ASKED
    )
    async with company.store.read() as session:
        row = await session.scalar(select(EntityRow).where(EntityRow.ref == "deployment:shop-staging"))
        assert row is not None
        assert row.properties["version"] == "acme/shop"
    assert stepping.sent() == ["build"]
    assert (await stepping.states(run))["note"] == "succeeded"
