"""Puts a version's files into the environment's folder, beside the release that runs. Running it twice is harmless."""

import shutil
import tempfile
from pathlib import Path

from place import Place, fail, output, place, say, version
from source import commit, extract


def main() -> None:
    where, wanted = place(), version()
    revision = commit(wanted)
    release = where.release(wanted)
    if release.exists():
        _same(release, revision, wanted)
        say(f"{where.service} {wanted} is installed in {where.environment} already")
    else:
        _write(where, release, revision)
        say(f"{where.service} {wanted} ({revision[:12]}) is installed in {where.environment}: {release}")
    output("commit", revision)


def _same(release: Path, revision: str, wanted: str) -> None:
    """A tag that was moved must not go out under the old name."""
    there = (release / "REVISION").read_text(encoding="utf-8").strip()
    if there != revision:
        fail(f"{wanted} was installed from commit {there}, but the tag is now {revision}; make a new version")


def _write(where: Place, release: Path, revision: str) -> None:
    """All of it or nothing: the folder gets its name when it is complete."""
    release.parent.mkdir(exist_ok=True)
    incoming = Path(tempfile.mkdtemp(prefix=".incoming-", dir=where.folder))
    try:
        extract(revision, incoming)
        (incoming / "REVISION").write_text(revision + "\n", encoding="utf-8")
        incoming.chmod(0o755)
        incoming.rename(release)
    finally:
        shutil.rmtree(incoming, ignore_errors=True)


if __name__ == "__main__":
    main()
