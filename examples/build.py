"""Makes Acme's git repositories from the files in `repositories/`.

    python examples/build.py OUT

writes OUT/<owner>/<name> for each repository and prints one JSON line about it. Each version is a commit on `main`
and a tag. Names, dates and modes are fixed and git runs without anybody's configuration, so the commit ids
are the same on every machine.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

OWNER: Final = "acme"
SOURCES: Final = Path(__file__).parent / "repositories"
COMMON: Final = "common"  # what every repository of the company has alike
FIRST_DAY: Final = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
NOT_SOURCE: Final = shutil.ignore_patterns("__pycache__", "*.pyc", ".*_cache", ".DS_Store", "*~")


@dataclass(frozen=True, slots=True)
class Author:
    """Who wrote a version."""

    name: str
    email: str


AUTHORS: Final = (Author("Ana", "ana@acme.example"), Author("Ben", "ben@acme.example"))


@dataclass(frozen=True, slots=True)
class Repository:
    """A repository as it was made. `tags` maps a version to its commit."""

    full_name: str
    path: str
    head: str
    tags: Mapping[str, str]


class BuildError(Exception):
    """A repository could not be made; what was there before is unchanged."""


def build(out: Path, *, replace: bool = False) -> list[Repository]:
    """Make all repositories below `out`; what is there already and equal stays as it is, with its later commits.

    Raises BuildError if something else is there, unless `replace` allows to remove it.
    """
    names = sorted(folder.name for folder in SOURCES.iterdir() if folder.is_dir() and folder.name != COMMON)
    return [build_one(name, out / OWNER / name, replace=replace) for name in names]


def build_one(name: str, path: Path, *, replace: bool = False) -> Repository:
    """Make one repository at `path`, complete or not at all. Raises BuildError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{name}-", dir=path.parent) as folder:
        fresh = Path(folder, name)
        tags = _history(name, fresh)
        if path.exists() and not replace and _holds(path, tags):
            return _described(name, path, tags)
        if path.exists() and not replace:
            raise BuildError(
                f"{path} is there already and is not what would be made; it was left alone. "
                "Move it away, choose another folder, or allow its removal with --replace"
            )
        if path.exists():
            shutil.rmtree(path)
        fresh.rename(path)
    return _described(name, path, tags)


def versions(name: str) -> list[str]:
    """The versions of a repository, oldest first."""
    folders = (SOURCES / name / "versions").iterdir()
    return sorted((f.name for f in folders if f.is_dir()), key=lambda v: tuple(int(part) for part in v.split(".")))


def _history(name: str, path: Path) -> dict[str, str]:
    _git(path.parent, "init", "--quiet", "--template=", "--initial-branch=main", str(path))
    tags: dict[str, str] = {}
    for number, version in enumerate(versions(name)):
        for layer in _layers(name, version, first=number == 0):
            # copyfile leaves times and modes behind. With the old times git takes a file of the same length
            # for unchanged, and the executable bit, which git keeps, may be lost by a download.
            shutil.copytree(layer, path, ignore=NOT_SOURCE, dirs_exist_ok=True, copy_function=shutil.copyfile)
        tags[version] = _commit(path, f"{name} {version}", number)
        _git(path, "tag", "--annotate", f"--message={name} {version}", version, number=number)
    return tags


def _layers(name: str, version: str, *, first: bool) -> Iterator[Path]:
    """A version is laid over the one before it; the first one begins with what all versions share."""
    if first:
        yield SOURCES / COMMON
        yield SOURCES / name / "main"
    yield SOURCES / name / "versions" / version


def _commit(path: Path, message: str, number: int) -> str:
    _git(path, "add", "--all", "--force")
    _git(path, "commit", "--quiet", f"--message={message}", number=number)
    return _git(path, "rev-parse", "HEAD")


def _holds(path: Path, tags: Mapping[str, str]) -> bool:
    """Whether every version is there, and from the same commit."""
    try:
        return all(_git(path, "rev-parse", f"refs/tags/{tag}^{{commit}}") == commit for tag, commit in tags.items())
    except BuildError:
        return False


def _described(name: str, path: Path, tags: Mapping[str, str]) -> Repository:
    head = _git(path, "rev-parse", "refs/heads/main")
    return Repository(full_name=f"{OWNER}/{name}", path=str(path), head=head, tags=dict(tags))


def _git(folder: Path, *arguments: str, number: int = 0) -> str:
    answer = subprocess.run(
        ["git", "-C", str(folder), *arguments], env=_environment(number), capture_output=True, text=True, check=False
    )
    if answer.returncode:
        raise BuildError(f"git {arguments[0]} failed in {folder}: {answer.stderr.strip() or answer.stdout.strip()}")
    return answer.stdout.strip()


def _environment(number: int) -> dict[str, str]:
    """Everything that changes a commit id, and nothing from the person who runs this."""
    author = AUTHORS[number % len(AUTHORS)]
    when = (FIRST_DAY + timedelta(weeks=2 * number)).isoformat()
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_DEFAULT_HASH": "sha1",
        "GIT_AUTHOR_NAME": author.name,
        "GIT_AUTHOR_EMAIL": author.email,
        "GIT_AUTHOR_DATE": when,
        "GIT_COMMITTER_NAME": author.name,
        "GIT_COMMITTER_EMAIL": author.email,
        "GIT_COMMITTER_DATE": when,
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description="Makes the example company's git repositories.")
    parser.add_argument("out", type=Path, help="folder to make them in")
    parser.add_argument("--replace", action="store_true", help="remove what is there and differs")
    asked = parser.parse_args(arguments)
    try:
        for repository in build(asked.out, replace=asked.replace):
            sys.stdout.write(json.dumps(asdict(repository)) + "\n")
    except BuildError as problem:
        sys.stderr.write(f"{problem}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
