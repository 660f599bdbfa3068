"""What `make` does before anything is installed."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).resolve().parents[1]
PYTHON: Final = Path(sys.base_prefix) / "bin" / f"python3.{sys.version_info.minor}"  # not the venv's
# As Debian's does without the package python3-venv: python and no pip are there afterwards, and it ends with 1.
DEBIANS: Final = f"""#!/bin/sh
if [ "$1 $2" = "-m venv" ]; then {PYTHON} -m venv --without-pip "$3"; exit 1; fi
exec {PYTHON} "$@"
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """As much of this one as the first step needs; nothing is to be installed."""
    folder = tmp_path / "checkout"
    (folder / "requirements").mkdir(parents=True)
    (folder / "requirements/dev.txt").write_text("not-there==1\n")
    shutil.copy(ROOT / "Makefile", folder)
    (folder / "pyproject.toml").touch()
    return folder


def installs(checkout: Path, python: str | Path = PYTHON) -> str:
    """What `make` says, which cannot end well: there is nothing to install."""
    argv = ["make", ".venv/.installed", f"PYTHON={python}"]
    env = {"PATH": os.environ["PATH"], "PIP_NO_INDEX": "1"}
    done = subprocess.run(argv, cwd=checkout, env=env, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 2
    return done.stdout + done.stderr


def test_a_python_without_venv_is_named_each_time_and_leaves_nothing_half_made(checkout: Path, tmp_path: Path) -> None:
    python = tmp_path / "python3"
    python.write_text(DEBIANS)
    python.chmod(0o755)
    for _ in range(2):
        said = installs(checkout, python)
        assert "apt-get install python3-venv" in said
        assert not (checkout / ".venv").exists()


def test_one_that_was_left_without_pip_is_mended_and_a_good_one_stays(checkout: Path) -> None:
    venv = checkout / ".venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", venv], check=True)
    (venv / "kept").touch()
    for _ in range(2):
        said = installs(checkout)
        assert "No module named pip" not in said
        assert "python3-venv" not in said
        subprocess.run([venv / "bin/python", "-m", "pip", "--version"], check=True, capture_output=True)
        assert (venv / "kept").exists()
        assert not (venv / ".installed").exists()
