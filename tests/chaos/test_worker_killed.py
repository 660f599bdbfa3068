"""R1: the worker is killed with SIGKILL around the dispatch, at exact points. R10: it is asked to end instead."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from tests.chaos.harness.facts import Facts
from tests.chaos.harness.house import WORKER, until
from tests.chaos.harness.proxy import Side, Trap
from tests.chaos.harness.sizes import Sized
from tests.chaos.harness.stage import Stage

pytestmark = [pytest.mark.chaos]
TRIALS = 50
USUALLY = 10
ADOPTED = (
    60.0  # seconds, from what was sealed until it is known what became of it; all that is killed meanwhile included
)


@dataclass
class Kills:
    """What was laid out for the worker, and what of it was sprung."""

    stage: Stage
    rules: set[int] = field(default_factory=set)
    traps: list[Trap] = field(default_factory=list)

    def hook(self, note: str, when: str, **more: Any) -> None:
        """SIGKILL from the CI system, as it has the request of this run."""
        hook = {"signal": "KILL", "pidfile": self.stage.house.pidfile(WORKER), "when": when}
        self.rules |= set(self.stage.fault(operation="dispatch", run=note, hook=hook, **more))

    @property
    def sprung(self) -> int:
        return len(self.stage.struck(self.rules)) + sum(trap.sprung.is_set() for trap in self.traps)


def before_the_post(kills: Kills, note: str) -> None:
    """The CI system has read the request, and has not accepted it."""
    kills.hook(note, "before", reset={"when": "before"})


def before_the_reply(kills: Kills, note: str) -> None:
    """It has accepted it, and has not answered."""
    kills.hook(note, "after")


def after_the_reply(kills: Kills, note: str) -> None:
    """The worker knows which run it is, and has not written it down."""
    del note
    house = kills.stage.house
    kills.traps.append(house.proxies[WORKER].set(Trap(adopts, 1, Side.BEFORE, house.killer(WORKER))))


def adopts(transaction: bytes) -> bool:
    return b"INSERT INTO external_run" in transaction


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("arm", [before_the_post, before_the_reply, after_the_reply], ids=lambda arm: arm.__name__)
def test_killed_around_the_dispatch(stage: Stage, arm: Callable[[Kills, str], None], sized: Sized) -> None:
    """One run after the other, so that each kill is a death of its own. With ten at once the worker is dead most of the
    time, absence cannot be proven meanwhile, and a person is asked."""
    restarts, kills = stage.house.restarts(WORKER), Kills(stage)
    point = arm.__name__.replace("_", " ")
    wanted = sized("R1", f"workers to kill {point}", usual=USUALLY, asked=TRIALS)
    asked = []
    for number in range(wanted):
        note = f"{arm.__name__}-{number:02}"
        arm(kills, note)
        runs = stage.ask("fast", [note])
        stage.wait(runs)
        asked += runs
    died = stage.house.restarts(WORKER) - restarts
    sized("R1", f"kills {point}", usual=USUALLY, asked=TRIALS, counted=kills.sprung)
    sized("R1", f"workers that died {point}", usual=USUALLY, asked=TRIALS, counted=died)
    assert kills.sprung >= len(asked) * 0.8, f"of {len(asked)} kills {kills.sprung} were sprung"
    assert died >= wanted, f"the worker was to be killed {wanted} times and died {died} times"
    facts = stage.judged()
    assert {facts.run(run)["state"] for run in asked} == {"succeeded"}
    late = {run: seconds for run in asked if (seconds := settled_after(facts, run)) > ADOPTED}
    assert not late, f"what became of them was known after more than {ADOPTED:.0f} s: {late}"


def settled_after(facts: Facts, run: str) -> float:
    """Seconds from the first seal until the last attempt of the run was settled."""
    attempts = facts.attempts_of(run)
    seconds: float = (attempts[-1]["settled_at"] - attempts[0]["intent_at"]).total_seconds()
    return seconds


def test_where_somebody_approved_a_person_says_that_it_did_not_run(stage: Stage) -> None:
    [service] = stage.services("fast", 1)
    before_the_post(Kills(stage), "held")
    run = stage.ana.submit(service, "production", note="held")
    assert stage.sam.decide(run).is_success
    stage.wait([run], states={"needs_attention"})
    facts = stage.judged()
    [attempt] = facts.attempts_of(run)
    assert attempt["state"] == "held"
    assert stage.dispatches("held") == []
    found = {"step": "ship", "attempt": 1, "outcome": "did_not_run", "reason": "there is no such run in GitHub"}
    for person in (stage.sam, stage.ben):
        assert person.insist("POST", f"/runs/{run}/resolve", json=found).is_success
    stage.wait([run])
    assert stage.judged().run(run)["state"] == "succeeded"
    assert len(stage.dispatches("held")) == 1


@pytest.mark.timeout(600)
def test_asked_to_end_during_dispatches(stage: Stage) -> None:
    """It waits for the answers that are on their way, so nothing is in doubt afterwards."""
    for trial in range(3):
        notes = [f"sigterm-{trial}-{number}" for number in range(4)]
        hook = {"signal": "TERM", "pidfile": stage.house.pidfile(WORKER), "when": "before"}
        stage.fault(operation="dispatch", run=f"sigterm-{trial}", hook=hook)
        stage.fault(operation="dispatch", run=f"sigterm-{trial}", times=None, timeout={"seconds": 1.0, "when": "after"})
        child = stage.house.parts[WORKER].child
        assert child is not None
        runs = stage.ask("fast", notes)
        assert child.wait(30) == 0, "the worker did not end in order within 30 s"
        stage.wait(runs)
        facts = stage.judged()
        for run in runs:
            [attempt] = facts.attempts_of(run)
            assert (attempt["state"], attempt["note"]) == ("accepted", None), "it was not the answer that settled it"


def test_killed_while_it_keeps_a_log(stage: Stage) -> None:
    """Lines are kept once, also when the worker dies between two chunks."""
    [service] = stage.services("slow", 1)
    run = stage.ana.submit(service, note="long-log")
    stage.wait_dispatched("long-log")
    proxy = stage.house.proxies[WORKER]
    trap = proxy.set(Trap(lambda sent: b"INSERT INTO log_chunk" in sent, 2, Side.AFTER, stage.house.killer(WORKER)))
    lines = [f"line {number}" for number in range(9000)]
    stage.finish("long-log", log=lines)
    stage.wait([run])
    until(lambda: not stage.ana.run(run)["log_pending"], "the log to be kept")  # no run waits for that
    assert trap.sprung.is_set(), "the log was not kept in several chunks"
    kept: list[str] = []
    while len(batch := stage.ana.insist("GET", f"/runs/{run}/logs?after={len(kept)}&limit=5000").json()["lines"]):
        kept += [line["text"].partition(" ")[2] for line in batch]  # GitHub begins each line with its time
    assert kept == lines
    stage.judged()
