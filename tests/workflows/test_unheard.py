"""An identity provider that is silent has taken nothing away; what it says later does (docs/decisions/0045).

Sessions and tokens are in tests/api/test_claim_groups.py, triggers in test_triggers.py, exceptions in test_freezes.py.
"""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from company import open_company
from hearing import HOUR, NIGHT, SEASON, says
from more_actions import like_deploy, load_beside
from pydantic import SecretStr
from sqlalchemy import text
from timetable import NOON, Timetable

from daytwo_store import belonging, reachable, schedules
from daytwo_store.clock import GivenClock
from daytwo_store.engine import Store
from daytwo_store.identity import Login, principal_for
from daytwo_store.ids import EntityRef
from daytwo_store.settings import StoreSettings
from daytwo_store.states import RunState
from daytwo_workflows.notify import audience

pytestmark = pytest.mark.anyio
WAITS = "It waits until person:ana signs in again"


@pytest.fixture
async def table(database_url: str) -> AsyncIterator[Timetable]:
    clock = GivenClock(NOON)
    store = Store(StoreSettings(url=SecretStr(database_url), pool_size=8), clock)
    yield Timetable(await open_company(store), clock)
    await store.close()


async def test_what_was_asked_and_approved_is_sent_after_a_night_of_silence(table: Timetable) -> None:
    company = table.company
    await says(table.company, "ana", "group:storefront", ago=NIGHT)
    await says(table.company, "sam", "group:sre", ago=NIGHT)
    run = await company.ask("ana", "1.1.0", "production")
    await company.drive(run)
    await company.decide("sam", run)
    await company.through(run)
    row = await company.run(run)
    assert (row.state, len(await company.approvals(run)), company.ci.posts) == (RunState.SUCCEEDED, 1, 1), row.reason


async def test_a_run_whose_requester_has_lost_the_group_since_is_refused(table: Timetable) -> None:
    company = table.company
    await says(table.company, "ana", "group:storefront", ago=NIGHT)
    run = await company.ask("ana", "1.1.0", "production")
    await company.drive(run)
    await company.decide("sam", run)
    await says(table.company, "ana", "group:finance")
    await company.drive(run)
    row = await company.run(run)
    assert (row.state, company.ci.posts) == (RunState.REFUSED, 0)


async def test_an_approval_of_whoever_has_lost_the_group_since_is_void(table: Timetable) -> None:
    company = table.company
    await says(table.company, "sam", "group:sre", ago=NIGHT)
    run = await company.ask("ana", "1.1.0", "production")
    await company.drive(run)
    await company.decide("sam", run)
    await says(table.company, "sam")
    await company.drive(run)
    assert ((await company.run(run)).state, company.ci.posts) == (RunState.WAITING_APPROVAL, 0)


async def test_whoever_has_left_the_catalog_is_not_silent(table: Timetable) -> None:
    company = table.company
    await says(table.company, "ana", "group:storefront", ago=NIGHT)
    run = await company.ask("ana", "1.1.0", "production")
    await company.drive(run)
    await company.decide("sam", run)
    await table.leave("ana")
    await company.drive(run)
    assert ((await company.run(run)).state, company.ci.posts) == (RunState.REFUSED, 0)


async def test_a_schedule_goes_on_while_its_owner_is_signed_out(table: Timetable) -> None:
    await says(table.company, "ana", "group:storefront")
    made = await table.make()
    await says(table.company, "ana", "group:storefront", ago=NIGHT)
    assert await table.at(NOON + HOUR) == 1
    assert (await table.row(made)).paused_at is None


async def test_a_schedule_whose_owner_is_not_heard_of_for_long_waits_and_says_for_whom(table: Timetable) -> None:
    await says(table.company, "ana", "group:storefront")
    made = await table.make(catch_up="30m")
    await says(table.company, "ana", "group:storefront", ago=SEASON)
    assert await table.at(NOON + HOUR) == 0
    (waiting,) = await table.firings(made)
    assert (waiting.state, str(waiting.why)[: len(WAITS)]) == ("due", WAITS)
    assert await table.at(timedelta(minutes=29)) == 0
    await says(table.company, "ana", "group:storefront")
    assert await table.at(timedelta(minutes=1)) == 1, "she has signed in, and it is not too late"
    row = await table.row(made)
    assert (row.paused_at, row.failures) == (None, 0)


async def test_times_that_passed_in_silence_are_missed_and_pause_nothing(table: Timetable) -> None:
    await says(table.company, "ana", "group:storefront")
    made = await table.make(pause_after=1)
    await says(table.company, "ana", "group:storefront", ago=SEASON)
    for hours in (1, 2, 3):
        await table.at(NOON + hours * HOUR)
        await table.at(timedelta(minutes=11))
    found = await table.firings(made)
    assert [one.state for one in found] == ["missed"] * 3
    assert all(str(one.why).startswith(WAITS) for one in found)
    row = await table.row(made)
    assert (row.paused_at, row.failures, await table.runs()) == (None, 0, [])


async def test_a_schedule_whose_owner_lost_the_group_is_paused(table: Timetable) -> None:
    await says(table.company, "ana", "group:storefront")
    made = await table.make()
    await says(table.company, "ana")
    await table.at(NOON + HOUR)
    assert (await table.row(made)).paused_by == schedules.SYSTEM


async def test_of_two_accounts_that_are_silent_the_one_that_was_told_of_last_counts(table: Timetable) -> None:
    ref = EntityRef("person:ana")
    store = table.company.store
    logins = [
        Login(issuer="https://id", subject=who, name="Ana", ref=ref, groups=(group,), groups_until=NOON)
        for who, group in (("u-1", "group:sre"), ("u-2", "group:finance"))
    ]
    for login in logins:
        table.clock.moment += timedelta(minutes=1)
        async with store.write() as tx:
            await principal_for(tx, replace(login, groups_until=tx.now + HOUR))

    async def groups() -> set[str]:
        async with store.read() as session:
            return set((await belonging.of_person(session, ref)).groups)

    async with store.write() as tx:
        await tx.session.execute(text("UPDATE principal SET groups_until = now() - interval '1 day'"))
    assert await groups() == {"group:finance"}
    async with store.write() as tx:
        await tx.session.execute(text("UPDATE principal SET groups_until = now() + interval '1 day'"))
    assert await groups() == {"group:sre", "group:finance"}, "both are fresh"
    async with store.write() as tx:
        await principal_for(tx, Login(issuer="https://other", subject="ana", name="Ana", ref=ref))
    assert await groups() == {"group:storefront"}, "who comes by another provider that tells none is of the catalog"


async def test_those_who_are_in_a_claimed_group_are_asked_and_told(table: Timetable, tmp_path: Path) -> None:
    """`count: all` is sealed with their names, and the notices are for them; of the rest the catalog says it."""
    company = table.company
    stages = [{"from": ["group:sre", "group:finance"], "count": "all", "when": True}]
    await load_beside(company, tmp_path, like_deploy("all-of-them", approval=stages))
    await says(company, "sam", "group:platform", ago=NIGHT)
    await says(company, "ben", "group:sre", ago=NIGHT)
    run = await company.ask("ana", "1.1.0", "staging", action="all-of-them")
    (stage,) = await company.approvals(run)
    assert (stage.needed_from, stage.count) == (["person:ben", "person:fay"], 2)
    async with company.store.read() as session:
        assert await audience.people(session, ["group:sre", "group:finance"]) == ["person:ben", "person:fay"]
        assert await audience.people(session, ["group:platform"]) == ["person:pat", "person:sam"]
        assert not await reachable.anybody(session, ["group:sre"], but=["person:ben"]), "Sam has left it"
    await table.leave("ben")
    async with company.store.read() as session:
        assert await audience.people(session, ["group:sre"]) == []
