"""Gives leave to every pipeline that asks, in place of Daytwo: for trying the workflows out by hand.

    python examples/leave.py [--port 8099]

It says what act has to be told, then one line for each job that asks. It hands out the tokens of the CI system as well,
and they are worth nothing.
"""

import argparse
import json
import secrets
import sys
from collections.abc import Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Leave(BaseHTTPRequestHandler):
    """GET is the CI system's token service, POST is Daytwo's door."""

    def do_GET(self) -> None:
        """A token."""
        self._answer({"value": "by.hand.x"})

    def do_POST(self) -> None:
        """Yes, to a request as `ask.sh` makes it."""
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        sys.stdout.write(f"{self.path} {json.dumps(body)}\n")
        sys.stdout.flush()
        if self.path in ("/api/v1/ci/claim", "/api/v1/ci/report"):
            self._answer({"run": "by hand"})
        else:
            self.send_error(404)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name in the standard library
        """Only what jobs ask is worth a line."""

    def _answer(self, content: dict[str, str]) -> None:
        body = json.dumps(content).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def arguments_of_act(address: str) -> list[str]:
    """What makes a job ask here: the address, a marker as Daytwo's are, and where tokens are to be had."""
    marker = "".join(secrets.choice("abcdefghijklmnopqrstuvwxyz234567") for _ in range(20))
    return [
        f"--var=DAYTWO={address}",
        f"--input=daytwo_run={marker}",
        f"--env=ACTIONS_ID_TOKEN_REQUEST_URL={address}/token?by=hand",
        "--env=ACTIONS_ID_TOKEN_REQUEST_TOKEN=by-hand",
    ]


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description="Gives leave to every pipeline that asks, in place of Daytwo.")
    parser.add_argument("--port", type=int, default=8099, help="on 127.0.0.1; 0: a free one")
    with ThreadingHTTPServer(("127.0.0.1", parser.parse_args(arguments).port), Leave) as server:
        address = f"http://127.0.0.1:{server.server_address[1]}"
        sys.stdout.write(" ".join(arguments_of_act(address)) + "\n")
        sys.stdout.flush()
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            return 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
