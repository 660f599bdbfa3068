"""Roles of the moment, tokens for named actions, rules in `allow`, and the one answer to "may I"."""

import re
from pathlib import Path
from typing import Any

import httpx
import pytest
from api_house import House, problem
from company import EXAMPLES
from more_actions import like_deploy, load_beside
from sqlalchemy import select

from daytwo_actions.definitions import DefinitionRejected
from daytwo_store import entities, grants
from daytwo_store.entities import EVERYTHING, Draft
from daytwo_store.ids import RunId
from daytwo_store.tables import AuditRow
from daytwo_workflows.company import PolicyMissing, load_company

pytestmark = pytest.mark.anyio
SHOP = "service:shop"
STAGING = {"version": "1.1.0", "environment": "environment:staging"}
PRODUCTION = STAGING | {"environment": "environment:production"}


async def give(house: House, **roles: list[str]) -> None:
    """The policy is this from now on; everybody looks and asks unless it says otherwise."""
    async with house.store.write() as tx:
        everybody = {"viewer": ["everyone"], "requester": ["everyone"], "admin": ["group:platform"]}
        await grants.put(tx, everybody | roles, source="test.yaml")


async def regroup(house: House, person: str, *groups: str) -> None:
    async with house.store.write() as tx:
        before = await entities.get(tx.session, f"person:{person}", sees=EVERYTHING)
        assert before is not None
        moved = Draft(
            kind="person",
            name=person,
            title=before.title,
            properties=before.properties,
            relations={"memberOf": list(groups)},
        )
        await entities.upsert(tx, moved, by="file:x")


async def may(client: httpx.AsyncClient, do: str, **about: str) -> dict[str, Any]:
    answer = await client.post("/api/v1/me/may", json={"do": do, **about})
    assert answer.status_code == 200, answer.text
    said: dict[str, Any] = answer.json()
    assert (said["why_not"] is None) is said["allowed"]
    return said


async def start(client: httpx.AsyncClient, action: str = "deploy", inputs: dict[str, str] = STAGING) -> httpx.Response:
    return await client.post(
        f"/api/v1/actions/{action}/runs",
        json={"entity": SHOP, "inputs": inputs},
        headers={"Idempotency-Key": f"access-{action}-{inputs['environment']}-{inputs['version']}"},
    )


async def test_who_has_no_role_is_known_and_may_do_nothing(house: House) -> None:
    await give(house, viewer=["group:sre"], requester=["group:sre"])
    ana = await house.signed_in("ana")
    me = (await ana.get("/api/v1/me")).json()
    assert (me["roles"], me["permissions"]) == ([], [])
    for path in ("runs", "actions", "approvals", "kinds", "locks", "events"):
        said = problem(await ana.get(f"/api/v1/{path}"), 403)["detail"]
        assert "It takes the role viewer" in said
        assert "you have none" in said
        assert "group:platform" in said  # who can help
    problem(await start(ana), 403)
    assert (await may(ana, "read"))["allowed"] is False


async def test_a_role_that_is_taken_away_counts_at_once(house: House) -> None:
    sam = await house.signed_in("sam")
    assert (await sam.get("/api/v1/connections/github/webhooks")).status_code == 200
    assert (await may(sam, "locks.force"))["allowed"]
    await give(house)
    said = problem(await sam.get("/api/v1/connections/github/webhooks"), 403)["detail"]
    assert "operator" in said
    assert not (await may(sam, "locks.force"))["allowed"]


async def test_an_approval_given_and_not_sent_counts_no_more_when_the_right_to_decide_is_taken_away(
    house: House,
) -> None:
    """S6: Sam stays in the group that was asked, and has no role any more."""
    run = await house.company.ask("ana", "1.1.0", "production")
    await house.company.drive(run)
    await house.company.decide("sam", run)
    await give(house, viewer=["group:storefront"], requester=["group:storefront"])
    await house.company.drive(run)
    assert ((await house.company.run(run)).state, house.company.ci.posts) == ("waiting_approval", 0)
    old, new = await house.company.approvals(run)
    assert (old.state, new.state) == ("superseded", "pending")
    assert new.drift == [{"field": "approval of Sam", "before": "may decide", "after": "no longer"}]


async def test_a_viewer_decides_where_asked_and_asks_for_nothing(house: House) -> None:
    await give(house, requester=["group:storefront"])
    run = await house.company.ask("ana", "1.1.0", "production")
    await house.company.drive(run)
    sam = await house.signed_in("sam")
    assert "role requester" in problem(await start(sam), 403)["detail"]
    (waiting,) = (await sam.get("/api/v1/approvals", params={"mine": True})).json()["items"]
    assert (await may(sam, "decide", approval=waiting["id"]))["allowed"]
    body = {"verdict": "approve", "digest": waiting["digest"]}
    assert (await sam.post(f"/api/v1/approvals/{waiting['id']}/decision", json=body)).status_code == 200


async def test_an_operator_stops_and_does_not_run(house: House) -> None:
    await give(house, operator=["person:fay"])
    run = await house.company.ask("ana", "1.1.0", "staging")
    fay, kim = await house.signed_in("fay"), await house.signed_in("pat")
    seen = (await fay.get(f"/api/v1/runs/{run}")).json()["may"]
    assert (seen["cancel"]["allowed"], seen["withdraw"]["allowed"]) == (True, False)
    assert not (await may(fay, "run", action="deploy", entity=SHOP))["allowed"]
    assert (await may(fay, "cancel", run=run))["allowed"]
    assert (await may(kim, "cancel", run=run))["allowed"]  # an administrator has every role
    assert (await fay.post(f"/api/v1/runs/{run}/cancel", json={"reason": "wrong day"})).status_code == 202


async def test_roles_stand_in_allow_and_in_from(house: House, tmp_path: Path) -> None:
    guarded = like_deploy(
        "guarded",
        allow={"run": ["role:author"]},
        approval=[{"from": ["role:operator"]}],
    )
    await load_beside(house.company, tmp_path, guarded)
    ana, pat, sam = [await house.signed_in(name) for name in ("ana", "pat", "sam")]
    assert "role:author" in problem(await start(ana, "guarded"), 403)["detail"]
    run = RunId((await start(pat, "guarded")).json()["id"])
    await house.company.drive(run)
    (approval,) = (await sam.get("/api/v1/approvals", params={"mine": True})).json()["items"]
    assert approval["needed_from"] == ["role:operator"]
    body = {"verdict": "approve", "digest": approval["digest"]}
    assert (await sam.post(f"/api/v1/approvals/{approval['id']}/decision", json=body)).status_code == 200
    await give(house, author=["group:platform"])  # whoever approved is no operator any more
    await house.company.drive(run)
    assert (await house.company.run(run)).state == "waiting_approval"
    assert house.company.ci.posts == 0


RULE = "${{ 'group:storefront' in user.groups and inputs.environment.name == 'staging' }}"


async def test_an_expression_in_allow_is_worked_out_with_what_is_asked_for(house: House, tmp_path: Path) -> None:
    await load_beside(house.company, tmp_path, like_deploy("ruled", allow={"run": [RULE]}))
    ana, fay = await house.signed_in("ana"), await house.signed_in("fay")
    assert (await start(ana, "ruled")).status_code == 202
    assert "Nobody may run" in problem(await start(ana, "ruled", PRODUCTION), 403)["detail"]
    problem(await start(fay, "ruled"), 403)
    assert (await may(ana, "run", action="ruled", entity=SHOP))["allowed"]  # it depends on what is filled in


NOT_TRUE = [
    "${{ user.groups }}",  # something is not true
    "${{ 'true' }}",
    "${{ entity.properties.repository > 3 }}",
    "${{ user.groups[7] == 'group:storefront' }}",
    "${{ false }}",
]


async def test_a_rule_that_is_not_plainly_true_allows_nobody(house: House, tmp_path: Path) -> None:
    hidden = [
        like_deploy(f"hidden-{number}", allow={"run": ["owner"], "see": [rule]}) for number, rule in enumerate(NOT_TRUE)
    ]
    ruled = [like_deploy(f"ruled-{number}", allow={"run": [rule]}) for number, rule in enumerate(NOT_TRUE)]
    seen = like_deploy("seen", allow={"run": ["owner"], "see": ["${{ 'group:storefront' in user.groups }}"]})
    await load_beside(house.company, tmp_path, *hidden, *ruled, seen)
    ana, fay = await house.signed_in("ana"), await house.signed_in("fay")
    listed = [one["name"] for one in (await ana.get("/api/v1/actions", params={"entity": SHOP})).json()["items"]]
    assert "seen" in listed
    problem(await start(fay, "seen"), 404)
    for number, rule in enumerate(NOT_TRUE):
        assert f"hidden-{number}" not in listed, rule
        problem(await start(ana, f"hidden-{number}"), 404)
        problem(await start(ana, f"ruled-{number}"), 403)


def make(folder: Path) -> Path:
    folder.mkdir()
    return folder


async def test_a_rule_may_name_only_what_is_known_there(house: House, tmp_path: Path) -> None:
    with pytest.raises(DefinitionRejected, match=r"`inputs` is not known in `allow.see`"):
        await load_beside(
            house.company,
            tmp_path,
            like_deploy("seen", allow={"run": ["owner"], "see": ["${{ inputs.version == '1' }}"]}),
        )
    with pytest.raises(DefinitionRejected, match=r"`inputs` has no `verison`. Did you mean `version`?"):
        await load_beside(
            house.company, make(tmp_path / "b"), like_deploy("x", allow={"run": ["${{ inputs.verison == '1' }}"]})
        )


async def test_a_token_for_one_action_is_good_for_no_other(house: House) -> None:
    ana = await house.signed_in("ana")
    mine = RunId((await start(ana)).json()["id"])
    program = await house.token("ana", "read", "run:restart")
    said = problem(await start(program), 403)["detail"]
    assert "run:restart alone" in said
    problem(await start(program, "nothing-at-all"), 403)  # not even whether it exists
    for what in ("cancel", "withdraw", "undo"):
        problem(await program.post(f"/api/v1/runs/{mine}/{what}", json={}), 403)
        assert not (await may(program, what, run=mine))["allowed"]
    deploys = await house.token("ana", "read", "run:deploy")
    assert (await start(deploys, inputs=STAGING | {"version": "1.2.0"})).status_code == 202
    assert (await deploys.post(f"/api/v1/runs/{mine}/withdraw", json={})).status_code in (200, 409)
    shown = {one["name"]: one["may_run"] for one in (await deploys.get("/api/v1/actions")).json()["items"]}
    assert shown["deploy"]["allowed"]
    assert not shown["restart"]["allowed"]


async def test_a_token_is_shown_as_allowed_what_its_scopes_let_it_do(house: House) -> None:
    run = await house.company.ask("ana", "1.1.0", "production")
    await house.company.drive(run)
    approval = (await house.company.approvals(run))[-1].id
    reading, full = await house.token("ana", "read"), await house.token("ana", "read", "run", "approve")
    shown = [(await one.get(f"/api/v1/runs/{run}")).json()["may"] for one in (reading, full)]
    assert not any(one["allowed"] for one in shown[0].values())
    assert "It takes a token with the scope 'run'" in shown[0]["cancel"]["why_not"]
    assert shown[1]["cancel"]["allowed"]
    assert shown[1]["withdraw"]["allowed"]
    for scopes, allowed in ((("read",), False), (("read", "approve"), True)):
        sam = await house.token("sam", *scopes)
        may_decide = (await sam.get(f"/api/v1/approvals/{approval}")).json()["may_decide"]
        assert may_decide["allowed"] is allowed
        assert (may_decide["why_not"] is None) is allowed


async def test_may_i_answers_as_the_routes_do_about_more_of_a_run_and_about_a_lock(house: House) -> None:
    house.company.ci.ends_as = None
    holder = await house.company.ask("ana", "1.1.0", "staging")
    waits = await house.company.ask("sam", "1.1.0", "staging")
    for run in (holder, waits):
        await house.company.drive(run)
    ana, sam, pat = [await house.signed_in(name) for name in ("ana", "sam", "pat")]
    assert (await may(sam, "locks.force"))["allowed"]
    assert "which you asked for (four eyes)" in (await may(sam, "locks.force", lock="shop/staging"))["why_not"]
    assert (await may(pat, "locks.force", lock="shop/staging"))["allowed"]
    assert "It has not ended" in (await may(ana, "rerun", run=holder))["why_not"]
    for what in ("resume", "choose"):
        assert not (await may(ana, what, run=holder))["allowed"]
    assert (await may(pat, "evidence", run=holder))["allowed"]
    assert not (await may(ana, "evidence", run=holder))["allowed"]


async def test_may_i_answers_as_the_routes_do_about_freezes_and_the_stop(house: House) -> None:
    """Four eyes: whoever has a run that it keeps back neither lifts the stop nor changes the freeze."""
    sam, pat = await house.signed_in("sam"), await house.signed_in("pat")
    spec = {"reason": "x", "until": "2099-01-01T00:00Z", "where": {"actions": ["deploy"]}}
    made = await pat.post("/api/v1/freezes", json={"title": "x", "owner": "group:platform", "spec": spec})
    freeze = made.json()["id"]
    assert (await may(sam, "stop.global"))["allowed"]
    assert (await may(sam, "freezes.manage", freeze=freeze))["allowed"]
    (await pat.post("/api/v1/stop", json={"reason": "incident"})).raise_for_status()
    assert (await may(sam, "stop.global"))["allowed"], "nothing of theirs waits"
    run = await house.company.ask("sam", "1.1.0", "staging")
    await house.company.drive(run)
    kept = (await may(sam, "stop.global"))["why_not"]
    assert kept == f"The stop keeps back run {run}, which you asked for (four eyes)."
    assert problem(await sam.delete("/api/v1/stop?reason=out"), 403)["detail"].startswith(kept)
    held = (await may(sam, "freezes.manage", freeze=freeze))["why_not"]
    assert held == f"This freeze is about run {run}, which you asked for (four eyes)."
    assert problem(await sam.delete(f"/api/v1/freezes/{freeze}"), 403)["detail"].startswith(held)
    for what in ({}, {"freeze": freeze}):
        assert (await may(pat, "freezes.manage", **what))["allowed"]
    assert (await may(pat, "stop.global"))["allowed"]
    in_file = (await may(pat, "freezes.manage", freeze=await of_a_file(pat)))["why_not"]
    assert "stands in a file of the company" in in_file
    problem(await pat.post("/api/v1/me/may", json={"do": "freezes.manage", "freeze": "fz_nothing"}), 404)


async def of_a_file(client: httpx.AsyncClient) -> str:
    items = (await client.get("/api/v1/freezes")).json()["items"]
    found: str = next(one["id"] for one in items if one["from_file"])
    return found


async def test_scopes_that_there_are_not(house: House) -> None:
    ana = await house.signed_in("ana")
    for scopes in (
        ["run", "run:deploy"],
        ["run:"],
        ["run:Deploy"],
        ["run:*"],
        ["run:a b"],
        ["read:deploy"],
        ["admin:x"],
        [f"run:{'a' * 64}"],
    ):
        answer = await ana.post("/api/v1/tokens", json={"name": "x", "scopes": scopes})
        assert "was not made" in problem(answer, 422)["detail"], scopes


async def test_a_token_does_never_more_than_its_owner_may_now(house: House) -> None:
    program = await house.token("pat", "read", "run", "approve", "admin")
    assert (await program.get("/api/v1/audit")).status_code == 200
    await regroup(house, "pat", "group:storefront")
    problem(await program.get("/api/v1/audit"), 403)
    problem(await program.get("/api/v1/tokens/everybody"), 403)
    await give(house, viewer=["group:sre"], requester=["group:sre"])
    problem(await program.get("/api/v1/runs"), 403)


async def test_a_token_of_who_asked_decides_as_who_asked(house: House) -> None:
    run = await house.company.ask("sam", "1.1.0", "production")
    await house.company.drive(run)
    approval = (await house.company.approvals(run))[-1]
    program = await house.token("sam", "read", "approve")
    body = {"verdict": "approve", "digest": approval.digest}
    said = problem(await program.post(f"/api/v1/approvals/{approval.id}/decision", json=body), 403)["detail"]
    assert "four eyes" in said
    assert "four eyes" in (await may(program, "decide", approval=approval.id))["why_not"]


async def test_tokens_of_everybody_with_their_owners(house: House) -> None:
    for name in ("ana", "sam", "ben"):
        await house.token(name, "read")
    pat = await house.signed_in("pat")
    first = (await pat.get("/api/v1/tokens/everybody", params={"limit": 2})).json()
    rest = (await pat.get("/api/v1/tokens/everybody", params={"limit": 2, "cursor": first["next_cursor"]})).json()
    assert [one["owner"]["name"] for one in first["items"] + rest["items"]] == ["Ben", "Sam", "Ana"]
    assert rest["next_cursor"] is None
    assert not {"secret", "hash"} & {*first["items"][0]}
    said = problem(await (await house.signed_in("sam")).get("/api/v1/tokens/everybody"), 403)["detail"]
    assert "role admin" in said


async def test_may_i_hides_what_is_hidden(house: House) -> None:
    ana = await house.signed_in("ana")
    for asked in ({"do": "run", "action": "deploy", "entity": "service:payroll"}, {"do": "cancel", "run": "r_0"}):
        problem(await ana.post("/api/v1/me/may", json=asked), 404)
    problem(await ana.post("/api/v1/me/may", json={"do": "cancel"}), 422)
    problem(await ana.post("/api/v1/me/may", json={"do": "everything"}), 422)


async def test_a_policy_that_is_gone_is_not_taken_for_none(house: House, tmp_path: Path) -> None:
    for name in ("kinds", "people", "services", "environments", "deployments"):
        (tmp_path / f"{name}.yaml").write_text((EXAMPLES / "catalog" / f"{name}.yaml").read_text())
    folders = [tmp_path, EXAMPLES / "actions"]
    with pytest.raises(PolicyMissing, match=r"had a policy \(policy.yaml\)"):
        await load_company(house.store, folders, {"github": "github"})
    text = (EXAMPLES / "catalog" / "policy.yaml").read_text()
    (tmp_path / "policy.yaml").write_text(re.sub(r'admin: \["group:platform"\]', 'admin: ["group:platfrom"]', text))
    with pytest.raises(DefinitionRejected, match=r"There is no `group:platfrom` in the catalog"):
        await load_company(house.store, folders, {"github": "github"})
    sam = await house.signed_in("sam")
    assert "operator" in (await sam.get("/api/v1/me")).json()["roles"]  # those of before stay
    (tmp_path / "policy.yaml").write_text(text.replace('operator: ["group:sre"]', "operator: []"))
    await load_company(house.store, folders, {"github": "github"})
    assert "operator" not in (await sam.get("/api/v1/me")).json()["roles"]
    async with house.store.read() as session:
        query = select(AuditRow.facts).where(AuditRow.action == "role.taken").order_by(AuditRow.n.desc()).limit(1)
        facts = await session.scalar(query)
    assert facts == {"from": "group:sre", "source": "policy.yaml"}
