"""S21: a link in a vendor's answer, in every notation of this machine that there is. A canary listens; nobody comes.

What is fetched from a link is shown to people, so one that leads here would show them what only this machine sees.
"""

import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from typing import Any

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
        async for _ in stream(checked, ELSEWHERE, what="The log", limit=10, seconds=2, link=True):
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


# -- names: what they lead to is looked at, once, and that is connected to -------------------------------------------


@pytest.fixture
def resolver(monkeypatch: pytest.MonkeyPatch) -> Callable[[Mapping[str, list[str]]], list[str]]:
    """Names of this test's own. Gives the names that were asked for."""
    real, asked = socket.getaddrinfo, list[str]()

    def start(names: Mapping[str, list[str]]) -> list[str]:
        def told(host: Any, port: Any, *more: Any, **named: Any) -> Any:
            name = host.decode() if isinstance(host, bytes) else host
            if name not in names:
                return real(host, port, *more, **named)
            asked.append(name)
            return [found for one in names[name] for found in real(one, port, type=socket.SOCK_STREAM)]

        monkeypatch.setattr(socket, "getaddrinfo", told)
        return asked

    return start


def connection(base: str, **more: Any) -> GitHubSettings:
    return GitHubSettings(name=ConnectionName("github"), base=base, token=SecretStr("t"), login="bot", **more)


OWN = "https://github.acme.example"
PUBLIC, PRIVATE = "140.82.112.3", "10.20.30.40"


async def fetched(link: str, settings: GitHubSettings) -> None:
    async for _ in stream(link, settings, what="The log", limit=10, seconds=1, link=True):
        return


@pytest.mark.parametrize(
    "leads",
    [
        *(["127.0.0.1"], ["::1"], ["127.0.1.1"], [PUBLIC, "127.0.0.1"], ["::ffff:127.0.0.1"], ["64:ff9b::7f00:1"]),
        *(["2002:7f00:1::"], ["0.0.0.0"], ["169.254.169.254"], ["fe80::1"], ["64:ff9b::a9fe:a9fe"]),
        *([PRIVATE], ["192.168.1.1"], ["172.31.255.1"], ["fd00::1"], ["100.64.0.1"], [PUBLIC, PRIVATE]),
        *(["224.0.0.1"], ["240.0.0.1"], ["ff02::1"]),
    ],
)
async def test_no_name_leads_to_this_machine_or_into_the_companys_network(
    canary: Canary, resolver: Callable[[Mapping[str, list[str]]], list[str]], leads: list[str]
) -> None:
    resolver({"store.example": leads, "github.acme.example": [PUBLIC]})
    with pytest.raises(BackendDenied, match="not public"):
        await fetched(f"https://store.example:{canary.port}/log", connection(OWN))
    assert canary.came == 0


async def test_the_name_of_this_machine_leads_to_this_machine(canary: Canary) -> None:
    """As /etc/hosts has it, with nothing patched."""
    own = socket.gethostname()
    await follow(f"https://{own}:{canary.port}/log")
    assert canary.came == 0


@pytest.mark.parametrize(
    ("own", "leads", "setting", "goes"),
    [
        (PUBLIC, PRIVATE, False, False),
        (PUBLIC, PRIVATE, True, True),  # a store in the company's network, said so by its administrator
        (PRIVATE, "192.168.7.7", False, True),  # a GitHub Enterprise Server inside of a company, and its store
        (PRIVATE, PUBLIC, False, True),
        (PRIVATE, "127.0.0.1", False, False),
        (PRIVATE, "127.0.0.1", True, False),
        (PRIVATE, "169.254.169.254", True, False),
        (PUBLIC, "127.0.0.1", True, False),
        ("127.0.1.1", "127.0.0.1", False, True),  # it is on this machine, under its name
    ],
)
async def test_what_is_private_is_reached_from_private_or_where_that_is_set(
    resolver: Callable[[Mapping[str, list[str]]], list[str]], own: str, leads: str, setting: bool, goes: bool
) -> None:
    resolver({"store.example": [leads], "github.acme.example": [own]})
    settings = connection(OWN, private_links=setting, connect_timeout=0.2)
    with pytest.raises(BackendUnreachable if goes else BackendDenied):  # nobody listens there
        await fetched("https://store.example:1/log", settings)


async def test_it_is_resolved_once_and_still_asked_for_in_its_name(
    serve: Any, resolver: Callable[[Mapping[str, list[str]]], list[str]]
) -> None:
    server = serve(lambda _, line: line.answer(200, b"a log"))
    asked = resolver({"store.example": ["127.0.0.2", "127.0.0.1"]})  # nobody listens at the first
    port = server.url.rpartition(":")[2]
    settings = connection(server.url)
    found = [piece async for piece in stream(
        f"http://store.example:{port}/x?sig=1", settings, what="The log", limit=10, seconds=2, link=True
    )]  # fmt: skip
    assert (b"".join(found), asked) == (b"a log", ["store.example"])
    (request,) = server.requests
    assert (request.headers["host"], request.path) == (f"store.example:{port}", "/x?sig=1")


async def test_tls_is_of_the_name_and_not_of_the_address(
    resolver: Callable[[Mapping[str, list[str]]], list[str]],
) -> None:
    resolver({"store.example": ["127.0.0.1"]})
    said: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def hear() -> None:
            line, _ = server.accept()
            with line:
                said.append(line.recv(4096))

        listens = threading.Thread(target=hear)
        listens.start()
        with pytest.raises(BackendUnreachable):
            await fetched(f"https://store.example:{server.getsockname()[1]}/log", connection("http://127.0.0.1:1"))
        listens.join()
    assert b"store.example" in said[0]
