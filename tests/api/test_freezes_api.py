"""Freezes, exceptions and the global stop as people use them: over HTTP."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from api_house import problem
from freeze_town import YEAR_END, Town
from more_actions import like_deploy, load_beside
from sqlalchemy import text

from daytwo_store import outbox

pytestmark = pytest.mark.anyio


async def test_a_waiting_run_says_for_what_until_when_and_whose_it_is(town: Town) -> None:
    freeze = await town.freeze()
    run = await town.run()
    seen = await town.call("ana", "GET", f"/runs/{run}")
    assert seen["state"] == "waiting_window"
    assert seen["waits"] == {
        "kind": "window",
        "text": "waits for the freeze 'Year end' to end on 2 Jan 2026 08:00 Europe/Berlin; then goes on by itself",
        "owner": "group:sre",
        "next_event": "the freeze ends, or somebody grants an exception",
        "until": "2026-01-02T07:00:00Z",
        "then": "it goes on by itself",
        "url": None,
    }
    assert [(one["freeze"], one["reason"]) for one in seen["holds"]] == [(freeze, "Nobody is there to mend it")]
    assert seen["may"]["withdraw"]["allowed"]


async def test_a_plan_answers_for_any_time(town: Town) -> None:
    freeze = await town.freeze()
    asked: dict[str, Any] = {
        "entity": "service:shop",
        "inputs": {"version": "1.1.0", "environment": "environment:staging"},
    }
    now = await town.call("ana", "POST", "/actions/deploy/plan", json=asked)
    assert [one["freeze"] for one in now["freezes"]] == [freeze]
    assert now["starts_at"] == "2026-01-02T07:00:00Z"
    assert now["starts"] == (
        "When the freeze 'Year end' has ended on 2 Jan 2026 08:00 Europe/Berlin. "
        "Not before 2 Jan 2026 08:00 Europe/Berlin."
    )
    before = await town.call("ana", "POST", "/actions/deploy/plan", json={**asked, "at": "2025-12-20T16:59:59Z"})
    assert (before["freezes"], before["starts"], before["starts_at"]) == ([], "At once.", "2025-12-20T16:59:59Z")
    after = await town.call("ana", "POST", "/actions/deploy/plan", json={**asked, "at": "2026-01-02T08:00:00+01:00"})
    assert after["freezes"] == []
    accepted = await town.call("ana", "POST", "/actions/deploy/runs", json=asked)
    assert accepted["held"].startswith("waits for the freeze 'Year end'")
    assert (
        await town.people["ana"].post("/api/v1/actions/deploy/plan", json={**asked, "at": "soon"})
    ).status_code == 422


async def test_a_plan_of_another_time_knows_whether_a_rule_decides_then(town: Town, tmp_path: Path) -> None:
    """Under a freeze no rule decides in place of people: it is the freezes of the asked time that count."""
    rule = "${{ entity.properties.language == 'Python' }}"
    await load_beside(town.company, tmp_path, like_deploy("ruled", approval=[{"from": ["group:sre"], "auto": rule}]))
    await town.freeze()
    later = {"from": "2026-03-01T00:00Z", "until": "2026-03-02T00:00Z", "where": {"environments": ["production"]}}
    await town.freeze(title="Later", spec={"reason": "x", **later})

    async def planned(environment: str, at: str | None = None) -> tuple[str | None, str]:
        inputs = {"version": "1.1.0", "environment": f"environment:{environment}"}
        asked = {"entity": "service:shop", "inputs": inputs} | ({"at": at} if at else {})
        said = await town.call("ana", "POST", "/actions/ruled/plan", json=asked)
        [stage] = said["approvals"]
        assert stage["expires_in"] == 24 * 3600
        return stage["rule"], said["starts"]

    assert (await planned("staging"))[0] is None
    assert await planned("staging", "2026-01-03T08:00:00Z") == (rule, "At once.")
    assert await planned("production") == (rule, "At once.")
    then, starts = await planned("production", "2026-03-01T12:00:00Z")
    assert then is None
    assert starts.startswith("When one of group:sre has approved it and the freeze 'Later' has ended")


async def test_windows_of_a_stretch_of_time(town: Town) -> None:
    weekends = await town.freeze(
        title="Week-ends",
        spec={
            "reason": "x",
            "timezone": "Europe/Berlin",
            "calendar": {"start": "2026-01-02T16:00", "rule": "FREQ=WEEKLY;BYDAY=FR", "duration": "64h"},
        },
    )
    await town.freeze()
    found = await town.call("ana", "GET", "/freezes?from=2026-03-21T00:00:00Z&until=2026-04-04T00:00:00Z")
    (one,) = found["items"]
    assert one["id"] == weekends
    assert one["occurrences"] == [
        {"start": "2026-03-20T15:00:00Z", "end": "2026-03-23T07:00:00Z"},
        {"start": "2026-03-27T15:00:00Z", "end": "2026-03-30T06:00:00Z"},  # the clocks change in it
        {"start": "2026-04-03T14:00:00Z", "end": "2026-04-06T06:00:00Z"},
    ]
    assert one["text"] == "open"
    ana = town.people["ana"]
    problem(await ana.get("/api/v1/freezes?from=2025-01-01T00:00:00Z"), 422)
    problem(await ana.get("/api/v1/freezes?from=2025-01-01T00:00:00Z&until=2036-01-01T00:00:00Z"), 422)


async def test_a_freeze_is_changed_and_removed_and_the_runs_are_woken(town: Town) -> None:
    freeze = await town.freeze()
    run = await town.run()
    changed = await town.call("sam", "PATCH", f"/freezes/{freeze}", json={"spec": {"until": "2025-12-22T08:00"}})
    assert changed["text"] == "holds until 22 Dec 2025 08:00 Europe/Berlin"
    assert changed["spec"]["reason"] == "Nobody is there to mend it"
    assert run in await poked(town)
    assert await town.state(run) == "waiting_window"
    until = (await town.call("ana", "GET", f"/runs/{run}"))["waits"]["until"]
    assert until == "2025-12-22T07:00:00Z"
    await town.call("sam", "DELETE", f"/freezes/{freeze}")
    assert await town.state(run) == "running"
    problem(await town.people["sam"].get(f"/api/v1/freezes/{freeze}"), 404)


async def poked(town: Town) -> list[str]:
    return [one.run for one in await outbox.waiting(town.house.store, older_than=timedelta(0))]


async def test_what_is_wrong_with_a_freeze_is_told_and_changes_nothing(town: Town) -> None:
    freeze = await town.freeze()
    pat = town.people["pat"]
    said = problem(
        await pat.patch(f"/api/v1/freezes/{freeze}", json={"spec": {"until": "2025-01-01T00:00"}}), 422, "rejected"
    )
    assert [one["pointer"] for one in said["errors"]] == ["/spec/until"]
    rule = {"start": "2025-01-01T09:00", "rule": "FREQ=SECONDLY", "duration": "1h"}
    spec = {"reason": "x", "timezone": "Europe/Berlin", "calendar": rule}
    said = problem(await pat.post("/api/v1/freezes", json={**YEAR_END, "spec": spec}), 422)
    assert said["errors"][0]["pointer"] == "/spec/calendar/rule"
    problem(await pat.post("/api/v1/freezes", json={**YEAR_END, "owner": "group:nobody"}), 422)
    problem(await pat.post("/api/v1/freezes", json={**YEAR_END, "spec": {"x" * 50: 1, "reason": "y"}}), 422)
    still = await town.call("ana", "GET", f"/freezes/{freeze}")
    assert still["spec"]["until"] == "2026-01-02T08:00"


async def test_one_key_makes_one_freeze(town: Town) -> None:
    key = {"Idempotency-Key": "make-it-once"}
    pat = town.people["pat"]
    first, again = [await pat.post("/api/v1/freezes", json=YEAR_END, headers=key) for _ in range(2)]
    assert first.json()["id"] == again.json()["id"]
    problem(await pat.post("/api/v1/freezes", json={**YEAR_END, "title": "Other"}, headers=key), 422)


async def test_an_exception_is_granted_by_a_second_person_and_lets_this_run_through(town: Town) -> None:
    freeze = await town.freeze()
    run, other = await town.run(), await town.run()
    exception = await town.ask(run, freeze)
    until = {"verdict": "grant", "until": "2025-12-21T14:00:00Z", "comment": "Go"}
    for who, why in (("ana", "four eyes"), ("ben", "group:sre"), ("pat", "group:sre")):
        answer = await town.people[who].post(f"/api/v1/exceptions/{exception}/decision", json=until)
        assert why in problem(answer, 403)["detail"]
    (waiting,) = (await town.call("sam", "GET", "/exceptions"))["items"]
    assert (waiting["id"], waiting["text"], waiting["may_decide"]["allowed"]) == (
        exception,
        "waits for one of group:sre",
        True,
    )
    assert await town.state(run) == "waiting_window"
    granted = await town.call("sam", "POST", f"/exceptions/{exception}/decision", json=until)
    assert granted["text"] == "granted by Sam until 21 Dec 2025 15:00 Europe/Berlin"
    await town.call("sam", "POST", f"/exceptions/{exception}/decision", json=until)  # again is the same
    assert await town.state(run) == "running"
    assert await town.state(other) == "waiting_window", "it is for one run"
    shown = (await town.call("ana", "GET", f"/runs/{run}"))["exceptions"]
    assert [(one["reason"], one["decided_by"]["name"], one["comment"]) for one in shown] == [
        ("Customers cannot pay", "Sam", "Go")
    ]
    late = await town.people["sam"].post(f"/api/v1/exceptions/{exception}/revoke", json={})
    assert "too late" in problem(late, 409)["detail"]
    entries = await town.call("pat", "GET", f"/audit?subject=run:{run}")
    told = [one for one in entries["items"] if one["action"] == "exception.granted"]
    assert told[0]["facts"]["freeze"] == freeze
    assert told[0]["facts"]["exception"] == exception


async def test_what_nobody_can_decide_any_more_hides_no_exception_that_waits(town: Town) -> None:
    """A page shows the oldest first."""
    freeze = await town.freeze()
    gone, run = await town.run(), await town.run()
    old = await town.ask(gone, freeze)
    copy = """
        INSERT INTO "{table}" SELECT (jsonb_populate_record(one, jsonb_build_object(
            'id', 'f' || n, 'freeze_id', 'f' || n, 'idempotency_key', 'k' || n))).*
        FROM "{table}" one, generate_series(1, 200) n WHERE one.id = :one
    """
    async with town.company.store.engine.begin() as connection:
        await connection.execute(text(copy.format(table="freeze")), {"one": freeze})
        await connection.execute(text(copy.format(table="freeze_exception")), {"one": old})
    await town.call("ana", "POST", f"/runs/{gone}/withdraw", json={})
    assert await town.state(gone) == "withdrawn"
    town.clock.moment += timedelta(minutes=1)
    live = await town.ask(run, freeze)
    shown = (await town.call("sam", "GET", "/exceptions"))["items"]
    assert [one["id"] for one in shown] == [live], f"{old} waits for nothing"


async def test_exceptions_come_in_pages(town: Town) -> None:
    freeze = await town.freeze()
    wanted = []
    for _ in range(3):
        wanted.append(await town.ask(await town.run(), freeze))
        town.clock.moment += timedelta(seconds=1)
    cursor, found = "", []
    for _ in range(3):
        page = await town.call("sam", "GET", f"/exceptions?limit=1{cursor}")
        found += [one["id"] for one in page["items"]]
        cursor = f"&cursor={page['next_cursor']}"
    assert (found, page["next_cursor"]) == (wanted, None)
    problem(await town.people["sam"].get("/api/v1/exceptions?cursor=x"), 422, "rejected")


async def test_who_asked_for_the_run_cannot_grant_what_another_asked_for_it(town: Town) -> None:
    freeze = await town.freeze()
    run = await town.run("sam")
    exception = await town.ask(run, freeze, "ana")
    grant = {"verdict": "grant", "until": "2025-12-21T14:00:00Z"}
    answer = await town.people["sam"].post(f"/api/v1/exceptions/{exception}/decision", json=grant)
    assert "this run" in problem(answer, 403)["detail"]


async def test_an_exception_ends_by_its_time_by_being_revoked_and_by_a_refusal(town: Town) -> None:
    freeze = await town.freeze()
    run = await town.run()
    grant = {"verdict": "grant", "until": "2025-12-21T14:00:00Z"}
    first = await town.ask(run, freeze)
    twice = {"freeze": freeze, "reason": "again"}
    problem(await town.people["ana"].post(f"/api/v1/runs/{run}/exceptions", json=twice), 409)
    await town.call("sam", "POST", f"/exceptions/{first}/decision", json=grant)
    await town.call("sam", "POST", f"/exceptions/{first}/revoke", json={"reason": "No, wait"})
    assert await town.state(run) == "waiting_window"
    second = await town.ask(run, freeze)
    problem(await town.people["sam"].post(f"/api/v1/exceptions/{second}/decision", json={"verdict": "refuse"}), 422)
    await town.call("sam", "POST", f"/exceptions/{second}/decision", json={"verdict": "refuse", "comment": "No"})
    third = await town.ask(run, freeze)
    for until in ("2025-12-21T11:00:00Z", "2026-12-21T11:00:00Z", None):
        answer = await town.people["sam"].post(
            f"/api/v1/exceptions/{third}/decision", json={"verdict": "grant", "until": until}
        )
        problem(answer, 422)
    short = {"verdict": "grant", "until": "2025-12-21T12:30:00Z"}
    await town.call("sam", "POST", f"/exceptions/{third}/decision", json=short)
    town.clock.moment += timedelta(minutes=30)
    assert await town.state(run) == "waiting_window", "its time was over"
    assert [one["state"] for one in (await town.call("ana", "GET", f"/runs/{run}"))["exceptions"]] == [
        "revoked",
        "refused",
        "granted",
    ]
    await town.ask(run, freeze)


async def test_the_global_stop_holds_everything_and_nobody_excepts_it(town: Town) -> None:
    stop = await town.call("sam", "POST", "/stop", json={"reason": "Network on fire"})
    assert stop["text"].startswith(
        "Sam has stopped everything since 21 Dec 2025 12:00 UTC: Network on fire. Nothing new"
    )
    again = await town.call("pat", "POST", "/stop", json={"reason": "Another reason"})
    assert again == stop, "one switch"
    run = await town.run()
    waits = (await town.call("ana", "GET", f"/runs/{run}"))["waits"]
    assert waits["text"] == "waits for the global stop to be lifted (Network on fire); then goes on by itself"
    assert waits["owner"] == "administrators and operators"
    problem(await town.people["ana"].post(f"/api/v1/runs/{run}/exceptions", json={"freeze": "x", "reason": "y"}), 404)
    asked = {"entity": "service:shop", "inputs": {"version": "1.1.0", "environment": "environment:staging"}}
    plan = await town.call("ana", "POST", "/actions/deploy/plan", json=asked)
    assert plan["stopped"] == "Everything is stopped: Network on fire"
    assert plan["starts"].startswith("When the global stop is lifted")
    problem(await town.people["pat"].post("/api/v1/stop", json={"reason": " "}), 422)
    for nothing in ("", "?reason=", "?reason=%20"):
        problem(await town.people["pat"].delete(f"/api/v1/stop{nothing}"), 422)
    assert (await town.call("pat", "GET", "/stop"))["stopped"], "it is lifted for a reason, as it was made for one"
    assert (await town.call("pat", "DELETE", "/stop?reason=out"))["text"] == "Nothing is stopped."
    assert run in await poked(town)
    assert await town.state(run) == "running"


async def test_every_answer_says_that_everything_is_stopped(town: Town) -> None:
    ana = town.people["ana"]
    assert "Daytwo-Stopped" not in (await ana.get("/api/v1/runs")).headers
    await town.call("sam", "POST", "/stop", json={"reason": "Network on fire"})
    assert (await ana.get("/api/v1/runs")).headers["Daytwo-Stopped"] == "yes"
    await town.call("sam", "DELETE", "/stop?reason=out")
    assert "Daytwo-Stopped" not in (await ana.get("/api/v1/runs")).headers


async def test_an_approver_is_warned(town: Town) -> None:
    await town.freeze(spec={**YEAR_END["spec"], "where": {"environments": ["production"]}})  # type: ignore[dict-item]
    run = await town.company.ask("ana", "1.1.0", "production")
    await town.company.drive(run)
    approval = (await town.company.approvals(run))[-1]
    seen = await town.call("sam", "GET", f"/approvals/{approval.id}")
    assert [one["text"] for one in seen["freezes"]] == [
        "the freeze 'Year end' to end on 2 Jan 2026 08:00 Europe/Berlin"
    ]
    body = {"verdict": "approve", "digest": approval.digest}
    await town.call("sam", "POST", f"/approvals/{approval.id}/decision", json=body)
    assert await town.state(run) == "waiting_window"


@pytest.mark.parametrize(
    "spec",
    [
        {"reason": "x", "where": {"tiers": [10**30]}},
        {"reason": "x\u0000y"},
        {"reason": "x", "where": {"labels": ["\ud800"]}},
        {"reason": "x", "from": "9999-12-31T23:59:59-14:00", "until": "9999-12-31T23:59:59Z"},
        {"reason": "x", "until": "0001-01-01T00:00:00+14:00"},
        {"reason": "x", "where": {"when": "${{ " + "(" * 500 + " }}"}},
    ],
)
async def test_nasty_freezes_are_refused_and_nothing_breaks(town: Town, spec: dict[str, Any]) -> None:
    body = json.dumps({**YEAR_END, "spec": spec})
    answer = await town.people["pat"].post(
        "/api/v1/freezes", content=body, headers={"Content-Type": "application/json"}
    )
    assert answer.status_code in (400, 422), answer.text
    assert (await town.call("ana", "GET", "/freezes"))["items"] != []


async def test_times_that_are_far_away_are_refused(town: Town) -> None:
    await town.freeze()
    ana = town.people["ana"]
    asked = {"entity": "service:shop", "inputs": {"version": "1.1.0", "environment": "environment:staging"}}
    for at in ("9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59-14:00"):
        problem(await ana.post("/api/v1/actions/deploy/plan", json={**asked, "at": at}), 422)
        problem(await ana.get(f"/api/v1/freezes?from={at.replace('+', '%2B')}&until={at}"), 422)
