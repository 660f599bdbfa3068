"""Faulted dispatches, a few on each CI system; `make faults` plays hundreds. And the plan and the count themselves.

The seed is drawn for a long run and fixed for a short one; `faulted.py` tells how to do it again.
"""

import random
from collections import Counter
from dataclasses import fields, replace
from datetime import UTC, datetime
from typing import Any

import pytest
from tests.chaos import faulted
from tests.chaos.harness.campaign import LONGEST, STILL, Open
from tests.chaos.harness.facts import Facts
from tests.chaos.harness.plans import FAULTS, Dispatch, draw
from tests.chaos.harness.stage import Stage
from tests.chaos.harness.story import story
from tests.chaos.harness.tally import by_system, table

from daytwo_standins.shared.faults import Rule

pytestmark = [pytest.mark.chaos]
AT_ONCE = 12


@pytest.mark.timeout(300)
def test_a_few_on_each(stage: Stage, dice: random.Random, capsys: pytest.CaptureFixture[str]) -> None:
    """None of them kills the worker: that takes ten seconds each time, and has tests of its own."""
    seed = dice.randrange(1 << 31)
    plans = [[one for one in draw(kind, 20, seed) if "killed" not in one.fault][:8] for kind in faulted.KINDS]
    with capsys.disabled():
        broken = faulted.carry_out(stage, plans, seed=seed, at_once=AT_ONCE, say=lambda _: None)
    assert not broken, f"seed {seed}: " + "; ".join(broken)


@pytest.mark.timeout(1800)
def test_many_on_each(stage: Stage, dice: random.Random) -> None:
    seed = dice.randrange(1 << 31)
    print(f"seed {seed}")
    plans = [draw(kind, 60, seed) for kind in faulted.KINDS]
    broken = faulted.carry_out(stage, plans, seed=seed, at_once=AT_ONCE, say=print)
    assert not broken, f"seed {seed}: " + "; ".join(broken)


@pytest.mark.short
def test_a_seed_draws_the_same_again_and_every_rule_is_one() -> None:
    for kind in faulted.KINDS:
        plan = draw(kind, 2000, 7)
        assert plan == draw(kind, 2000, 7) != draw(kind, 2000, 8)
        for one in plan:
            if one.rule:
                Rule.model_validate(one.rule)
        drawn = Counter(one.fault for one in plan)
        assert drawn.keys() == {fault.name for fault in FAULTS if kind not in fault.not_on}
        assert 0.1 < sum(one.conclusion == "failure" for one in plan) / len(plan) < 0.3
    assert {one.fault for one in draw("argo", 5, 1, only="none")} == {"none"}


def told(*lines: str, state: str = "succeeded") -> Facts:
    """A world in which the ledger has these notes, and one run asked for the note `a`."""
    world: dict[str, Any] = {field.name: [] for field in fields(Facts)}
    world["ledger"] = [{"run_id": number, "inputs": {"note": note}} for number, note in enumerate(lines)]
    world["runs"] = [{"id": "r_1", "state": state, "ended_at": 1}]
    return Facts(**world)


ASKED = Dispatch(
    note="a", system="argo", fault="none", rule=None, executor="fast", environment="staging", conclusion="success"
)


@pytest.mark.short
@pytest.mark.parametrize(
    ("facts", "broken"),
    [
        (told("a"), []),
        (told("a", "a"), ["sent twice: a"]),
        (told("b"), ["lost: a"]),
        (told("a", state="failed"), ["wrong end: a (failed, not succeeded)"]),
    ],
)
def test_what_is_broken_is_counted(facts: Facts, broken: list[str]) -> None:
    [line] = by_system(facts, {"r_1": ASKED}, set())
    assert line.broken == broken
    assert "| argo | 1 |" in table([line])


@pytest.mark.short
def test_where_somebody_approved_a_person_is_counted_apart() -> None:
    approved = replace(ASKED, note="b", environment="production")
    [line] = by_system(told("a", "b"), {"r_1": ASKED, "r_2": approved}, {"r_2"})
    assert line.cells()[6:9] == ("1", "50.0%", "100.0%")


@pytest.mark.short
def test_a_run_is_given_up_when_nothing_moves_or_it_takes_much_too_long() -> None:
    opened = Open(ASKED, [])
    opened.see("running", "1sent")
    assert not opened.given_up
    opened.moved -= STILL + 1
    opened.see("running", "1sent")
    assert opened.given_up
    opened.see("running", "1accepted")
    assert not opened.given_up, "it moves again"
    opened.since -= LONGEST + 1
    opened.see("succeeded", "1accepted")
    assert opened.given_up


AT = datetime(2026, 1, 1, 9, tzinfo=UTC)


@pytest.mark.short
def test_the_story_of_what_is_lost_names_everything_that_is_known_of_it() -> None:
    facts = told("a", "b", state="running")
    times = dict.fromkeys(("intent_at", "sent_at", "known_at", "created_at", "progress_at", "at"), AT)
    nothing = dict.fromkeys(("settled_at", "seen_at", "unseen_since", "gone_at", "ended_at", "next_at"))
    run = {**facts.runs[0], **times, **nothing, "reason": "it waits for Argo", "lock_key": "shop"}
    attempt = {"run_id": "r_1", "no": 1, "corr": "c1", "state": "sent", "sender": "w1", "external_id": None}
    external = {"run_id": "r_1", "id": "0", "no": 1, "status": "running", "detail": "x"}
    entry = {"n": 7, "actor": "daytwo", "action": "run.running", "subject": "run:r_1", "facts": {"from": "accepted"}}
    facts = replace(
        facts,
        runs=[run],
        attempts=[{**attempt, **times, **nothing, "note": "no answer"}],
        externals=[{**external, **times, **nothing}],
        audit=[{**entry, "at": AT}, {**entry, "subject": "run:r_2", "n": 8, "at": AT}],
        ledger=[{**line, "received_at": AT.timestamp()} for line in facts.ledger],
        conclusions={"0": None, "1": "success"},
    )
    read = story(facts, "r_1", ASKED)
    for part in (
        "a: run r_1 on argo, fault: none",
        "running since 09:00:00.000 (it waits for Argo)",
        "attempt 1 (c1): sent, sealed 09:00:00.000, sent 09:00:00.000 by w1, settled never, external None: no answer",
        "external run 0 of attempt 1: running x",
        "ledger: 0 was accepted 09:00:00.000 with marker None; there it is not over",
        "audit 7 09:00:00.000 daytwo run.running run:r_1 {'from': 'accepted'}",
    ):
        assert part in read, read
    assert "audit 8" not in read
    assert "ledger: nothing was accepted" in story(replace(facts, ledger=[]), "r_1", ASKED)
    assert "there is no such run" in story(facts, "r_3", ASKED)
