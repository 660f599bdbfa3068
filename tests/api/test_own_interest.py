"""Four eyes on the global stop and on locks: whoever it keeps back does not take it away alone."""

from datetime import UTC, datetime, timedelta

import pytest
from api_house import House, problem
from locking import Locking

from daytwo_store.ids import RunId

pytestmark = pytest.mark.anyio
KEY = "shop/staging"


async def stopped(house: House, who: str = "pat") -> None:
    answer = await (await house.signed_in(who)).post("/api/v1/stop", json={"reason": "incident"})
    assert answer.is_success, answer.text


async def waiting(house: House, who: str) -> RunId:
    run = await house.company.ask(who, "1.1.0", "staging")
    await house.company.drive(run)
    return run


async def lend(house: House, by: str, to: str) -> None:
    """`to` decides for `by`: where one of them asks, they are one person."""
    until = (datetime.now(UTC) + timedelta(days=2)).isoformat()
    answer = await (await house.signed_in(by)).post("/api/v1/delegations", json={"to": f"person:{to}", "until": until})
    assert answer.is_success, answer.text


async def test_whoever_has_a_run_that_waits_does_not_lift_the_stop(house: House) -> None:
    await stopped(house)
    run = await waiting(house, "sam")
    sam, pat = await house.signed_in("sam"), await house.signed_in("pat")
    said = problem(await sam.delete("/api/v1/stop?reason=out"), 403, "forbidden")["detail"]
    assert said.startswith(f"The stop keeps back run {run}, which you asked for (four eyes). Nothing was lifted.")
    assert (await pat.get("/api/v1/stop")).json()["stopped"]
    assert (await pat.delete("/api/v1/stop?reason=out")).is_success
    assert not (await pat.get("/api/v1/stop")).json()["stopped"]
    await house.company.drive(run)
    assert (await house.company.run(run)).state == "running"
    assert (await sam.delete("/api/v1/stop?reason=out")).is_success, (
        "when nothing is stopped there is nothing to be said"
    )


async def test_nor_for_whom_they_decide_and_that_run_is_not_named(house: House) -> None:
    await lend(house, "sam", "pat")
    await stopped(house)
    run = await waiting(house, "sam")
    said = problem(await (await house.signed_in("pat")).delete("/api/v1/stop?reason=out"), 403, "forbidden")["detail"]
    assert said.startswith("The stop keeps back a run that Sam asked for, who lets you decide for them until ")
    assert run not in said


async def test_whose_runs_are_not_kept_back_lifts_it_although_they_asked_for_some(house: House) -> None:
    run = await waiting(house, "sam")
    assert (await house.company.run(run)).state == "running"
    await stopped(house)
    await waiting(house, "ana")
    assert (await (await house.signed_in("sam")).delete("/api/v1/stop?reason=out")).is_success


async def test_whoever_waits_for_a_lock_does_not_take_it_away(house: House) -> None:
    house.company.ci.ends_as = None
    holder, mine = await waiting(house, "ana"), await waiting(house, "sam")
    assert (await house.company.run(mine)).state == "waiting_lock"
    sam, pat = await house.signed_in("sam"), await house.signed_in("pat")
    seen = (await sam.get("/api/v1/locks/detail", params={"key": KEY})).json()
    assert seen["may_release"]["why_not"] == f"For this lock waits run {mine}, which you asked for (four eyes)."
    body = {"key": KEY, "fence": seen["fence"], "reason": "it hangs"}
    said = problem(await sam.post("/api/v1/locks/release", json=body), 403, "forbidden")["detail"]
    assert said.endswith("Nothing was changed. Ask another operator or administrator, who has no such run.")
    assert await Locking(house.company).holders() == {KEY: holder}
    assert (await pat.get("/api/v1/locks/detail", params={"key": KEY})).json()["may_release"]["allowed"]
    assert (await pat.post("/api/v1/locks/release", json=body)).is_success
    assert await Locking(house.company).holders() == {KEY: mine}


async def test_nor_who_is_next_to_hold_it(house: House) -> None:
    house.company.ci.ends_as = None
    holder = await waiting(house, "ana")
    locking = Locking(house.company)
    hold = await locking.hold(KEY, by="pat")
    pat, sam = await house.signed_in("pat"), await house.signed_in("sam")
    fence = (await pat.get("/api/v1/locks/detail", params={"key": KEY})).json()["fence"]
    body = {"key": KEY, "fence": fence, "reason": "it hangs"}
    said = problem(await pat.post("/api/v1/locks/release", json=body), 403, "forbidden")["detail"]
    assert said.startswith("You are the next to hold this lock (four eyes).")
    assert await locking.holders() == {KEY: holder}
    assert (await sam.post("/api/v1/locks/release", json=body)).is_success
    assert await locking.holders() == {KEY: hold}


async def test_nor_does_whoever_waits_end_the_hold_of_somebody_else_and_nobody_does_without_a_reason(
    house: House,
) -> None:
    locking = Locking(house.company)
    hold = await locking.hold(KEY, by="pat")
    mine = await waiting(house, "sam")
    assert (await house.company.run(mine)).state == "waiting_lock"
    sam, pat = await house.signed_in("sam"), await house.signed_in("pat")
    where, why = f"/api/v1/locks/holds/{hold}", {"reason": "it is over"}
    said = problem(await sam.delete(where, params=why), 403, "forbidden")["detail"]
    assert said.startswith(f"For this lock waits run {mine}, which you asked for (four eyes). Nothing was changed.")
    assert await locking.holders() == {KEY: hold}
    assert (await sam.post(f"/api/v1/runs/{mine}/cancel", json={})).status_code == 202
    await house.company.drive(mine)
    problem(await sam.delete(where, params={"reason": " "}), 422, "rejected")
    assert (await sam.delete(where, params=why)).status_code == 204
    found = (await pat.get("/api/v1/audit", params={"subject": f"lock:{KEY}"})).json()["items"]
    assert next(one for one in found if one["action"] == "lock.released")["facts"] == {
        "hold": hold,
        "why": "it is over",
    }
