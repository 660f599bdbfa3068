"""R30 and R33 on the edges to Temporal, which is well itself: the wire to it is silent, one-way, slow or broken.

Temporal only drives (design §4). So nobody who asks or decides notices that the API does not reach it, and whatever a
worker was told, or could not tell, is told again.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from tests.chaos.harness.edge import Edge
from tests.chaos.harness.house import API, WORKER, until
from tests.chaos.harness.sizes import Sized
from tests.chaos.harness.stage import Stage

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(400)]
TROUBLES = ("held", "deaf", "cut", "slow")
each_trouble = pytest.mark.parametrize("how", TROUBLES)


@contextmanager
def troubled(edge: Edge, how: str) -> Iterator[None]:
    setattr(edge, how, 0.4 if how == "slow" else True)
    try:
        yield
    finally:
        edge.heal()


@each_trouble
def test_people_do_not_notice_that_the_api_does_not_reach_temporal(stage: Stage, how: str, sized: Sized) -> None:
    """R33: what was answered is in the database, and a worker starts it without being told. As fast as before it."""
    note, seconds = f"api-temporal-{how}", sized("R33", "s between API and Temporal", usual=10, asked=60)
    guarded = stage.ask("fast", [f"{note}-guarded-{number}" for number in range(2)], "production")
    usual, first = answered(stage, f"{note}-before", guarded[0])
    repeated = stage.journal.repeated
    with troubled(stage.house.edges.temporal[API], how):
        until_over = time.monotonic() + seconds
        took, second = answered(stage, f"{note}-during", guarded[1])
        assert stage.journal.repeated == repeated, "something had to be asked twice"
        time.sleep(max(0.0, until_over - time.monotonic()))
    assert took < 3 * usual + 2, f"{took:.1f} s, and {usual:.1f} s when all was well"
    assert_once(stage, note, [*guarded, *first, *second])


def answered(stage: Stage, note: str, guarded: str) -> tuple[float, list[str]]:
    """Three runs are asked for and one is approved: how long that took, in seconds, and the three."""
    began = time.monotonic()
    runs = [run for number in range(3) for run in stage.ask("fast", [f"{note}-{number}"])]
    assert stage.sam.decide(guarded).is_success
    return time.monotonic() - began, runs


@each_trouble
def test_a_worker_that_does_not_reach_temporal(stage: Stage, how: str, sized: Sized) -> None:
    """R30, R33: one run is followed, some begin, one is in the middle of its dispatch. Each is sent once, and ends."""
    note, seconds = f"worker-temporal-{how}", sized("R30", "s between worker and Temporal", usual=10, asked=300)
    slow = stage.ask("slow", [f"{note}-slow"])
    stage.wait_dispatched(f"{note}-slow")
    stage.fault(operation="dispatch", run=f"{note}-midway", timeout={"seconds": 1.5, "when": "after"})
    midway = stage.ask("fast", [f"{note}-midway"])
    stage.wait_dispatched(f"{note}-midway")
    with troubled(stage.house.edges.temporal[WORKER], how):
        fasts = stage.ask("fast", [f"{note}-{number}" for number in range(3)])
        stage.finish(f"{note}-slow")
        time.sleep(seconds)
    assert_once(stage, note, [*slow, *midway, *fasts])


def test_temporal_comes_and_goes(stage: Stage) -> None:
    """Both edges, again and again, with work under way all the time."""
    edges, note = stage.house.edges.temporal, "temporal-flaps"
    runs = []
    for number in range(6):
        with troubled(edges[API], "cut"), troubled(edges[WORKER], "cut"):
            runs += stage.ask("fast", [f"{note}-{number}-{half}" for half in range(2)])
            time.sleep(1.5)
        until(lambda: stage.house.parts[WORKER].up, "the worker")
        time.sleep(0.5)
    assert_once(stage, note, runs)


def assert_once(stage: Stage, note: str, runs: list[str]) -> None:
    """All have ended well, and were executed once each."""
    stage.wait(runs, seconds=240)
    facts = stage.judged()
    assert {facts.run(run)["state"] for run in runs} == {"succeeded"}
    assert len(stage.dispatches(note)) == len(runs)
