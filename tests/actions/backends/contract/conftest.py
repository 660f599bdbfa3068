"""A CI system of each kind for every test of this folder, and a receiver of its webhooks."""

import threading
from collections.abc import AsyncIterator, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from contract_systems import KINDS, System
from contracting import Receiver

from daytwo_actions.backends.base import Backend


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    received = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            received.got.append((dict(self.headers), self.rfile.read(int(self.headers["content-length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    received.url = f"http://127.0.0.1:{server.server_address[1]}/hook"
    yield received
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="module", params=KINDS)
def running(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, receiver: Receiver
) -> Iterator[System]:
    receiver.got.clear()
    with KINDS[request.param].start(tmp_path_factory.mktemp("ci"), receiver.url) as system:
        yield system


@pytest.fixture
def ci(running: System) -> Iterator[System]:
    yield running
    running.standin.control.clear_faults()


@pytest.fixture
def executing(ci: System) -> System:
    """The same, for what has to be really run."""
    ci.must_execute()
    return ci


@pytest.fixture
async def backend(ci: System) -> AsyncIterator[Backend]:
    opened = ci.connect()
    yield opened
    opened.close()
