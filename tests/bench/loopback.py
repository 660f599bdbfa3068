"""A service on this machine that says 200 to whatever it is asked: `python -m tests.bench.loopback PORT`."""

import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class _Yes(BaseHTTPRequestHandler):
    """Keeps connections; the answer is one packet, so that nobody waits for another."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._yes()

    def do_POST(self) -> None:
        self._yes()

    def _yes(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Nothing: nobody reads it."""


if __name__ == "__main__":
    with ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), _Yes) as server:
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        server.serve_forever()
