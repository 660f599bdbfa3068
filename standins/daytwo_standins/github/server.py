"""The process: the API, the control interface and the storage behind links, and whoever follows the runs."""

from pathlib import Path

from daytwo_standins.github.api import api_app
from daytwo_standins.github.config import Config
from daytwo_standins.github.standin import Standin
from daytwo_standins.github.storage import storage_app
from daytwo_standins.github.webhooks import Webhooks
from daytwo_standins.shared.control_app import control_app
from daytwo_standins.shared.server import LOOPBACK, listen, port_of, serve_until_stopped, take_folder


async def serve(*, config: Config, folder: Path, host: str, port: int, control_port: int, log_port: int) -> None:
    """Run until SIGTERM or SIGINT. Runs that are being executed go on; the next start finds them.

    Raises:
        OSError: a port is taken, or another stand-in works in the folder.
    """
    take_folder(folder)
    api, control, storage = listen(host, port), listen(LOOPBACK, control_port), listen(host, log_port)
    url = f"http://{LOOPBACK}:{port_of(api)}"
    webhooks = Webhooks(config=config, folder=folder, url=url)
    standin = Standin(config=config, folder=folder, url=url, blob_port=port_of(storage), listener=webhooks.changed)
    webhooks.attach(standin)
    standin.engine.restore()
    apps = [(api_app(standin), api), (control_app(standin, webhooks), control), (storage_app(standin), storage)]
    told = {"url": url, "control": f"http://{LOOPBACK}:{port_of(control)}", "contract": standin.contract.said}
    try:
        await serve_until_stopped(apps, told, [standin.engine.work(), webhooks.work()])
    finally:
        standin.close()
        webhooks.close()
