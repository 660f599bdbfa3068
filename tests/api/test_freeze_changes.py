"""A freeze that changes takes its exceptions with it, and nobody ends one that holds a run of theirs."""

from datetime import UTC, datetime, timedelta

import pytest
from api_house import problem
from freeze_town import YEAR_END, Town
from sqlalchemy import select

from daytwo_store import entities
from daytwo_store.ids import EntityRef, RunId
from daytwo_store.tables import NotificationRow

pytestmark = pytest.mark.anyio
GRANT = {"verdict": "grant", "until": "2025-12-22T12:00:00Z"}


async def granted(town: Town) -> tuple[str, RunId, str]:
    """A freeze, a run that it holds, and an exception that sam has granted."""
    freeze = await town.freeze()
    run = await town.run()
    exception = await town.ask(run, freeze)
    await town.call("sam", "POST", f"/exceptions/{exception}/decision", json=GRANT)
    return freeze, run, exception


async def test_an_exception_is_for_the_freeze_as_it_was(town: Town) -> None:
    freeze, run, exception = await granted(town)
    await town.call("pat", "PATCH", f"/freezes/{freeze}", json={"spec": {"reason": "The database moves"}})
    assert await town.state(run) == "waiting_window", "nobody has excepted it from this one"
    seen = await town.call("ana", "GET", f"/exceptions/{exception}")
    assert seen["void"]
    assert seen["text"].endswith("; void: the freeze has changed")
    again = await town.ask(run, freeze)
    assert again != exception
    (old,) = [one for one in (await town.call("ana", "GET", f"/runs/{run}"))["exceptions"] if one["id"] == exception]
    assert old["state"] == "revoked"
    await town.call("sam", "POST", f"/exceptions/{again}/decision", json=GRANT)
    assert await town.state(run) == "running"


async def test_who_decides_about_a_freeze_that_has_changed_meanwhile_is_told(town: Town) -> None:
    freeze = await town.freeze()
    run = await town.run()
    exception = await town.ask(run, freeze)
    await town.call("pat", "PATCH", f"/freezes/{freeze}", json={"spec": {"until": "2026-03-02T08:00"}})
    answer = await town.people["sam"].post(f"/api/v1/exceptions/{exception}/decision", json=GRANT)
    said = problem(answer, 409)["detail"]
    assert said == "Since it was asked for, the freeze has changed, so it is void. Nothing was decided. Ask again."
    assert await town.state(run) == "waiting_window"


async def test_a_freeze_that_comes_back_as_it_was_is_the_same(town: Town) -> None:
    freeze, run, _ = await granted(town)
    for title in ("Another", "Year end"):
        await town.call("pat", "PATCH", f"/freezes/{freeze}", json={"title": title})
    assert await town.state(run) == "running"


@pytest.mark.parametrize("how", ["PATCH", "DELETE"])
async def test_whoever_has_a_run_that_it_holds_does_not_end_it(town: Town, how: str) -> None:
    freeze = await town.freeze()
    run = await town.run("sam")
    body = {"json": {"spec": {"until": "2025-12-21T12:00"}}} if how == "PATCH" else {}
    answer = await town.people["sam"].request(how, f"/api/v1/freezes/{freeze}", **body)
    said = problem(answer, 403)["detail"]
    assert said.startswith(f"This freeze is about run {run}, which you asked for (four eyes). Nothing was changed.")
    assert await town.state(run) == "waiting_window"
    await town.call("pat", how, f"/freezes/{freeze}", **body)
    assert await town.state(run) == "running"


async def test_nor_one_that_will_hold_a_run_that_waits_for_its_approval(town: Town) -> None:
    later = {**YEAR_END["spec"], "from": "2025-12-24T18:00", "where": {"environments": ["production"]}}  # type: ignore[dict-item]
    freeze = await town.freeze(spec=later)
    run = await town.company.ask("sam", "1.1.0", "production")
    await town.company.drive(run)
    assert (await town.call("sam", "GET", f"/runs/{run}"))["state"] == "waiting_approval"
    problem(await town.people["sam"].delete(f"/api/v1/freezes/{freeze}"), 403, "forbidden")
    await town.call("sam", "POST", f"/runs/{run}/withdraw", json={})
    await town.call("sam", "DELETE", f"/freezes/{freeze}")


async def test_a_freeze_that_is_not_about_their_run_is_theirs_to_end(town: Town) -> None:
    other = await town.freeze(spec={**YEAR_END["spec"], "where": {"actions": ["restart"]}})  # type: ignore[dict-item]
    await town.freeze()
    await town.run("sam")
    await town.call("sam", "DELETE", f"/freezes/{other}")


async def test_nor_for_whom_they_decide_and_the_run_is_not_named(town: Town) -> None:
    freeze = await town.freeze()
    run = await town.run("ana")
    lend = {"to": "person:sam", "until": "2025-12-28T12:00:00Z", "reason": "away"}
    await town.call("ana", "POST", "/delegations", json=lend)
    said = problem(await town.people["sam"].delete(f"/api/v1/freezes/{freeze}"), 403)["detail"]
    assert said.startswith("This freeze is about a run that Ana asked for, who lets you decide for them until")
    assert run not in said


async def test_its_owners_are_told_who_changed_and_who_ended_it(town: Town) -> None:
    freeze = await town.freeze()
    await town.call("pat", "PATCH", f"/freezes/{freeze}", json={"title": "Another", "owner": "group:platform"})
    await town.call("sam", "DELETE", f"/freezes/{freeze}")
    pat, sam = [await town.company.person(name) for name in ("pat", "sam")]
    async with town.company.store.read() as session:
        rows = (await session.scalars(select(NotificationRow).where(NotificationRow.kind == "freeze.changed"))).all()
    assert [(row.audience, row.facts) for row in rows] == [
        (["group:sre", "group:platform"], {"by": pat, "state": "changed"}),
        (["group:platform"], {"by": sam, "state": "ended"}),
    ]


async def test_a_run_that_cannot_be_planned_any_more_holds_nobody(town: Town) -> None:
    freeze = await town.freeze()
    await town.run("sam")
    async with town.company.store.write() as tx:
        await entities.delete(tx, EntityRef("environment:staging"), by="test:x")
    await town.call("sam", "DELETE", f"/freezes/{freeze}")


@pytest.mark.parametrize("how", ["PATCH", "DELETE"])
async def test_nor_does_it_help_to_end_it_first_and_ask_afterwards(town: Town, how: str) -> None:
    """As it was, it holds on for whoever ended it, and for nobody else."""
    freeze = await town.freeze()
    body = {"json": {"spec": {"until": "2025-12-21T12:00"}}} if how == "PATCH" else {}
    await town.call("sam", how, f"/freezes/{freeze}", **body)
    theirs = await town.run("sam")
    assert await town.state(theirs) == "waiting_window"
    (held,) = (await town.call("ana", "GET", f"/runs/{theirs}"))["holds"]
    assert "ended early by Sam, whose own runs it still holds; somebody else may ask for this" in held["title"]
    plan = {"entity": "service:shop", "inputs": {"version": "1.1.0", "environment": "environment:staging"}}
    assert (await town.call("sam", "POST", "/actions/deploy/plan", json=plan))["freezes"] != []
    assert (await town.call("ana", "POST", "/actions/deploy/plan", json=plan))["freezes"] == []
    assert await town.state(await town.run("ana")) == "running"
    town.clock.moment = datetime(2026, 1, 2, 8, tzinfo=UTC)
    assert await state(town, theirs) != "waiting_window", "its own end has come"


async def state(town: Town, run: RunId) -> str:
    """The same when everybody's session is over."""
    await town.company.drive(run)
    return (await town.company.run(run)).state


async def test_a_freeze_without_an_end_holds_on_for_a_month(town: Town) -> None:
    spec = {"reason": "x", "timezone": "Europe/Berlin", "from": "2025-12-20T18:00", "until": "2027-01-01T00:00"}
    freeze = await town.freeze(spec={**spec, "where": {"environments": ["staging"]}})
    await town.call("sam", "DELETE", f"/freezes/{freeze}")
    run = await town.run("sam")
    town.clock.moment += timedelta(days=30)
    assert await state(town, run) == "waiting_window"
    town.clock.moment += timedelta(days=1, minutes=1)
    assert await state(town, run) == "running"
