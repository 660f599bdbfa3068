"""Everything that somebody needs to decide, in the answer of one approval, and what is read only when they look."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from api_house import House, problem
from company import SHOP
from more_actions import like_deploy, load_beside

from daytwo_store import entities, kinds
from daytwo_store.entities import EVERYTHING
from daytwo_store.ids import EntityRef, RunId
from daytwo_store.tables import Json

pytestmark = pytest.mark.anyio
OLD, NEW = "a" * 40, "b" * 40


async def deployed(house: House, version: str) -> RunId:
    run = await house.company.ask("ana", version, "production")
    await house.company.decide("sam", run)
    await house.company.through(run)
    return run


async def waiting(house: House, version: str = "1.1.0") -> str:
    run = await house.company.ask("ana", version, "production")
    return (await house.company.approvals(run))[-1].id


async def seen(house: House, name: str, path: str) -> dict[str, Any]:
    answer = await (await house.signed_in(name)).get(f"/api/v1/approvals/{path}")
    assert answer.status_code == 200, answer.text
    view: dict[str, Any] = answer.json()
    return view


async def test_the_last_run_the_lock_and_the_undo_stand_beside_the_sealed_plan(house: House) -> None:
    house.company.ci.commit = OLD
    last = await deployed(house, "1.0.0")
    house.company.ci.commit = NEW
    view = await seen(house, "sam", await waiting(house))
    assert view["previous_run"] == last
    changed = {one["field"]: (one["before"], one["after"]) for one in view["request_differences"]}
    assert changed == {"ship.commit": (OLD, NEW), "ship.inputs.version": ("1.0.0", "1.1.0")}
    assert (view["lock"]["held"], view["lock"]["queued"]) == (False, 0)
    assert view["undo"]["why_not"] is None
    assert view["undo"]["inputs"]["version"] == "1.0.0"
    [request] = view["undo"]["requests"]
    assert (request["step"], request["inputs"]) == ("ship", {"version": "1.0.0", "environment": "production"})
    assert view["target"] == {
        "ref": "service:shop",
        "owner_sealed": "group:storefront",
        "owner": "group:storefront",
        "problem": None,
    }
    assert {one["field"]: one["after"] for one in view["read"]} == view["sealed"]["read"]


async def test_what_becomes_of_the_catalog_and_whose_hold_stands_in_the_way(house: House) -> None:
    await deployed(house, "1.0.0")
    approval = await waiting(house)
    view = await seen(house, "sam", approval)
    plan = {one["entity"]: one for one in view["changes"]}
    (ref,) = [one for one in plan if one.startswith("deployment:")]
    assert (plan[ref]["before"]["properties"]["version"], plan[ref]["after"]["properties"]["version"]) == (
        "1.0.0",
        "1.1.0",
    )
    key = view["lock"]["keys"][0]["key"]
    sam = await house.signed_in("sam")
    held = await sam.post("/api/v1/locks/holds", json={"key": key, "reason": "the index is rebuilt", "seconds": 3600})
    assert held.status_code in (200, 201), held.text
    (lock,) = (await seen(house, "sam", approval))["lock"]["keys"]
    assert "the index is rebuilt" in lock["text"]
    assert "Sam" in lock["text"]
    await house.company.decide("sam", RunId(view["run"]))
    assert (await seen(house, "sam", approval))["changes"] == []


async def test_what_the_catalog_would_refuse_today_is_said_before_somebody_decides(house: House) -> None:
    approval = await waiting(house)
    async with house.store.write() as tx:
        kind = await kinds.get(tx.session, "deployment")
        assert kind is not None
        closed: Json = {"type": "object", "properties": {}, "additionalProperties": False}
        await kinds.put(tx, replace(kind, property_schema=closed))
    view = await seen(house, "sam", approval)
    assert view["changes"] == []
    assert view["changes_problem"]


async def test_without_a_lock_it_is_compared_with_the_last_run_of_this_action_here(
    house: House, tmp_path: Path
) -> None:
    """On this entity, in this environment; another entity's, another environment's and another action's are not."""
    approval = [{"from": ["group:sre"]}]
    free = [like_deploy(name, lock=None, undo=None, approval=approval) for name in ("free", "other")]
    await load_beside(house.company, tmp_path, *free)

    async def asked(version: str, environment: str, action: str = "free") -> RunId:
        return await house.company.ask("ana", version, environment, action=action)

    first = await asked("1.0.0", "staging")
    view = await seen(house, "sam", (await house.company.approvals(first))[-1].id)
    assert (view["previous_run"], view["differences"]) == (None, [])
    runs = [first, await asked("1.2.0", "production"), await asked("1.3.0", "staging", "other")]
    for run in runs:
        if await house.company.approvals(run):
            await house.company.decide("sam", run)
        await house.company.through(run)
    waits = await asked("1.1.0", "staging")
    view = await seen(house, "sam", (await house.company.approvals(waits))[-1].id)
    assert view["previous_run"] == first
    assert [(one["field"], one["before"], one["after"]) for one in view["differences"]] == [
        ("version", "1.0.0", "1.1.0")
    ]
    assert "ship.inputs.version" in {one["field"] for one in view["request_differences"]}
    ana = await house.signed_in("ana")
    asking = {"entity": SHOP, "inputs": {"version": "1.1.0", "environment": "environment:staging"}}
    planned = (await ana.post("/api/v1/actions/free/plan", json=asking)).json()
    assert (planned["previous_run"], len(planned["differences"])) == (first, 1)


async def test_with_a_lock_it_is_compared_with_a_run_of_this_action_and_undone_to_what_was_there(
    house: House, tmp_path: Path
) -> None:
    await load_beside(house.company, tmp_path, like_deploy("hotfix"))  # the same lock, and changes the same thing
    last = await deployed(house, "1.0.0")
    hotfix = await house.company.ask("ana", "1.3.0", "production", action="hotfix")
    await house.company.decide("sam", hotfix)
    await house.company.through(hotfix)
    view = await seen(house, "sam", await waiting(house))
    assert view["previous_run"] == last
    assert [(one["before"], one["after"]) for one in view["differences"]] == [("1.0.0", "1.1.0")]
    assert view["undo"]["inputs"]["version"] == "1.3.0", "what is there is the hotfix's work (0002)"


async def test_what_changed_in_the_catalog_meanwhile_is_seen_before_it_voids_the_approval(house: House) -> None:
    approval = await waiting(house)
    async with house.store.write() as tx:
        shop = await entities.get(tx.session, SHOP, sees=EVERYTHING)
        assert shop is not None
        moved = {**shop.properties, "repository": "acme/shop-next"}
        await entities.upsert(tx, replace(shop, properties=moved, owner="group:platform"), by="test:x")
    view = await seen(house, "sam", approval)
    read = {one["field"]: (one["before"], one["after"]) for one in view["read"]}
    assert read["entity.properties.repository"] == ("acme/shop", "acme/shop-next")
    assert (view["target"]["owner_sealed"], view["target"]["owner"]) == ("group:storefront", "group:platform")
    async with house.store.write() as tx:
        await entities.delete(tx, EntityRef(SHOP), by="test:x")
    view = await seen(house, "sam", approval)
    assert "There is no service:shop" in view["target"]["problem"]
    assert view["undo"]["why_not"] is not None


async def test_a_first_run_has_nothing_to_go_back_to_and_a_decided_one_is_as_it_was_sealed(house: House) -> None:
    approval = await waiting(house)
    view = await seen(house, "sam", approval)
    assert (view["previous_run"], view["request_differences"]) == (None, [])
    assert "no successful run here before" in view["undo"]["why_not"]
    await house.company.decide("sam", RunId(view["run"]))
    view = await seen(house, "sam", approval)
    assert (view["target"], view["lock"], view["undo"]) == (None, None, None)
    assert {one["field"]: one["after"] for one in view["read"]} == view["sealed"]["read"]


async def test_the_pipeline_files_are_compared_when_somebody_looks_and_read_once(house: House) -> None:
    ci = house.company.ci
    ci.pipeline_texts = {OLD: "on: push\njobs:\n  a: 1\n", NEW: "on: push\njobs:\n  a: 2\n"}
    ci.commit = OLD
    await deployed(house, "1.0.0")
    ci.commit = NEW
    approval = await waiting(house)
    await seen(house, "sam", approval)
    assert ci.pipeline_reads == 0
    for _ in range(2):
        [change] = (await seen(house, "sam", f"{approval}/pipelines"))["items"]
        assert (change["changed"], change["previous_commit"], change["commit"]) == (True, OLD, NEW)
        assert change["diff"].splitlines()[-3:] == [" jobs:", "-  a: 1", "+  a: 2"]
    assert ci.pipeline_reads == 2
    [hidden] = (await seen(house, "ben", f"{approval}/pipelines"))["items"]
    assert (hidden["changed"], hidden["diff"]) == (True, None)
    assert "shown to those who decide" in hidden["why_not"]


@pytest.mark.parametrize("changed", [True, False])
async def test_where_the_difference_cannot_be_had_it_is_said(house: House, changed: bool) -> None:
    ci = house.company.ci
    ci.pipeline_texts = {OLD: "a: 1\n", NEW: "a: 2\n" if changed else "a: 1\n"}
    ci.commit = OLD
    await deployed(house, "1.0.0")
    ci.commit = NEW
    approval = await waiting(house)
    ci.down = True
    [change] = (await seen(house, "sam", f"{approval}/pipelines"))["items"]
    assert (change["changed"], change["diff"]) == (changed, None)
    assert (change["why_not"] or "").startswith("The difference cannot be had: ") is changed
    nobody = await house.signed_in("sam")
    problem(await nobody.get("/api/v1/approvals/a_nothing/pipelines"), 404)


async def test_a_long_difference_is_cut(house: House) -> None:
    ci = house.company.ci
    ci.pipeline_texts = {OLD: "", NEW: "\n".join(f"k{number}: 1" for number in range(1000))}
    ci.commit = OLD
    await deployed(house, "1.0.0")
    ci.commit = NEW
    [change] = (await seen(house, "sam", f"{await waiting(house)}/pipelines"))["items"]
    assert (change["cut"], len(change["diff"].splitlines())) == (True, 400)


async def test_undo_that_is_not_declared_is_said(house: House, tmp_path: Path) -> None:
    document = like_deploy("forward")
    del document["spec"]["undo"]
    await load_beside(house.company, tmp_path, document)
    run = await house.company.ask("ana", "1.1.0", "production", action="forward")
    [approval] = await house.company.approvals(run)
    assert "does not say how" in (await seen(house, "sam", approval.id))["undo"]["why_not"]


FORM: dict[str, Any] = {
    "pages": [
        {
            "title": "What",
            "required": ["version", "environment"],
            "properties": {
                "version": {"type": "string", "title": "Version", "pattern": "^[0-9.]+$"},
                "environment": {"type": "string", "title": "Environment", "format": "entity", "kind": "environment"},
                "how": {"type": "string", "title": "How", "enum": ["rolling", "canary"], "default": "canary"},
                "share": {
                    "type": "integer",
                    "title": "Share",
                    "default": 10,
                    "visible": "${{ form.how == 'canary' }}",
                },
            },
        }
    ]
}


async def deployed_twice(house: House) -> tuple[RunId, Any]:
    """By the action `shared`. The second run, and what sam saw when he decided it."""
    for version in ("1.0.0", "1.1.0"):
        run = await house.company.ask("ana", version, "production", action="shared")
        view = await seen(house, "sam", (await house.company.approvals(run))[-1].id)
        await house.company.decide("sam", run)
        await house.company.through(run)
    return run, view


async def test_an_undo_leaves_out_what_is_not_asked_for_with_its_answers(house: House, tmp_path: Path) -> None:
    undo = {"inputs": {"version": "${{ previous.inputs.version }}", "how": "rolling"}}
    await load_beside(house.company, tmp_path, like_deploy("shared", form=FORM, undo=undo))
    run, view = await deployed_twice(house)
    wanted = {"version": "1.0.0", "environment": "environment:production", "how": "rolling"}
    assert (await house.company.run(run)).inputs["share"] == 10
    assert (view["undo"]["why_not"], view["undo"]["inputs"]) == (None, wanted)
    ana, headers = await house.signed_in("ana"), {"idempotency-key": "back-to-rolling"}
    answer = await ana.post(f"/api/v1/runs/{run}/undo", json={"reason": "worse"}, headers=headers)
    assert answer.status_code == 202, answer.text
    assert (await house.company.run(RunId(answer.json()["id"]))).inputs == wanted


async def test_an_undo_that_the_form_would_refuse_is_said_before_anybody_decides(house: House, tmp_path: Path) -> None:
    undo = {"inputs": {"version": "v${{ previous.inputs.version }}", "how": "rolling", "share": 5}}
    await load_beside(house.company, tmp_path, like_deploy("shared", form=FORM, undo=undo))
    _, view = await deployed_twice(house)
    assert "Share is not asked for with these answers" in view["undo"]["why_not"]
    assert view["undo"]["requests"] == []
