"""The repositories are the same on every machine, and each version is what it says."""

import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

VERSIONS = ["1.0.0", "1.1.0", "1.2.0", "1.3.0"]


def git(repository: Path, *arguments: str) -> str:
    done = subprocess.run(["git", "-C", str(repository), *arguments], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_commit_ids_do_not_depend_on_who_builds_when_and_where(
    builder: ModuleType, repositories: Path, tmp_path: Path, examples: Path
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / ".gitconfig").write_text("[core]\n\tautocrlf = true\n[user]\n\tname = Else\n[commit]\n\tgpgsign = true\n")
    foreign = {"PATH": os.environ["PATH"], "HOME": str(home), "TZ": "Asia/Tokyo", "GIT_AUTHOR_NAME": "Else"}
    command = [
        "sh",
        "-c",
        'umask 077; exec "$@"',
        "sh",
        sys.executable,
        str(examples / "build.py"),
        str(tmp_path / "out"),
    ]
    subprocess.run(command, env=foreign, check=True, capture_output=True)
    for name in ("shop", "billing"):
        for ref in ("main", *VERSIONS):
            there = git(tmp_path / "out" / "acme" / name, "rev-parse", ref)  # of a tag: the tag object's id
            assert there == git(repositories / name, "rev-parse", ref), (name, ref)


@pytest.mark.parametrize("name", ["shop", "billing"])
def test_a_tag_holds_its_version_and_main_is_the_last(repositories: Path, name: str) -> None:
    repository = repositories / name
    assert git(repository, "tag", "--list").split() == VERSIONS
    for version in VERSIONS:
        assert f'__version__ = "{version}"' in git(repository, "show", f"{version}:{name}/__init__.py")
    assert git(repository, "rev-parse", "main") == git(repository, "rev-parse", "1.3.0^{commit}")
    assert git(repository, "status", "--porcelain") == ""


@pytest.mark.parametrize("name", ["shop", "billing"])
@pytest.mark.parametrize("version", VERSIONS)
def test_the_unit_tests_of_each_version_pass(repositories: Path, tmp_path: Path, name: str, version: str) -> None:
    """Of 1.2.0 and 1.3.0 too: what is wrong with them is seen later, and that is the story."""
    copy = tmp_path / "copy"
    command = ["git", "clone", "--quiet", "--branch", version, "-c", "advice.detachedHead=false"]
    subprocess.run([*command, str(repositories / name), str(copy)], check=True)
    tests = [sys.executable, "-B", "-m", "unittest", "discover", "-s", "tests", "-t", "."]
    done = subprocess.run(tests, cwd=copy, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "\nRan 0 tests" not in done.stderr


def test_what_is_equal_stays(builder: ModuleType, tmp_path: Path) -> None:
    first = builder.build(tmp_path)
    mine = tmp_path / "acme" / "shop" / "mine.txt"
    mine.write_text("a person works here")
    assert builder.build(tmp_path) == first
    assert mine.exists()


def test_what_differs_is_refused_and_only_replaced_on_demand(builder: ModuleType, tmp_path: Path) -> None:
    path = tmp_path / "acme" / "shop"
    made = builder.build_one("shop", path)
    git(path, "tag", "--delete", "1.1.0")
    with pytest.raises(builder.BuildError, match="left alone"):
        builder.build_one("shop", path)
    assert "1.1.0" not in git(path, "tag", "--list")
    assert builder.build_one("shop", path, replace=True) == made
    assert "1.1.0" in git(path, "tag", "--list")
