"""The first day: initial releases and settings, for places that have none yet."""

import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

from daytwo_standins.machines.config import Machine, MachinesConfig, ServiceName
from daytwo_standins.machines.errors import ReleaseMissing
from daytwo_standins.machines.layout import Place

FIRST = "1.0.0"


def prepare(
    root: Path, repositories: Mapping[ServiceName, Path], *, config: MachinesConfig, version: str = FIRST
) -> list[Place]:
    """Install a version of every service wherever nothing runs yet, and write missing settings files.

    `repositories` maps a service to its git repository on disk. What is there already stays, so that
    a second start continues where the first one ended. Returns the places that got a release. Raises ReleaseMissing.
    """
    new = []
    for environment, service, machine in config.machines():
        place = Place(root, environment, service)
        place.folder.mkdir(parents=True, exist_ok=True)
        _write_settings(place, machine)
        if place.running() is None:
            install(place, repositories.get(service), version=version)
            point_at(place, version)
            new.append(place)
    return new


def install(place: Place, repository: Path | None, *, version: str) -> None:
    """Put a tag's files into `releases/<version>`: all of them or none. Raises ReleaseMissing."""
    if place.release(version).exists():
        return
    if repository is None:
        raise ReleaseMissing(Path(place.service), version, "no repository was given for this service")
    commit = _git(repository, "rev-parse", "--verify", f"refs/tags/{version}^{{commit}}", version=version).strip()
    place.release(version).parent.mkdir(parents=True, exist_ok=True)
    incoming = Path(tempfile.mkdtemp(prefix=".incoming-", dir=place.folder))
    try:
        archive = incoming / "archive.tar"
        _git(repository, "archive", "--format=tar", f"--output={archive}", commit.decode(), version=version)
        subprocess.run(["tar", "-xf", str(archive), "-C", str(incoming)], check=True)
        archive.unlink()
        (incoming / "REVISION").write_bytes(commit + b"\n")
        incoming.chmod(0o755)
        incoming.rename(place.release(version))
    finally:
        shutil.rmtree(incoming, ignore_errors=True)


def point_at(place: Place, version: str) -> None:
    """Move `current` to an installed version, in one step."""
    with tempfile.TemporaryDirectory(prefix=".link-", dir=place.folder) as aside:
        link = Path(aside, "current")
        link.symlink_to(Path("releases", version))
        link.replace(place.current)


def _write_settings(place: Place, machine: Machine) -> None:
    if place.settings.exists():
        return
    lines = "".join(f"{name}={value}\n" for name, value in machine.settings.items())
    place.settings.write_text(lines, encoding="utf-8")


def _git(repository: Path, *arguments: str, version: str) -> bytes:
    answer = subprocess.run(["git", "-C", str(repository), *arguments], capture_output=True, check=False)
    if answer.returncode:
        raise ReleaseMissing(repository, version, answer.stderr.decode(errors="replace").strip())
    return answer.stdout
