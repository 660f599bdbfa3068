"""A run that waits in the CI system: what it says, and who may answer it from here."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from api_house import House, problem
from company import EXAMPLES
from more_actions import like_deploy, load_beside

from daytwo_actions.backends.tree import Artifact, ExternalGate, GateId, GateKind, GateVerdict, Job, JobKind
from daytwo_store.identity import Login, principal_for
from daytwo_store.ids import EntityRef, ExternalJobId, RunId
from daytwo_store.states import ExternalStatus
from daytwo_workflows.company import load_company
from daytwo_workflows.editors import Edit

pytestmark = pytest.mark.anyio
GATE = ExternalGate(
    id=GateId("7"),
    kind=GateKind.ENVIRONMENT,
    title="production",
    waits_for="a review by sre",
    url="https://ci/1/review",
    verdicts=frozenset(GateVerdict),
)


def tree(gate: ExternalGate = GATE) -> list[Job]:
    deploy = Job(
        id=ExternalJobId("2"),
        name="deploy",
        status=ExternalStatus.WAITING,
        detail="waiting",
        url=None,
        started_at=None,
        ended_at=None,
        kind=JobKind.GATE,
        parent=ExternalJobId("1"),
        gate=gate,
    )
    return [replace(deploy, id=ExternalJobId("1"), name="child", kind=JobKind.GROUP, parent=None, gate=None), deploy]


async def at_the_gate(
    house: House,
    environment: str,
    gate: ExternalGate = GATE,
    *,
    asks: str = "ana",
    approves: str = "sam",
    action: str = "deploy",
) -> RunId:
    company = house.company
    company.ci.ends_as, company.ci.tree = None, tree(gate)
    run = await company.ask(asks, "1.1.0", environment, action=action)
    if environment == "production":
        await company.decide(approves, run)
    await company.drive(run)
    number = str(len(company.ci.ledger))
    company.ci.states[number] = replace(company.ci.states[number], status=ExternalStatus.WAITING, detail="waiting")
    await company.look(run)
    await company.drive(run)
    return run


async def seen(house: House, name: str, run: RunId) -> dict[str, Any]:
    client = await house.signed_in(name)
    view: dict[str, Any] = (await client.get(f"/api/v1/runs/{run}")).json()
    return view


async def test_the_run_says_where_it_waits_and_for_whom(house: House) -> None:
    run = await at_the_gate(house, "staging")
    view = await seen(house, "ana", run)
    assert view["text"] == view["waits"]["text"] == "waits in Memory for a review by sre"
    assert (view["waits"]["kind"], view["waits"]["url"]) == ("gate", "https://ci/1/review")
    [gate] = view["gates"]
    [group, job] = view["steps"][0]["jobs"]
    assert (group["kind"], group["gate"], job["kind"], job["parent"]) == ("group", None, "gate", "1")
    assert job["gate"] == gate["id"]
    assert (gate["title"], gate["go"]["allowed"], gate["stop"]["allowed"]) == ("production", True, True)


async def test_who_asked_cannot_let_a_protected_run_on_alone_but_may_stop_it(house: House) -> None:
    run = await at_the_gate(house, "production")
    ana, sam, ben = [await house.signed_in(name) for name in ("ana", "sam", "ben")]
    [gate] = (await seen(house, "ana", run))["gates"]
    assert (gate["go"]["allowed"], gate["stop"]["allowed"]) == (False, True)
    assert "four eyes" in gate["go"]["why_not"]
    where = f"/api/v1/runs/{run}/gates/{gate['id']}"
    assert "four eyes" in problem(await ana.post(where, json={"verdict": "go"}), 403)["detail"]
    problem(await ben.post(where, json={"verdict": "go"}), 403)
    assert house.company.ci.answers == []
    said = await sam.post(where, json={"verdict": "go", "comment": "looks good"})
    assert said.status_code == 202, said.text
    assert house.company.ci.answers == [("7", "go")]
    [gate] = said.json()["gates"]
    assert [(one["by"]["name"], one["verdict"], one["state"]) for one in gate["answers"]] == [("Sam", "go", "done")]


async def test_a_token_without_the_scope_to_approve_cannot_let_a_protected_run_on(house: House) -> None:
    run = await at_the_gate(house, "production")
    [gate] = (await seen(house, "sam", run))["gates"]
    where, key = f"/api/v1/runs/{run}/gates/{gate['id']}", {"Idempotency-Key": "gate-0001"}
    running = await house.token("sam", "read", "run")
    assert "approve" in problem(await running.post(where, json={"verdict": "go"}, headers=key), 403)["detail"]
    both = await house.token("sam", "read", "run", "approve")
    problem(await both.post(where, json={"verdict": "go"}), 422)  # no key
    assert (await both.post(where, json={"verdict": "go"}, headers=key)).status_code == 202
    assert (await both.post(where, json={"verdict": "go"}, headers=key)).status_code == 202
    assert len(house.company.ci.answers) == 1


async def test_who_asked_is_the_same_person_with_another_sign_in_and_as_a_delegate(
    house: House, tmp_path: Path
) -> None:
    approval = [{"from": ["group:sre", "group:platform"]}]
    await load_beside(house.company, tmp_path, like_deploy("one", allow={"run": ["everyone"]}, approval=approval))
    async with house.store.write() as tx:
        login = Login(issuer="https://id.example", subject="007", name="Sam", ref=EntityRef("person:sam"))
        house.company.people["sam"] = (await principal_for(tx, login)).id
    run = await at_the_gate(house, "production", asks="sam", approves="pat", action="one")
    sam, pat = await house.signed_in("sam"), await house.signed_in("pat")
    [gate] = (await seen(house, "sam", run))["gates"]
    assert (gate["go"]["allowed"], gate["stop"]["allowed"]) == (False, True)
    where = f"/api/v1/runs/{run}/gates/{gate['id']}"
    assert "four eyes" in problem(await sam.post(where, json={"verdict": "go"}), 403)["detail"]
    until = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    asked = {"to": "person:pat", "until": until, "reason": "away"}
    lent = await sam.post("/api/v1/delegations", json=asked, headers={"Idempotency-Key": "lend-0001"})
    assert lent.status_code == 201, lent.text
    assert "one person here" in problem(await pat.post(where, json={"verdict": "go"}), 403)["detail"]
    assert house.company.ci.answers == []
    assert (await sam.delete(f"/api/v1/delegations/{lent.json()['id']}")).is_success
    assert (await pat.post(where, json={"verdict": "go"})).status_code == 202


async def test_who_last_changed_the_action_cannot_let_it_on_nor_who_decides_for_them(
    house: House, tmp_path: Path
) -> None:
    approval = [{"from": ["group:sre", "group:platform"]}]
    document = like_deploy("edited", approval=approval, allow={"run": ["everyone"]})
    (tmp_path / "edited.yaml").write_text(json.dumps(document))
    folders = [EXAMPLES / "catalog", EXAMPLES / "actions", tmp_path]
    edit = Edit(commit="c" * 40, email="sam@acme.example", name="Sam")
    await load_company(house.store, folders, {"github": "github"}, last_edits=lambda files: dict.fromkeys(files, edit))
    run = await at_the_gate(house, "production", approves="pat", action="edited")
    sam, pat = await house.signed_in("sam"), await house.signed_in("pat")
    [gate] = (await seen(house, "sam", run))["gates"]
    assert (gate["go"]["allowed"], gate["stop"]["allowed"]) == (False, True)
    assert "You last changed the file of this action" in gate["go"]["why_not"]
    where = f"/api/v1/runs/{run}/gates/{gate['id']}"
    assert "last changed" in problem(await sam.post(where, json={"verdict": "go"}), 403)["detail"]
    until = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    asked = {"to": "person:fay", "until": until, "reason": "away"}
    lent = await sam.post("/api/v1/delegations", json=asked, headers={"Idempotency-Key": "lend-0001"})
    assert lent.status_code == 201, lent.text
    fay = await house.signed_in("fay")
    problem(await fay.post(where, json={"verdict": "go"}), 403)
    assert house.company.ci.answers == []
    assert (await pat.post(where, json={"verdict": "go"})).status_code == 202


async def test_what_can_only_be_answered_there_says_so(house: House) -> None:
    run = await at_the_gate(house, "staging", replace(GATE, verdicts=frozenset()))
    [gate] = (await seen(house, "ana", run))["gates"]
    assert gate["go"] == gate["stop"]
    assert "do it in Memory" in gate["go"]["why_not"]


async def test_the_log_says_when_it_comes_and_files_are_shown(house: House) -> None:
    run = await at_the_gate(house, "staging")
    view = await seen(house, "ana", run)
    assert view["steps"][0]["log_note"] == "Memory hands out a job's log when the job has ended."
    company = house.company
    company.ci.files = [Artifact(name="report\x00.zip", size=12, url="https://ci/a", expires_at=None)]
    company.ci.end("1", ExternalStatus.SUCCEEDED)
    await company.look(run)
    await company.drive(run)
    [attempt] = (await seen(house, "ana", run))["steps"][0]["attempts"]
    [left] = attempt["external"]["artifacts"]
    assert (left["name"], left["size"]) == ("report\ufffd.zip", 12)
