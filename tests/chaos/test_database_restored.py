"""The database is restored to an older state: what it no longer knows was sent is found before it is sent again."""

import shutil
import time
from pathlib import Path

import pytest
from tests.chaos.harness.house import API, POSTGRES, WORKER, ChaosHouse, until
from tests.chaos.harness.person import Journal, Person
from tests.chaos.harness.stage import Stage
from tests.chaos.harness.yard import lay_out

pytestmark = [pytest.mark.chaos]
USERS = (WORKER, API, POSTGRES)
LATER = 65.0  # seconds: more than the skew of clocks that a look-up allows for


@pytest.mark.timeout(400)
def test_a_run_that_was_sent_after_the_backup_is_adopted(tmp_path: Path) -> None:
    with ChaosHouse.plan(tmp_path / "data", lay_out(tmp_path / "yard")) as house:
        ana, ben, sam = (Person.sign_in(house.page, name, Journal()) for name in ("ana", "ben", "sam"))
        stage = Stage(house, Journal(), ana, ben, sam)
        run = ana.submit("fast-01", "production", note="restored")
        swap(house, house.data / "postgres", tmp_path / "backup")
        assert sam.decide(run).is_success
        stage.wait([run])
        [line] = stage.dispatches("restored")
        until(lambda: time.time() > line["received_at"] + LATER, "time to pass", seconds=2 * LATER)
        swap(house, tmp_path / "backup", house.data / "postgres")
        assert ana.run(run)["state"] == "waiting_approval", "the backup is of before the approval"
        assert sam.decide(run).is_success
        stage.wait([run])
        assert [one["run_id"] for one in stage.dispatches("restored")] == [line["run_id"]], "it was sent twice"
        assert stage.judged().run(run)["state"] == "succeeded"
        for person in (ana, ben, sam):
            person.close()


def swap(house: ChaosHouse, source: Path, target: Path) -> None:
    """Copy the database's folder while nobody uses it."""
    house.take_down(*USERS)
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(source, target, copy_function=shutil.copy2)
    own(source, target)
    house.bring_up(*USERS)
    house.wait_ready()


def own(source: Path, target: Path) -> None:
    """Root runs PostgreSQL as another user, to whom the copy has to belong."""
    facts = source.stat()
    for path in (target, *target.rglob("*")):
        shutil.chown(path, facts.st_uid, facts.st_gid)
