"""A secret input: typed into the form, encrypted, never planned or shown, collected once by its own pipeline (A6)."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from api_house import House, problem
from ci_tokens import AUDIENCE, ISSUER, Issuer
from company import EXAMPLES, Company
from secret_action import ask_for_password, load_set_password, set_password
from sqlalchemy import select, text, update

from daytwo_actions.backends.identity.issuers import CiIdentity, github_caller
from daytwo_api.app import create_app
from daytwo_api.services.ci import CiDoor
from daytwo_store import runs, secret_values
from daytwo_store.ids import RunId
from daytwo_store.keyring import KeyId, KeyRing, Keys
from daytwo_store.states import ExternalStatus, RunState
from daytwo_store.tables import AuditRow, SecretRow
from daytwo_workflows.company import load_company
from daytwo_workflows.life.interventions import cancel
from daytwo_workflows.secret_care import SecretCare

pytestmark = pytest.mark.anyio
ONE = Issuer()
PASSWORD = "correct horse/battery+staple"
GITHUB = {"workflow_ref": "acme/shop/.github/workflows/set-password.yml@refs/heads/main"}


@dataclass
class Door:
    house: House
    company: Company

    async def collect(self, token: str | None, marker: str, **more: Any) -> httpx.Response:
        client = self.house.anonymous(**({"Authorization": f"Bearer {token}"} if token else {}))
        return await client.post("/api/v1/ci/secrets", json={"marker": marker, **more})

    async def claim(self, token: str, marker: str, **more: Any) -> httpx.Response:
        client = self.house.anonymous(Authorization=f"Bearer {token}")
        return await client.post("/api/v1/ci/claim", json={"marker": marker, **more})

    async def running(self, **more: str) -> tuple[RunId, str]:
        self.company.ci.ends_as = None
        run = await ask_for_password(self.company, PASSWORD, **more)
        await self.company.drive(run)
        return run, (await self.company.attempts(run))[-1].corr

    async def audit(self, action: str) -> list[AuditRow]:
        async with self.company.store.read() as session:
            return list(await session.scalars(select(AuditRow).where(AuditRow.action == action)))

    async def whole_database(self) -> str:
        """Every row of every table as text."""
        async with self.company.store.read() as session:
            names = await session.scalars(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'"))
            dumps = [(await session.scalars(text(f'SELECT t::text FROM "{name}" t'))).all() for name in names]
        return "\n".join(line for dump in dumps for line in dump)


@pytest.fixture
async def door(company: Company, house: House, tmp_path: Path) -> AsyncIterator[Door]:
    await load_set_password(company, tmp_path)
    company.life = replace(company.life, hand_tokens=frozenset({"github"}))
    identity = CiIdentity(ONE, issuer=ISSUER, audience=AUDIENCE, caller=github_caller)
    services = replace(house.services, ci=CiDoor(company.life, {"github": identity}))
    ours = House(create_app(services), services, company, house.temporal)
    yield Door(ours, company)
    await ours.close()


def read(answer: httpx.Response) -> dict[str, str]:
    assert answer.status_code == 200, answer.text
    assert answer.headers["cache-control"] == "no-store"
    return {one["name"]: base64.b64decode(one["base64"]).decode() for one in answer.json()["secrets"]}


async def test_its_own_pipeline_collects_it_once(door: Door) -> None:
    run, marker = await door.running(note="über")
    assert read(await door.collect(ONE.github(**GITHUB), marker)) == {"password": PASSWORD, "note": "über"}
    said = problem(await door.collect(ONE.github(**GITHUB), marker), 409, "secrets-refused")
    assert "collected before, by 1/1" in said["detail"]
    assert PASSWORD not in json.dumps(said)
    [collected] = await door.audit("secrets.collected")
    assert collected.facts == {"step": "ship", "attempt": "1", "execution": "1/1", "name": "password, note"}
    [refused] = await door.audit("secrets.refused")
    assert refused.subject == f"run:{run}"
    shown = (await (await door.house.signed_in("ana")).get(f"/api/v1/runs/{run}")).json()["steps"][0]
    assert (shown["secrets"], shown["secrets_by"]) == (["password", "note"], "1/1")


async def test_of_many_who_ask_at_once_one_gets_it(door: Door) -> None:
    _, marker = await door.running()
    answers = await asyncio.gather(*(door.collect(ONE.github(**GITHUB), marker) for _ in range(8)))
    assert sorted(one.status_code for one in answers) == [200, *[409] * 7]
    assert len(await door.audit("secrets.collected")) == 1


async def test_it_is_neither_planned_nor_sent_nor_stored_in_clear(door: Door) -> None:
    run, _ = await door.running()
    [sent] = door.company.ci.ledger
    row = await door.company.run(run)
    assert row.inputs == {"account": "shop"}
    assert json.loads(row.plan)["secrets"]["password"].startswith("hmac-sha256:")
    assert json.loads(row.plan)["steps"][0]["secrets"] == ["password"], "a note was not given"
    for text_ in (row.plan, sent.body.decode(), await door.whole_database()):
        assert PASSWORD not in text_
    assert PASSWORD.encode().hex() not in await door.whole_database()


async def test_only_between_dispatch_and_end(door: Door) -> None:
    run = await ask_for_password(door.company, PASSWORD)
    problem(await door.collect(ONE.github(**GITHUB), "a" * 20), 401)
    door.company.ci.ends_as = None
    await door.company.drive(run)
    marker = (await door.company.attempts(run))[-1].corr
    door.company.ci.obeys = False
    await cancel(door.company.store, run, by=await door.company.person("ana"), reason="", force=False)
    assert "is being stopped" in problem(await door.collect(ONE.github(**GITHUB), marker), 409)["detail"]
    door.company.ci.end("1", ExternalStatus.CANCELLED)
    await door.company.through(run)
    assert "has ended" in problem(await door.collect(ONE.github(**GITHUB), marker), 409)["detail"]
    assert len(await door.audit("secrets.refused")) == 2


async def test_another_identity_gets_nothing(door: Door) -> None:
    _, marker = await door.running()
    for claims in (
        {"repository_id": "2"},
        {"workflow_ref": "acme/shop/.github/workflows/deploy.yml@refs/heads/main"},
        {"ref": "refs/heads/feature"},
        {"aud": "https://other.example"},
        {"exp": 1},
        {"run_id": "7"},
        {"run_attempt": "2"},
        {"sha": "e" * 40},
    ):
        answer = await door.collect(ONE.github(**{**GITHUB, **claims}), marker)
        assert answer.status_code in (401, 409), claims
        assert "base64" not in answer.text
    assert read(await door.collect(ONE.github(**GITHUB), marker)) == {"password": PASSWORD}, "nothing was used up"


async def test_the_attempts_own_token_is_not_enough_where_jobs_have_better_ones(door: Door) -> None:
    """It is an input of the pipeline: everybody who can read the repository can read it."""
    _, marker = await door.running()
    token = door.company.life.token("github", marker)  # type: ignore[arg-type]
    door.company.ci.traits = replace(door.company.ci.traits, kind="github", title="GitHub")
    said = problem(await door.collect(token, marker, execution="uid-1"), 409)
    assert "the attempt's own can be read" in said["detail"]


async def test_where_there_is_no_better_token_the_execution_that_claimed_it_collects(door: Door) -> None:
    _, marker = await door.running()
    token = door.company.life.token("github", marker)  # type: ignore[arg-type]
    assert "has to claim it first" in problem(await door.collect(token, marker, execution="uid-1"), 409)["detail"]
    assert (await door.claim(token, marker, execution="uid-1")).status_code == 200
    problem(await door.collect(token, marker, execution="uid-2"), 409)
    assert read(await door.collect(token, marker, execution="uid-1")) == {"password": PASSWORD}


async def test_a_connection_whose_runs_nobody_knows_takes_no_secrets(door: Door) -> None:
    door.company.life = replace(door.company.life, hand_tokens=frozenset())
    with pytest.raises(Exception, match="run_tokens: true") as refused:
        await ask_for_password(door.company, PASSWORD)
    assert PASSWORD not in str(refused.value)


async def test_another_value_in_the_row_voids_the_approval(door: Door, tmp_path: Path) -> None:
    """Somebody who can write the database swaps what was approved for another secret of the same run."""
    approval = [{"from": ["group:sre"]}]
    (tmp_path / "more-actions/set-password.yaml").write_text(json.dumps(set_password(approval=approval)))
    folders = [EXAMPLES / "catalog", EXAMPLES / "actions", tmp_path / "more-actions"]
    await load_company(door.company.store, folders, {"github": "github"})
    run = await ask_for_password(door.company, PASSWORD)
    await door.company.decide("sam", run)
    async with door.company.store.write() as tx:
        [row] = await secret_values.of_run(tx.session, run)
        row.key_id, row.sealed = door.company.life.keys.ring.seal(b"another one", secret_values.place_of(row))
    await door.company.drive(run)
    assert (await door.company.run(run)).state == RunState.WAITING_APPROVAL
    assert door.company.ci.posts == 0
    drift = (await door.company.approvals(run))[-1].drift
    assert [change["field"] for change in drift or []] == ["secrets.password"]
    assert PASSWORD not in json.dumps(drift)


async def test_plain_text_in_the_row_and_a_row_of_another_run_are_refused(door: Door) -> None:
    first, second = [await ask_for_password(door.company, word) for word in (PASSWORD, "another one")]
    async with door.company.store.write() as tx:
        [mine] = await secret_values.of_run(tx.session, first)
        [other] = await secret_values.of_run(tx.session, second)
        other.sealed = mine.sealed
    await door.company.drive(second)
    row = await door.company.run(second)
    assert (row.state, "does not open" in str(row.reason)) == (RunState.REFUSED, True)
    async with door.company.store.write() as tx:
        await tx.session.execute(update(SecretRow).where(SecretRow.run_id == first).values(sealed=b"plain"))
    await door.company.drive(first)
    row = await door.company.run(first)
    assert (row.state, "is not encrypted" in str(row.reason)) == (RunState.REFUSED, True)
    assert door.company.ci.posts == 0


async def test_without_its_key_a_run_waits_and_goes_on_when_it_is_back(door: Door) -> None:
    run = await ask_for_password(door.company, PASSWORD)
    life = door.company.life
    door.company.life = replace(life, keys=Keys.of(KeyRing(KeyId("k-2"), {KeyId("k-2"): b"2" * 32})))
    with pytest.raises(Exception, match="derived-"):
        await door.company.drive(run)
    assert (await door.company.run(run)).state == RunState.RUNNING
    assert door.company.ci.posts == 0
    door.company.life = life
    await door.company.through(run)
    assert (await door.company.run(run)).state == RunState.SUCCEEDED


async def test_it_is_masked_in_the_log_and_the_results_and_then_deleted(door: Door) -> None:
    run, marker = await door.running()
    await door.collect(ONE.github(**GITHUB), marker)
    coded = base64.b64encode(b"password=" + PASSWORD.encode()).decode()
    door.company.ci.log = f"the password is {PASSWORD}\n{coded}\n".encode()
    door.company.ci.left = {"echo": PASSWORD}
    door.company.ci.end("1", ExternalStatus.SUCCEEDED)
    await door.company.through(run)
    ana = await door.house.signed_in("ana")
    lines = [line["text"] for line in (await ana.get(f"/api/v1/runs/{run}/logs")).json()["lines"]]
    assert lines[0] == "the password is ***"
    assert "***" in lines[1]
    assert (await ana.get(f"/api/v1/runs/{run}")).json()["steps"][0]["outputs"] == {"echo": "***"}

    care = SecretCare(store=door.company.store, keys=door.company.life.keys, retention=timedelta(hours=24))
    now = (await door.company.run(run)).ended_at
    assert now is not None
    await care.round(now + timedelta(hours=23))
    async with door.company.store.read() as session:
        assert await secret_values.open_inputs(session, door.company.life.keys.ring, run) == {"password": PASSWORD}
    await care.round(now + timedelta(hours=25))
    async with door.company.store.read() as session:
        [row] = await secret_values.of_run(session, run)
    assert row.sealed is None
    assert [entry.facts for entry in await door.audit("secrets.deleted")] == [{"name": "password"}]


async def test_a_log_that_can_no_longer_be_masked_is_not_kept(door: Door) -> None:
    run, marker = await door.running()
    await door.collect(ONE.github(**GITHUB), marker)
    async with door.company.store.write() as tx:
        (await runs.hold(tx, run)).progress_at = tx.now
        [row] = await secret_values.of_run(tx.session, run)
        row.sealed, row.deleted_at = None, tx.now
    door.company.ci.log = f"the password is {PASSWORD}\n".encode()
    door.company.ci.end("1", ExternalStatus.SUCCEEDED)
    await door.company.through(run)
    ana = await door.house.signed_in("ana")
    [line] = (await ana.get(f"/api/v1/runs/{run}/logs")).json()["lines"]
    assert "could not be masked" in line["text"]
    assert (await door.company.run(run)).state == RunState.SUCCEEDED


async def test_over_http_it_is_taken_and_never_given_back(door: Door) -> None:
    door.company.ci.traits = replace(door.company.ci.traits, kind="github", title="GitHub")
    ana = await door.house.signed_in("ana")
    answers = {"account": "shop", "password": PASSWORD}
    body = {"entity": "service:shop", "inputs": answers}
    form = await ana.post("/api/v1/actions/set-password/form", json={"entity": "service:shop", "answers": answers})
    field = form.json()["pages"][0]["form_schema"]["properties"]["password"]
    assert (field["writeOnly"], field["minLength"]) == (True, 4)
    assert form.json()["pages"][0]["ui"]["password"]["ui:widget"] == "password"
    plan = await ana.post("/api/v1/actions/set-password/plan", json=body)
    started = await ana.post("/api/v1/actions/set-password/runs", json=body, headers={"Idempotency-Key": "key-of-ana"})
    assert started.status_code == 202, started.text
    again = await ana.post("/api/v1/actions/set-password/runs", json=body, headers={"Idempotency-Key": "key-of-ana"})
    assert again.json()["id"] == started.json()["id"]
    other = {**body, "inputs": {**answers, "password": "something else"}}
    problem(
        await ana.post("/api/v1/actions/set-password/runs", json=other, headers={"Idempotency-Key": "key-of-ana"}), 422
    )
    shown = await ana.get(f"/api/v1/runs/{started.json()['id']}")
    for answer in (form, plan, started, again, shown):
        assert answer.is_success
        assert PASSWORD not in answer.text


async def test_what_is_too_short_to_be_masked_is_refused(door: Door) -> None:
    ana = await door.house.signed_in("ana")
    for short in ("a", "ab", "abc", "   x   "):
        body = {"entity": "service:shop", "inputs": {"account": "shop", "password": short}}
        said = problem(await ana.post("/api/v1/actions/set-password/runs", json=body), 422)
        assert "could not be masked" in said["detail"]
        assert said["errors"][0]["pointer"] == "/inputs/password"
