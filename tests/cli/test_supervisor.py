"""What is started is kept running, stopped in order, and never outlives its starter."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import psutil
import pytest

from daytwo_cli.up.child import Command
from daytwo_cli.up.errors import PartFailed
from daytwo_cli.up.part import Errand, Program, Task
from daytwo_cli.up.supervisor import Patience, Supervisor

QUICK = Patience(first=0.01, longest=0.05, held=60)
SLEEPER = "import time; print('up', flush=True); time.sleep(600)"


def program(name: str, folder: Path, code: str = SLEEPER, *, after: Sequence[str] = (), within: float = 20) -> Program:
    said = folder / f"{name}.said"
    return Program(
        Command(name=name, argv=[sys.executable, "-c", code], log=folder / f"{name}.log", announcement=said),
        ready=lambda _: said.exists() and bool(said.read_text()),
        after=after,
        within=within,
        grace=5,
    )


def alive(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


async def until(true: Callable[[], bool], *, seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.01)


def running_pid(part: Program) -> int:
    assert part.child is not None
    return part.child.pid


@pytest.mark.anyio
async def test_a_killed_part_is_started_again(tmp_path: Path) -> None:
    said: list[str] = []
    part = program("one", tmp_path)
    supervisor = Supervisor([part], say=said.append, patience=QUICK)
    await supervisor.start()
    first = running_pid(part)
    os.kill(first, signal.SIGKILL)
    await until(lambda: any("one is back" in line for line in said))
    assert running_pid(part) != first
    assert alive(running_pid(part))
    assert supervisor.restarts == {"one": 1}
    assert any("one ended (SIGKILL); it is started again in" in line for line in said)
    await supervisor.stop()
    assert not alive(running_pid(part))


@pytest.mark.anyio
async def test_a_part_that_keeps_failing_is_tried_more_and_more_slowly(tmp_path: Path) -> None:
    said: list[str] = []
    fail = tmp_path / "fail"
    part = program("one", tmp_path, f"import os, time; assert not os.path.exists({str(fail)!r}), 'told to'; {SLEEPER}")
    supervisor = Supervisor([part], say=said.append, patience=Patience(first=0.01, longest=0.04, held=60))
    await supervisor.start()
    fail.touch()
    os.kill(running_pid(part), signal.SIGKILL)
    await until(lambda: supervisor.restarts["one"] >= 4)
    fail.unlink()
    await until(lambda: any("one is back" in line for line in said))
    await supervisor.stop()
    pauses = [line.split("again in ")[1] for line in said if "again in" in line]
    assert pauses[0] == "0.0 s"
    assert any("AssertionError: told to" in line for line in said)


def test_the_pause_doubles_up_to_a_limit_and_begins_anew_after_a_good_while() -> None:
    patience = Patience(first=1, longest=5, held=10)
    pause = None
    seen = []
    for lived in (0.1, 0.1, 0.1, 0.1, 11):
        pause = patience.next(pause, lived)
        seen.append(pause)
    assert seen == [1, 2, 4, 5, 1]


@pytest.mark.anyio
async def test_parts_start_after_those_they_need_and_stop_before_them(tmp_path: Path) -> None:
    order = tmp_path / "order"
    note = (
        "import signal, sys, time\n"
        f"def note(word):\n    with open({str(order)!r}, 'a') as file: file.write(word + chr(10))\n"
        "def end(*_):\n    note('-' + sys.argv[1]); sys.exit()\n"
        "signal.signal(signal.SIGTERM, end); note('+' + sys.argv[1]); print('up', flush=True); time.sleep(600)"
    )
    base = program("base", tmp_path, note.replace("sys.argv[1]", "'base'"))
    top = program("top", tmp_path, note.replace("sys.argv[1]", "'top'"), after=["task"])
    task = Task("task", lambda: order.open("a").write("task\n"), after=["base"])
    supervisor = Supervisor([top, task, base], say=lambda _: None)
    await supervisor.start()
    await supervisor.stop()
    assert order.read_text().split() == ["+base", "task", "+top", "-top", "-base"]


@pytest.mark.anyio
async def test_when_one_does_not_come_up_nothing_stays_and_its_last_words_are_said(tmp_path: Path) -> None:
    good = program("good", tmp_path)
    bad = program("bad", tmp_path, "import sys; sys.exit('no such thing as a port')", after=["good"])
    never = program("never", tmp_path, after=["bad"])
    with pytest.raises(PartFailed, match=r"(?s)bad: ended with exit code 1 .*no such thing as a port.*bad\.log"):
        await Supervisor([good, bad, never], say=lambda _: None).start()
    assert not alive(running_pid(good))
    assert never.child is None


@pytest.mark.anyio
async def test_one_that_hangs_is_given_up(tmp_path: Path) -> None:
    part = program("hangs", tmp_path, "import time; time.sleep(600)", within=0.2)
    with pytest.raises(PartFailed, match="hangs: was not ready after 0 s and was stopped"):
        await Supervisor([part], say=lambda _: None).start()
    assert not alive(running_pid(part))


@pytest.mark.anyio
async def test_cancelled_while_a_part_starts(tmp_path: Path) -> None:
    part = program("slow", tmp_path, "import time; time.sleep(600)")
    starting = asyncio.create_task(Supervisor([part], say=lambda _: None).start())
    await until(lambda: part.child is not None)
    starting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await starting
    assert not alive(running_pid(part))


@pytest.mark.anyio
async def test_an_errand_that_fails_stops_the_start(tmp_path: Path) -> None:
    command = Command(
        name="migrations", argv=[sys.executable, "-c", "raise SystemExit('cannot')"], log=tmp_path / "log"
    )
    with pytest.raises(PartFailed, match=r"(?s)migrations: ended with exit code 1.*cannot.*Ask somebody"):
        await Supervisor([Errand(command, advice="Ask somebody.")], say=lambda _: None).start()


def test_nothing_outlives_a_supervisor_that_is_killed(tmp_path: Path) -> None:
    house = f"""
import asyncio, sys
sys.path.insert(0, {str(Path(__file__).parent)!r})
from pathlib import Path
from test_supervisor import program, running_pid
from daytwo_cli.up.supervisor import Supervisor

async def main():
    parts = [program("one", Path({str(tmp_path)!r})), program("two", Path({str(tmp_path)!r}))]
    await Supervisor(parts, say=lambda _: None).start()
    print(*map(running_pid, parts), flush=True)
    await asyncio.sleep(600)
asyncio.run(main())
"""
    with subprocess.Popen([sys.executable, "-c", house], stdout=subprocess.PIPE, text=True) as starter:
        assert starter.stdout is not None
        pids = [int(word) for word in starter.stdout.readline().split()]
        assert len(pids) == 2
        assert all(map(alive, pids))
        starter.kill()
    deadline = time.monotonic() + 10
    while any(map(alive, pids)) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not any(map(alive, pids))
