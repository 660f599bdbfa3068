"""Sending, against a server that does everything a network can do. At most one POST, whatever happens."""

import asyncio
import gzip
import hashlib
import json
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from certificates import own_certificate

from daytwo_actions.backends.base import Accepted, Ambiguous, Refused
from daytwo_actions.backends.failures import BackendUnreachable
from daytwo_actions.backends.http.permit import NotPermitted, Permit
from daytwo_actions.backends.http.workers import Workers
from daytwo_actions.backends.wire.answer import Silence

pytestmark = pytest.mark.anyio


def head(door: Any, length: int = 200) -> bytes:
    kind = "Content-Type: application/json"
    return f"HTTP/1.1 {door.status} OK\r\n{kind}\r\nContent-Length: {length}\r\n\r\n".encode()


def whole(door: Any) -> bytes:
    return json.dumps(door.answer).encode()


Play = Callable[[Any, Any], Any]  # the door, and the server's end of the line

IN_DOUBT: dict[str, Play] = {
    "500": lambda door, line: line.answer(500, {"message": "Server Error"}),
    "502 in HTML": lambda door, line: line.answer(502, b"<html>bad gateway</html>"),
    "503": lambda door, line: line.answer(503, None, Retry_After="1"),
    "504": lambda door, line: line.answer(504),
    "408": lambda door, line: line.answer(408),
    "409": lambda door, line: line.answer(409, {"message": "Conflict"}),
    "reset without an answer": lambda door, line: line.reset(),
    "closed without an answer": lambda door, line: line.hangup(),
    "closed in the status line": lambda door, line: (line.raw(b"HTTP/1.1 2"), line.hangup()),
    "reset in the headers": lambda door, line: (line.raw(head(door)[:-10]), line.reset()),
    "reset in the body": lambda door, line: (line.raw(head(door) + whole(door)[:20]), line.reset()),
    "body cut short": lambda door, line: (line.raw(head(door, len(whole(door))) + whole(door)[:-5]), line.hangup()),
    "JSON cut short": lambda door, line: line.answer(door.status, whole(door)[:-5]),
    "HTML instead of JSON": lambda door, line: line.answer(door.status, b"<!doctype html><title>Sign in</title>"),
    "no body": lambda door, line: line.answer(door.status),
    "a list": lambda door, line: line.answer(door.status, [door.answer]),
    "id as a string": lambda door, line: line.answer(door.status, door.answer | {door.id_key: "17"}),
    "accepted, but not how": lambda door, line: line.answer(202, door.answer),
    "not HTTP": lambda door, line: (line.raw(b"SSH-2.0-OpenSSH_9.6\r\n"), line.hangup()),
    "chunks that are none": lambda door, line: (
        line.raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzzz\r\n"),
        line.hangup(),
    ),
    "gzip that is none": lambda door, line: line.answer(door.status, whole(door), Content_Encoding="gzip"),
    "huge": lambda door, line: line.answer(door.status, b'{"pad": "' + b"x" * 3_000_000 + b'"}'),
    "huge when unpacked": lambda door, line: line.answer(
        door.status, gzip.compress(b" " * 50_000_000), Content_Encoding="gzip"
    ),
}


@pytest.mark.parametrize("play", IN_DOUBT.values(), ids=IN_DOUBT.keys())
async def test_what_may_have_happened_is_in_doubt_and_not_sent_again(
    play: Play, serve: Any, door: Any, observed: Any
) -> None:
    server = serve(lambda _, line: play(door, line))
    backend = door.connect(server.url)
    outcome = await backend.send(door.frozen(backend), seconds=5)
    assert isinstance(outcome, Ambiguous), outcome
    assert len(server.sent("POST")) == 1
    assert door.token not in repr(outcome)
    looked = ["workflow.taken"] if door.looks and play is IN_DOUBT["409"] else []
    assert [call[0] for call in observed.calls] == ["dispatch", *looked]


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("where", ["same path", "same host", "other host", "nowhere"])
async def test_a_redirection_is_not_followed(status: int, where: str, serve: Any, door: Any) -> None:
    foreign = serve(door.yes)

    def play(request: Any, line: Any) -> None:
        places = {
            "same path": request.path,
            "same host": f"{server.url}/elsewhere",
            "other host": f"{foreign.url}{door.path}",
        }
        line.answer(status, {"message": "Moved"}, Location=places.get(where, ""))

    server = serve(play)
    backend = door.connect(server.url)
    outcome = await backend.send(door.frozen(backend), seconds=5)
    assert isinstance(outcome, Ambiguous)
    assert "not followed" in outcome.detail
    assert (len(server.requests), len(foreign.requests), foreign.connections) == (1, 0, 0)


@pytest.mark.parametrize("part", ["headers", "body"])
async def test_an_answer_that_drips_is_given_up_at_the_deadline(part: str, serve: Any, door: Any) -> None:
    def play(_: Any, line: Any) -> None:
        line.raw(b"HTTP/1.1 200 OK\r\nX-Long: " if part == "headers" else head(door, 10_000))
        line.drip(b"x" * 10_000, every=0.05)

    server = serve(play)
    backend = door.connect(server.url)
    started = time.monotonic()
    outcome = await backend.send(door.frozen(backend), seconds=0.6)
    assert isinstance(outcome, Ambiguous)
    assert 0.5 < time.monotonic() - started < 1.6
    assert len(server.requests) == 1


async def test_silence_is_given_up_at_the_deadline(serve: Any, door: Any) -> None:
    server = serve(lambda _, line: line.hold())
    backend = door.connect(server.url)
    started = time.monotonic()
    assert isinstance(await backend.send(door.frozen(backend), seconds=0.5), Ambiguous)
    assert time.monotonic() - started < 1.5
    assert len(server.requests) == 1


async def test_a_credential_that_is_refused_may_be_replaced(serve: Any, door: Any) -> None:
    """R14: nothing was done, and it is worth trying again with the next one."""
    server = serve(lambda _, line: line.answer(401, {"message": "Bad credentials"}))
    backend = door.connect(server.url)
    outcome = await backend.send(door.frozen(backend), seconds=5)
    assert isinstance(outcome, Refused)
    assert outcome.retry_after == 15.0
    assert "put a new" in outcome.detail


@pytest.mark.parametrize("status", [400, 403, 404, 405, 410, 413, 415, 422])
async def test_a_no_is_a_no(status: int, serve: Any, door: Any) -> None:
    server = serve(lambda _, line: line.answer(status, {"message": "Because"}))
    backend = door.connect(server.url)
    outcome = await backend.send(door.frozen(backend), seconds=5)
    assert isinstance(outcome, Refused)
    assert outcome.retry_after is None
    assert "Because" in outcome.detail
    assert len(server.requests) == 1


@pytest.mark.parametrize("status", [429])
async def test_a_rate_limit_is_handed_on_and_not_waited_for(status: int, serve: Any, door: Any, observed: Any) -> None:
    limit = {"message": "You have exceeded a secondary rate limit."}
    server = serve(lambda _, line: line.answer(status, limit, Retry_After="30", **door.limited))
    backend = door.connect(server.url)
    started = time.monotonic()
    outcome = await backend.send(door.frozen(backend), seconds=5)
    assert isinstance(outcome, Refused)
    assert outcome.retry_after == 30.0
    assert time.monotonic() - started < 2
    assert len(server.requests) == 1
    assert [(call[0], call[1], call[3]) for call in observed.calls] == [("dispatch", status, 12)]


async def test_two_dispatches_in_a_row_are_not_throttled_by_the_client(serve: Any, door: Any) -> None:
    server = serve(door.yes)
    backend = door.connect(server.url)
    started = time.monotonic()
    for _ in range(3):
        await backend.send(door.frozen(backend), seconds=5)
    assert time.monotonic() - started < 1.0  # PyGithub's own pause between writes is a second
    assert len(server.requests) == 3


async def test_a_refused_connection_is_not_executed(door: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    backend = door.connect(f"http://127.0.0.1:{port}")
    outcome = await backend.send(door.frozen(backend), seconds=5)
    assert outcome == Refused(detail="The dispatch was not sent: the connection was refused.", retry_after=5.0)


async def test_a_name_that_is_not_known_is_not_executed(door: Any) -> None:
    backend = door.connect("https://github.invalid")
    outcome = await backend.send(door.frozen(backend), seconds=20)
    assert isinstance(outcome, Refused)
    assert "could not be resolved" in outcome.detail


async def test_a_server_that_speaks_no_tls_is_not_executed(door: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def speak() -> None:
            line, _ = listener.accept()
            with line:
                line.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
                line.recv(65_536)

        speaker = threading.Thread(target=speak)
        speaker.start()
        backend = door.connect(f"https://127.0.0.1:{listener.getsockname()[1]}")
        outcome = await backend.send(door.frozen(backend), seconds=5)
        speaker.join(10)
    assert isinstance(outcome, Refused)
    assert "TLS" in outcome.detail


NAMING = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE")


@pytest.fixture(autouse=True)
def _machine_names_no_certificates(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*NAMING, "SSL_CERT_DIR"):
        monkeypatch.delenv(name, raising=False)


async def test_only_a_certificate_that_is_vouched_for_sees_a_request(
    serve: Any, door: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    context, public = own_certificate(tmp_path)
    server = serve(door.yes, context)
    backend = door.connect(f"https://127.0.0.1:{server.port}")
    outcome = await backend.send(door.frozen(backend), seconds=5)
    assert isinstance(outcome, Refused)
    assert "certificate" in outcome.detail
    assert outcome.retry_after is None
    assert server.requests == []

    for name in NAMING:
        with monkeypatch.context() as environment:
            environment.setenv(name, str(public))
            assert isinstance(await backend.send(door.frozen(backend), seconds=5), Accepted)
    vouched = door.connect(f"https://127.0.0.1:{server.port}", ca_file=public)
    assert isinstance(await vouched.send(door.frozen(vouched), seconds=5), Accepted)
    assert [request.connection for request in server.requests] == [2, 3, 4, 5]

    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(public))  # what the connection names counts, and nothing besides
    (tmp_path / "others").mkdir()
    _, other = own_certificate(tmp_path / "others")
    distrusting = door.connect(f"https://127.0.0.1:{server.port}", ca_file=other)
    refused = await distrusting.send(door.frozen(distrusting), seconds=5)
    assert isinstance(refused, Refused)
    assert "certificate" in refused.detail
    assert len(server.requests) == 4

    (tmp_path / "others" / "certificate.pem").unlink()
    lost = await distrusting.send(door.frozen(distrusting), seconds=5)
    assert isinstance(lost, Refused)
    assert "ca_file" in lost.detail


# Argo's logs come on the way of everything else, and nothing that it answers leads elsewhere.
logs_elsewhere = pytest.mark.parametrize("door", ["github", "gitlab"], indirect=True)


@logs_elsewhere
@pytest.mark.parametrize("by", ["ca_file", *NAMING])
async def test_a_log_is_fetched_by_the_certificates_that_a_dispatch_goes_by(
    by: str, serve: Any, door: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    context, public = own_certificate(tmp_path)

    def play(request: Any, line: Any) -> None:
        if request.path == "/store":  # GitHub's logs are behind a link
            line.answer(200, b"it was done")
        elif request.path == door.log:
            linked = door.links
            line.answer(302 if linked else 200, None if linked else b"it was done", Location=f"{base}/store")

    server = serve(play, context)
    base = f"https://127.0.0.1:{server.port}"

    async def log(backend: Any) -> bytes:
        return b"".join([piece async for piece in backend.logs(door.target, "17", "5")])

    with pytest.raises(BackendUnreachable):
        await log(door.connect(base))
    assert server.requests == []
    if by != "ca_file":
        monkeypatch.setenv(by, str(public))
    assert await log(door.connect(base, **({"ca_file": public} if by == "ca_file" else {}))) == b"it was done"


@logs_elsewhere
async def test_what_a_link_leads_to_is_believed_by_this_machines_certificates_too(
    serve: Any, door: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server of one's own may keep its logs in a public store."""
    (tmp_path / "own").mkdir()
    (tmp_path / "store").mkdir()
    own, ca_file = own_certificate(tmp_path / "own")
    public, of_this_machine = own_certificate(tmp_path / "store")
    store = serve(lambda _, line: line.answer(200, b"it was done"), public)
    server = serve(lambda _, line: line.answer(302, Location=f"https://127.0.0.1:{store.port}/log"), own)
    monkeypatch.setenv("SSL_CERT_FILE", str(of_this_machine))
    backend = door.connect(f"https://127.0.0.1:{server.port}", ca_file=ca_file)
    assert b"".join([piece async for piece in backend.logs(door.target, "17", "5")]) == b"it was done"


async def test_a_handshake_that_does_not_end_is_not_executed(door: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        backend = door.connect(f"https://127.0.0.1:{listener.getsockname()[1]}", connect_timeout=timedelta(seconds=0.3))
        outcome = await backend.send(door.frozen(backend), seconds=5)
    assert outcome == Refused(detail="The dispatch was not sent: no connection came about in time.", retry_after=5.0)


async def test_a_dispatch_that_waits_for_a_thread_is_not_sent_after_it_was_given_up(
    serve: Any, door: Any, eventually: Any
) -> None:
    if not door.queues:
        pytest.skip("dispatches wait for nothing here")

    def play(request: Any, line: Any) -> None:
        if b'"slow"' in request.body:
            line.hold()
        line.answer(door.status, door.answer)

    server = serve(play)
    backend = door.connect(server.url, send_threads=1)
    slow = asyncio.create_task(backend.send(door.frozen(backend, ref="slow"), seconds=2.0))
    await eventually(lambda: len(server.requests) == 1)
    outcome = await backend.send(door.frozen(backend, ref="queued"), seconds=0.3)
    assert isinstance(outcome, Refused)
    assert outcome.retry_after is not None
    assert isinstance(await slow, Ambiguous)
    # The thread is free now: what it does next comes after whatever it may have had in its queue.
    assert isinstance(await backend.send(door.frozen(backend, ref="next"), seconds=5), Accepted)
    assert [json.loads(request.body)["ref"] for request in server.requests] == ["slow", "next"]


async def test_a_dispatch_whose_caller_was_cancelled_while_it_waited_is_not_sent(
    serve: Any, door: Any, eventually: Any
) -> None:
    if not door.queues:
        pytest.skip("dispatches wait for nothing here")

    def play(request: Any, line: Any) -> None:
        if b'"slow"' in request.body:
            line.hold()
        line.answer(door.status, door.answer)

    server = serve(play)
    backend = door.connect(server.url, send_threads=1)
    slow = asyncio.create_task(backend.send(door.frozen(backend, ref="slow"), seconds=1.0))
    await eventually(lambda: len(server.requests) == 1)
    queued = asyncio.create_task(backend.send(door.frozen(backend, ref="queued"), seconds=30))
    await asyncio.sleep(0)
    queued.cancel()
    with pytest.raises(asyncio.CancelledError):
        await queued
    await slow
    assert isinstance(await backend.send(door.frozen(backend, ref="next"), seconds=5), Accepted)
    assert [json.loads(request.body)["ref"] for request in server.requests] == ["slow", "next"]


async def test_slow_reads_do_not_hold_up_a_dispatch(serve: Any, door: Any, eventually: Any) -> None:
    server = serve(lambda request, line: line.hold() if request.method == "GET" else door.yes(request, line))
    backend = door.connect(server.url, read_threads=2, total_timeout=timedelta(seconds=2))
    target = door.target
    reads = [asyncio.create_task(backend.resolve(target)) for _ in range(6)]
    await eventually(lambda: len(server.requests) == 2)
    started = time.monotonic()
    assert await backend.send(door.frozen(backend), seconds=5) == door.accepted
    assert time.monotonic() - started < 1.0
    for read in reads:
        read.cancel()
    await asyncio.gather(*reads, return_exceptions=True)


async def test_many_at_once_are_one_post_each_with_their_own_bytes(serve: Any, door: Any) -> None:
    server = serve(door.yes)
    backend = door.connect(server.url, send_threads=8)
    requests = [door.frozen(backend, ref=f"branch-{number}") for number in range(60)]
    outcomes = await asyncio.gather(*(backend.send(request, seconds=20) for request in requests))
    assert set(outcomes) == {door.accepted}
    assert sorted(post.body for post in server.requests) == sorted(request.body for request in requests)


async def test_a_dispatch_never_goes_on_a_connection_that_was_kept(serve: Any, door: Any) -> None:
    server = serve(
        lambda request, line: line.answer(200, door.state) if request.method == "GET" else door.yes(request, line)
    )
    backend = door.connect(server.url, read_threads=1, send_threads=1)
    target = door.target
    for _ in range(2):
        await backend.read([(target, "1")])
    for _ in range(2):
        await backend.send(door.frozen(backend), seconds=5)
    # Reads may share a connection; each dispatch has a new one.
    assert [request.connection for request in server.requests] == ([1, 1, 2, 3] if door.keeps else [1, 2, 3, 4])


async def test_a_request_that_was_tampered_with_is_not_sent(serve: Any, door: Any) -> None:
    server = serve(door.yes)
    backend = door.connect(server.url)
    request = door.frozen(backend)
    for wrong in (replace(request, body=request.body.replace(b"1.10", b"1.11")), replace(request, path=door.path[:-1])):
        outcome = await backend.send(wrong, seconds=5)
        assert isinstance(outcome, Refused)
        assert outcome.retry_after is None
    assert server.requests == []


async def test_no_time_is_no_request(serve: Any, door: Any) -> None:
    server = serve(door.yes)
    backend = door.connect(server.url)
    assert isinstance(await backend.send(door.frozen(backend), seconds=0), Refused)
    assert server.connections == 0


async def test_a_closed_connection_sends_nothing(serve: Any, door: Any) -> None:
    server = serve(door.yes)
    backend = door.connect(server.url)
    request = door.frozen(backend)
    backend.close()
    outcome = await backend.send(request, seconds=5)
    assert isinstance(outcome, Refused)
    assert "closed" in outcome.detail
    assert server.requests == []


async def test_what_arrives_is_what_was_frozen(serve: Any, door: Any) -> None:
    server = serve(door.yes)
    backend = door.connect(server.url)
    request = door.frozen(backend)
    assert await backend.send(request, seconds=5) == door.accepted
    (post,) = server.requests
    assert (post.method, post.path, post.body) == ("POST", door.path, request.body)
    assert hashlib.sha256(post.body).hexdigest() == request.digest
    assert post.headers["content-type"] == "application/json"
    assert (post.headers["user-agent"], post.headers.get("cookie")) == ("daytwo", None)


async def test_the_prefix_of_a_server_of_ones_own_is_kept(serve: Any, door: Any) -> None:
    server = serve(door.yes)
    backend = door.connect(f"{server.url}/their/prefix/")
    assert await backend.send(door.frozen(backend), seconds=5) == door.accepted
    assert [request.path for request in server.requests] == [f"/their/prefix{door.path}"]


async def test_a_credential_that_a_server_repeats_goes_no_further(serve: Any, door: Any) -> None:
    server = serve(lambda _, line: line.answer(401, {"message": f"Bad {door.token}!"}))
    backend = door.connect(server.url)
    outcome = await backend.send(door.frozen(backend), seconds=5)
    assert isinstance(outcome, Refused)
    assert "Bad ***!" in outcome.detail


async def test_a_proxy_of_the_environment_does_not_see_what_stays_on_this_machine(
    serve: Any, door: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy = serve(door.yes)
    monkeypatch.setenv("http_proxy", proxy.url)
    monkeypatch.delenv("no_proxy", raising=False)
    server = serve(door.yes)
    backend = door.connect(server.url)
    assert await backend.send(door.frozen(backend), seconds=5) == door.accepted
    assert (len(server.requests), proxy.connections) == (1, 0)


@pytest.mark.parametrize("said", ["HTTP/1.1 200 Go\r\n\r\n", "HTTP/1.1 407 No\r\n\r\n"])
async def test_through_a_proxy_the_tunnel_is_not_yet_the_request(
    said: str, serve: Any, door: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def play(_: Any, line: Any) -> None:
        line.raw(said.encode())
        line.hangup()

    proxy = serve(play)
    monkeypatch.setenv("https_proxy", proxy.url)
    monkeypatch.delenv("no_proxy", raising=False)
    backend = door.connect("https://ci.invalid")
    outcome = await backend.send(door.frozen(backend), seconds=5)
    assert isinstance(outcome, Refused)
    assert [(request.method, request.path) for request in proxy.requests] == [("CONNECT", "ci.invalid:443")]
    assert door.token not in repr(proxy.requests)


async def test_an_endless_answer_is_given_up_at_its_limit_and_not_at_its_time(serve: Any, door: Any) -> None:
    def play(_: Any, line: Any) -> None:
        line.raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while not line.ending.is_set():
            line.raw(b"10000\r\n" + b" " * 65_536 + b"\r\n")

    server = serve(play)
    backend = door.connect(server.url)
    started = time.monotonic()
    outcome = await backend.send(door.frozen(backend), seconds=10)
    assert isinstance(outcome, Ambiguous)
    assert f"more than {door.short} bytes" in outcome.detail
    assert time.monotonic() - started < 3


class TestGivingUp:
    """A thread that does not come back in time: what is certain depends on whether it has taken the permit."""

    @pytest.mark.parametrize("taken", [True, False])
    async def test_it_is_in_doubt_only_if_the_permit_was_taken(self, taken: bool) -> None:
        workers, permit, release = Workers("test", reading=1, sending=1), Permit(0.2), threading.Event()
        later: list[str] = []

        def work() -> Silence:
            if taken:
                permit.take()
            release.wait(10)
            try:
                permit.take()
            except NotPermitted as refusal:
                later.append(str(refusal))
            return Silence(sent=True, reason="too late to be heard")

        result = await workers.send(permit, work)
        release.set()
        workers.close()
        assert isinstance(result, Silence)
        assert result.sent is taken
        assert "given up" in result.reason
        assert await asyncio.to_thread(_filled, later)
        assert "given up" in later[0]


def _filled(texts: list[str]) -> bool:
    deadline = time.monotonic() + 10
    while not texts and time.monotonic() < deadline:
        time.sleep(0.005)
    return bool(texts)


class TestPermit:
    def test_it_is_good_for_one_request(self) -> None:
        permit = Permit(5)
        permit.take()
        with pytest.raises(NotPermitted, match="once"):
            permit.take()
        assert permit.revoke() is False

    def test_after_a_proof_that_nothing_was_done_it_is_good_for_one_more(self) -> None:
        permit = Permit(5)
        permit.take()
        permit.settle()
        permit.take()
        with pytest.raises(NotPermitted):
            permit.take()

    def test_given_up_before_it_was_used_nothing_will_be_sent(self) -> None:
        permit = Permit(5)
        assert permit.revoke() is True
        with pytest.raises(NotPermitted, match="given up"):
            permit.take()

    def test_after_the_deadline_nothing_will_be_sent(self) -> None:
        now = [100.0]
        permit = Permit(5, clock=lambda: now[0])
        now[0] = 105.0
        assert permit.remaining() == 0
        with pytest.raises(NotPermitted, match="time was over"):
            permit.take()
        assert permit.taken is False
