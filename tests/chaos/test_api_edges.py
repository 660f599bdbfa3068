"""R33 on the edges to the API: people's requests and the deliveries of CI systems arrive, and no answer comes back."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from tests.chaos.harness.edge import TcpProxy
from tests.chaos.harness.facts import rows
from tests.chaos.harness.house import until
from tests.chaos.harness.person import Person
from tests.chaos.harness.sizes import Sized
from tests.chaos.harness.stage import Stage

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(400)]


@pytest.fixture
def road(stage: Stage) -> TcpProxy:
    """The way that somebody takes who is not where the API is."""
    assert stage.house.edges.people is not None
    return stage.house.edges.people


@pytest.fixture
def far(stage: Stage, road: TcpProxy) -> Iterator[tuple[Person, Person]]:
    """Ana and Sam, far away."""
    page = f"http://{road.address}"
    people = [person.from_afar(page) for person in (stage.ana, stage.sam)]
    yield people[0], people[1]
    for person in people:
        person.close()


def test_nobody_hears_what_became_of_their_request(
    stage: Stage, far: tuple[Person, Person], road: TcpProxy, sized: Sized
) -> None:
    """Each is repeated until it is answered, and has taken effect once: runs by their key, decisions by who decided."""
    ana, sam = far
    seconds = sized("R33", "s between people and API", usual=6, asked=60)
    services, note = stage.services("fast", 5), "r33-far"
    guarded = [stage.ana.submit(service, "production", note=f"{note}-{service}") for service in services[3:]]
    approvals = [stage.sam.approval(run) for run in guarded]
    repeated = stage.journal.repeated
    with ThreadPoolExecutor(8) as beside:
        road.deaf = True
        asked = [beside.submit(ana.submit, service, note=f"{note}-{service}") for service in services[:3]]
        decided = [beside.submit(sam.decide_on, approval) for approval in approvals]
        time.sleep(seconds)
        road.heal()
        runs = [*(one.result(60) for one in asked), *guarded]
        assert all(one.result(60).is_success for one in decided)
    assert stage.journal.repeated - repeated >= 5, "an answer came through"
    stage.wait(runs, seconds=120)
    facts = stage.judged()
    assert {facts.run(run)["state"] for run in runs} == {"succeeded"}
    assert len(stage.dispatches(note)) == 5
    ids = {approval["id"] for approval in approvals}
    assert len([row for row in facts.decisions if row["approval_id"] in ids]) == 2


@pytest.mark.parametrize("system", ["github", "gitlab"])
def test_no_ci_system_hears_that_its_delivery_was_taken(stage: Stage, system: str, sized: Sized) -> None:
    """It is kept all the same, and what it tells is looked up."""
    hooks = stage.house.edges.hooks
    assert hooks is not None
    seconds = sized("R33", "s between deliveries and API", usual=6, asked=60)
    note = f"r33-hooks-{system}"
    runs = stage.ask("slow", [f"{note}-{number}" for number in range(3)], system=system)
    stage.wait_dispatched(note, 3, system=system)
    hooks.deaf = True
    before = _kept(stage)
    stage.finish(note, system=system)
    until(lambda: _kept(stage) > before, "the deliveries to be kept")
    time.sleep(seconds)
    hooks.heal()
    stage.wait(runs, seconds=60)
    facts = stage.judged()
    assert {facts.run(run)["state"] for run in runs} == {"succeeded"}
    assert len(stage.dispatches(note, system=system)) == 3


def _kept(stage: Stage) -> int:
    return len(rows(stage.house.database_url)["deliveries"])
