"""What a command is given: where it prints, whom it asks, which server it talks to. Handed in, so that tests can."""

import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from daytwo_cli.ask.asker import Asker, TerminalAsker
from daytwo_cli.show.out import Out

if TYPE_CHECKING:
    from daytwo_cli.client.api import Api
    from daytwo_cli.client.logins import Logins


class Tools:
    """One per invocation. The HTTP client is made when a command first needs it: `--help` must be quick."""

    def __init__(
        self,
        *,
        out: Out,
        asker: Asker,
        environment: Mapping[str, str],
        here: Path,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self.out = out
        self.asker = asker
        self.environment = environment
        self.here = here
        self.pause = pause  # between tries to reach a server

    @classmethod
    def of_process(cls) -> "Tools":
        """The terminal, or whatever stands in its place."""
        terminal = sys.stdout.isatty()
        out = Out(sys.stdout, sys.stderr, plain=not terminal or "NO_COLOR" in os.environ)
        return cls(
            out=out,
            asker=TerminalAsker(sys.stdin, sys.stderr, interactive=terminal and sys.stdin.isatty()),
            environment=os.environ,
            here=Path.cwd(),
        )

    @property
    def logins(self) -> "Logins":
        from daytwo_cli.client.logins import Logins

        return Logins.of_user(self.environment)

    def _say_stopped(self) -> None:
        self.out.note("Everything is stopped: nothing new is dispatched anywhere. `daytwo stop` says why.")

    @contextmanager
    def api(self, *, quiet: bool = False) -> "Iterator[Api]":
        """The server that is meant, as whom we are. Raises Usage when there is none. `quiet`: who asks about the stop
        is not told of it beside the answer."""
        from daytwo_cli.client.api import Api
        from daytwo_cli.client.server import find_server

        api = Api(
            find_server(self.environment, self.logins, self.here),
            pause=self.pause,
            stopped=_nothing if quiet else self._say_stopped,
        )
        try:
            yield api
        finally:
            api.close()


def _nothing() -> None:
    """What is said to somebody who knows."""
