"""S42 to the letter: others are answered as fast as before, within a factor of two, while one address floods us.

`make security` runs this: ten thousand connections take their time.
"""

import statistics
from collections.abc import Callable, Iterator
from typing import Final

import pytest
from api_process import CONFIG, Process, parts, processes
from databases import Databases
from flood import Flood, answers, flooded

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(600)]
FILES: Final = 256
KEPT: Final = 10_000
ROUNDS: Final = 6
NOISE: Final = 0.25  # seconds that a busy machine adds to an answer of a few milliseconds
KEEP_ALIVE: Final = b"GET /livez HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"


@pytest.fixture(scope="module")
def process(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    url = databases.create()
    with processes(tmp_path_factory.mktemp("process")) as start:
        process = start(url, f"{CONFIG}log_level: error\n", files=FILES)  # nobody reads what it says meanwhile
        process.wait_for("/readyz", lambda answer: parts(answer).get("company", False), seconds=570)
        yield process
        assert process.running.poll() is None, "it lives on"
    databases.drop(url)


def p95(times: list[float]) -> float:
    return statistics.quantiles(times, n=20)[18]


async def test_ten_thousand_connections_that_are_kept(
    process: Process, record_property: Callable[[str, object], None]
) -> None:
    usual = p95(await answers(process.url, 40))
    flood = Flood(process.port)
    during: list[float] = []
    for number in range(1, KEPT + 1):
        reader, _ = await flood.connect(KEEP_ALIVE)
        assert (await reader.readuntil(b"\r\n")).startswith(b"HTTP/1.1 200")
        if number % 500 == 0:
            during += await answers(process.url, 5)
    flood.end()
    record_property("inputs", KEPT)
    assert p95(during) <= 2 * usual + NOISE


def parts_of(count: int, size: int) -> str:
    part = f'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n{"b" * size}\r\n'
    return part * count + "--x--\r\n"


MULTIPART: Final = {"content-type": "multipart/form-data; boundary=x"}
FLOODS: Final[dict[str, tuple[str, dict[str, str], str]]] = {
    "many parts": ("POST", MULTIPART, parts_of(2_000, 1)),
    "a huge field": ("POST", MULTIPART, parts_of(1, 5_000_000)),
    "ranges": ("GET", {"Range": "bytes=" + ",".join(f"{n}-{n + 1}" for n in range(0, 12_000, 4))}, ""),
    "many headers": ("GET", {f"X-{number}": "x" * 80 for number in range(300)}, ""),
}


@pytest.mark.parametrize("kind", FLOODS)
async def test_one_address_that_does_not_stop(process: Process, kind: str) -> None:
    """Turn and turn about, with and without it: a machine that others use is as slow for both."""
    method, headers, body = FLOODS[kind]
    usual: list[float] = []
    during: list[float] = []
    seen: set[int] = set()
    for _ in range(ROUNDS):
        usual += await answers(process.url, 10)
        async with flooded(f"{process.url}/api/v1/me/may", method, headers, body) as told:
            during += await answers(process.url, 10)
        seen |= told
    assert seen
    assert seen <= {0, 401, 403, 405, 413, 422, 431}, "nothing of it was taken"
    assert p95(during) <= 2 * p95(usual) + NOISE
