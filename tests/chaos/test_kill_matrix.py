"""Worker, API, Temporal and PostgreSQL are each killed before a dispatch, while it is sent, and once it is known.

One kill in each case, at an exact point, in a house of this file. The pipeline goes on meanwhile and ends when the part
is back, well or badly; the run has to end the same way, and the CI system to have been asked once.
"""

from collections.abc import Callable, Iterator
from typing import Final

import pytest
from tests.chaos.harness.house import API, POSTGRES, TEMPORAL, WORKER, ChaosHouse, until
from tests.chaos.harness.person import Journal, Person
from tests.chaos.harness.proxy import Side, Trap
from tests.chaos.harness.stage import Stage, Watch
from tests.chaos.harness.yard import lay_out

pytestmark = [pytest.mark.chaos]
Sprung = Callable[[], bool]
FEW: Final = {"fast": 1, "slow": 12, "real": 1, "bare": 1}


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """A house with GitHub alone: it is there in half the time."""
    folder = tmp_path_factory.mktemp("matrix")
    journal = Journal()
    with ChaosHouse.plan(folder / "data", lay_out(folder / "yard", FEW)) as house:
        people = [Person.sign_in(house.page, name, journal) for name in ("ana", "ben", "sam")]
        with Watch.over(house, journal, people) as watch:
            yield Stage(house, journal, *people, watch=watch)
        for person in people:
            person.close()


@pytest.fixture
def stage(small: Stage) -> Iterator[Stage]:
    small.house.calm()
    small.begin()
    yield small
    small.house.calm()


def before_the_dispatch(stage: Stage, part: str, note: str) -> Sprung:
    """What is going to be sent is written down, and nothing is sent yet."""
    del note
    return at_the_commit(stage, part, b"INSERT INTO attempt ")


def while_it_is_sent(stage: Stage, part: str, note: str) -> Sprung:
    """The CI system has the request, and has not answered; it accepts it all the same."""
    hook = {"signal": "KILL", "pidfile": stage.house.pidfile(part), "when": "before"}
    rules = stage.fault(operation="dispatch", run=note, hook=hook)
    return lambda: bool(stage.struck(rules))


def once_it_is_known(stage: Stage, part: str, note: str) -> Sprung:
    """Which external run it is, is written down."""
    del note
    return at_the_commit(stage, part, b"INSERT INTO external_run ")


def at_the_commit(stage: Stage, part: str, statement: bytes) -> Sprung:
    """As soon as the worker's transaction with this statement has taken effect."""
    kill = stage.house.killer(part)
    trap = Trap(lambda sent: statement in sent, 1, Side.AFTER, kill, cuts=part == WORKER)
    return stage.house.proxies[WORKER].set(trap).sprung.is_set


SHORT: Final = {(while_it_is_sent, part) for part in (WORKER, POSTGRES)}


@pytest.mark.timeout(240)
@pytest.mark.parametrize(
    ("arm", "part"),
    [
        pytest.param(arm, part, id=f"{part} {arm.__name__}", marks=[pytest.mark.short] if (arm, part) in SHORT else [])
        for arm in (before_the_dispatch, while_it_is_sent, once_it_is_known)
        for part in (WORKER, API, TEMPORAL, POSTGRES)
    ],
)
def test_one_part_is_killed(stage: Stage, arm: Callable[[Stage, str, str], Sprung], part: str) -> None:
    note = f"matrix-{arm.__name__}-{part}"
    ends = ("failure", "failed") if part == POSTGRES else ("success", "succeeded")
    [service] = stage.services("slow", 1)
    killed = stage.house.pid(part)
    restarts = stage.house.restarts(part)
    sprung = arm(stage, part, note)
    run = stage.ana.submit(service, note=note)
    until(sprung, f"{part} to be killed")
    until(lambda: stage.house.restarts(part) == restarts + 1, f"{part} to be started again")
    stage.house.wait_ready()
    assert stage.house.pid(part) != killed
    stage.wait_dispatched(note)
    stage.finish(note, ends[0])
    stage.wait([run])
    facts = stage.judged()
    assert (facts.run(run)["state"], len(stage.dispatches(note))) == (ends[1], 1)
    assert stage.house.restarts(part) == restarts + 1, "it was killed once"
