"""PostgreSQL is killed in the middle of everything: what was answered with 2xx is there, the rest is asked again."""

import random
import threading
from itertools import count

import pytest
from tests.chaos.harness.house import POSTGRES, until
from tests.chaos.harness.sizes import Sized
from tests.chaos.harness.stage import Stage, at_once

pytestmark = [pytest.mark.chaos]
NAMES = count(1)


@pytest.mark.timeout(900)
def test_killed_again_and_again_under_load(stage: Stage, dice: random.Random, sized: Sized) -> None:
    services = stage.services("fast", 60)
    count, slowest = sized("R5", "runs", usual=80, asked=2000), sized("R5", "s between kills", usual=8, asked=40)
    over, restarts = threading.Event(), stage.house.restarts(POSTGRES)
    pauses = [dice.uniform(min(5.0, slowest / 4), slowest) for _ in range(2000)]

    def kills() -> None:
        for pause in pauses:
            if over.wait(pause):
                return
            if stage.house.parts[POSTGRES].up:
                stage.house.kill(POSTGRES)

    def play(number: int) -> str:
        service = services[number % len(services)]
        place = "production" if number % 3 == 0 else "staging"
        run = stage.ana.submit(service, place, note=f"pg-{next(NAMES)}")
        if place == "production":
            answer = stage.sam.decide(run)
            assert answer.is_success, answer.text
        return run

    killer = threading.Thread(target=kills)
    killer.start()
    try:
        runs = at_once(play, range(count), threads=4)
    finally:
        over.set()
        killer.join()
    until(lambda: stage.house.parts[POSTGRES].up, "PostgreSQL")
    stage.house.wait_ready()
    stage.wait_with_people(runs, seconds=240 + count)
    facts = stage.judged()
    assert {facts.run(run)["state"] for run in runs} == {"succeeded"}
    assert stage.house.restarts(POSTGRES) - restarts >= 3


@pytest.mark.parametrize("when", ["before", "after"])
def test_killed_around_a_dispatch(stage: Stage, when: str) -> None:
    """Before, and after the CI system has accepted: the answer cannot be written down then."""
    restarts = stage.house.restarts(POSTGRES)
    hook = {"signal": "KILL", "pidfile": stage.house.pidfile(POSTGRES), "when": when}
    rules = stage.fault(operation="dispatch", run=f"pg-{when}", hook=hook)
    [run] = stage.ask("fast", [f"pg-{when}"])
    until(lambda: stage.house.restarts(POSTGRES) > restarts, "PostgreSQL to be started again")
    stage.wait([run], seconds=120)
    assert stage.struck(rules) == set(rules)
    assert stage.judged().run(run)["state"] == "succeeded"
    assert len(stage.dispatches(f"pg-{when}")) == 1
