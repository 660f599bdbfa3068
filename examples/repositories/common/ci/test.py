"""Runs the unit tests that a version brings along, on a copy of its files."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from place import fail, say, version
from source import commit, extract


def main() -> None:
    wanted = version()
    revision = commit(wanted)
    say(f"version {wanted} is commit {revision}")
    with tempfile.TemporaryDirectory() as folder:
        extract(revision, Path(folder))
        tests = [sys.executable, "-m", "unittest", "discover", "-v", "-s", "tests", "-t", "."]
        code = subprocess.run(tests, cwd=folder, env=os.environ, check=False).returncode
    if code:
        fail(f"the unit tests of {wanted} fail; nothing was installed")
    say(f"the unit tests of {wanted} pass")


if __name__ == "__main__":
    main()
