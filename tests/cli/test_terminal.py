"""The program itself, as a process in a terminal or in a pipe."""

import json
import os
import pty
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from daytwo_cli.exits import Exit

PROGRAM = [sys.executable, "-m", "daytwo_cli"]


def environment(server: Any, home: Path, **more: str) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "HOME": str(home), "DAYTWO_URL": server.url, "TERM": "xterm", **more}


def in_terminal(arguments: list[str], env: dict[str, str], typed: str = "") -> tuple[int, str]:
    """Run in a terminal of its own; the exit code and everything that was shown."""
    pid, terminal = pty.fork()
    if pid == 0:
        try:
            os.execve(PROGRAM[0], [*PROGRAM, *arguments], env)
        finally:  # never go on as a second copy of the tests
            os._exit(127)
    os.write(terminal, typed.encode())
    shown = b""
    while True:
        try:
            part = os.read(terminal, 4096)
        except OSError:  # the other side is closed
            break
        if not part:
            break
        shown += part
    os.close(terminal)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), shown.decode()


def summary(**changes: Any) -> dict[str, Any]:
    known = {
        "name": "deploy",
        "title": "Deploy",
        "description": "",
        "tags": [],
        "owner": None,
        "operation": "day-2",
        "target_kind": "service",
        "may_run": {"allowed": True},
        "runners": "the owner of the service",
    }
    return {"items": [{**known, **changes}], "next_cursor": None}


def test_a_table_with_colour_in_a_terminal_and_plain_lines_with_no_color(
    server: Any, tmp_path: Path, make: Any
) -> None:
    server.on("GET", "/runs/r_1", make.run(state="failed"))
    code, shown = in_terminal(["show", "r_1"], environment(server, tmp_path))
    assert code == 0
    assert "\x1b[31mfailed" in shown
    code, shown = in_terminal(["show", "r_1"], environment(server, tmp_path, NO_COLOR="1"))
    assert code == 0
    assert "\x1b" not in shown


def test_in_a_pipe_it_is_plain(server: Any, tmp_path: Path) -> None:
    server.on("GET", "/actions", summary())
    done = subprocess.run([*PROGRAM, "actions"], env=environment(server, tmp_path), capture_output=True, check=True)
    assert done.stdout.decode().splitlines()[1].split() == ["deploy", "Deploy", "service", "yes"]


def test_somebody_answers_at_the_terminal(server: Any, tmp_path: Path, make: Any) -> None:
    server.on("GET", "/approvals/a_1", make.approval())
    decided = make.approval(state="approved", text="approved by Sam").model_dump(mode="json")
    server.on("POST", "/approvals/a_1/decision", {"approval": decided, "repeated": False})
    code, shown = in_terminal(["approve", "a_1"], environment(server, tmp_path), typed="y\n")
    assert code == 0
    assert "approved by Sam" in shown
    assert server.bodies("/approvals/a_1/decision")[0]["digest"] == "a" * 64


def _heeds_interrupts() -> None:
    """Whoever runs the tests in the background of a shell has them ignore Ctrl-C, which is inherited."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def test_ctrl_c_leaves_the_run_alone(server: Any, tmp_path: Path, make: Any, reply: Any) -> None:
    line = {"lines": [{"number": 3, "step": "ship", "job": "Test", "text": "hello"}], "next": 3}
    text = f"event: log\nid: 3\ndata: {json.dumps(line)}\n\n"
    server.on("GET", "/runs/r_1/events", reply(text=text))
    program = [*PROGRAM, "logs", "r_1", "-f"]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(
        program, env=environment(server, tmp_path), text=True, preexec_fn=_heeds_interrupts, **pipes
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "Test | hello\n"
        deadline = time.monotonic() + 20
        while len(server.asked) < 2:  # the stream has ended once, so it is being watched
            assert time.monotonic() < deadline
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=20)
    assert process.returncode == Exit.INTERRUPTED
    assert "You left; the run goes on. See it again: daytwo logs r_1 -f --after 3" in errors
    assert [one.method for one in server.asked] == ["GET"] * len(server.asked)


def test_a_reader_who_has_seen_enough(server: Any, tmp_path: Path) -> None:
    lines = [{"number": n, "step": "ship", "job": "Test", "text": "x" * 200} for n in range(1, 4001)]
    server.on("GET", "/runs/r_1/logs", {"lines": lines, "next": 4000})
    program = " ".join([*PROGRAM, "logs", "r_1"])
    done = subprocess.run(
        ["bash", "-c", f"{program} | head -1"], env=environment(server, tmp_path), capture_output=True
    )
    assert done.stdout.decode() == f"Test | {'x' * 200}\n"
    assert b"Traceback" not in done.stderr
