"""Takes the files of a version, a tag, out of this repository's clone."""

import subprocess
from pathlib import Path

from place import fail


def commit(version: str) -> str:
    """The commit that the version's tag stands for."""
    asked = ["git", "rev-parse", "--verify", "--quiet", f"refs/tags/{version}^{{commit}}"]
    answer = subprocess.run(asked, capture_output=True, text=True, check=False)
    if answer.returncode:
        fail(f"this repository has no version {version}; there is: {', '.join(_tags()) or 'none'}")
    return answer.stdout.strip()


def extract(revision: str, folder: Path) -> None:
    """Write the files of a commit into a folder. `pipefail` is why these are two processes with two checks."""
    archive = subprocess.Popen(["git", "archive", "--format=tar", revision], stdout=subprocess.PIPE)
    unpacked = subprocess.run(["tar", "-x", "-C", str(folder)], stdin=archive.stdout, check=False)
    if archive.wait() or unpacked.returncode:
        fail(f"the files of commit {revision} could not be written to {folder}; nothing was switched")


def _tags() -> list[str]:
    return subprocess.run(["git", "tag", "--list"], capture_output=True, text=True, check=True).stdout.split()
