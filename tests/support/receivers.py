"""Servers that take what we send to people: a mail server, and a receiver of webhooks. Real sockets, on loopback."""

import email
import email.policy
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, cast


@dataclass
class MailServer:
    """`refuse` is the answer to the next messages instead of a yes."""

    port: int = 0
    taken: list[tuple[list[str], EmailMessage]] = field(default_factory=list)
    refuse: str | None = None


class _Smtp(socketserver.StreamRequestHandler):
    mail: MailServer

    def handle(self) -> None:
        self.say("220 test")
        to: list[str] = []
        while line := self.rfile.readline().decode().strip():
            verb = line.upper()
            if verb.startswith(("EHLO", "HELO")):
                self.say("250 test")
            elif verb.startswith("RCPT"):
                to.append(line[line.index("<") + 1 : line.index(">")])
                self.say("250 ok")
            elif verb == "DATA":
                self.say("354 go on")
                self.say(self.keep(to))
            elif verb == "QUIT":
                self.say("221 bye")
                return
            else:
                self.say("250 ok")

    def keep(self, to: list[str]) -> str:
        lines = []
        while (line := self.rfile.readline()) not in (b".\r\n", b""):
            lines.append(line.removeprefix(b".") if line.startswith(b"..") else line)
        if self.mail.refuse is not None:
            return self.mail.refuse
        message = email.message_from_bytes(b"".join(lines), policy=email.policy.default)
        self.mail.taken.append((list(to), cast("EmailMessage", message)))
        return "250 taken"

    def say(self, line: str) -> None:
        self.wfile.write(f"{line}\r\n".encode())


@dataclass
class HookServer:
    """`answers` are given one after the other; the last again and again."""

    url: str = ""
    taken: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)  # path, headers, body
    answers: list[int] = field(default_factory=lambda: [200])
    location: str | None = None
    held: threading.Event | None = None  # nobody is answered before it is set


class _Hook(BaseHTTPRequestHandler):
    hook: HookServer

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.hook.taken.append((self.path, {name.lower(): value for name, value in self.headers.items()}, body))
        if self.hook.held is not None:
            self.hook.held.wait(60)
        answers = self.hook.answers
        self.send_response(answers.pop(0) if len(answers) > 1 else answers[0])
        if self.hook.location is not None:
            self.send_header("Location", self.hook.location)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def do_GET(self) -> None:
        self.do_POST()

    def log_message(self, *args: object) -> None:
        """Tests have their own record."""


@contextmanager
def mail_server() -> Iterator[MailServer]:
    mail = MailServer()
    with _running(socketserver.ThreadingTCPServer(("127.0.0.1", 0), type("Smtp", (_Smtp,), {"mail": mail}))) as port:
        mail.port = port
        yield mail


@contextmanager
def hook_server() -> Iterator[HookServer]:
    hook = HookServer()
    with _running(ThreadingHTTPServer(("127.0.0.1", 0), type("Hook", (_Hook,), {"hook": hook}))) as port:
        hook.url = f"http://127.0.0.1:{port}"
        yield hook


@contextmanager
def _running(server: Any) -> Iterator[int]:
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
