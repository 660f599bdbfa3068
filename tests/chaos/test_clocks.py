"""R34: the clocks of worker, API and CI system are ten minutes off, each another way; the database's is right.

The processes of a house of its own are started with clocks that are wrong (`harness/skewed`). What is decided by time
is decided by the database's, and nothing is sent twice.
"""

import json
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from tests.chaos.harness.house import API, CI, WORKER, ChaosHouse
from tests.chaos.harness.person import Journal, Person
from tests.chaos.harness.stage import ENDS, Stage, Watch
from tests.chaos.harness.yard import lay_out

pytestmark = [pytest.mark.chaos]
OFF = 600
OPEN_FOR = 20  # seconds that an approval is open
LATE = timedelta(seconds=5)


def said_at(house: ChaosHouse, name: str) -> datetime:
    """The time of the last line that a process of ours has logged."""
    lines = [line for line in house.house.folder.log(name).read_text().splitlines() if line.startswith("{")]
    return datetime.fromisoformat(json.loads(lines[-1])["at"])


@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    "clocks",
    [{WORKER: OFF, API: -OFF, CI: OFF}, {WORKER: -OFF, API: OFF}, {CI: -OFF}],
    ids=["the worker is ahead", "the worker is behind", "the CI system is behind"],
)
def test_a_house_whose_clocks_disagree(tmp_path: Path, clocks: Mapping[str, int]) -> None:
    yard = lay_out(tmp_path / "yard")
    soon = (yard / "actions/deploy.yaml").read_text().replace("name: deploy\n", "name: deploy-soon\n")
    (yard / "actions/soon.yaml").write_text(soon.replace("expires: 24h", f"expires: {OPEN_FOR}s"))
    with ChaosHouse.plan(tmp_path / "data", yard, clocks=clocks) as house:
        journal = Journal()
        people = ana, _, sam = [Person.sign_in(house.page, name, journal) for name in ("ana", "ben", "sam")]
        with Watch.over(house, journal, people) as watch:
            _disagree(Stage(house, journal, *people, watch=watch), ana, sam, clocks)
        for person in people:
            person.close()


def _disagree(stage: Stage, ana: Person, sam: Person, clocks: Mapping[str, int]) -> None:
    stage.begin()
    for name in (WORKER, API):
        off = (said_at(stage.house, name.lower()) - datetime.now(UTC)).total_seconds()
        assert abs(off - clocks.get(name, 0)) < 120, "its clock is wrong, as it should be"

    stage.fault(operation="dispatch", run="lost", status={"code": 502, "when": "after"})
    plain, lost = stage.ask("fast", ["plain", "lost"])
    names = stage.services("fast", 2)
    given, left = (ana.submit(name, "production", note=name, action="deploy-soon") for name in names)
    time.sleep(OPEN_FOR / 2)
    assert sam.decide(given).is_success, "it is not too late"
    # by a slow clock they began before they were sent; how slow it is was measured, so nobody is asked
    stage.wait([plain, given, left, lost], seconds=180, states=ENDS)
    assert sam.decide(left).status_code == httpx.codes.CONFLICT
    facts = stage.judged()
    assert facts.run(left)["state"] == "expired"
    assert {facts.run(run)["state"] for run in (plain, given, lost)} == {"succeeded"}
    assert [len(stage.dispatches(note)) for note in ("plain", "lost", names[0])] == [1, 1, 1]
    [over] = [row for row in facts.approvals if row["run_id"] == left]
    assert timedelta(0) <= over["settled_at"] - over["expires_at"] <= LATE
