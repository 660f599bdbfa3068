"""Faulted dispatches, a few on each CI system; `make faults` plays hundreds. And the plan and the count themselves.

The seed is drawn for a long run and fixed for a short one; `faulted.py` tells how to do it again.
"""

import random
from collections import Counter
from dataclasses import fields
from typing import Any

import pytest
from tests.chaos import faulted
from tests.chaos.harness.facts import Facts
from tests.chaos.harness.plans import FAULTS, Dispatch, draw
from tests.chaos.harness.stage import Stage
from tests.chaos.harness.tally import by_system, table

from daytwo_standins.shared.faults import Rule

pytestmark = [pytest.mark.chaos]
AT_ONCE = 12


@pytest.mark.short
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
