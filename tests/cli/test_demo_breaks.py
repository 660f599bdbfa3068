"""A step of the story that does not do what it says ends `daytwo demo` with another code than 0, and says why."""

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from daytwo_cli.ask.asker import TerminalAsker
from daytwo_cli.demo import run
from daytwo_cli.demo.steps import StoryBroken, expect
from daytwo_cli.exits import Exit
from daytwo_cli.show.out import Out
from daytwo_cli.tools import Tools


class NoHouse:
    """What `daytwo demo` needs of the house besides the story, without a process."""

    def __init__(self) -> None:
        self.stopped = False
        self.product = type("Product", (), {"page": "http://127.0.0.1:1"})

    @classmethod
    def plan(cls, *_: object) -> "NoHouse":
        return cls()

    def running(self, *_: object) -> "NoHouse":
        return self

    async def __aenter__(self) -> None:
        return None

    async def __aexit__(self, *_: object) -> None:
        self.stopped = True


class Nobody:
    signed_out = 0

    @classmethod
    def sign_in(cls, *_: object) -> "Nobody":
        return cls()

    def sign_out(self) -> None:
        Nobody.signed_out += 1


def told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, play: Callable[[Any], None]) -> tuple[Exit, str, str]:
    """How the demo ends that plays this story."""
    monkeypatch.setattr(run, "House", NoHouse)
    monkeypatch.setattr(run, "Person", Nobody)
    monkeypatch.setattr(run, "play", play)
    monkeypatch.setattr("tempfile.mkdtemp", lambda **_: str(tmp_path / "demo"))
    out, err = io.StringIO(), io.StringIO()
    tools = Tools(
        out=Out(out, err, plain=True),
        asker=TerminalAsker(io.StringIO(), err, interactive=False),
        environment={},
        here=tmp_path,
    )
    Nobody.signed_out = 0
    code = run.demo(tools, None, examples=None)
    assert Nobody.signed_out == 2
    return code, out.getvalue(), err.getvalue()


def wrong_version(stage: Any) -> None:
    with stage.steps.step("Undo", expected="1.1.0 is back") as step:
        expect("the version that answers", seen="1.3.0", wanted="1.1.0")
        step.seen = "1.1.0 is back"


def refused(stage: Any) -> None:
    with stage.steps.step("Deploy", expected="it is accepted"):
        raise StoryBroken("the deploy was refused: Only group:sre may.")


@pytest.mark.parametrize(
    ("play", "row", "reason"),
    [
        (wrong_version, "Undo", "the version that answers is 1.3.0, and should be 1.1.0"),
        (refused, "Deploy", "the deploy was refused: Only group:sre may."),
    ],
)
def test_a_broken_step_is_named_with_its_reason(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, play: Callable[[Any], None], row: str, reason: str
) -> None:
    code, out, err = told(monkeypatch, tmp_path, play)
    assert code is Exit.FAILED
    assert f"The story broke: {reason}" in err
    assert any(line.startswith(row) and f"BROKEN: {reason}" in line for line in out.splitlines())
    assert "did what they say" not in out
    assert "the logs of all processes are in" in err
    assert (tmp_path / "demo").is_dir(), "it is kept, to be looked at"


def test_a_mistake_of_ours_does_not_pass_as_success(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def broken(stage: Any) -> None:
        with stage.steps.step("Deploy", expected="it works"):
            raise KeyError("nobody thought of it")

    with pytest.raises(KeyError):
        told(monkeypatch, tmp_path, broken)


def test_the_whole_story_ends_well_and_leaves_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def good(stage: Any) -> None:
        with stage.steps.step("Deploy", expected="it works") as step:
            step.seen = "it works"

    code, out, err = told(monkeypatch, tmp_path, good)
    assert (code, err) == (Exit.SUCCESS, "")
    assert "All 1 steps did what they say" in out
    assert not (tmp_path / "demo").exists()
