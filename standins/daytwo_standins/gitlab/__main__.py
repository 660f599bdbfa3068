"""``python -m daytwo_standins.gitlab --data DIR --config FILE``: serve until told to stop."""

import sys

from daytwo_standins.gitlab.config import load_config
from daytwo_standins.gitlab.server import serve
from daytwo_standins.shared.entry import run


def main() -> int:
    """Start the stand-in."""
    return run("gitlab", "GitLab CI", load_config, serve)


if __name__ == "__main__":
    sys.exit(main())
