"""Worker, API, PostgreSQL and Temporal are killed at once, at the worst moments.

Each moment has a test of its own beside this one; here they meet.
"""

import random

import pytest
from tests.chaos.harness.house import API, POSTGRES, TEMPORAL, WORKER
from tests.chaos.harness.proxy import Side, Trap
from tests.chaos.harness.stage import Stage

pytestmark = pytest.mark.chaos
SENT = ("storm-before-post", "storm-before-reply", "storm-no-answer", "storm-reset", "storm-502", "storm-plain")


def arm(stage: Stage) -> Trap:
    """The worker dies before and after the CI system has accepted; answers are lost in three ways."""
    worker = {"signal": "KILL", "pidfile": stage.house.pidfile(WORKER)}
    stage.fault(
        operation="dispatch", run="storm-before-post", hook={**worker, "when": "before"}, reset={"when": "before"}
    )
    stage.fault(operation="dispatch", run="storm-before-reply", hook={**worker, "when": "after"})
    stage.fault(operation="dispatch", run="storm-no-answer", timeout={"seconds": 5.0, "when": "after"})
    stage.fault(operation="dispatch", run="storm-reset", reset={"when": "mid_body"})
    stage.fault(operation="dispatch", run="storm-502", status={"code": 502, "when": "after"})
    commits = stage.house.proxies[API]
    return commits.set(Trap(lambda sent: b"INSERT INTO run " in sent, 2, Side.AFTER, stage.house.killer(API)))


@pytest.mark.timeout(240)
def test_everything_is_killed_and_nothing_is_lost_or_sent_twice(stage: Stage, dice: random.Random) -> None:
    trap = arm(stage)
    runs = stage.ask("fast", SENT)
    assert trap.sprung.is_set(), "the API was not killed"
    guarded = stage.ask("fast", ["storm-guarded-1", "storm-guarded-2"], "production")
    running = stage.ask("slow", ["storm-slow-1", "storm-slow-2"])
    stage.wait_dispatched("storm-slow", 2)
    for name in dice.sample((POSTGRES, TEMPORAL, WORKER), 3):
        stage.house.kill(name)
    for run in guarded:
        assert stage.sam.decide(run).is_success
    stage.finish("storm-slow")
    stage.wait([*runs, *guarded, *running], seconds=120)
    facts = stage.judged()
    ended = {row["inputs"]["note"]: row["state"] for row in facts.runs if row["inputs"]["note"].startswith("storm-")}
    assert set(ended.values()) == {"succeeded"}, ended
    assert {note: len(stage.dispatches(note)) for note in ended} == dict.fromkeys(ended, 1)
    assert min(stage.house.restarts(name) for name in (API, POSTGRES, TEMPORAL, WORKER)) >= 1
