"""The API as users start it: a process of its own, `daytwo serve api`."""

import os
import resource
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

EXAMPLES = Path(__file__).parents[2] / "examples"
CONFIG = """\
company: [{catalog}, {actions}]
sign_in: people
admins: group:platform
connections: {{ github: {{ backend: github, address: "http://127.0.0.1:1", token_file: token }} }}
"""


@dataclass
class Process:
    running: "subprocess.Popen[str]"
    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def wait_for(self, path: str, ready: Callable[[httpx.Response], bool], *, seconds: float = 60) -> httpx.Response:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and self.running.poll() is None:
            try:
                answer = httpx.get(self.url + path, timeout=5)
                if ready(answer):
                    return answer
            except httpx.TransportError:
                pass
            time.sleep(0.05)
        raise AssertionError(f"{path} was not ready")

    def stop(self, number: signal.Signals = signal.SIGTERM) -> tuple[int, list[str]]:
        """Its exit code, and the lines that it wrote."""
        self.running.send_signal(number)
        _, errors = self.running.communicate(timeout=30)
        return self.running.returncode, errors.splitlines()


Start = Callable[..., Process]  # database URL, config, port, files that it may open, environment


@contextmanager
def processes(tmp_path: Path) -> Iterator[Start]:
    """Starts as many as are wanted, each with `config` as its file, and ends them."""
    (tmp_path / "key").write_bytes(b"k" * 32)
    (tmp_path / "token").write_text("ghp_abc")
    started: list[Process] = []

    def begin(
        database_url: str, config: str = CONFIG, *, port: int = 0, files: int | None = None, **environment: str
    ) -> Process:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = port or free.getsockname()[1]
        config = config.format(catalog=EXAMPLES / "catalog", actions=EXAMPLES / "actions")
        (tmp_path / "daytwo.yaml").write_text(config)
        process = Process(
            subprocess.Popen(
                [str(Path(sys.executable).with_name("daytwo")), "serve", "api"],
                env={
                    "PATH": os.environ["PATH"],
                    "DAYTWO_CONFIG": str(tmp_path / "daytwo.yaml"),
                    "DAYTWO_DATABASE_URL": database_url,
                    "DAYTWO_SECRET_FILE": str(tmp_path / "key"),
                    "DAYTWO_TEMPORAL_ADDRESS": "127.0.0.1:1",
                    "DAYTWO_API_PORT": str(port),
                    **environment,
                },
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                preexec_fn=(lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))) if files else None,
            ),
            port,
        )
        started.append(process)
        return process

    yield begin
    for process in started:
        if process.running.poll() is None:
            process.running.kill()
        process.running.communicate()


def parts(answer: httpx.Response) -> dict[str, bool]:
    """What /readyz says is there."""
    return {part["name"]: part["ok"] for part in answer.json()["parts"]}
