"""An action that somebody may not see, or not run, tells them nothing: may it be seen, run, and only then the form."""

from pathlib import Path
from typing import Any

import pytest
from api_house import House
from company import EXAMPLES
from hiding import hide
from more_actions import like_deploy, load_beside

from daytwo_catalog.write import EntityWrite, apply
from daytwo_store import notifications
from daytwo_store.action_visibility import kept_to
from daytwo_store.ids import EntityRef, RunId
from daytwo_store.tables import RunRow
from daytwo_workflows.company import load_company
from daytwo_workflows.life.asking import Wish, start
from daytwo_workflows.notify.compose import compose
from daytwo_workflows.notify.entry import NotificationsEntry
from daytwo_workflows.notify.texts import Texts

pytestmark = pytest.mark.anyio
SHOP = "service:shop"
RIGHT = {"version": "1.1.0", "environment": "environment:staging"}
WRONG = {"version": "no such version", "environment": 7, "more": True}


async def asked(house: House, name: str, action: str, **body: object) -> list[dict[str, Any]]:
    """What the dry run, the start and the form answer."""
    client = await house.signed_in(name)
    where = f"/api/v1/actions/{action}"
    form = {"entity": body["entity"]} if body.get("entity") else {}
    answers = [
        await client.post(f"{where}/plan", json=body),
        await client.post(f"{where}/runs", json=body),
        await client.post(f"{where}/form", json=form),
    ]
    return [answer.json() | {"instance": "", "request_id": ""} for answer in answers]


@pytest.mark.parametrize(
    "body",
    [
        {"entity": SHOP, "inputs": RIGHT},
        {"entity": SHOP, "inputs": WRONG},
        {"entity": SHOP, "inputs": RIGHT, "version": "0" * 64},
        {"inputs": RIGHT},
    ],
)
async def test_a_hidden_action_is_answered_as_one_that_does_not_exist(
    house: House, tmp_path: Path, body: dict[str, Any]
) -> None:
    only_sre = {"run": ["group:sre"], "see": ["group:sre"]}
    await load_beside(house.company, tmp_path, like_deploy("secretive", allow=only_sre))
    hidden = await asked(house, "fay", "secretive", **body)
    nothing = await asked(house, "fay", "nothing-at-all", **body)
    assert {one["status"] for one in hidden} == {404}
    assert [str(one).replace("secretive", "nothing-at-all") for one in hidden] == [str(one) for one in nothing]
    assert (await asked(house, "sam", "secretive", entity=SHOP, inputs=RIGHT))[0].get("status") is None


async def test_an_entity_of_another_kind_does_not_tell_that_the_action_exists(house: House, tmp_path: Path) -> None:
    await load_beside(house.company, tmp_path, like_deploy("secretive", allow={"run": ["group:sre"], "see": ["owner"]}))
    for entity in ("environment:staging", "service:nothing"):
        plan, start, _ = await asked(house, "fay", "secretive", entity=entity, inputs=RIGHT)
        assert {plan["detail"], start["detail"]} == {
            "There is no action secretive. Look at the list of actions; it may have been renamed or removed."
        }


async def test_who_may_not_run_it_learns_nothing_about_the_inputs(house: House, tmp_path: Path) -> None:
    await load_beside(house.company, tmp_path, like_deploy("theirs", allow={"run": ["group:sre"]}))
    for inputs in (RIGHT, WRONG):
        plan, start, _ = await asked(house, "fay", "theirs", entity=SHOP, inputs=inputs, version="0" * 64)
        assert (plan["status"], start["status"]) == (403, 403)
        assert "errors" not in plan or not plan["errors"]
        assert "group:sre" in plan["detail"]
    plan, _, _ = await asked(house, "sam", "theirs", entity=SHOP, inputs=WRONG)
    assert plan["status"] == 422


async def test_the_owner_of_an_entity_sees_what_its_owner_may_see(house: House, tmp_path: Path) -> None:
    await load_beside(house.company, tmp_path, like_deploy("owned", allow={"run": ["owner"], "see": ["owner"]}))
    plan, _, _ = await asked(house, "ana", "owned", entity=SHOP, inputs=RIGHT)
    assert "digest" in plan, plan
    await hide(house.store, SHOP, "group:finance")
    plan, _, _ = await asked(house, "ana", "owned", entity=SHOP, inputs=RIGHT)
    assert plan["status"] == 404


DEPLOYED = {"version": "1.1.0", "environment": "environment:staging"}


async def quiet(house: House, folder: Path, **more: Any) -> RunId:
    """A run of Fay's on the shop, of an action that finance alone sees; its pipeline goes on, and it has the lock."""
    allow = {"run": ["everyone"], "see": more.pop("see", ["group:finance"])}
    await load_beside(house.company, folder, like_deploy("quiet", allow=allow, **more))
    house.company.ci.ends_as = None
    wish = Wish(
        action="quiet",
        requester=await house.company.person("fay"),
        token=None,
        entity=EntityRef(SHOP),
        inputs=DEPLOYED,
        version=None,
    )
    run = RunId((await start(house.company.life, wish, "quiet-1")).run.id)
    await house.company.drive(run)
    return run


async def seen(house: House, name: str, run: RunId) -> set[bool]:
    """Each place in which it would be told of: whether it is."""
    client = await house.signed_in(name)

    async def told(where: str, **query: str) -> str:
        answer = await client.get(f"/api/v1{where}", params=query)
        assert answer.status_code in (200, 404), answer.text
        return "" if answer.status_code == 404 else answer.text

    counted = (await client.get("/api/v1/runs/statistics")).json()
    return {
        run in await told("/runs"),
        run in await told("/runs", action="quiet"),
        run in await told(f"/runs/{run}"),
        run in await told("/locks"),
        run in await told("/locks/detail", key="shop/staging"),
        "quiet" in str(counted),
    }


async def test_who_does_not_see_an_action_sees_none_of_its_runs(house: House, tmp_path: Path) -> None:
    """Pat audits, too."""
    run = await quiet(house, tmp_path)
    told = {name: await seen(house, name, run) for name in ("fay", "pat", "ana", "sam", "ben")}
    assert told == {"fay": {True}, "pat": {True}, "ana": {False}, "sam": {False}, "ben": {False}}
    sam = await house.signed_in("sam")
    for path in ("cancel", "undo", "rerun"):
        answer = await sam.post(f"/api/v1/runs/{run}/{path}", json={}, headers={"Idempotency-Key": f"quiet-{path}"})
        assert answer.status_code == 404, path
    assert (await sam.get(f"/api/v1/runs/{run}/events")).status_code == 404
    waiting = await house.company.ask("ana", "1.1.0", "staging")
    await house.company.drive(waiting)
    shown = (await (await house.signed_in("ana")).get(f"/api/v1/runs/{waiting}")).text
    assert run not in shown
    assert "waits for another run to give back shop/staging" in shown


async def test_an_entity_says_that_a_run_wrote_it_and_names_it_to_who_sees_it(house: House, tmp_path: Path) -> None:
    run = await quiet(house, tmp_path)
    async with house.store.write() as tx:
        write = EntityWrite(kind="deployment", name="shop-staging", properties={"version": "1.1.0"})
        await apply(tx, [write], run=run, actor="p_1", like=None)
    told = {}
    for name in ("fay", "sam"):
        client = await house.signed_in(name)
        there = "/api/v1/entities/deployment/shop-staging"
        past = (await client.get(f"{there}/history")).json()["items"]
        told[name] = ((await client.get(there)).json()["changed_by"], [one["by"] for one in past])
    assert told == {"fay": (f"run:{run}", [f"run:{run}", "file"]), "sam": ("run", ["run", "file"])}


async def test_who_owns_what_a_run_is_about_sees_it_where_owners_see_the_action(house: House, tmp_path: Path) -> None:
    run = await quiet(house, tmp_path, see=["owner", "person:fay"])
    assert [await seen(house, name, run) for name in ("ana", "sam")] == [{True}, {False}]


ABOUT_THE_SHOP = ["group:finance", "${{ entity.ref == 'service:shop' }}"]


async def test_an_expression_over_the_entity_shows_its_runs_as_long_as_the_file_says_so(
    house: House, tmp_path: Path
) -> None:
    run = await quiet(house, tmp_path, see=ABOUT_THE_SHOP)
    assert [await seen(house, name, run) for name in ("fay", "sam", "ana")] == [{True}, {True}, {True}]
    async with house.store.read() as session:
        row = await session.get(RunRow, run)
        assert row is not None
        assert await kept_to(session, row) is None
    await load_company(house.store, [EXAMPLES / "catalog", EXAMPLES / "actions"], {"github": "github"})
    assert await seen(house, "sam", run) == {True}, "its last file says so"
    for number, see in enumerate((["group:finance"], [*ABOUT_THE_SHOP, "group:finance"], ABOUT_THE_SHOP[1:])):
        (folder := tmp_path / f"changed-{number}").mkdir()
        changed = like_deploy("quiet", allow={"run": ["everyone"], "see": see})
        await load_beside(house.company, folder, changed)
        assert [await seen(house, name, run) for name in ("fay", "sam")] == [{True}, {False}]


async def test_an_expression_that_is_not_true_of_the_entity_shows_no_run(house: House, tmp_path: Path) -> None:
    run = await quiet(house, tmp_path, see=["person:fay", "${{ entity.ref == 'service:other' }}"])
    assert [await seen(house, name, run) for name in ("fay", "sam")] == [{True}, {False}]


async def test_an_expression_over_who_looks_shows_the_action_and_none_of_its_runs(house: House, tmp_path: Path) -> None:
    run = await quiet(house, tmp_path, see=["group:finance", "${{ user.ref == 'person:sam' }}"])
    assert (await (await house.signed_in("sam")).get("/api/v1/actions/quiet")).status_code == 200
    assert [await seen(house, name, run) for name in ("fay", "sam")] == [{True}, {False}]


async def test_an_action_that_was_removed_or_changed_hides_its_runs_as_its_file_says(
    house: House, tmp_path: Path
) -> None:
    run = await quiet(house, tmp_path)
    await load_company(house.store, [EXAMPLES / "catalog", EXAMPLES / "actions"], {"github": "github"})
    assert [await seen(house, name, run) for name in ("fay", "sam")] == [{True}, {False}]
    (tmp_path / "open").mkdir()
    await load_beside(house.company, tmp_path / "open", like_deploy("quiet"))
    assert await seen(house, "sam", run) == {True}, "today's file says that everybody sees it"


async def test_who_is_asked_in_a_run_sees_it_and_who_is_told_reads_no_more_than_they_see(
    house: House, tmp_path: Path
) -> None:
    """Sam is asked, Ana is in a chat of storefront; what a run is about is told to who sees it."""
    run = await quiet(house, tmp_path, approval=[{"from": ["group:sre"]}])
    assert [run in (await (await house.signed_in(name)).get("/api/v1/runs")).text for name in ("sam", "ana")] == [
        True,
        False,
    ]
    async with house.store.read() as session:
        row = await session.get(RunRow, run)
        assert row is not None
        assert await kept_to(session, row) == {"group:finance", "group:sre", "role:auditor", "person:fay"}
        [notice] = await notifications.open_ones(session, limit=50)
        composed = {}
        for to in ("group:sre", "group:storefront"):
            entry = NotificationsEntry.model_validate(
                {
                    "channels": {"chat": {"kind": "chat", "url_file": "/nowhere"}},
                    "routes": [{"events": ["*"], "channels": ["chat"]} | ({"to": [to]} if to == "group:sre" else {})],
                }
            )
            [composed[to]] = (await compose(session, notice, entry, Texts(), "https://daytwo.example")).drafts
    assert "service:shop" in composed["group:sre"].title
    assert "service:shop" not in composed["group:storefront"].title + composed["group:storefront"].body
