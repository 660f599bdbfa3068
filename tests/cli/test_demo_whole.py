"""`daytwo demo` plays the whole story, and does not gloss over anything that is not as it says."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"
PROGRAM = [sys.executable, "-m", "daytwo_cli", "demo"]


def play(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([*PROGRAM, *arguments], capture_output=True, text=True, check=False)


def left_over(data: Path) -> list[int]:
    rows = json.loads((data / "processes.json").read_text())["processes"]
    return [row["pid"] for row in rows if psutil.pid_exists(row["pid"])]


@pytest.mark.timeout(600)
def test_the_story(tmp_path: Path) -> None:
    done = play("--data", str(tmp_path / "data"))
    assert done.returncode == 0, done.stdout + done.stderr
    story, _, table = done.stdout.partition("STEP ")
    assert story.count("✓") == 14
    assert "the cart costs 13.70 EUR instead of 23.20 EUR" in table
    assert "All 14 steps did what they say" in table
    for said in (
        "(four eyes)",
        "Check | error: the setting PAYMENTS_URL is missing",
        "SIGKILL sent to the worker",
        "worker ended (SIGKILL); it is started again",
        "worker is back",
        "SIGSTOP sent to the shop's process",
    ):
        assert said in done.stdout
    once = re.search(r"once: (\d+) dispatches for (\d+) attempts", table)
    assert once is not None
    assert int(once[1]) == int(once[2]) >= 10  # a deploy that ends before its worker is killed is followed by another
    assert left_over(tmp_path / "data") == []


@pytest.mark.long
@pytest.mark.timeout(400)
def test_an_approval_that_is_not_asked_for_breaks_the_story(tmp_path: Path) -> None:
    examples = tmp_path / "examples"
    shutil.copytree(EXAMPLES, examples)
    deploy = examples / "actions" / "deploy.yaml"
    text = deploy.read_text()
    deploy.write_text(text.replace("when: ${{ inputs.environment.name == 'production' }}", "when: ${{ false }}"))
    assert deploy.read_text() != text
    done = play("--data", str(tmp_path / "data"), "--examples", str(examples))
    assert done.returncode == 1
    assert "The story broke: the run is" in done.stderr
    assert "should be waiting_approval" in done.stderr
    assert str(tmp_path / "data" / "logs") in done.stderr
    assert "BROKEN: the run is" in done.stdout
    assert "── 3." not in done.stdout
    assert left_over(tmp_path / "data") == []
