"""``python -m daytwo_standins.oidc --data DIR --config FILE``: serve until told to stop."""

import argparse
import asyncio
import sys
from pathlib import Path

from daytwo_standins.oidc.api import Provider
from daytwo_standins.oidc.config import Config, load_config
from daytwo_standins.shared.server import LOOPBACK, listen, port_of, serve_until_stopped, take_folder


def main() -> int:
    """Start the stand-in; prints one line of JSON with its address when it listens."""
    given = _arguments()
    try:
        asyncio.run(_serve(load_config(given.config), given.data.resolve(), host=given.host, port=given.port))
    except (ValueError, OSError) as error:
        sys.stderr.write(f"The OpenID stand-in did not start or had to stop: {error}\n")
        return 1
    return 0


async def _serve(config: Config, folder: Path, *, host: str, port: int) -> None:
    take_folder(folder)
    listening = listen(host, port)
    url = f"http://{LOOPBACK}:{port_of(listening)}"
    await serve_until_stopped([(Provider(config, folder, url).app, listening)], {"url": url}, [])


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="daytwo_standins.oidc", description="A stand-in for an OpenID provider.")
    parser.add_argument("--data", type=Path, required=True, help="folder for its key")
    parser.add_argument("--config", type=Path, required=True, help="configuration, JSON or YAML")
    parser.add_argument("--port", type=int, default=0, help="port, 0 for a free one")
    parser.add_argument("--host", default=LOOPBACK, help="address to listen on; change it only inside a container")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
