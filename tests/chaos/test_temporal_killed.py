"""R4: Temporal is killed again and again, is down, and loses everything that it knew. The rows are enough."""

import random
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from tests.chaos.harness.house import TEMPORAL, WORKER, until
from tests.chaos.harness.sizes import Sized
from tests.chaos.harness.stage import ENDS, Stage

pytestmark = [pytest.mark.chaos]


@pytest.mark.timeout(1500)
def test_killed_twenty_times_during_two_hundred_runs(stage: Stage, dice: random.Random, sized: Sized) -> None:
    kills, count = sized("R4", "kills", usual=20, asked=20), sized("R4", "runs", usual=200, asked=200)
    restarts, killed, runs = stage.house.restarts(TEMPORAL), list[datetime](), list[str]()
    with ThreadPoolExecutor(1) as asking:
        for kill in range(kills):
            until(stage.house.temporal_serves, "Temporal to be back")
            notes = [f"r4-{kill}-{number}" for number in range(count // kills)]
            batch = asking.submit(stage.ask, "fast", notes, threads=3)
            time.sleep(dice.uniform(0.3, 1.5))
            killed.append(datetime.now(UTC))
            stage.house.kill(TEMPORAL)
            runs += batch.result()
    stage.wait(runs, seconds=300)
    facts = stage.judged()
    played = [facts.run(run) for run in runs]
    assert {row["state"] for row in played} == {"succeeded"}
    assert stage.house.restarts(TEMPORAL) - restarts >= kills
    open_then = [sum(row["created_at"] <= at <= row["ended_at"] for row in played) for at in killed]
    assert sum(map(bool, open_then)) >= kills * 0.9, f"so many runs were open at each kill: {open_then}"
    assert (max(row["ended_at"] for row in played) - killed[-1]).total_seconds() <= 300


def test_down_while_people_ask_and_decide(stage: Stage) -> None:
    """The API takes both; the runs begin when Temporal is back."""
    stage.house.take_down(TEMPORAL)
    plain, guarded = stage.services("fast", 2)
    runs = [stage.ana.submit(plain, note="no-temporal"), stage.ana.submit(guarded, "production", note="no-temporal")]
    assert stage.sam.decide(runs[1]).is_success
    assert stage.dispatches("no-temporal") == []
    stage.house.bring_up(TEMPORAL)
    stage.wait(runs)
    facts = stage.judged()
    assert [facts.run(run)["state"] for run in runs] == ["succeeded", "succeeded"]


@pytest.mark.timeout(400)
@pytest.mark.parametrize("worker", ["keeps running", "is killed too"])
def test_wiped_while_runs_wait(stage: Stage, worker: str) -> None:
    """Runs that wait for a person, for a lock and for their pipeline go on from the rows."""
    note = f"wiped-{worker.split()[0]}"
    [guarded] = stage.services("fast", 1)
    slow, queued = stage.services("slow", 1) * 2
    waiting = stage.ana.submit(guarded, "production", note=note)
    running = stage.ana.submit(slow, note=f"{note}-running")
    stage.wait_dispatched(f"{note}-running")
    behind = stage.ben.submit(queued, note=f"{note}-behind")
    stage.wait([behind], states={"waiting_lock"})
    stage.house.take_down(TEMPORAL, *([WORKER] if worker == "is killed too" else []))
    for file in (stage.house.data / "temporal").glob("temporal.db*"):
        file.unlink()
    stage.house.bring_up(TEMPORAL, *([WORKER] if worker == "is killed too" else []))
    stage.house.wait_ready()
    assert stage.sam.decide(waiting).is_success
    stage.finish(f"{note}-running")
    until(lambda: stage.dispatches(f"{note}-behind"), "the next in the queue to be dispatched", seconds=120)
    stage.finish(f"{note}-behind")
    stage.wait([waiting, running, behind], seconds=120)
    facts = stage.judged()
    assert {facts.run(run)["state"] for run in (waiting, running, behind)} == {"succeeded"}


def test_the_poller_comes_back_after_a_wipe(stage: Stage) -> None:
    """Without webhooks, too: WatchConnection is started again."""
    stage.house.take_down(TEMPORAL)
    for file in (stage.house.data / "temporal").glob("temporal.db*"):
        file.unlink()
    stage.house.bring_up(TEMPORAL)
    stage.house.wait_ready()
    stage.fault(operation="webhook", times=None, webhook={"drop": 1.0})
    [slow] = stage.services("slow", 1)
    run = stage.ana.submit(slow, note="poller")
    stage.wait_dispatched("poller")
    stage.finish("poller")
    began = time.monotonic()
    stage.wait([run], states=ENDS, seconds=60)
    # sooner than `look_anyway` (20 s in this profile) only the poller can have seen it
    assert time.monotonic() - began < 15
    stage.judged()
