"""``python -m daytwo_standins.github --data DIR --config FILE``: serve until told to stop."""

import sys

from daytwo_standins.github.config import load_config
from daytwo_standins.github.server import serve
from daytwo_standins.shared.entry import run


def main() -> int:
    """Start the stand-in."""
    return run("github", "GitHub Actions", load_config, serve, ports={"log-port": "port that links to logs lead to"})


if __name__ == "__main__":
    sys.exit(main())
