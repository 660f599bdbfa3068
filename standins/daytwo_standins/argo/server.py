"""The process: the API and the control interface, and whoever follows the workflows."""

from pathlib import Path
from typing import Any

from daytwo_standins.argo.api import api_app
from daytwo_standins.argo.config import Config
from daytwo_standins.argo.standin import Standin
from daytwo_standins.shared.control_app import control_app
from daytwo_standins.shared.server import LOOPBACK, listen, port_of, serve_until_stopped, take_folder


class _NoWebhooks:
    """Argo sends none."""

    def deliveries(self) -> list[dict[str, Any]]:
        """Nothing was ever delivered."""
        return []

    async def redeliver(self, guid: object) -> bool:  # noqa: ARG002  # the protocol's
        """There is nothing to deliver again."""
        return False


async def serve(*, config: Config, folder: Path, host: str, port: int, control_port: int) -> None:
    """Run until SIGTERM or SIGINT. Workflows that are being executed go on; the next start finds them.

    Raises:
        OSError: a port is taken, or another stand-in works in the folder.
        ValueError: a folder of templates cannot be read.
    """
    take_folder(folder)
    standin = Standin(config=config, folder=folder)
    api, control = listen(host, port), listen(LOOPBACK, control_port)
    standin.engine.restore()
    apps = [(api_app(standin), api), (control_app(standin, _NoWebhooks()), control)]
    told = {
        "url": f"http://{LOOPBACK}:{port_of(api)}",
        "control": f"http://{LOOPBACK}:{port_of(control)}",
        "contract": standin.contract.said,
    }
    try:
        await serve_until_stopped(apps, told, [standin.engine.work()])
    finally:
        standin.close()
