"""Floods (S42, R47): of connections, headers, parts, ranges and slow senders, against the API as a process with 256
files. Whoever asks something meanwhile is answered."""

import asyncio
import statistics
import time
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import timedelta

import httpx
import pytest
from api_house import ORIGIN, House, problem
from api_process import Process, parts, processes
from databases import Databases
from flood import Flood, answers, told
from served import served
from starlette.types import Receive, Scope, Send

from daytwo_api import door
from daytwo_api.app import create_app
from daytwo_api.services.wiring import build_services
from daytwo_api.settings import ApiSettings
from daytwo_store import runs
from daytwo_store.engine import Store
from daytwo_store.settings import StoreSettings

pytestmark = pytest.mark.anyio
FILES = 256
HALF = timedelta(seconds=0.5)


@pytest.fixture(scope="module")
def process(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    url = databases.create()
    with processes(tmp_path_factory.mktemp("process")) as start:
        process = start(url, files=FILES)
        process.wait_for("/readyz", lambda answer: parts(answer).get("company", False), seconds=570)
        yield process
        assert process.running.poll() is None, "it lives on"
    databases.drop(url)


@pytest.fixture
async def flood(process: Process) -> AsyncIterator[Flood]:
    made = Flood(process.port)
    yield made
    made.end()


async def test_more_connections_than_files_and_slow_heads_keep_nobody_else_out(
    process: Process, flood: Flood, record_property: Callable[[str, object], None]
) -> None:
    before = await answers(process.url, 20)
    begun = b"GET /livez HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: "
    for number in range(3 * FILES):
        await flood.connect(begun if number % 2 else b"")
    during = await answers(process.url, 40)
    record_property("inputs", len(flood.kept))
    worst, usual = (statistics.quantiles(each, n=20)[18] for each in (during, before))
    assert worst <= 2 * usual + 0.25, "seconds, at 95 of 100"
    async with httpx.AsyncClient(base_url=process.url, headers={"Origin": process.url}) as ana:
        assert (await ana.post("/api/v1/session", json={"name": "ana"})).status_code == 200
        assert (await ana.get("/api/v1/actions")).json()["items"]


async def test_slow_bodies_keep_nobody_else_out(process: Process, flood: Flood) -> None:
    """As many as there is room for: they are being answered, so nobody is sent away for another."""
    begun = f"POST /api/v1/me/may HTTP/1.1\r\nHost: 127.0.0.1:{process.port}\r\nContent-Length: 1000\r\n\r\n{{".encode()
    for _ in range(100):
        await flood.connect(begun)
    assert max(await answers(process.url, 10)) < 10


HEAD = "GET /livez HTTP/1.1\r\nHost: 127.0.0.1\r\n"
HEADS = {
    "many headers": HEAD + "".join(f"X-{number}: {'x' * 80}\r\n" for number in range(1000)) + "\r\n",
    "the same header": HEAD + "Cookie: a=b\r\n" * 5000 + "\r\n",
    "one that does not end": HEAD + "X-Long: " + "x" * 2_000_000,
    "a long address": f"GET /{'x' * 200_000} HTTP/1.1\r\nHost: a\r\n\r\n",
    "an address that does not end": "GET /" + "x" * 2_000_000,
}


@pytest.mark.parametrize("what", HEADS)
async def test_a_head_that_is_too_large_is_refused(process: Process, flood: Flood, what: str) -> None:
    told(await flood.said(HEADS[what].encode()), 431)


async def test_a_head_of_the_usual_size_passes_and_the_next_on_the_same_connection_too(flood: Flood) -> None:
    usual = HEAD + f"X-Usual: {'x' * 16_000}\r\n"
    reader, writer = await flood.connect((usual + "\r\n").encode())
    for last in ("", "Connection: close\r\n"):
        assert (await reader.readline()) == b"HTTP/1.1 200 OK\r\n"
        await reader.readuntil(b"}")
        writer.write((usual + (last or "Connection: close\r\n") + "\r\n").encode())


async def test_trailers_are_no_headers(house: House) -> None:
    """A token that comes after the body, where no proxy looks, opens nothing."""
    token = (await house.token("ana", "read")).headers["Authorization"]
    chunked = (
        "Host: 127.0.0.1:8080\r\nTransfer-Encoding: chunked\r\nContent-Type: application/json\r\nConnection: close\r\n"
    )
    tries = [
        f'POST /api/v1/me/may HTTP/1.1\r\n{chunked}{header}\r\ne\r\n{{"do": "read"}}\r\n0\r\n{trailer}\r\n'
        for header, trailer in (("", f"Authorization: {token}\r\n"), (f"Authorization: {token}\r\n", ""))
    ]
    async with served(house.app, http=door.door()) as (url, _):
        said = [await Flood(int(url.rpartition(":")[2])).said(one.encode()) for one in tries]
    assert [one[:12] for one in said] == [b"HTTP/1.1 401", b"HTTP/1.1 200"]


async def test_a_head_that_does_not_arrive_and_a_connection_that_asks_nothing_are_closed() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    quick = type("Quick", (door.Door,), {"seconds": 0.2})
    async with served(app, http=quick) as (url, _):
        flood = Flood(int(url.rpartition(":")[2]))
        for begun in (b"", b"GET / HTTP/1.1\r\nX-Slow: "):
            told(await flood.said(begun), 408)
        kept = await flood.connect(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        assert (await kept[0].readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 204")
        kept[1].write(b"GET / HTT")
        told(await kept[0].read(), 408)


async def test_when_all_who_are_connected_ask_something_the_next_is_told_to_come_again() -> None:
    going = asyncio.Event()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await going.wait()
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    async with served(app, http=type("Few", (door.Door,), {"most": 2})) as (url, _):
        flood = Flood(int(url.rpartition(":")[2]))
        asking = [await flood.connect(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n") for _ in range(2)]
        answer = await flood.said(b"")
        told(answer, 503)
        assert b"retry-after: 2" in answer
        going.set()
        for reader, _ in asking:
            assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 204")
        await flood.connect()  # and of those who ask nothing any more one makes room
        assert b"" in await asyncio.gather(*(reader.read() for reader, _ in asking))
    flood.end()


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("Range", "bytes=" + ",".join(f"{n}-{n + 1}" for n in range(0, 12_000, 4))),
        ("Range", "bytes=" + ",".join(["0-"] * 5_000)),
        ("Accept-Encoding", ",".join(["gzip;q=0.1"] * 2_000)),
        ("Cookie", "; ".join(f"a{n}=b" for n in range(2_500))),
    ],
    ids=("ranges", "the same range", "encodings", "cookies"),
)
async def test_lists_in_headers_cost_little(shared: House, header: str, value: str) -> None:
    assert len(value) < door.HEAD_LIMIT
    client = await shared.signed_in("ana")
    began = time.thread_time()
    for path in ("/", "/api/v1/me", "/assets/nothing.js"):
        answer = await client.get(path, headers={header: value})
        assert answer.status_code in (200, 206, 400, 401, 404, 416, 503), answer.text[:200]
        assert len(answer.content) < 1_000_000
    assert time.thread_time() - began < 2


async def test_a_body_of_many_parts_is_no_request(shared: House) -> None:
    ana = await shared.signed_in("ana")
    part = '--x\r\nContent-Disposition: form-data; name="a"\r\n\r\nb\r\n'
    for count, status in ((2_000, 422), (20_000, 413)):
        began = time.thread_time()
        answer = await ana.post(
            "/api/v1/entities/search",
            content=(part * count + "--x--\r\n").encode(),
            headers={"content-type": "multipart/form-data; boundary=x"},
        )
        problem(answer, status)
        assert time.thread_time() - began < 2


async def test_while_no_connection_to_the_database_is_free_the_rest_goes_on(
    house: House, make_settings: Callable[..., ApiSettings]
) -> None:
    """All that this process has are held by what takes long (R47): it says so, it lives, and others have their own."""
    settings = StoreSettings(url=house.store.settings.url, pool_size=1, pool_overflow=0, statement_timeout=HALF)
    narrow = Store(settings)
    services = build_services(make_settings(), narrow, house.temporal, backends={})
    services.loading.done = True
    full = House(create_app(services), services, house.company, house.temporal)
    sam = await full.signed_in("sam")
    run = await house.company.ask("ana", "1.1.0", "staging")
    async with narrow.write():
        for asked in (sam.get("/api/v1/runs"), sam.post("/api/v1/me/may", json={"do": "runs.read"})):
            answer = await asked
            assert "in use" in problem(answer, 503, "unavailable")["detail"]
            assert int(answer.headers["Retry-After"]) > 0
        assert (await full.anonymous().get("/livez")).status_code == 200
        ready = await full.anonymous().get("/readyz")
        assert {part["name"]: part["ok"] for part in ready.json()["parts"]}["store"] is False
        await house.company.through(run)  # a worker has a pool of its own
    assert (await house.company.run(run)).state == "succeeded"
    assert (await sam.get("/api/v1/runs")).status_code == 200
    await full.close()
    await narrow.close()


async def test_a_statement_that_takes_too_long_is_given_up_and_said(
    house: House, make_settings: Callable[..., ApiSettings]
) -> None:
    """Somebody holds what is wanted (R47): the request ends with the database's own limit, and passes afterwards."""
    settings = StoreSettings(url=house.store.settings.url, pool_size=2, statement_timeout=HALF)
    hasty = Store(settings)
    services = build_services(make_settings(), hasty, house.temporal, backends={})
    services.loading.done = True
    there = House(create_app(services), services, house.company, house.temporal)
    sam = await there.signed_in("sam")
    run = await house.company.ask("ana", "1.1.0", "production")
    approval = (await house.company.approvals(run))[-1]
    body = {"verdict": "approve", "digest": approval.digest}
    path = f"{ORIGIN}/api/v1/approvals/{approval.id}/decision"
    async with house.store.write() as tx:
        await runs.hold(tx, run)
        answer = await sam.post(path, json=body)
        assert "Nothing" in problem(answer, 503)["detail"] or "nothing" in answer.json()["detail"]
    assert (await sam.post(path, json=body)).status_code == 200
    await there.close()
    await hasty.close()
