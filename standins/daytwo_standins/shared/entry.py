"""The command line of a stand-in: ``python -m daytwo_standins.NAME --data DIR --config FILE``."""

import argparse
import asyncio
import sys
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from daytwo_standins.shared.server import LOOPBACK

_NONE: Mapping[str, str] = MappingProxyType({})


def run(
    name: str,
    title: str,
    load: Callable[[Path], Any],
    serve: Callable[..., Awaitable[None]],
    *,
    ports: Mapping[str, str] = _NONE,
) -> int:
    """Serve until told to stop; one line of JSON with the addresses is printed when it listens.

    ``title`` is what it stands for, ``ports`` names further ports ("log-port": what it is for): ``serve`` gets them, as
    it gets ``config``, ``folder``, ``host``, ``port`` and ``control_port``.
    """
    given = vars(_arguments(name, title, ports))
    folder, file = given.pop("data").resolve(), given.pop("config")
    try:
        asyncio.run(_serving(serve(config=load(file), folder=folder, **given)))
    except (ValueError, OSError) as error:
        sys.stderr.write(f"The stand-in for {title} did not start or had to stop: {error}\n")
        return 1
    return 0


async def _serving(served: Awaitable[None]) -> None:
    await served


def _arguments(name: str, title: str, ports: Mapping[str, str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog=f"daytwo-standin-{name}", description=f"A stand-in for {title}.")
    parser.add_argument("--data", type=Path, required=True, help="folder for what runs, its logs and the ledger")
    parser.add_argument("--config", type=Path, required=True, help="configuration, JSON or YAML")
    known = {"port": "port of the API", "control-port": "port of the control interface", **ports}
    for port, what in known.items():
        parser.add_argument(f"--{port}", type=int, default=0, help=f"{what}, 0 for a free one")
    parser.add_argument("--host", default=LOOPBACK, help="address to listen on; change it only inside a container")
    return parser.parse_args()
