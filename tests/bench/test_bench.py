"""What `make bench` keeps and says of its numbers; measuring them is its own business."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from tests.bench import __main__ as bench
from tests.bench.kept import Kept
from tests.bench.report import tables
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
