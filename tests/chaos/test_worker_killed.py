"""R1: the worker is killed with SIGKILL around the dispatch, at exact points. R10: it is asked to end instead."""

from collections.abc import Callable

import pytest
from tests.chaos.harness.house import WORKER
from tests.chaos.harness.proxy import Side, Trap
from tests.chaos.harness.sizes import Sized
from tests.chaos.harness.stage import Stage

pytestmark = [pytest.mark.chaos]
TRIALS = 50
AT_ONCE = 10


def before_the_post(stage: Stage, note: str) -> None:
    """The CI system has read the request, and has not accepted it."""
    hook = {"signal": "KILL", "pidfile": stage.house.pidfile(WORKER), "when": "before"}
    stage.fault(operation="dispatch", run=note, hook=hook, reset={"when": "before"})


def before_the_reply(stage: Stage, note: str) -> None:
    """It has accepted it, and has not answered."""
    hook = {"signal": "KILL", "pidfile": stage.house.pidfile(WORKER), "when": "after"}
    stage.fault(operation="dispatch", run=note, hook=hook)


def after_the_reply(stage: Stage, note: str) -> None:
    """The worker knows which run it is, and has not written it down."""
    del note
    proxy = stage.house.proxies[WORKER]
    proxy.set(Trap(adopts, 1, Side.BEFORE, stage.house.killer(WORKER)))


def adopts(transaction: bytes) -> bool:
    return b"INSERT INTO external_run" in transaction


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("arm", [before_the_post, before_the_reply, after_the_reply], ids=lambda arm: arm.__name__)
def test_killed_around_the_dispatch(stage: Stage, arm: Callable[[Stage, str], None], sized: Sized) -> None:
    sized("R1", "at each of three points", usual=TRIALS, asked=TRIALS)
    restarts = stage.house.restarts(WORKER)
    for batch in range(TRIALS // AT_ONCE):
        notes = [f"{arm.__name__}-{batch}-{number}" for number in range(AT_ONCE)]
        for note in notes:
            arm(stage, note)
        runs = stage.ask("fast", notes)
        stage.wait(runs)
    assert stage.house.restarts(WORKER) - restarts >= TRIALS // AT_ONCE, "the worker was hardly ever killed"
    facts = stage.judged()
    for run in facts.runs:
        if arm.__name__ in run["inputs"]["note"]:
            assert run["state"] == "succeeded", run["reason"]


def test_where_somebody_approved_a_person_says_that_it_did_not_run(stage: Stage) -> None:
    [service] = stage.services("fast", 1)
    before_the_post(stage, "held")
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
    assert trap.sprung.is_set(), "the log was not kept in several chunks"
    kept: list[str] = []
    while len(batch := stage.ana.insist("GET", f"/runs/{run}/logs?after={len(kept)}&limit=5000").json()["lines"]):
        kept += [line["text"].partition(" ")[2] for line in batch]  # GitHub begins each line with its time
    assert kept == lines
    stage.judged()
