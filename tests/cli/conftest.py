"""A server that answers what a test says, over real HTTP, and the command line in this process."""

import io
import json
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from pydantic import BaseModel

from daytwo_api.views import approvals, common, runs
from daytwo_cli.__main__ import run
from daytwo_cli.ask.asker import TerminalAsker
from daytwo_cli.show.out import Out
from daytwo_cli.tools import Tools

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


@dataclass
class Asked:
    """One request as the server got it."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: Any


@dataclass
class Reply:
    """What it answers. `text` is sent as it is; `hang_up` breaks the connection after it."""

    status: int = 200
    json: Any = None
    text: str | None = None
    headers: dict[str, str] = field(default_factory=dict)
    hang_up: bool = False


@dataclass
class FakeServer:
    """Answers by (method, path); several replies are given one after the other, the last one again and again."""

    url: str = ""
    asked: list[Asked] = field(default_factory=list)
    replies: dict[tuple[str, str], list[Reply | Callable[[Asked], Reply]]] = field(default_factory=dict)

    def on(self, method: str, path: str, *replies: Any) -> None:
        self.replies[method, path] = [_reply(reply) for reply in replies]

    def answer(self, asked: Asked) -> Reply:
        self.asked.append(asked)
        queue = self.replies.get((asked.method, asked.path.removeprefix("/api/v1")))
        if not queue:
            return problem(404, "not-found", f"there is no {asked.method} {asked.path}")
        reply = queue.pop(0) if len(queue) > 1 else queue[0]
        return reply(asked) if callable(reply) else reply

    def bodies(self, path: str) -> list[Any]:
        return [one.body for one in self.asked if one.path == f"/api/v1{path}" and one.method in ("POST", "PUT")]


def _reply(reply: Any) -> Any:
    if isinstance(reply, BaseModel):
        return Reply(text=reply.model_dump_json())
    return Reply(json=reply) if isinstance(reply, dict | list) else reply


def problem(status: int, kind: str, detail: str, errors: Sequence[tuple[str, str]] = ()) -> Reply:
    faults = [{"pointer": pointer, "detail": words} for pointer, words in errors]
    document = {"type": kind, "title": kind, "status": status, "detail": detail, "request_id": "q_1", "errors": faults}
    return Reply(status=status, json=document)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # head and body in one packet
    fake: FakeServer

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        length = int(self.headers.get("Content-Length") or 0)
        body = json.loads(self.rfile.read(length)) if length else None
        headers = {name.lower(): value for name, value in self.headers.items()}
        asked = Asked(self.command, parts.path, dict(parse_qsl(parts.query)), headers, body)
        self._send(self.fake.answer(asked))

    def do_POST(self) -> None:
        self.do_GET()

    def do_PUT(self) -> None:
        self.do_GET()

    def do_DELETE(self) -> None:
        self.do_GET()

    def _send(self, reply: Reply) -> None:
        text = reply.text if reply.text is not None else json.dumps(reply.json) if reply.json is not None else ""
        content = text.encode()
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        length = len(content) + (1 if reply.hang_up else 0)  # more is promised than comes
        self.send_header("Content-Length", str(length))
        self.end_headers()
        self.wfile.write(content)
        self.close_connection = self.close_connection or reply.hang_up

    def log_message(self, *args: object) -> None:
        """Tests have their own record."""


@pytest.fixture
def server() -> Iterator[FakeServer]:
    fake = FakeServer()
    handler = type("Handler", (_Handler,), {"fake": fake})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as http:
        fake.url = f"http://127.0.0.1:{http.server_port}"
        thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield fake
        http.shutdown()
        thread.join()


@dataclass
class Result:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Cli = Callable[..., Result]


@pytest.fixture
def cli(server: FakeServer, tmp_path: Path) -> Cli:
    """Runs one command line. `typed` are the lines that somebody types; without them there is no terminal."""

    def call(*arguments: str, typed: Sequence[str] | None = None, environment: dict[str, str] | None = None) -> Result:
        out, err = io.StringIO(), io.StringIO()
        stdin = io.StringIO("".join(f"{line}\n" for line in typed or ()))
        base = {"DAYTWO_URL": server.url, "DAYTWO_TOKEN": "secret-token", "HOME": str(tmp_path)}
        tools = Tools(
            out=Out(out, err, plain=True),
            asker=TerminalAsker(stdin, err, interactive=typed is not None),
            environment=base if environment is None else {"HOME": str(tmp_path), **environment},
            here=tmp_path,
            pause=lambda _: None,
        )
        return Result(run(arguments, tools), out.getvalue(), err.getvalue())

    return call


ANA = common.Person(id="p_1", name="Ana", ref="person:ana")
YES = common.Permitted(allowed=True)
MORE = {"resolve": YES, "resume": YES, "choose": YES, "evidence": YES}
DIGEST = "a" * 64


@dataclass(frozen=True)
class Make:
    """Views with sensible content; name what matters to the test."""

    def run(self, **changes: Any) -> runs.RunView:
        known: dict[str, Any] = {
            "id": "r_1",
            "action": "deploy",
            "action_title": "Deploy a service",
            "entity": "service:shop",
            "requester": ANA,
            "state": "running",
            "text": "is running",
            "created_at": NOW,
            "started_at": NOW,
            "ended_at": None,
            "inputs": {"version": "1.1.0"},
            "version": "v" * 64,
            "reason": None,
            "waits": None,
            "digest": DIGEST,
            "plan": {},
            "steps": [],
            "approvals": [],
            "gates": [],
            "lock": None,
            "changes": [],
            "unheard": [],
            "first_error": None,
            "log_lines": 0,
            "log_pending": False,
            "undo_of": None,
            "undone_by": None,
            "comment": None,
            "previous_run": None,
            "may": {"cancel": YES, "withdraw": YES, "undo": YES, "rerun": YES, **MORE},
        }
        return runs.RunView.model_validate({**known, **changes})

    def approval(self, **changes: Any) -> approvals.ApprovalView:
        known: dict[str, Any] = {
            "id": "a_1",
            "run": "r_1",
            "action": "deploy",
            "action_title": "Deploy a service",
            "entity": "service:shop",
            "requester": ANA,
            "state": "pending",
            "text": "waits for one of group:sre",
            "needed_from": ["group:sre"],
            "count": 1,
            "stage": 1,
            "stages": 1,
            "all_stages": [],
            "created_at": NOW,
            "expires_at": NOW,
            "decisions": [],
            "digest": DIGEST,
            "may_decide": YES,
            "comment": "customers wait",
            "sealed": {"requests": [{"pipeline": "deploy.yml", "inputs": {"version": "1.1.0"}}]},
            "inputs": {"version": "1.1.0"},
            "differences": [],
            "previous_run": None,
            "superseded_by": None,
            "drift": [],
            "break_glass": False,
            "edited": "person:pat last changed the action's file, and does not decide on this.",
            "target": None,
            "read": [{"field": "entity.properties.repository", "before": "acme/shop", "after": "acme/shop-next"}],
            "request_differences": [{"field": "ship.commit", "before": "aaaa", "after": "bbbb"}],
            "lock": None,
            "undo": {"why_not": "There was no run before.", "inputs": {}, "requests": []},
            "who": "one of group:sre",
            "self_approval": False,
            "terms": [],
            "reason_needed": ["reject"],
            "on_call": {},
            "reminders": [],
            "escalation": None,
            "comments": [],
            "delegations": [],
            "may_take_back": YES,
            "may_delegate": YES,
        }
        return approvals.ApprovalView.model_validate({**known, **changes})


@pytest.fixture
def make() -> Make:
    return Make()


@pytest.fixture
def refuse() -> Callable[..., Reply]:
    """A problem document as a reply."""
    return problem


@pytest.fixture
def reply() -> type[Reply]:
    return Reply
