"""Claims and reports of jobs (A1 claim fence, A4, S26): one execution works, everybody else is told to end."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from api_house import House, problem
from ci_in_memory import LOST
from ci_tokens import AUDIENCE, ISSUER, Issuer
from company import Company
from hiding import remove

from daytwo_actions.backends.base import Accepted
from daytwo_actions.backends.identity.issuers import CiIdentity, github_caller, gitlab_caller
from daytwo_api.app import create_app
from daytwo_api.services.ci import CiDoor
from daytwo_api.services.too_many import REFUSALS, Refusals, TooMany
from daytwo_store import claims, entities, runs
from daytwo_store.errors import Unauthenticated
from daytwo_store.ids import Corr, ExternalRunId, RunId, StepPath
from daytwo_store.states import AttemptState, ExternalStatus, RunState
from daytwo_store.tables import StepRow
from daytwo_workflows.life.interventions import cancel

pytestmark = pytest.mark.anyio
ONE = Issuer()


@dataclass
class Door:
    house: House
    company: Company

    async def ask(self, path: str, token: str | None, body: dict[str, Any]) -> httpx.Response:
        client = self.house.anonymous(**({"Authorization": f"Bearer {token}"} if token else {}))
        return await client.post(f"/api/v1/ci/{path}", json=body)

    async def claim(self, token: str | None, marker: str, **more: Any) -> httpx.Response:
        return await self.ask("claim", token, {"marker": marker, **more})

    async def report(self, token: str | None, marker: str, outputs: Any, **more: Any) -> httpx.Response:
        return await self.ask("report", token, {"marker": marker, "outputs": outputs, **more})

    async def running(self, environment: str = "staging") -> tuple[RunId, str]:
        """A run whose pipeline works, and its marker."""
        self.company.ci.ends_as = None
        run = await self.company.ask("ana", "1.1.0", environment)
        if environment == "production":
            await self.company.decide("sam", run)
        await self.company.drive(run)
        return run, (await self.company.attempts(run))[-1].corr

    async def step(self, run: RunId) -> StepRow:
        async with self.company.store.read() as session:
            return await runs.step(session, run, StepPath("ship"))


@pytest.fixture
async def door(company: Company, house: House) -> AsyncIterator[Door]:
    company.life = replace(company.life, hand_tokens=frozenset({"github"}))
    identity = CiIdentity(ONE, issuer=ISSUER, audience=AUDIENCE, caller=github_caller)
    services = replace(house.services, ci=CiDoor(company.life, {"github": identity}))
    ours = House(create_app(services), services, company, house.temporal)
    yield Door(ours, company)
    await ours.close()


async def test_the_first_execution_may_work_and_may_ask_again(door: Door) -> None:
    run, marker = await door.running()
    for _ in range(2):
        answer = await door.claim(ONE.github(), marker)
        assert answer.status_code == 200
        assert answer.json() == {"run": run, "step": "ship", "attempt": 1, "url": f"http://127.0.0.1:1/runs/{run}"}
    assert (await door.company.attempts(run))[0].claimed_by == "1/1"


async def test_a_second_run_of_one_dispatch_is_told_to_end_and_stopped(door: Door) -> None:
    _, marker = await door.running()
    ci = door.company.ci
    ci.ledger.append(ci.ledger[0])
    ci.states["2"] = replace(ci.states["1"], id=ExternalRunId("2"))
    said = problem(await door.claim(ONE.github(run="2"), marker), 409, "claim-refused")
    assert "The run that counts is 1." in said["detail"]
    assert "before it does anything" in said["detail"]
    assert ci.states["2"].status == ExternalStatus.CANCELLED
    assert ci.states["1"].status == ExternalStatus.RUNNING
    assert (await door.claim(ONE.github(), marker)).status_code == 200


async def test_a_run_that_is_not_of_this_dispatch_is_refused_and_left_alone(door: Door) -> None:
    _, marker = await door.running()
    ci = door.company.ci
    ci.states["7"] = replace(ci.states["1"], id=ExternalRunId("7"))  # somebody else's, not in our ledger
    problem(await door.claim(ONE.github(run="7"), marker), 409, "claim-refused")
    assert ci.states["7"].status == ExternalStatus.RUNNING


async def test_a_rerun_by_a_person_is_refused(door: Door) -> None:
    _, marker = await door.running()
    said = problem(await door.claim(ONE.github(attempt="2"), marker), 409)
    assert "asks for a new run here" in said["detail"]
    assert door.company.ci.cancels == [], "a re-run of ours ends by itself"


def gitlab(job: str, pipeline: str = "1") -> str:
    return ONE.token(project_id="1", pipeline_id=pipeline, job_id=job, ref="main", sha="c" * 40)


async def test_each_job_of_a_pipeline_may_work_once(door: Door) -> None:
    identity = CiIdentity(ONE, issuer=ISSUER, audience=AUDIENCE, caller=gitlab_caller)
    services = replace(door.house.services, ci=CiDoor(door.company.life, {"github": identity}))
    house = House(create_app(services), services, door.company, door.house.temporal)
    ours = replace(door, house=house)
    run, marker = await door.running()
    for _ in range(2):  # a lost answer costs nothing
        assert (await ours.claim(gitlab("11"), marker, job="build")).status_code == 200
        assert (await ours.claim(gitlab("12"), marker, job="ship 1/2")).status_code == 200
    said = problem(await ours.claim(gitlab("13"), marker, job="build"), 409, "claim-refused")
    assert "The job build was let through before, and this is another start of it" in said["detail"]
    assert (await ours.claim(gitlab("14"), marker)).status_code == 200, "a script that does not say its job"
    said = problem(await ours.claim(gitlab("15"), marker), 409, "claim-refused")
    assert "neither says its name" in said["detail"]
    problem(await ours.claim(gitlab("16", pipeline="2"), marker, job="other"), 409, "claim-refused")
    [attempt] = await door.company.attempts(run)
    assert attempt.claimed_by == "1"
    assert attempt.claimed_jobs == {"build": "11", "ship 1/2": "12", "": "14"}
    await house.close()


async def test_each_pod_of_a_workflow_may_work_once(door: Door) -> None:
    run, marker = await door.running()
    [attempt] = await door.company.attempts(run)
    token = door.company.life.token(attempt.connection, Corr(marker))
    given = {"execution": "uid-1", "job": "r-x-ship-1", "start": "pod-1"}
    assert (await door.claim(token, marker, **given)).status_code == 200
    assert (await door.claim(token, marker, **given)).status_code == 200
    assert (await door.claim(token, marker, **given | {"job": "r-x-test-2", "start": "pod-2"})).status_code == 200
    problem(await door.claim(token, marker, **given | {"start": "pod-3"}), 409, "claim-refused")
    problem(await door.claim(token, marker, **given | {"execution": "uid-2", "job": "x"}), 409, "claim-refused")


async def test_no_more_jobs_are_let_through_than_are_remembered(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(claims, "MOST_JOBS", 1)
    _, marker = await door.running()
    assert (await door.claim(ONE.github(), marker, job="one")).status_code == 200
    assert "as many as are remembered" in problem(await door.claim(ONE.github(), marker, job="two"), 409)["detail"]


async def test_of_executions_that_ask_at_once_one_wins(door: Door) -> None:
    door.company.ci.says, door.company.ci.ends_as = (lambda run: LOST), None
    run = await door.company.ask("ana", "1.1.0", "staging")
    await door.company.step(run)
    ci = door.company.ci
    for n in ("2", "3", "4"):
        ci.ledger.append(ci.ledger[0])
        ci.states[n] = replace(ci.states["1"], id=ExternalRunId(n))
    marker = (await door.company.attempts(run))[0].corr
    answers = await asyncio.gather(*(door.claim(ONE.github(run=n), marker) for n in "1234" for _ in range(2)))
    won = {n for n, answer in zip("11223344", answers, strict=True) if answer.status_code == 200}
    assert len(won) == 1
    assert {answer.status_code for answer in answers} == {200, 409}
    [attempt] = await door.company.attempts(run)
    assert (attempt.state, attempt.external_id) == (AttemptState.ACCEPTED, *won)


async def test_a_run_that_no_listing_shows_is_found_by_its_own_call(door: Door) -> None:
    """R16, listing lag beyond every window: with the fence nobody has to be asked."""
    ci = door.company.ci
    ci.says, ci.ends_as, ci.hidden = (lambda run: LOST), None, True
    run = await door.company.ask("ana", "1.1.0", "production")
    await door.company.decide("sam", run)
    await door.company.drive(run)
    assert (await door.company.run(run)).state == RunState.NEEDS_ATTENTION
    marker = (await door.company.attempts(run))[0].corr
    ci.down = True
    problem(await door.claim(ONE.github(), marker), 503, "unavailable")
    ci.down = False
    assert (await door.claim(ONE.github(), marker)).status_code == 200
    assert (await door.company.run(run)).state == RunState.RUNNING
    ci.end("1", ExternalStatus.SUCCEEDED)
    await door.company.through(run)
    assert (await door.company.run(run)).state == RunState.SUCCEEDED


async def test_one_that_was_proven_absent_and_starts_all_the_same_does_no_work(door: Door) -> None:
    """The zombie of A1: attempt 1 starts long after its absence was proven and attempt 2 was sent."""
    ci = door.company.ci
    ci.fenced, ci.says, ci.executes = True, (lambda run: LOST), False
    run = await door.company.ask("ana", "1.1.0", "production")
    await door.company.decide("sam", run)
    await door.company.step(run)
    ci.says, ci.executes, ci.ends_as = (lambda n: Accepted(id=ExternalRunId(n), url=None)), True, None
    await door.company.drive(run)
    first, second = await door.company.attempts(run)
    assert (first.state, second.state) == (AttemptState.ABSENT, AttemptState.ACCEPTED)
    ci.ledger.append(replace(ci.ledger[0], corr=first.corr))  # type: ignore[arg-type]
    ci.states["2"] = replace(ci.states["1"], id=ExternalRunId("2"))
    assert "absent" in problem(await door.claim(ONE.github(run="2"), first.corr), 409)["detail"]
    assert ci.states["2"].status == ExternalStatus.CANCELLED
    assert (await door.claim(ONE.github(run="1"), second.corr)).status_code == 200


async def test_a_run_that_is_being_stopped_or_has_ended_lets_nobody_work(door: Door) -> None:
    run, marker = await door.running()
    door.company.ci.obeys = False
    await cancel(door.company.store, run, by=await door.company.person("ana"), reason="", force=False)
    assert "is being stopped" in problem(await door.claim(ONE.github(), marker), 409)["detail"]
    door.company.ci.end("1", ExternalStatus.CANCELLED)
    await door.company.through(run)
    assert "has ended" in problem(await door.claim(ONE.github(), marker), 409)["detail"]
    problem(await door.report(ONE.github(), marker, {"a": 1}), 409)


async def test_another_commit_than_the_approved_one_does_no_work(door: Door) -> None:
    _, marker = await door.running("production")
    said = problem(await door.claim(ONE.github(sha="e" * 40), marker), 409)
    assert "eeeeeeeeeeee" in said["detail"]
    assert (await door.claim(ONE.github(), marker)).status_code == 200


@pytest.mark.parametrize(
    "claims",
    [
        {"repository_id": "2"},
        {"workflow_ref": "acme/shop/.github/workflows/other.yml@refs/heads/main"},
        {"ref": "refs/heads/feature"},
        {"aud": "https://other.example"},
        {"iss": ISSUER + ".evil.example"},
        {"exp": 1},
        {"run_id": "1e3"},
    ],
    ids=("repository", "workflow", "ref", "audience", "issuer", "expired", "id"),
)
async def test_a_token_that_does_not_fit_opens_nothing(door: Door, claims: dict[str, Any]) -> None:
    run, marker = await door.running()
    for answer in (await door.claim(ONE.github(**claims), marker), await door.report(ONE.github(**claims), marker, {})):
        problem(answer, 401, "unauthenticated")
    assert (await door.company.attempts(run))[0].claimed_by is None


async def test_guessed_markers_and_other_peoples_tokens_open_nothing(door: Door) -> None:
    _, marker = await door.running()
    nothing = problem(await door.claim(ONE.github(), "a" * 20), 401)
    other = problem(await door.claim(ONE.github(repository_id="9"), marker), 401)
    assert nothing["detail"] == other["detail"], "whether there is such an attempt is not told"
    problem(await door.claim(ONE.github(), "../" + marker[3:]), 422)
    problem(await door.claim(None, marker), 401)
    person = await door.house.token("ben", "read", "run")
    problem(await person.post("/api/v1/ci/claim", json={"marker": marker}), 401)
    assert (await door.house.anonymous(Authorization=f"Bearer {ONE.github()}").get("/api/v1/runs")).status_code == 401


# --- the attempt's own token -----------------------------------------------------------------------------------------


async def test_the_attempts_token_is_sent_and_neither_planned_nor_shown_nor_kept(door: Door) -> None:
    run, marker = await door.running("production")
    [attempt] = await door.company.attempts(run)
    token = door.company.life.token("github", marker)  # type: ignore[arg-type]
    [sent] = door.company.ci.ledger
    assert token.encode() in sent.body
    row = await door.company.run(run)
    shown = await (await door.house.signed_in("ana")).get(f"/api/v1/runs/{run}")
    for text in (row.plan, attempt.body.decode(), str(attempt.request), shown.text):
        assert token not in text
    assert sent.body.replace(token.encode(), b"") == attempt.body.replace(b"sha256:" + digest(token), b"")
    door.company.ci.log = f"token is {token}\n".encode()
    door.company.ci.end("1", ExternalStatus.SUCCEEDED)
    await door.company.through(run)
    lines = (await (await door.house.signed_in("ana")).get(f"/api/v1/runs/{run}/logs")).json()["lines"]
    assert [line["text"] for line in lines] == ["token is ***"]


def digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).hexdigest().encode()


async def test_the_attempts_token_claims_and_reports_for_that_attempt_alone(door: Door) -> None:
    run, marker = await door.running()
    token = door.company.life.token("github", marker)  # type: ignore[arg-type]
    foreign = door.company.life.token("github", "b" * 20)  # type: ignore[arg-type]
    problem(await door.claim(token, marker), 422)
    problem(await door.claim(foreign, marker, execution="uid-1"), 401)
    problem(await door.claim(token + "x", marker, execution="uid-1"), 401)
    assert (await door.claim(token, marker, execution="uid-1")).status_code == 200
    assert (await door.claim(token, marker, execution="uid-1")).status_code == 200
    problem(await door.claim(token, marker, execution="uid-2"), 409)
    problem(await door.report(token, marker, {"a": 1}, execution="uid-2"), 409)
    assert (await door.report(token, marker, {"a": 1}, execution="uid-1")).status_code == 200
    for verb in ("cancel", "resolve"):
        stranger = door.house.anonymous(Authorization=f"Bearer {token}")
        problem(await stranger.post(f"/api/v1/runs/{run}/{verb}", json={}), 401)
    assert (await door.company.run(run)).state == RunState.RUNNING


async def test_the_attempts_token_ends_an_hour_after_the_run(door: Door) -> None:
    run, marker = await door.running()
    token = door.company.life.token("github", marker)  # type: ignore[arg-type]
    door.company.ci.end("1", ExternalStatus.SUCCEEDED)
    await door.company.through(run)
    problem(await door.report(token, marker, {"a": 1}, execution="uid-1"), 409)
    async with door.company.store.write() as tx:
        row = await runs.hold(tx, run)
        assert row.ended_at is not None
        row.ended_at -= timedelta(minutes=61)
    problem(await door.report(token, marker, {"a": 1}, execution="uid-1"), 401)


# --- reports ---------------------------------------------------------------------------------------------------------


async def test_the_last_report_before_the_end_is_kept_and_masked(door: Door) -> None:
    run, marker = await door.running()
    assert (await door.report(ONE.github(), marker, {"url": "https://old"})).status_code == 200
    given = {"url": "https://shop.example", "note": "very-secret-token", "replicas": 3, "list": [1, None]}
    assert (await door.report(ONE.github(), marker, given)).json() == {"kept": True}
    shown = (await (await door.house.signed_in("ana")).get(f"/api/v1/runs/{run}")).json()["steps"][0]
    assert shown["outputs"] == {**given, "note": "***"}
    assert shown["outputs_source"] == "report"
    assert (await door.company.run(run)).state == RunState.RUNNING, "a report sets no status"


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ('{"marker": "MARKER", "outputs": [1]}', 422),
        ('{"marker": "MARKER", "outputs": {"a": NaN}}', 422),
        ('{"marker": "MARKER", "outputs": {"a": 1e999}}', 422),
        ('{"marker": "MARKER", "outputs": {"a": 123456789012345678901234567890}}', 422),
        ('{"marker": "MARKER", "outputs": {"a": "\\u0000"}}', 422),
        ('{"marker": "MARKER", "outputs": {"a": "\\ud800"}}', 422),
        ('{"marker": "MARKER", "outputs": ' + '{"a":' * 40 + "1" + "}" * 40 + "}", 422),
        ('{"marker": "MARKER", "outputs": {"a": "' + "x" * 70_000 + '"}}', 413),
        ('{"marker": "MARKER", "outputs": {"a": "' + "x" * 140_000 + '"}}', 413),
        ('{"marker": "MARKER"', 422),
    ],
    ids=("list", "nan", "huge", "inexact", "null", "surrogate", "deep", "large", "larger", "cut"),
)
async def test_a_report_that_is_no_small_plain_object_is_refused(door: Door, body: str, status: int) -> None:
    run, marker = await door.running()
    client = door.house.anonymous(Authorization=f"Bearer {ONE.github()}")
    headers = {"Content-Type": "application/json"}
    answer = await client.post("/api/v1/ci/report", content=body.replace("MARKER", marker), headers=headers)
    assert answer.status_code == status, answer.text
    assert (await door.step(run)).outputs is None


async def test_another_run_reports_nothing(door: Door) -> None:
    run, marker = await door.running()
    problem(await door.report(ONE.github(run="2"), marker, {"a": 1}), 409)
    problem(await door.report(ONE.github(attempt="2"), marker, {"a": 1}), 409)
    assert (await door.step(run)).outputs is None


# --- two people, where nobody could prove it -------------------------------------------------------------------------


async def test_two_people_other_than_the_requester_say_what_happened(door: Door) -> None:
    ci = door.company.ci
    ci.says, ci.executes = (lambda run: LOST), False
    run = await door.company.ask("ana", "1.1.0", "production")
    await door.company.decide("sam", run)
    await door.company.drive(run)
    ana, sam, ben = [await door.house.signed_in(name) for name in ("ana", "sam", "ben")]
    found = {"step": "ship", "attempt": 1, "outcome": "did_not_run", "reason": "no run there"}
    shown = (await ana.get(f"/api/v1/runs/{run}")).json()
    assert "Two other people" in shown["may"]["resolve"]["why_not"]
    problem(await ana.post(f"/api/v1/runs/{run}/resolve", json=found), 403)
    first = await sam.post(f"/api/v1/runs/{run}/resolve", json=found)
    assert first.json()["state"] == "needs_attention"
    assert "Sam found that it did not run. Somebody other than Sam, Ana" in first.json()["waits"]["text"]
    [told] = first.json()["steps"][0]["attempts"][0]["findings"]
    assert (told["by"]["name"], told["outcome"], told["reason"]) == ("Sam", "did_not_run", "no run there")
    ci.says, ci.executes = (lambda n: Accepted(id=ExternalRunId(n), url=None)), True
    second = await ben.post(f"/api/v1/runs/{run}/resolve", json=found)
    assert second.json()["state"] == "running"
    await door.company.through(run)
    assert (await door.company.run(run)).state == RunState.SUCCEEDED
    assert len(ci.ledger) == 1


@pytest.mark.parametrize("how", ["left the catalog", "lost the role", "decides for who asked"])
async def test_who_found_it_first_and_may_not_say_so_any_more_is_not_one_of_two(door: Door, how: str) -> None:
    """Ben found it and has lost the right since: with Sam it is one who says so, and nothing is sent again."""
    ci, store = door.company.ci, door.company.store
    ci.says, ci.executes = (lambda run: LOST), False
    run = await door.company.ask("ana", "1.1.0", "production")
    await door.company.decide("sam", run)
    await door.company.drive(run)
    sam, ben, pat = [await door.house.signed_in(name) for name in ("sam", "ben", "pat")]
    found = {"step": "ship", "attempt": 1, "outcome": "did_not_run", "reason": "no run there"}
    assert (await ben.post(f"/api/v1/runs/{run}/resolve", json=found)).json()["state"] == "needs_attention"
    if how == "left the catalog":
        await remove(store, "person:ben")
    elif how == "lost the role":
        async with store.write() as tx:
            known = await entities.get(tx.session, "person:ben", sees="everything")
            assert known is not None
            moved = replace(known, relations={**known.relations, "memberOf": ["group:finance"]})
            await entities.upsert(tx, moved, by="test:x")
    else:
        ana = await door.house.signed_in("ana")
        until = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
        assert (await ana.post("/api/v1/delegations", json={"to": "person:ben", "until": until})).status_code == 201
    second = await sam.post(f"/api/v1/runs/{run}/resolve", json=found)
    assert (second.status_code, second.json()["state"]) == (200, "needs_attention")
    ci.says, ci.executes = (lambda n: Accepted(id=ExternalRunId(n), url=None)), True
    third = await pat.post(f"/api/v1/runs/{run}/resolve", json=found)
    assert third.json()["state"] == "running"
    await door.company.through(run)
    assert len(ci.ledger) == 1


async def test_who_guesses_is_told_to_wait_and_the_real_run_is_not_locked_out(door: Door) -> None:
    """S43: refusals count by address and by run; the right token is taken all the same, from the same address too."""
    _, marker = await door.running()
    guesses = [await door.claim("dtr_" + "A" * 43, marker) for _ in range(REFUSALS + 3)]
    assert [answer.status_code for answer in guesses] == [401] * REFUSALS + [429] * 3
    said = problem(guesses[-1], 429, "too-many")
    assert "nothing was done" in said["detail"]
    assert guesses[-1].headers["retry-after"] == "10"
    problem(await door.report(ONE.github(run="1", repository_id="9"), marker, {"a": 1}), 429, "too-many")
    assert (await door.claim(ONE.github(), marker)).status_code == 200
    assert (await door.report(ONE.github(), marker, {"a": 1})).status_code == 200


async def test_who_is_over_the_limit_is_looked_at_a_few_at_a_time() -> None:
    clock = [0.0]
    refusals = Refusals(now=lambda: clock[0])
    opened, seen = asyncio.Event(), []

    async def no() -> None:
        await opened.wait()
        raise Unauthenticated("no")

    async def guess(*keys: str) -> type[Exception] | None:
        try:
            async with refusals.watch(keys):
                seen.append(keys)
                await no()
        except (Unauthenticated, TooMany) as error:
            return type(error)
        return None

    opened.set()
    for _ in range(REFUSALS):
        assert await guess("address a", "run r") is Unauthenticated
    opened.clear()
    seen.clear()
    flood = [asyncio.create_task(guess("address b", "run r")) for _ in range(50)]
    await asyncio.sleep(0)
    assert 0 < len(seen) <= 4, "the others were not even looked at"
    opened.set()
    assert set(await asyncio.gather(*flood)) == {TooMany}
    assert await guess("address b", "run s") is Unauthenticated, "another run, from an address that was refused less"
    clock[0] = 61.0
    assert await guess("address a", "run r") is Unauthenticated, "a minute later it begins anew"
