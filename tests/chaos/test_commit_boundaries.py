"""The worker, then the API, are killed at every COMMIT of a run's life, on both sides of it.

First a run is only watched, to learn how many commits there are; then one run per commit and side is played.
"""

from dataclasses import dataclass
from itertools import count
from typing import Final

import pytest
from tests.chaos.harness.house import API, WORKER, until
from tests.chaos.harness.proxy import Side, Trap
from tests.chaos.harness.stage import Stage

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(3000)]
NAMES: Final = count(1)
_NOISE: Final = (b"INTO lease", b"FROM webhook_inbox WHERE webhook_inbox.received_at", b"INTO action_version")


@dataclass
class Life:
    """Submit, approve, dispatch, end: the whole life of a run, whatever is killed."""

    stage: Stage
    note: str

    def play(self) -> str:
        [service] = self.stage.services("slow", 1)
        run = self.stage.ana.submit(service, "production", note=self.note)
        answer = self.stage.sam.decide(run)
        assert answer.is_success, answer.text
        until(lambda: self._goes_on(run), "the dispatch, or that somebody is asked", seconds=90)
        if not self.stage.dispatches(self.note):
            self._did_not_run(run)
        self.stage.finish(self.note)
        self.stage.wait([run])
        return run

    def _goes_on(self, run: str) -> bool:
        return bool(self.stage.dispatches(self.note)) or self.stage.ana.run(run)["state"] == "needs_attention"

    def _did_not_run(self, run: str) -> None:
        """Killed after the claim: nothing was sent, and where somebody approved two people have to say so."""
        found = {"step": "ship", "attempt": 1, "outcome": "did_not_run", "reason": "the ledger is empty"}
        for person in (self.stage.sam, self.stage.ben):
            assert person.insist("POST", f"/runs/{run}/resolve", json=found).is_success
        until(lambda: self.stage.dispatches(self.note), "the second attempt", seconds=90)


def of_a_run(transaction: bytes) -> bool:
    return b"run" in transaction and not any(noise in transaction for noise in _NOISE)


def watched(stage: Stage, process: str) -> int:
    """The number of commits that one whole life costs this process."""
    proxy = stage.house.proxies[process]
    proxy.recording = True
    Life(stage, f"watched-{next(NAMES)}").play()
    proxy.recording = False
    return sum(map(of_a_run, proxy.transactions))


@pytest.mark.parametrize("process", [WORKER, API])
def test_killed_at_every_commit(stage: Stage, process: str) -> None:
    commits = watched(stage, process)
    assert 5 <= commits <= 40, "design §11: at most 40 commits a run"
    sprung = 0
    for number in range(1, commits + 1):
        for side in Side:
            life = Life(stage, f"boundary-{process}-{number}-{side.value}-{next(NAMES)}")
            trap = Trap(of_a_run, number, side, stage.house.killer(process))
            stage.house.proxies[process].set(trap)
            run = life.play()
            stage.house.proxies[process].clear()
            sprung += trap.sprung.is_set()
            assert stage.judged().run(run)["state"] == "succeeded", f"{process}, commit {number}, {side.value}"
            assert len(stage.dispatches(life.note)) == 1
    assert sprung >= commits, "most traps were never sprung"
