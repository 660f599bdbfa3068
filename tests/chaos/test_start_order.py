"""All services are away, and come up one by one in any order: nobody has to be started again by hand."""

import random
from pathlib import Path

import pytest
from tests.chaos.harness.house import API, CI, POSTGRES, SERVICES, TEMPORAL, WORKER, ChaosHouse
from tests.chaos.harness.person import Journal, Person
from tests.chaos.harness.stage import Stage, Watch
from tests.chaos.harness.yard import lay_out

pytestmark = [pytest.mark.chaos]


@pytest.mark.timeout(900)
def test_all_killed_and_up_again_in_any_order(stage: Stage, dice: random.Random) -> None:
    for trial in range(4):
        note = f"order-{trial}"
        waiting = stage.ask("fast", [f"{note}-w{number}" for number in range(2)], "production")
        running = stage.ask("slow", [f"{note}-r{number}" for number in range(2)])
        stage.wait_dispatched(f"{note}-r", 2)
        stage.house.take_down(*dice.sample(SERVICES, len(SERVICES)))
        order = dice.sample(SERVICES, len(SERVICES))
        print(f"trial {trial}: {' → '.join(order)}")
        for name in order:
            stage.house.let_up(name)
        stage.house.wait_ready()
        for run in waiting:
            assert stage.sam.decide(run).is_success
        stage.finish(f"{note}-r")
        stage.wait([*waiting, *running], seconds=120)
        facts = stage.judged()
        assert {facts.run(run)["state"] for run in [*waiting, *running]} == {"succeeded"}


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    "order",
    [(WORKER, API, CI, TEMPORAL, POSTGRES), (CI, TEMPORAL, WORKER, POSTGRES, API)],
    ids=["database last", "API last"],
)
def test_the_first_start_in_any_order(tmp_path: Path, order: tuple[str, ...]) -> None:
    """An empty data folder: the processes wait for the database, then for its tables."""
    house = ChaosHouse.plan(tmp_path / "data", lay_out(tmp_path / "yard"))
    try:
        house.start_in_order(order)
        journal = Journal()
        people = [Person.sign_in(house.page, name, journal) for name in ("ana", "ben", "sam")]
        with Watch.over(house, journal, people) as watch:
            stage = Stage(house, journal, *people, watch=watch)
            run = stage.ana.submit("fast-01", note="first")
            stage.wait([run])
            facts = stage.judged()
        assert (facts.run(run)["state"], len(stage.dispatches("first"))) == ("succeeded", 1)
        for person in people:
            person.close()
    finally:
        house.close()
