"""Runs of many steps: who waits for whom, what is skipped, tried again or given up, and what flows on to the next."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from company import open_company
from pydantic import SecretStr
from stepping import Stepping, dispatch, wait

from daytwo_store import attempts, runs
from daytwo_store.clock import GivenClock
from daytwo_store.engine import Store
from daytwo_store.ids import StepPath
from daytwo_store.settings import StoreSettings
from daytwo_store.states import AttemptState, ExternalStatus, RunState
from daytwo_workflows.contracts import What
from daytwo_workflows.life.interventions import cancel
from daytwo_workflows.life.steps.wait import until

pytestmark = pytest.mark.anyio
MINUTE = timedelta(minutes=1)
BUILT = {"outputs": {"image": {"type": "string", "pattern": "^shop@"}}}


@pytest.fixture
async def stepping(database_url: str, tmp_path: Path) -> AsyncIterator[Stepping]:
    clock = GivenClock(datetime.now(UTC))
    store = Store(StoreSettings(url=SecretStr(database_url), pool_size=4), clock=clock)
    yield Stepping(await open_company(store), clock, tmp_path)
    await store.close()


async def test_steps_run_in_order(stepping: Stepping) -> None:
    run = await stepping.run(dispatch("build"), wait("soak"), dispatch("ship"))
    assert stepping.sent() == ["build"]
    move = await stepping.on(run)
    assert await stepping.states(run) == {"build": "succeeded", "soak": "running", "ship": "pending"}
    assert (move.what, round(move.seconds or 0)) == (What.WAIT, 600)
    await stepping.on(run, later=9 * MINUTE)
    assert stepping.sent() == ["build"]
    await stepping.on(run, later=MINUTE)
    assert stepping.sent() == ["build", "ship"]
    await stepping.on(run)
    assert (await stepping.company.run(run)).state == RunState.SUCCEEDED


async def test_a_wait_that_is_over_while_nothing_ran_is_over_at_once(stepping: Stepping) -> None:
    run = await stepping.run(wait("soak"), dispatch("ship"))
    await stepping.on(run, later=timedelta(days=3))
    assert stepping.sent() == ["ship"]


async def test_branches_go_side_by_side_and_meet_again(stepping: Stepping) -> None:
    run = await stepping.run(
        dispatch("build"),
        dispatch("north", needs=["build"]),
        dispatch("south", needs=["build"]),
        dispatch("tell", needs=["north", "south"]),
    )
    await stepping.on(run)
    assert stepping.sent() == ["build", "north", "south"]
    await stepping.on(run)
    assert stepping.sent() == ["build", "north", "south", "tell"]
    await stepping.on(run)
    assert (await stepping.company.run(run)).state == RunState.SUCCEEDED


async def test_an_empty_needs_begins_at_once(stepping: Stepping) -> None:
    run = await stepping.run(wait("soak"), dispatch("ship", needs=[]))
    assert stepping.sent() == ["ship"]
    await stepping.on(run)
    assert await stepping.states(run) == {"soak": "running", "ship": "succeeded"}


async def test_what_fails_ends_the_run_when_all_that_goes_on_elsewhere_has_ended(stepping: Stepping) -> None:
    ci = stepping.company.ci
    ci.ends_as = None
    run = await stepping.run(
        dispatch("north", needs=[]), dispatch("south", needs=[]), wait("soak", needs=[]), dispatch("ship")
    )
    assert stepping.sent() == ["north", "south"]
    north, south = await _externals(stepping, run)
    ci.end(north, ExternalStatus.FAILED)
    await stepping.on(run)
    row = await stepping.company.run(run)
    assert row.state == RunState.RUNNING
    states = await stepping.states(run)
    assert states == {"north": "failed", "south": "running", "soak": "cancelled", "ship": "pending"}
    ci.end(south, ExternalStatus.SUCCEEDED)
    await stepping.on(run)
    row = await stepping.company.run(run)
    assert (row.state, (row.reason or "").startswith("Step north: ")) == (RunState.FAILED, True)
    assert (await stepping.states(run))["ship"] == "skipped"


async def test_a_step_that_may_fail_lets_the_run_go_on(stepping: Stepping) -> None:
    stepping.company.ci.ends_as = ExternalStatus.FAILED
    run = await stepping.run(dispatch("lint", on_error="continue"), dispatch("ship"))
    await stepping.on(run)
    assert stepping.sent() == ["lint", "ship"]
    stepping.company.ci.ends_as = ExternalStatus.SUCCEEDED
    for external in await _externals(stepping, run):
        stepping.company.ci.end(external, ExternalStatus.SUCCEEDED)
    await stepping.on(run)
    row = await stepping.company.run(run)
    assert (row.state, "lint" in (row.reason or "")) == (RunState.SUCCEEDED, True)


async def test_a_condition_of_inputs_is_decided_in_the_plan(stepping: Stepping) -> None:
    only = "${{ inputs.environment.name == 'production' }}"
    run = await stepping.run(dispatch("backup", **{"if": only}), dispatch("ship"))
    assert stepping.sent() == ["ship"]
    assert (await stepping.states(run))["backup"] == "skipped"
    assert json.loads((await stepping.company.run(run)).plan)["steps"][0]["runs"] is False


async def test_results_flow_into_later_steps(stepping: Stepping) -> None:
    stepping.company.ci.left = {"image": "shop@1", "noise": True}
    image = "${{ steps.build.outputs.image }}"
    run = await stepping.run(
        dispatch("build", **BUILT),
        dispatch("ship", inputs={"image": image, "again": f"v-{image}"}),
        dispatch("odd", **{"if": "${{ steps.build.outputs.image == 'shop@2' }}"}),
    )
    planned = json.loads((await stepping.company.run(run)).plan)["steps"][1]
    assert (planned["late"], planned["request"]) == ({"inputs.again": f"v-{image}", "inputs.image": image}, None)
    await stepping.on(run)
    await stepping.on(run)
    body = json.loads(stepping.company.ci.ledger[1].body)["inputs"]
    assert (body["image"], body["again"]) == ("shop@1", "v-shop@1")
    assert await stepping.states(run) == {"build": "succeeded", "ship": "succeeded", "odd": "skipped"}
    assert (await stepping.company.run(run)).state == RunState.SUCCEEDED


@pytest.mark.parametrize(
    ("left", "said"), [({}, "`image` is missing"), ({"image": "evil"}, "`image` must look like"), (None, "is missing")]
)
async def test_results_that_are_not_as_declared_fail_the_step(
    stepping: Stepping, left: dict[str, str] | None, said: str
) -> None:
    stepping.company.ci.left = left
    run = await stepping.run(dispatch("build", **BUILT), dispatch("ship"))
    await stepping.on(run)
    row = await stepping.company.run(run)
    assert (row.state, said in (row.reason or "")) == (RunState.FAILED, True)
    assert stepping.sent() == ["build"]


async def test_a_failure_that_is_known_is_tried_again_as_often_as_it_says(stepping: Stepping) -> None:
    stepping.company.ci.ends_as = ExternalStatus.FAILED
    run = await stepping.run(dispatch("build", retry={"attempts": 2, "wait": "1m"}))
    move = await stepping.on(run)
    assert move.what is What.WAIT
    assert stepping.sent() == ["build"]
    await stepping.on(run, later=2 * MINUTE)
    assert stepping.sent() == ["build", "build"]
    await stepping.on(run)
    states = [row.state for row in await stepping.company.attempts(run)]
    assert states == [AttemptState.FAILED, AttemptState.ACCEPTED]
    assert (await stepping.company.run(run)).state == RunState.FAILED
    await stepping.on(run, later=2 * MINUTE)
    assert stepping.sent() == ["build", "build"]


async def test_a_next_try_has_nothing_of_the_one_before(stepping: Stepping) -> None:
    ci = stepping.company.ci
    ci.ends_as, ci.left = ExternalStatus.FAILED, {"image": "shop@1"}
    run = await stepping.run(
        dispatch("build", retry={"attempts": 2, "wait": "1m"}, **BUILT),
        dispatch("ship", inputs={"image": "${{ steps.build.outputs.image }}"}),
    )
    await stepping.on(run)
    assert (await stepping.steps(run))[0].outputs == {"image": "shop@1"}
    async with stepping.company.store.write() as tx:
        first = await runs.step(tx.session, run, StepPath("build"))
        first.secrets_at, first.secrets_by = tx.now, "1/1"
    ci.ends_as, ci.left = ExternalStatus.SUCCEEDED, {"image": "shop@2"}
    await stepping.on(run, later=2 * MINUTE)
    assert (await stepping.steps(run))[0].secrets_at is None, "its pipeline has collected nothing yet"
    await stepping.on(run)
    assert stepping.sent() == ["build", "build", "ship"]
    assert json.loads(ci.ledger[2].body)["inputs"]["image"] == "shop@2"


async def test_nothing_is_tried_again_once_another_branch_has_failed(stepping: Stepping) -> None:
    ci = stepping.company.ci
    ci.ends_as = None
    again = {"attempts": 3, "wait": "1m"}
    run = await stepping.run(dispatch("north", needs=[], retry=again), dispatch("south", needs=[]))
    north, south = await _externals(stepping, run)
    ci.end(north, ExternalStatus.FAILED)
    await stepping.on(run)
    assert await stepping.states(run) == {"north": "running", "south": "running"}
    ci.end(south, ExternalStatus.FAILED)
    await stepping.on(run)
    await stepping.on(run, later=2 * MINUTE)
    assert stepping.sent() == ["north", "south"]
    assert (await stepping.company.run(run)).state == RunState.FAILED


async def test_what_a_run_writes_into_the_catalog_is_no_drift_of_its_own_plan(stepping: Stepping) -> None:
    from_it = {"slow": "${{ entity.properties.description }}"}
    write = {"kind": "service", "name": "shop", "properties": {"description": "slow no more"}}
    note = {"id": "note", "uses": "catalog", "with": {"upsert": write}}
    run = await stepping.run(
        dispatch("build", inputs=from_it), note, dispatch("ship"), approval=[{"from": ["group:sre"]}]
    )
    await stepping.company.decide("sam", run)
    await stepping.on(run)
    await stepping.on(run)
    row = await stepping.company.run(run)
    assert (stepping.sent(), row.state) == (["build", "ship"], RunState.RUNNING), row.reason


async def test_what_was_gone_and_is_seen_again_as_succeeded_lets_the_next_step_begin(stepping: Stepping) -> None:
    ci = stepping.company.ci
    ci.ends_as = None
    run = await stepping.run(dispatch("build"), dispatch("ship"))
    (build,) = await _externals(stepping, run)
    was = ci.states.pop(build)
    await stepping.on(run)
    await stepping.on(run, later=2 * MINUTE)
    assert (await stepping.company.run(run)).state == RunState.NEEDS_ATTENTION
    ci.states[build] = was
    ci.end(build, ExternalStatus.SUCCEEDED)
    await stepping.on(run)
    assert stepping.sent() == ["build", "ship"]
    assert (await stepping.company.run(run)).state == RunState.RUNNING
    assert await stepping.states(run) == {"build": "succeeded", "ship": "running"}


async def test_a_stop_reaches_everything_that_goes_on(stepping: Stepping) -> None:
    stepping.company.ci.ends_as = None
    run = await stepping.run(dispatch("north", needs=[]), dispatch("south", needs=[]), wait("soak", needs=[]))
    by = await stepping.company.person("ana")
    await cancel(stepping.company.store, run, by=by, reason="enough", force=False)
    await stepping.on(run)
    assert len(stepping.company.ci.cancels) == 2
    await stepping.on(run, later=MINUTE / 6)
    row = await stepping.company.run(run)
    assert (row.state, set((await stepping.states(run)).values())) == (RunState.CANCELLED, {"cancelled"})


async def test_what_later_steps_are_aimed_at_may_move_while_earlier_ones_run(stepping: Stepping) -> None:
    run = await stepping.run(dispatch("build"), dispatch("ship"))
    stepping.company.ci.commit = "e" * 40
    await stepping.on(run)
    assert stepping.sent() == ["build", "ship"]
    assert [request.pinned.commit for request in stepping.company.ci.ledger] == ["c" * 40, "e" * 40]
    pins = [step["pinned"]["commit"] for step in json.loads((await stepping.company.run(run)).plan)["steps"]]
    assert pins == ["c" * 40, "e" * 40]


async def test_what_was_approved_for_a_later_step_is_what_is_sent(stepping: Stepping) -> None:
    asked = [{"from": ["group:sre"]}]
    run = await stepping.run(dispatch("build"), dispatch("ship"), approval=asked)
    await stepping.company.decide("sam", run)
    await stepping.company.drive(run)
    stepping.company.ci.commit = "e" * 40
    await stepping.on(run)
    row = await stepping.company.run(run)
    assert (row.state, stepping.sent()) == (RunState.FAILED, ["build"])
    assert "steps[1].pinned.commit" in (row.reason or "")


NOW = datetime(2026, 3, 28, 12, 0, tzinfo=UTC)  # the night after it the clocks go forward in Berlin


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"for": "90s"}, "2026-03-28T12:01:30+00:00"),
        ({"until": "2026-03-29T00:00:00+01:00"}, "2026-03-28T23:00:00+00:00"),
        ({"until": "14:00", "zone": "Europe/Berlin"}, "2026-03-28T13:00:00+00:00"),
        ({"until": "13:00", "zone": "Europe/Berlin"}, "2026-03-29T11:00:00+00:00"),
        ({"until": "02:30", "zone": "Europe/Berlin"}, "2026-03-29T01:00:00+00:00"),  # the clocks skip it
        ({"until": "2020-01-01T00:00:00Z"}, "2020-01-01T00:00:00+00:00"),  # over
    ],
)
def test_until_when_a_wait_lasts(given: dict[str, object], expected: str) -> None:
    assert until(given, NOW).isoformat() == expected  # type: ignore[arg-type]  # plain JSON


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"for": "${{ 'soon' }}"}, "A duration is written as"),
        ({"until": "${{ '02:00' }}"}, "no `zone`"),
        ({"until": "${{ 'tomorrow' }}"}, "is not a time"),
        ({"until": "${{ '2026-12-01T02:00:00' }}"}, "is not a time"),
        ({"until": "2027-12-01T02:00:00Z"}, "more than 90 days"),
    ],
)
async def test_a_time_that_there_is_not_fails_the_step(given: dict[str, object], said: str, stepping: Stepping) -> None:
    run = await stepping.run({"id": "soak", "uses": "wait", "with": given}, dispatch("ship"))
    row = await stepping.company.run(run)
    assert (row.state, said in (row.reason or "")) == (RunState.FAILED, True), row.reason
    assert stepping.sent() == []


async def _externals(stepping: Stepping, run: object) -> list[str]:
    async with stepping.company.store.read() as session:
        rows = await attempts.externals_of_run(session, run)  # type: ignore[arg-type]  # a run's id
        return [row.id for row in sorted(rows, key=lambda row: row.path)]
