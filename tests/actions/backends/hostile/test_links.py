"""S21: a link in a vendor's answer, in every notation of this machine that there is. A canary listens; nobody comes.

What is fetched from a link is shown to people, so one that leads here would show them what only this machine sees.
"""

import socket
import threading
from collections.abc import Iterator

import pytest
from pydantic import SecretStr

from daytwo_actions.backends.failures import BackendDenied, BackendUnreachable
from daytwo_actions.backends.github.settings import GitHubSettings
from daytwo_actions.backends.http.links import check_link, stream
from daytwo_store.ids import ConnectionName

pytestmark = pytest.mark.anyio
ELSEWHERE = GitHubSettings(
    name=ConnectionName("github"), base="https://github.acme.example", token=SecretStr("t"), login="bot"
)
HOSTS = (
    *("127.0.0.1", "127.1", "127.0.1", "127.255.255.254", "2130706433", "0x7f000001", "0x7f.1", "0177.0.0.1"),
    *("017700000001", "0", "0.0.0.0", "00.0.0.0"),
    *("127.0.0.1.", "localhost", "LOCALHOST", "localhost.", "a.localhost", "127。0。0。1"),
    *("[::1]", "[0:0:0:0:0:0:0:1]", "[::]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[0::1]"),
    *("①②⑦.⓪.⓪.①", "169.254.169.254", "[fe80::1]"),
)  # fmt: skip
FORMS = (
    "http://{host}:{port}/log",
    "https://{host}:{port}/log",
    "http://user@{host}:{port}/log",
    "https://github.acme.example@{host}:{port}/log",
    "HTTPS://{host}:{port}",
)
OTHERS = (
    *("file:///etc/passwd", "gopher://127.0.0.1:{port}/_x", "ftp://127.0.0.1:{port}/", "//127.0.0.1:{port}/", "/log"),
    *("http://127.0.0.1:{port}\\@github.acme.example/", "http:127.0.0.1:{port}", "dict://127.0.0.1:{port}/"),
    *("https://[::1:{port}/", "https://127.0.0.1:0/", "http:///127.0.0.1:{port}/", "javascript:1", "https://"),
    *("", "unix:/run/x", "https://:{port}/", "http://127.0.0.1:{port}#@github.acme.example/"),
)  # fmt: skip


class Canary:
    """Listens on this machine and counts who comes."""

    def __init__(self) -> None:
        self._server = socket.create_server(("", 0), family=socket.AF_INET6, dualstack_ipv6=True)
        self._server.settimeout(0.1)
        self.port: int = self._server.getsockname()[1]
        self.came = 0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._count)
        self._thread.start()

    def close(self) -> None:
        self._over.set()
        self._thread.join()
        self._server.close()

    def _count(self) -> None:
        while not self._over.is_set():
            try:
                line, _ = self._server.accept()
            except TimeoutError:
                continue
            self.came += 1
            line.close()


@pytest.fixture
def canary() -> Iterator[Canary]:
    listens = Canary()
    yield listens
    listens.close()


async def follow(link: str) -> None:
    """As a log is fetched from a link."""
    try:
        checked = check_link(link, ELSEWHERE, what="GitHub's link to the log")
        async for _ in stream(checked, ELSEWHERE, what="The log", limit=10, seconds=2):
            return
    except (BackendDenied, BackendUnreachable):
        return


async def test_no_link_leads_to_this_machine(canary: Canary) -> None:
    links = [form.format(host=host, port=canary.port) for host in HOSTS for form in FORMS]
    links += [other.replace("{port}", str(canary.port)) for other in OTHERS]
    assert len(links) >= 120
    came = {}
    for link in links:
        before = canary.came
        await follow(link)
        if canary.came > before:
            came[link] = canary.came - before
    assert came == {}


async def test_the_canary_sings(canary: Canary) -> None:
    """So that silence above means something."""
    at_home = GitHubSettings(
        name=ConnectionName("github"), base=f"http://127.0.0.1:{canary.port}", token=SecretStr("t"), login="bot"
    )
    link = check_link(f"http://127.0.0.1:{canary.port}/log", at_home, what="the link")
    with pytest.raises(BackendUnreachable):
        async for _ in stream(link, at_home, what="The log", limit=10, seconds=2):
            pass
    assert canary.came >= 1
