"""A whole house on the yard of the chaos tests, with an `act` whose behaviour a test decides."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
from tests.chaos.harness.house import ChaosHouse
from tests.chaos.harness.person import Journal, Person
from tests.chaos.harness.stage import Stage
from tests.chaos.harness.yard import lay_out

from daytwo_standins.github.launcher import find_act


@dataclass
class Act:
    """The program that the stand-in takes for act."""

    path: Path

    def works(self) -> None:
        self._becomes(f'exec "{find_act(None)}" "$@"')

    def dies(self) -> None:
        self._becomes("kill -9 $$")

    def complains(self) -> None:
        self._becomes('echo "Error: cannot read the workflow" >&2; exit 3')

    def is_missing(self) -> None:
        self.path.unlink()

    def _becomes(self, line: str) -> None:
        self.path.write_text(f"#!/bin/sh\n{line}\n")
        self.path.chmod(0o755)


@pytest.fixture(scope="package")
def _act(tmp_path_factory: pytest.TempPathFactory) -> Act:
    act = Act(tmp_path_factory.mktemp("act") / "act")
    act.works()
    return act


@pytest.fixture
def act(_act: Act) -> Iterator[Act]:
    yield _act
    _act.works()


@pytest.fixture(scope="package")
def house(tmp_path_factory: pytest.TempPathFactory, _act: Act) -> Iterator[ChaosHouse]:
    folder = tmp_path_factory.mktemp("e2e")
    environment = {"DAYTWO_ACT": str(_act.path)}
    with ChaosHouse.plan(folder / "data", lay_out(folder / "yard"), environment=environment) as house:
        yield house


@pytest.fixture(scope="package")
def stage(house: ChaosHouse) -> Iterator[Stage]:
    journal = Journal()
    ana, ben, sam = (Person.sign_in(house.page, name, journal) for name in ("ana", "ben", "sam"))
    yield Stage(house, journal, ana, ben, sam)
    for person in (ana, ben, sam):
        person.close()


@dataclass
class Counted:
    """How much there is of what a refused request must not make."""

    house: ChaosHouse

    def __call__(self) -> dict[str, int]:
        """Once nothing of earlier tests moves any more."""
        until = time.monotonic() + 30
        before, now = self._count(), None
        while now != before and time.monotonic() < until:
            time.sleep(0.5)
            before, now = now or before, self._count()
        return now or before

    def _count(self) -> dict[str, int]:
        tables = ("run", "approval", "decision", "attempt", "outbox", "audit", "action_version")
        with psycopg.connect(self.house.database_url) as connection:
            cursor = connection.execute(f"SELECT {', '.join(f'(SELECT count(*) FROM {name})' for name in tables)}")
            row = cursor.fetchone()
        assert row is not None
        return dict(zip(tables, row, strict=True))


@pytest.fixture
def counted(house: ChaosHouse) -> Counted:
    return Counted(house)
