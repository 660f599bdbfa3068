"""``python -m daytwo_standins.gitlab --data DIR --config FILE``: serve until told to stop."""

import argparse
import asyncio
import sys
from pathlib import Path

from daytwo_standins.gitlab.config import load_config
from daytwo_standins.gitlab.server import serve
from daytwo_standins.shared.server import LOOPBACK


def main() -> int:
    """Start the stand-in; prints one line of JSON with its addresses when it listens."""
    given = _arguments()
    try:
        config = load_config(given.config)
        asyncio.run(
            serve(
                config=config,
                folder=given.data.resolve(),
                host=given.host,
                port=given.port,
                control_port=given.control_port,
            )
        )
    except (ValueError, OSError) as error:
        sys.stderr.write(f"The GitLab stand-in did not start or had to stop: {error}\n")
        return 1
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="daytwo-standin-gitlab", description="A stand-in for GitLab CI.")
    parser.add_argument("--data", type=Path, required=True, help="folder for pipelines, traces and the ledger")
    parser.add_argument("--config", type=Path, required=True, help="configuration, JSON or YAML")
    parser.add_argument("--port", type=int, default=0, help="port of the API, 0 for a free one")
    parser.add_argument("--control-port", type=int, default=0, help="port of the control interface, 0 for a free one")
    parser.add_argument("--host", default=LOOPBACK, help="address to listen on; change it only inside a container")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
