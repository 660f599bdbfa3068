"""The Dockerfile, as far as it can be proven without an engine: its sources, its locks, its wheel."""

import fnmatch
import importlib.metadata
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
from deploying import ROOT
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
DOCKERFILE = (ROOT / "Dockerfile").read_text()
INSTRUCTIONS = re.sub(r"^#.*\n", "", DOCKERFILE, flags=re.MULTILINE).replace("\\\n", " ").splitlines()


def stage(name: str) -> list[str]:
    """The instructions of one stage."""
    starts = [number for number, line in enumerate(INSTRUCTIONS) if line.startswith("FROM ")]
    begin = next(number for number in starts if INSTRUCTIONS[number].endswith(f" AS {name}"))
    end = min((number for number in starts if number > begin), default=len(INSTRUCTIONS))
    return INSTRUCTIONS[begin:end]


def closure(name: str) -> set[str]:
    """A distribution and everything that it needs."""
    found: set[str] = set()
    todo = [name]
    while todo:
        one = canonicalize_name(todo.pop())
        if one in found:
            continue
        found.add(one)
        needs = [Requirement(need) for need in importlib.metadata.requires(one) or []]
        todo += [need.name for need in needs if need.marker is None or need.marker.evaluate({"extra": ""})]
    return found


@pytest.mark.parametrize("name", ["daytwo", "standin"])
def test_nothing_runs_as_root(name: str) -> None:
    users = [line.split()[1] for line in stage(name) if line.startswith("USER ")]
    assert users[-1] == "10001:10001"


def test_the_image_checks_its_health() -> None:
    assert any(line.startswith("HEALTHCHECK") and "/livez" in line for line in stage("daytwo"))


def test_only_the_build_stage_has_tools() -> None:
    assert "pip" not in " ".join(stage("daytwo") + stage("standin"))
    assert "apt-get" not in " ".join(stage("build"))


def test_git_and_nothing_else_is_added_to_what_serves() -> None:
    """Without it nobody is known to have changed an action's file."""
    added = re.findall(r"apt-get install ([^&]*)", " ".join(stage("daytwo")))
    assert [word for words in added for word in words.split() if not word.startswith("--")] == ["git"]


def test_what_is_copied_exists_and_reaches_the_builder() -> None:
    copied = [line.split()[1:-1] for line in INSTRUCTIONS if line.startswith("COPY ") and "--from" not in line]
    allowed = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    for source in {source for sources in copied for source in sources} - {"."}:
        assert (ROOT / source).exists(), source
        assert source.split("/")[0] in allowed, source
    packages = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    assert {path.split("/")[0] for path in packages} <= allowed


def test_no_secret_and_no_data_reaches_the_builder() -> None:
    first, *rest = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if not line.startswith("#")]
    assert first == "*"
    allowed = [line[1:] for line in rest if line.startswith("!")]
    for path in (".env", ".daytwo", ".git", "secrets"):
        assert not any(fnmatch.fnmatch(path, one) for one in allowed)


def test_everything_is_installed_with_hashes() -> None:
    installs = re.findall(r"pip(?: --python \S+)? install ([^&]*)", " ".join(stage("build")))
    assert len(installs) == 3
    assert all("--require-hashes" in how or "--no-deps --no-index" in how for how in installs)


def test_the_build_tools_are_taken_out_of_the_lock() -> None:
    script = re.search(r"awk '(.*?)'", DOCKERFILE)
    assert script
    done = subprocess.run(
        ["awk", script[1], ROOT / "requirements/dev.txt"], capture_output=True, text=True, check=True
    ).stdout
    assert set(re.findall(r"^([a-z0-9-]+)==", done, re.MULTILINE)) == closure("hatchling")
    assert done.count("--hash=sha256:") >= len(closure("hatchling"))


def test_the_extras_of_up_are_not_in_the_image() -> None:
    removed = re.search(r"uninstall --yes ([a-z -]+)", DOCKERFILE)
    assert removed
    extras = [Requirement(one).name for one in PROJECT["project"]["optional-dependencies"]["up"]]
    assert set(removed[1].split()) == set(extras)


def test_the_wheel_holds_every_package_and_what_is_not_python(tmp_path: Path) -> None:
    argv = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(tmp_path)]
    subprocess.run(argv, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    for package in ("actions", "api", "catalog", "cli", "forms", "standins", "store", "workflows"):
        assert f"daytwo_{package}/py.typed" in names
    assert any(re.fullmatch(r"daytwo_store/migrations/versions/0001_\w+\.py", name) for name in names)
    assert "daytwo_store/migrations/script.py.mako" in names
    assert "daytwo_standins/github/actions/checkout/action.yml" in names
    if (ROOT / "forms/daytwo_forms/static/index.html").exists():
        assert "daytwo_forms/static/index.html" in names
    assert not [name for name in names if name.startswith("tests/") or name.endswith((".pyc", ".tsx"))]
