"""Become another program that ends when its parent ends: `python -I -S tether.py PARENT SIGNAL UID:GID -- PROGRAM …`.

A program of its own rather than a function run between fork and exec, which may deadlock in a process with threads.
PR_SET_PDEATHSIG is set after the change of user, which would clear it (prctl(2)), and survives the exec.

PostgreSQL refuses to run as root. Started by root we give up every identity and capability but one: without
CAP_DAC_READ_SEARCH the other user could not reach a data folder or an installation below a folder that is private to
root, and loosening the permissions of such folders is not ours to do (capabilities(7), ambient set).

Standard library only; nothing of ours is importable here.
"""

import contextlib
import ctypes
import os
import sys

PR_SET_PDEATHSIG = 1
PR_SET_KEEPCAPS = 8
PR_CAP_AMBIENT = 47
PR_CAP_AMBIENT_RAISE = 2
CAPABILITY_VERSION_3 = 0x20080522
CAP_DAC_OVERRIDE = 1
CAP_DAC_READ_SEARCH = 2


class _Header(ctypes.Structure):
    _fields_ = (("version", ctypes.c_uint32), ("pid", ctypes.c_int))


class _Sets(ctypes.Structure):
    _fields_ = (("effective", ctypes.c_uint32), ("permitted", ctypes.c_uint32), ("inheritable", ctypes.c_uint32))


def _checked(libc: ctypes.CDLL, call: str, *arguments: object) -> None:
    if getattr(libc, call)(*arguments) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{call}{arguments!r}: {os.strerror(number)}")


def _keep_only(libc: ctypes.CDLL, capability: int) -> None:
    header, sets = _Header(CAPABILITY_VERSION_3, 0), (_Sets * 2)()
    sets[0] = _Sets(1 << capability, 1 << capability, 1 << capability)
    _checked(libc, "capset", ctypes.byref(header), ctypes.byref(sets))
    _checked(libc, "prctl", PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability, 0, 0)


def _become(libc: ctypes.CDLL, uid: int, gid: int) -> None:
    _checked(libc, "prctl", PR_SET_KEEPCAPS, 1, 0, 0, 0)
    os.setgroups([])
    os.setgid(gid)
    os.setuid(uid)
    for capability in (CAP_DAC_READ_SEARCH, CAP_DAC_OVERRIDE):  # container engines leave root the wider one by default
        with contextlib.suppress(OSError):
            return _keep_only(libc, capability)
    return None  # then the folders on the way have to be open to others


def main(arguments: list[str]) -> None:
    """Parent's process id, signal number (0: none), "uid:gid" or "-", "--", then the program with its arguments."""
    parent, signal, user, _, *program = arguments
    if sys.platform == "linux":
        libc = ctypes.CDLL(None, use_errno=True)
        if user != "-":
            uid, gid = user.split(":")
            _become(libc, int(uid), int(gid))
        if int(signal):
            _checked(libc, "prctl", PR_SET_PDEATHSIG, int(signal), 0, 0, 0)
            if os.getppid() != int(parent):  # it died before we had asked for the signal
                sys.exit(f"{program[0]} was not started: the process that asked for it is gone")
    os.execv(program[0], program)  # noqa: S606 - a list of arguments; becoming another program is what this file is for


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except OSError as problem:
        sys.exit(f"{sys.argv[5]} could not be started: {problem}")
