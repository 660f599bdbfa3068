"""The process: several servers in one loop, and whoever follows the runs."""

import asyncio
import contextlib
import json
import os
import signal
import socket
import sys
from collections.abc import Coroutine, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import uvicorn
from starlette.types import ASGIApp

from daytwo_standins.shared.files import hold_for_good
from daytwo_standins.shared.protocol import CuttableProtocol

LOOPBACK = "127.0.0.1"
Work = Coroutine[Any, Any, None]


class _Server(uvicorn.Server):
    """Leaves signals to us: one handler ends all of them."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; port 0 is a free one."""
    # With the protocol named asyncio switches Nagle's algorithm off, which would cost 40 ms an answer.
    server = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    server.bind((host, port))
    server.listen(1024)
    return server


async def serve_until_stopped(
    apps: Sequence[tuple[ASGIApp, socket.socket]], told: Mapping[str, object], workers: Sequence[Work]
) -> None:
    """Serve until SIGTERM or SIGINT, or until a worker fails; ``told`` is printed, with our process id.

    Raises:
        RuntimeError: a worker failed.
    """
    servers = [_server(app) for app, _ in apps]
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, _stop, servers)
    sys.stderr.write(f"{told['contract']}\n" if "contract" in told else "")
    sys.stdout.write(json.dumps({**told, "pid": os.getpid()}) + "\n")
    sys.stdout.flush()
    tasks = [asyncio.create_task(work) for work in workers]
    await _until_stopped(servers, [sock for _, sock in apps], tasks)


def take_folder(folder: Path) -> None:
    """Make a data folder ours for good.

    Raises:
        OSError: another stand-in works in it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if not hold_for_good(folder / "standin.lock"):
        raise OSError(f"another stand-in works in {folder}. Stop it, or give this one another folder.")


def port_of(sock: socket.socket) -> int:
    """The port that a socket got."""
    return int(sock.getsockname()[1])


async def _until_stopped(
    servers: list[uvicorn.Server], sockets: list[socket.socket], workers: list[asyncio.Task[None]]
) -> None:
    serving = [asyncio.create_task(s.serve(sockets=[sock])) for s, sock in zip(servers, sockets, strict=True)]
    done, _ = await asyncio.wait([*serving, *workers], return_when=asyncio.FIRST_COMPLETED)
    _stop(servers)
    for worker in workers:
        worker.cancel()
    await asyncio.gather(*serving)
    await asyncio.gather(*workers, return_exceptions=True)
    for task in done:
        if task in workers and task.exception() is not None:
            raise RuntimeError(
                "Following the runs failed; the stand-in stops, started runs go on."
            ) from task.exception()


def _server(app: ASGIApp) -> uvicorn.Server:
    return _Server(
        uvicorn.Config(
            app,
            http=CuttableProtocol,
            date_header=False,  # a fault may have another clock
            log_config=None,
            lifespan="off",
            access_log=False,
            timeout_graceful_shutdown=2,
        )
    )


def _stop(servers: list[uvicorn.Server]) -> None:
    for server in servers:
        server.should_exit = True
