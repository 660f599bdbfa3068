"""Processes of an attempt: found by descent and by a mark in their environment, ended for good.

act gives every step a session of its own, so neither a process group nor a session reaches them all. The runner is the
sub-reaper of what it starts: whoever loses its parent becomes the runner's child and is still found by descent.
"""

import ctypes
import os
import signal
import time
from collections.abc import Iterable
from pathlib import Path

MARK = "DAYTWO_STANDIN_ATTEMPT"
_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36


def become_subreaper() -> None:
    """Make orphans among our descendants our children."""
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def end_with_parent() -> None:
    """In a child, before exec: ask the kernel for SIGTERM when the parent dies."""
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, int(signal.SIGTERM), 0, 0, 0)


def descendants(pid: int) -> list[int]:
    """All living processes below ``pid``, children first."""
    children: dict[int, list[int]] = {}
    for child, parent in _parents():
        children.setdefault(parent, []).append(child)
    found: list[int] = []
    waiting = [pid]
    while waiting:
        below = children.get(waiting.pop(0), [])
        found += below
        waiting += below
    return found


def marked(mark: str) -> list[int]:
    """All processes that carry ``mark`` as their attempt, whoever their parent is now."""
    wanted = f"{MARK}={mark}".encode()
    return [pid for pid in _pids() if wanted in _environment(pid) and pid != os.getpid()]


def send(pids: Iterable[int], number: signal.Signals) -> None:
    """Signal each process; one that is gone is what was wanted."""
    for pid in pids:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            continue


def end_descendants(seconds: float = 5.0) -> None:
    """Kill everything below this process and collect it; for a sub-reaper that waits for nobody else."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        send(descendants(os.getpid()), signal.SIGKILL)
        try:
            pid, _ = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid == 0:
            time.sleep(0.01)


def reap_orphans(child: int) -> None:
    """Collect processes that died as orphans of ours, but leave ``child`` to whoever waits for it."""
    while True:
        try:
            found = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        except ChildProcessError:
            return
        if found is None or found.si_pid == child:
            return
        os.waitpid(found.si_pid, os.WNOHANG)


def _parents() -> Iterable[tuple[int, int]]:
    for pid in _pids():
        try:
            text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue
        state, parent = text.rpartition(")")[2].split()[:2]
        if state != "Z":
            yield pid, int(parent)


def _pids() -> list[int]:
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]


def _environment(pid: int) -> list[bytes]:
    try:
        return Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError:
        return []
