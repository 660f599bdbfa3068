"""Starts an installed release on a free port with the environment's own settings, asks it, and stops it."""

import os
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

from place import Place, about, fail, place, say, seconds, until, version


def main() -> None:
    where, wanted = place(), version()
    release = where.release(wanted)
    if not release.is_dir():
        fail(f"{where.service} {wanted} is not installed in {where.environment}; run the job `install` first")
    port = _free_port()
    say(f"starting {where.service} {wanted} on side port {port} with the settings of {where.environment}")
    with tempfile.TemporaryFile("w+", encoding="utf-8") as log:
        application = _start(where, release, port, log.fileno())
        try:
            ready = until(lambda: application.poll() is not None or bool(about(port)), seconds())
            answer = about(port)
        finally:
            _stop(application)
        log.seek(0)
        lines = log.read().splitlines()
    for line in lines:
        say(f"  | {line}")
    _judge(where, wanted, answer=answer if ready else {}, lines=lines)
    say(f"{where.service} {wanted} starts in {where.environment}, is healthy and says its version")


def _judge(where: Place, wanted: str, *, answer: dict[str, object], lines: list[str]) -> None:
    running = where.running() or "nothing"
    title = f"{where.service} {wanted} fails its check in {where.environment}"
    if not answer:
        fail(f"{lines[-1] if lines else 'it says nothing'} (nothing was switched, {running} still runs)", title)
    if answer.get("version") != wanted:
        fail(f"it says that it is {answer.get('version')} (nothing was switched, {running} still runs)", title)


def _start(where: Place, release: Path, port: int, log: int) -> subprocess.Popen[bytes]:
    environment = {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOST": "127.0.0.1",
        "PORT": str(port),
        "ENVIRONMENT": where.environment,
        "SETTINGS_FILE": str(where.settings),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    command = [sys.executable, "-m", where.service]
    return subprocess.Popen(command, cwd=release, env=environment, stdout=log, stderr=log, stdin=subprocess.DEVNULL)


def _stop(application: subprocess.Popen[bytes]) -> None:
    application.terminate()
    try:
        application.wait(10)
    except subprocess.TimeoutExpired:
        application.kill()
        application.wait()


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


if __name__ == "__main__":
    main()
