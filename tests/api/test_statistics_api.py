"""Runs in numbers: counted by action and over time, and nothing of what is hidden."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from api_house import House, problem
from hiding import hide, remove

from daytwo_api.services.stretches import parts, zone_named
from daytwo_store import runs
from daytwo_store.ids import RunId
from daytwo_store.states import RunState

pytestmark = pytest.mark.anyio
BERLIN = zone_named("Europe/Berlin")
NOON = datetime(2026, 11, 10, 12, tzinfo=UTC)
WEEK = {"since": "2026-11-09T23:00:00Z", "until": "2026-11-16T23:00:00Z", "zone": "Europe/Berlin"}


async def ran(house: House, at: datetime, state: RunState, *, minutes: float = 0, name: str = "ana") -> RunId:
    """A run of that moment, as it would stand in the table."""
    run = await house.company.ask(name, "1.1.0", "staging")
    async with house.store.write() as tx:
        row = await runs.hold(tx, run)
        row.created_at, row.state = at, state
        row.started_at = at if minutes else None
        row.ended_at = at + timedelta(minutes=minutes) if state is not RunState.RUNNING else None
    return run


async def numbers(house: House, name: str, **wanted: str) -> dict[str, Any]:
    answer = await (await house.signed_in(name)).get("/api/v1/runs/statistics", params=WEEK | wanted)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_runs_are_counted_by_action_and_by_the_days_of_ones_own_clock(house: House) -> None:
    late = datetime(2026, 11, 10, 23, 30, tzinfo=UTC)  # the eleventh in Berlin
    await ran(house, NOON, RunState.SUCCEEDED, minutes=2)
    await ran(house, NOON, RunState.SUCCEEDED, minutes=4)
    await ran(house, NOON, RunState.SUCCEEDED, minutes=30)
    await ran(house, NOON, RunState.FAILED, minutes=1)
    await ran(house, late, RunState.REJECTED)
    await ran(house, late, RunState.RUNNING, minutes=1)
    await ran(house, NOON - timedelta(days=3), RunState.SUCCEEDED, minutes=1)  # before the stretch
    found = await numbers(house, "fay")
    assert found["step"] == "day"
    assert found["whole"] == {
        "runs": 6, "succeeded": 3, "failed": 1, "open": 1, "other": 1, "median_seconds": 240.0
    }  # fmt: skip
    assert [(one["start"][:16], one["runs"]) for one in found["parts"][:3]] == [
        ("2026-11-09T23:00", 4),
        ("2026-11-10T23:00", 2),
        ("2026-11-11T23:00", 0),
    ]
    assert len(found["parts"]) == 7
    (deploy,) = found["actions"]
    assert (deploy["action"], deploy["title"], deploy["runs"]) == ("deploy", "Deploy a service", 6)
    assert [one["failed"] for one in deploy["parts"]] == [1, 0, 0, 0, 0, 0, 0]


async def test_numbers_tell_nothing_of_what_is_hidden(house: House) -> None:
    await hide(house.store, "service:shop", "group:storefront")
    await ran(house, NOON, RunState.SUCCEEDED, minutes=2)
    assert [(await numbers(house, name))["whole"]["runs"] for name in ("ana", "ben", "fay")] == [1, 1, 0]
    assert (await numbers(house, "fay"))["actions"] == []
    await remove(house.store, "service:shop")
    assert [(await numbers(house, name))["whole"]["runs"] for name in ("ana", "ben", "fay")] == [1, 1, 0]


async def test_the_list_and_the_numbers_are_narrowed_the_same_way(house: House) -> None:
    mine = await ran(house, NOON, RunState.SUCCEEDED, minutes=2)
    bens = await ran(house, NOON + timedelta(days=2), RunState.FAILED, minutes=2, name="ben")
    client = await house.signed_in("fay")

    async def listed(**wanted: str) -> list[str]:
        items = (await client.get("/api/v1/runs", params=WEEK | wanted)).json()["items"]
        assert (await numbers(house, "fay", **wanted))["whole"]["runs"] == len(items)
        return [one["id"] for one in items]

    assert await listed() == [bens, mine]
    assert await listed(requester="person:ben") == [bens]
    assert await listed(requester=await house.company.person("ana")) == [mine]
    assert await listed(requester="person:fay") == []
    assert await listed(state="failed") == [bens]
    assert await listed(since="2026-11-11T00:00:00Z") == [bens]
    assert await listed(until="2026-11-11T00:00:00Z") == [mine]
    assert await listed(action="rollback") == []


async def test_a_stretch_that_is_none_is_refused(shared: House) -> None:
    client = await shared.signed_in("ana")
    for wanted in (
        {"since": "2026-11-10T00:00:00Z", "until": "2026-11-10T00:00:00Z"},
        {"since": "2020-01-01T00:00:00Z", "until": "2026-11-10T00:00:00Z"},
        {"zone": "Middle/Earth"},
    ):
        problem(await client.get("/api/v1/runs/statistics", params=wanted), 422)


def test_days_are_as_long_as_the_clock_makes_them() -> None:
    begin = datetime(2026, 10, 23, 22, tzinfo=UTC)  # Saturday's midnight; on Sunday the clock goes back
    days = parts(begin, begin + timedelta(days=3), "day", BERLIN)
    assert [after - before for before, after in pairwise(days)] == [timedelta(hours=24), timedelta(hours=25)]
    hours = parts(begin + timedelta(hours=24), begin + timedelta(hours=49), "hour", BERLIN)
    assert len(hours) == 25


def test_weeks_begin_on_mondays_and_the_first_part_where_one_asks() -> None:
    begin = datetime(2026, 9, 2, 8, 15, tzinfo=UTC)  # a Wednesday
    weeks = parts(begin, begin + timedelta(days=15), "week", zone_named("UTC"))
    assert [week.strftime("%a %H:%M") for week in weeks] == ["Wed 08:15", "Mon 00:00", "Mon 00:00"]
