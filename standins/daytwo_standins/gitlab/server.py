"""The process: the API and the control interface, and whoever follows the pipelines."""

import socket
from pathlib import Path

from starlette.types import ASGIApp

from daytwo_standins.gitlab.api import api_app
from daytwo_standins.gitlab.config import Config
from daytwo_standins.gitlab.standin import Standin
from daytwo_standins.gitlab.webhooks import Webhooks
from daytwo_standins.shared.control_app import control_app
from daytwo_standins.shared.server import LOOPBACK, listen, port_of, serve_until_stopped, take_folder


async def serve(*, config: Config, folder: Path, host: str, port: int, control_port: int) -> None:
    """Run until SIGTERM or SIGINT. Jobs that are being executed go on; the next start finds them.

    Raises:
        OSError: a port is taken, or another stand-in works in the folder.
    """
    take_folder(folder)
    api, control = listen(host, port), listen(LOOPBACK, control_port)
    url = f"http://{LOOPBACK}:{port_of(api)}"
    webhooks = Webhooks(config=config, folder=folder, url=url)
    standin = Standin(config=config, folder=folder, url=url, listener=webhooks.changed)
    webhooks.attach(standin)
    standin.engine.restore()
    apps: list[tuple[ASGIApp, socket.socket]] = [(api_app(standin), api), (control_app(standin, webhooks), control)]
    told = {"url": url, "control": f"http://{LOOPBACK}:{port_of(control)}", "contract": standin.contract.said}
    try:
        await serve_until_stopped(apps, told, [standin.engine.work(), webhooks.work()])
    finally:
        standin.close()
        webhooks.close()
