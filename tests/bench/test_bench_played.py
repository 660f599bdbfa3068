"""The benches of runbooks, of runs that wait and of following, played at a tiny size: they measure what they say."""

import asyncio
from dataclasses import asdict
from pathlib import Path

import pytest
from tests.bench import shapes
from tests.bench.beside import Beside
from tests.bench.polling import Size, polling
from tests.bench.report import tables
from tests.bench.runbook import BARE_LOCAL, BARE_STEPS, runbooks
from tests.bench.waiting import BARE_WAIT, waiting
from tests.bench.ways import OURS
from tests.chaos.harness.house import ChaosHouse
from tests.chaos.harness.yard import lay_out, services

MACHINE = {"processor": "x", "cores": 2, "memory_gb": 8, "load_before": [0.5]}
KNOWN = {"date": "today", "commit": "c", "machine": MACHINE}


@pytest.mark.long
@pytest.mark.timeout(600)
def test_runbooks_and_runs_that_wait_are_measured_in_the_house_beside_bare_workflows(tmp_path: Path) -> None:
    counts = {"fast": 2, "slow": 1, "real": 1, "bare": 1}
    yard = lay_out(tmp_path / "yard", counts)
    shapes.write(yard)
    with ChaosHouse.plan(tmp_path / "data", yard, proxied=False) as house, Beside.of(house) as beside:
        names = services("fast", counts)
        played = asyncio.run(runbooks(house, beside, names, runs=2, at_once=[2]))
        found = asyncio.run(waiting(house, beside, names, many=8, rounds=2, idle=2.0))
    assert [(one.shape, one.way) for one in played] == [
        (shape, way) for shape in shapes.STEPS for way in (OURS, BARE_STEPS, BARE_LOCAL)
    ]
    for one in played:
        assert min(one.steps_per_second, one.step_mean, one.run_p50, one.events, one.commits) > 0, one
        assert one.step_mean * shapes.STEPS[one.shape] == pytest.approx(one.run_p50), one  # of two runs it is the mean
    assert [(one.way, one.waiting) for one in found.costs if one.what == "decided"] == [
        *((OURS, 4), (OURS, 6)),
        *((BARE_WAIT, 4), (BARE_WAIT, 6)),
    ]
    assert [(one.way, one.again_ready > 0, one.again_all > 0) for one in found.made] == [
        (OURS, True, True),
        (BARE_WAIT, True, True),
    ]
    told = tables({**KNOWN, "runbook": [asdict(one) for one in played], "waiting": asdict(found)})
    assert "shape `spread`" in told
    assert f"Daytwo × {BARE_WAIT}, with all that wait: looked at again" in told


@pytest.mark.long
@pytest.mark.timeout(300)
def test_long_runs_behind_newer_ones_are_followed_and_each_end_makes_another(tmp_path: Path) -> None:
    size = Size(runs=8, projects=2, newer=105, seconds=45, warm=10, late=25, lasting=((0.5, 10, 20), (0.5, 3600, 3600)))
    found = asyncio.run(polling(tmp_path, size))
    assert found.ended > 2
    assert found.seen == found.ended
    assert 0 < found.seen_p95 <= found.seen_most < 45
    # Of each repository, in four rounds or so: the newest, what is under way, and alone what has ended since.
    assert found.requests <= 4 * 2 * 2 + found.ended
    assert "8 running in 2 repositories, behind 105 newer that have ended |" in tables(
        {**KNOWN, "polling": [asdict(found)]}
    )
