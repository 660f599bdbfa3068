"""The process: three servers in one loop, and whoever follows the runs."""

import asyncio
import contextlib
import json
import os
import signal
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import uvicorn
from starlette.applications import Starlette

from daytwo_standins.github.api import api_app
from daytwo_standins.github.config import Config
from daytwo_standins.github.control_app import control_app
from daytwo_standins.github.files import hold_for_good
from daytwo_standins.github.protocol import CuttableProtocol
from daytwo_standins.github.standin import Standin
from daytwo_standins.github.storage import storage_app
from daytwo_standins.github.webhooks import Webhooks

LOOPBACK = "127.0.0.1"


class _Server(uvicorn.Server):
    """Leaves signals to us: one handler ends all three."""

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


async def serve(*, config: Config, folder: Path, host: str, port: int, control_port: int, blob_port: int) -> None:
    """Run until SIGTERM or SIGINT. Runs that are being executed go on; the next start finds them.

    Raises:
        OSError: a port is taken, or another stand-in works in the folder.
    """
    _take(folder)
    sockets = [listen(host, port), listen(LOOPBACK, control_port), listen(host, blob_port)]
    ports = [int(sock.getsockname()[1]) for sock in sockets]
    url = f"http://{LOOPBACK}:{ports[0]}"
    webhooks = Webhooks(config=config, folder=folder, url=url)
    standin = Standin(config=config, folder=folder, url=url, blob_port=ports[2], listener=webhooks.changed)
    webhooks.attach(standin)
    standin.engine.restore()
    servers = [_server(app) for app in (api_app(standin), control_app(standin, webhooks), storage_app(standin))]
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, _stop, servers)
    _announce({"url": url, "control": f"http://{LOOPBACK}:{ports[1]}", "pid": os.getpid()})
    workers = [asyncio.create_task(standin.engine.work()), asyncio.create_task(webhooks.work())]
    try:
        await _until_stopped(servers, sockets, workers)
    finally:
        standin.close()
        webhooks.close()


def _take(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    if not hold_for_good(folder / "standin.lock"):
        raise OSError(f"another stand-in works in {folder}. Stop it, or give this one another folder.")


def _announce(told: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(told) + "\n")
    sys.stdout.flush()


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


def _server(app: Starlette) -> uvicorn.Server:
    return _Server(
        uvicorn.Config(
            app, http=CuttableProtocol, log_config=None, lifespan="off", access_log=False, timeout_graceful_shutdown=2
        )
    )


def _stop(servers: list[uvicorn.Server]) -> None:
    for server in servers:
        server.should_exit = True
