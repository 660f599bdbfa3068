"""What `make bench` keeps and says of its numbers; measuring them is its own business."""

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import psutil
import pytest
from tests.bench import __main__ as bench
from tests.bench import shapes
from tests.bench.kept import Kept
from tests.bench.machine import used
from tests.bench.report import tables
from tests.bench.runbook import BARE_LOCAL, BARE_STEPS
from tests.bench.ways import BARE, EAGER, OURS

MACHINE = {"processor": "x", "cores": 2, "memory_gb": 8, "load_before": [0.5]}
KNOWN: dict[str, Any] = {"date": "today", "commit": "c", "machine": MACHINE}


def latency(way: str, p50: float, p95: float) -> dict[str, Any]:
    others = dict.fromkeys(("received_best", "taken_p50", "ended_p50"), 1.0)
    return {"way": way, "received_p50": p50, "received_p95": p95, **others}


def test_latencies_have_their_ratios_at_p50_and_at_p95() -> None:
    measured = [latency(OURS, 20, 90), latency(BARE, 10, 30), latency(EAGER, 5, 20)]
    told = tables({**KNOWN, "latency": measured})
    assert f"Daytwo, p50: 2.00 × {BARE} (budget ≤ 1.2); 4.00 × {EAGER} (budget ≤ 2.5)." in told
    assert f"Daytwo, p95: 3.00 × {BARE}; 4.50 × {EAGER}." in told


def steps(way: str, rate: float, step: float, processor: float) -> dict[str, Any]:
    others = dict.fromkeys(("step_p50", "step_p95", "run_p50", "run_p95", "events", "commits"), 1.0)
    head = {"shape": shapes.ROW, "way": way, "at_once": 8, "runs": 2, "cpu_ms": {"worker": processor, "API": 1.0}}
    return {**head, "steps_per_second": rate, "step_mean": step, **others}


def test_runbooks_are_told_beside_both_bare_workflows_by_the_median_of_the_rounds() -> None:
    ours = [steps(OURS, rate, 40, processor) for rate, processor in ((5, 29), (10, 19), (90, 99))]
    told = tables({**KNOWN, "runbook": [*ours, steps(BARE_STEPS, 20, 10, 9), steps(BARE_LOCAL, 40, 5, 4)]})
    assert f"| 8 | {OURS} | 10.0 | 40 |" in told
    assert "20.0 (worker 19.0, API 1.0)" in told
    assert f"8 at once: × {BARE_STEPS}: steps per s 0.50, a step 4.00" in told
    assert f"× {BARE_LOCAL}: steps per s 0.25, a step 8.00, its p95 1.00, a run 1.00, processor 4.00." in told


def test_a_child_that_ends_while_it_is_looked_at_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """PostgreSQL's come and go at any moment."""
    with subprocess.Popen(["true"]) as child:
        gone = psutil.Process(child.pid)
    monkeypatch.setattr(psutil.Process, "children", lambda *_, **__: [gone])
    assert used(os.getpid()) > 0


def test_each_measure_is_in_the_file_before_the_next_begins(tmp_path: Path) -> None:
    file = tmp_path / "bench.json"
    numbers = Kept(file, **KNOWN)
    for name in ("startup", "latency"):
        numbers[name] = [name]
        assert json.loads(file.read_text())[name] == [name]
    assert json.loads(file.read_text()) == {**KNOWN, "startup": ["startup"], "latency": ["latency"]}
    assert [one.name for one in tmp_path.iterdir()] == ["bench.json"]


def test_without_a_chromium_the_page_is_left_out_and_that_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "bench.json"
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "git").symlink_to(str(shutil.which("git")))
    monkeypatch.setenv("PATH", str(tools))
    monkeypatch.setenv("DAYTWO_SPECS", "")  # as it sets it itself; this puts it back
    monkeypatch.delenv("DAYTWO_CHROMIUM", raising=False)
    monkeypatch.setattr("sys.argv", ["bench", "--only", "page", "--json", str(file)])
    assert bench.main() == 0
    assert "page" not in json.loads(file.read_text())
    assert "The page is left out, since there is no Chromium: install it" in capsys.readouterr().out
