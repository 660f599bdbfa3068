"""Serves the invoices: HOST and PORT say where, SETTINGS_FILE with what. SIGTERM lets open requests finish."""

import json
import os
import secrets
import signal
import sys
import threading
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from billing import __version__
from billing.pages import Answer, answer
from billing.settings import MissingSetting, Settings, of_process

STARTED = datetime.now(UTC).isoformat()
INSTANCE = secrets.token_hex(8)  # tells one start of the same version from the next


class Server(ThreadingHTTPServer):
    daemon_threads = False  # so that closing waits for open requests
    settings: Settings


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        found = self._answer()
        body = found.body.encode()
        self.send_response(found.status)
        self.send_header("Content-Type", found.type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _answer(self) -> Answer:
        if self.path == "/healthz":
            return Answer(200, "text/plain", "ok\n")
        if self.path == "/version":
            return Answer(200, "application/json", json.dumps(about(self.server.settings)) + "\n")
        return answer(self.path, self.server.settings)

    def log_message(self, *_: object) -> None:
        """No access log."""


def about(settings: Settings) -> dict[str, object]:
    revision = Path(__file__).parent.parent / "REVISION"
    return {
        "service": "billing",
        "version": __version__,
        "revision": revision.read_text(encoding="utf-8").strip() if revision.is_file() else None,
        "environment": settings.environment,
        "started": STARTED,
        "instance": INSTANCE,
        "pid": os.getpid(),
    }


def main() -> int:
    try:
        settings = of_process()
    except MissingSetting as problem:
        print(problem, flush=True)
        return 1
    server = Server((os.environ.get("HOST", "127.0.0.1"), int(os.environ.get("PORT", "8080"))), Handler)
    server.settings = settings
    # shutdown() waits for the loop that this very thread runs, so another thread has to call it
    signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
    print(f"billing {__version__} listens on port {server.server_port} in {settings.environment}", flush=True)
    with server:
        server.serve_forever(poll_interval=0.1)
    print(f"billing {__version__} has stopped", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
