"""``python -m daytwo_standins.argo --data DIR --config FILE``: serve until told to stop."""

import sys

from daytwo_standins.argo.config import load_config
from daytwo_standins.argo.server import serve
from daytwo_standins.shared.entry import run


def main() -> int:
    """Start the stand-in."""
    return run("argo", "Argo Workflows", load_config, serve)


if __name__ == "__main__":
    sys.exit(main())
