"""`daytwo serve worker` refuses what `daytwo serve api` refuses: placeholders for secrets, and debugging."""

import secrets
import subprocess
import sys
from pathlib import Path

import pytest

RANDOM = secrets.token_hex(32)
URL = "postgresql://127.0.0.1:1/x"


def started(folder: Path, *, key: str = RANDOM, url: str = URL, **environment: str) -> tuple[int, str]:
    """Code and words of a worker that is started so. One that is not refused waits for its database: it is ended."""
    (folder / "key").write_text(key)
    given = {"DAYTWO_DATABASE_URL": url, "DAYTWO_SECRET_FILE": str(folder / "key"), "PATH": "/usr/bin:/bin"}
    command = [str(Path(sys.executable).with_name("daytwo")), "serve", "worker"]
    running = subprocess.Popen(command, env={**given, **environment}, stderr=subprocess.PIPE, text=True)
    assert running.stderr is not None
    said = ""
    for line in running.stderr:
        said += line
        if "worker.waits" in line:
            running.terminate()
            break
    said += running.stderr.read()
    running.stderr.close()
    return running.wait(), said


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"key": "k" * 32}, "holds something that is not random"),
        ({"url": "postgresql://u:changeme@127.0.0.1:1/x"}, "one that everybody would try first"),
        ({"PYTHONASYNCIODEBUG": "1"}, "debugging is on"),
        ({"key": "k" * 32, "DAYTWO_SIGN_IN": "tokens"}, "holds something that is not random"),
        (
            {"key": "k" * 32, "DAYTWO_SIGN_IN": "people", "DAYTWO_PUBLIC_URL": "https://daytwo.example"},
            "holds something that is not random",
        ),
    ],
)
def test_it_refuses_what_is_for_ones_own_machine(tmp_path: Path, given: dict[str, str], said: str) -> None:
    code, words = started(tmp_path, **given)
    assert said in words
    assert "Nothing was started" in words
    assert "changeme" not in words
    assert code == 2


@pytest.mark.parametrize("given", [{}, {"key": "k" * 32, "DAYTWO_SIGN_IN": "people"}])
def test_with_what_is_fit_it_waits_for_its_database(tmp_path: Path, given: dict[str, str]) -> None:
    code, words = started(tmp_path, **given)
    assert "Nothing was started" not in words
    assert code == 0
