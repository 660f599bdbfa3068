"""What a plan, a run and an approval show of entities and of other runs that the asker may not see: nothing."""

from pathlib import Path
from typing import Any

import pytest
from api_house import House, problem
from hiding import hide, put
from more_actions import like_deploy, load_beside
from rota import FORM, ON_CALL, ROTA, ROTA_KIND

from daytwo_store.entities import Draft
from daytwo_store.ids import EntityRef, RunId
from daytwo_workflows.life.asking import Wish, start

pytestmark = pytest.mark.anyio
SHOP, BILLING = EntityRef("service:shop"), EntityRef("service:billing")
STAGING = {"version": "1.1.0", "environment": "environment:staging"}
SECRETS = ("9.9.9-hidden", "group:finance", "The hidden one", "visible_to")


async def hidden_deployment(house: House) -> None:
    """What a deploy of the shop to staging changes is there already, and only finance sees it."""
    await put(
        house.store,
        Draft(
            kind="deployment",
            name="shop-staging",
            title="The hidden one",
            owner="group:finance",
            properties={"version": "9.9.9-hidden"},
            visible_to=("group:finance",),
        ),
    )


async def plan(house: House, name: str, action: str = "deploy", entity: str = SHOP) -> tuple[dict[str, Any], str]:
    client = await house.signed_in(name)
    answer = await client.post(f"/api/v1/actions/{action}/plan", json={"entity": entity, "inputs": STAGING})
    assert answer.status_code == 200, answer.text
    shown: dict[str, Any] = answer.json()
    return shown, answer.text


async def whole(house: House, name: str, run: str) -> dict[str, Any]:
    answer = await (await house.signed_in(name)).get(f"/api/v1/runs/{run}")
    assert answer.status_code == 200, answer.text
    shown: dict[str, Any] = answer.json()
    return shown


async def test_a_plan_shows_that_a_hidden_entity_changes_and_nothing_of_it(house: House) -> None:
    await hidden_deployment(house)
    shown, text = await plan(house, "ana")
    [change] = shown["changes"]
    assert (change["entity"], change["before"]) == ("deployment:shop-staging", {})
    assert change["after"]["properties"]["version"] == "1.1.0"
    assert [secret for secret in SECRETS if secret in text] == []


async def test_a_run_shows_that_a_hidden_entity_changed_and_nothing_of_it(house: House) -> None:
    await hidden_deployment(house)
    run = await house.company.ask("ana", "1.1.0", "staging")
    await house.company.through(run)
    for name in ("ana", "ben"):
        shown = await whole(house, name, run)
        [change] = shown["changes"]
        assert (change["entity"], change["before"]) == ("deployment:shop-staging", {})
        assert change["after"]["properties"] == {"version": "1.1.0", "run": run}
        assert [secret for secret in SECRETS if secret in str(shown)] == []
    [change] = (await whole(house, "fay", run))["changes"]  # finance
    assert (change["before"]["title"], change["before"]["properties"]) == (
        "The hidden one",
        {"version": "9.9.9-hidden"},
    )
    assert "visible_to" not in str(change)


async def test_what_was_hidden_when_it_changed_is_not_shown_when_it_is_opened(house: House) -> None:
    await hidden_deployment(house)
    run = await house.company.ask("ana", "1.1.0", "staging")
    await house.company.through(run)
    await hide(house.store, "deployment:shop-staging")  # from nobody any more
    assert (await whole(house, "ana", run))["changes"][0]["before"] == {}


async def test_a_visible_entity_is_shown_without_who_may_see_it_and_without_hidden_targets(house: House) -> None:
    await put(house.store, Draft(kind="environment", name="vault", title="Vault", visible_to=("group:finance",)))
    await put(
        house.store,
        Draft(
            kind="deployment",
            name="shop-staging",
            title="Shop there",
            properties={"version": "1.0.0"},
            relations={"environment": ["environment:vault"]},
            visible_to=("group:storefront",),
        ),
    )
    run = await house.company.ask("ana", "1.1.0", "staging")
    shown, _ = await plan(house, "ana")
    await house.company.through(run)
    for [change] in (shown["changes"], (await whole(house, "ana", run))["changes"]):
        assert (change["before"]["title"], change["before"]["properties"]) == ("Shop there", {"version": "1.0.0"})
        assert change["before"]["relations"] == {"environment": []}
        assert not {"visible_to"} & (change["before"].keys() | change["after"].keys())


async def on(house: House, who: str, entity: EntityRef, version: str, **more: Any) -> RunId:
    wish = Wish(
        action="shared",
        requester=await house.company.person(who),
        token=None,
        entity=entity,
        inputs={**STAGING, "version": version},
        version=None,
        **more,
    )
    return RunId((await start(house.company.life, wish, f"key-{next(house.company.numbers)}")).run.id)


async def share_a_lock(house: House, folder: Path) -> None:
    """An action under which billing, seen by the sre only, and the shop take turns."""
    shared = like_deploy("shared", lock="${{ inputs.environment.name }}", approval=[])
    await load_beside(house.company, folder, shared)
    await hide(house.store, BILLING, "group:sre")


async def test_the_holder_of_a_lock_is_named_to_those_who_may_see_it(house: House, tmp_path: Path) -> None:
    await share_a_lock(house, tmp_path)
    house.company.ci.ends_as = None
    holder = await on(house, "sam", BILLING, "1.3.0")
    await house.company.drive(holder)
    waiting = await on(house, "ana", SHOP, "1.1.0")
    await house.company.drive(waiting)
    shown, text = await plan(house, "ana", "shared")
    lock = shown["lock"]
    assert (lock["key"], lock["held"], lock["held_by_run"], lock["queued"]) == ("staging", True, None, 1)
    assert shown["starts"] == "When another run and 1 more has given back staging."
    assert holder not in text
    view = await whole(house, "ana", waiting)
    assert view["text"] == "waits for another run to give back staging; 1 in line"
    assert holder not in str(view)
    assert (await plan(house, "sam", "shared"))[0]["lock"]["held_by_run"] == holder
    seen = await whole(house, "sam", waiting)
    assert (seen["lock"]["held_by_run"], holder in seen["text"]) == (holder, True)


async def test_who_waits_for_a_lock_is_counted_and_found_by_those_who_may_see_it(house: House, tmp_path: Path) -> None:
    await share_a_lock(house, tmp_path)
    house.company.ci.ends_as = None
    holder = await on(house, "ana", SHOP, "1.1.0")
    await house.company.drive(holder)
    hidden = await on(house, "sam", BILLING, "1.3.0")
    await house.company.drive(hidden)
    for name, waiting in (("ben", []), ("sam", [hidden])):
        client = await house.signed_in(name)
        (row,) = (await client.get("/api/v1/locks")).json()["items"]
        assert (row["key"], row["holder_run"], row["queued"], row["waiting"]) == (
            "staging",
            holder,
            waiting,
            len(waiting),
        )
        for query in ({"run": hidden}, {"waiting": True}, {"run": hidden, "waiting": True}):
            found = (await client.get("/api/v1/locks", params=query)).json()["items"]
            assert len(found) == len(waiting), (name, query)
        assert len((await client.get("/api/v1/locks", params={"run": holder})).json()["items"]) == 1


async def test_why_an_undo_is_refused_names_no_hidden_run(house: House, tmp_path: Path) -> None:
    await share_a_lock(house, tmp_path)
    for version in ("1.0.0", "1.1.0"):
        run = await on(house, "ana", SHOP, version)
        await house.company.through(run)
    later = await on(house, "sam", BILLING, "1.3.0")
    await house.company.through(later)
    refused = (await whole(house, "ana", run))["may"]["undo"]["why_not"]
    assert refused == "Another run has changed staging since. Undo that one first, or run the action anew."
    ana = await house.signed_in("ana")
    assert later not in problem(await ana.post(f"/api/v1/runs/{run}/undo", json={"reason": ""}), 409)["detail"]
    assert f"Run {later} has changed" in (await whole(house, "sam", run))["may"]["undo"]["why_not"]


async def test_the_run_before_is_shown_to_those_who_may_see_it(house: House) -> None:
    """Who is asked to approve may not see the entity: not the run before either, nor what was asked there."""
    first = await house.company.ask("ana", "1.0.0", "production")
    await house.company.decide("sam", first)
    await house.company.through(first)
    await hide(house.store, SHOP, "group:storefront")
    run = await house.company.ask("ben", "1.1.0", "production")
    approval = (await house.company.approvals(run))[0].id
    for name, seen in (("ben", True), ("ana", True), ("sam", False)):
        client = await house.signed_in(name)
        view = (await client.get(f"/api/v1/approvals/{approval}")).json()
        assert (view["previous_run"] == first, bool(view["differences"])) == (seen, seen), name


async def test_for_what_somebody_is_on_call_is_told_to_those_who_may_see_it(house: House, tmp_path: Path) -> None:
    termed = like_deploy("termed", approval=[{"from": [{"on_call": ON_CALL}]}], form=FORM)
    await load_beside(house.company, tmp_path, ROTA_KIND, ROTA, termed)
    inputs = {"version": "1.1.0", "environment": "environment:production", "rota": "rota:nights"}
    asked = Wish(
        action="termed",
        requester=await house.company.person("ana"),
        token=None,
        entity=SHOP,
        inputs=inputs,
        version=None,
    )
    run = RunId((await start(house.company.life, asked, "termed-1")).run.id)
    approval = (await house.company.approvals(run))[0].id
    await hide(house.store, "rota:nights", "group:finance")
    place = "on-call:properties.on_call@rota:nights"
    for name, entry in (("ben", "on-call"), ("fay", place)):
        client = await house.signed_in(name)
        view = (await client.get(f"/api/v1/approvals/{approval}")).json()
        (listed,) = [one for one in (await client.get("/api/v1/approvals")).json()["items"] if one["id"] == approval]
        of_run = await whole(house, name, run)
        for shown in (view, listed, *view["all_stages"], *of_run["approvals"]):
            assert shown["needed_from"] == [entry], name
        assert list(view["on_call"]) == [entry]
        assert view["who"] == "whoever is on call"
        assert of_run["waits"]["owner"] == "whoever is on call"
        told = str({**view, "sealed": None, "inputs": None}) + str(listed) + str(of_run["waits"])
        assert ("@rota" in told) is (name == "fay")
        assert view["sealed"]["approval"]["needed_from"] == [place], "what was sealed is as it was: it has the digest"
