"""Sending, against a server that does everything a network can do. At most one POST, whatever happens."""

import asyncio
import gzip
import hashlib
import json
import socket
import ssl
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from github.Auth import Token

from daytwo_actions.backends.base import Accepted, Ambiguous, FrozenRequest, Pinned, Refused, Target
from daytwo_actions.backends.github.backend import GitHubBackend
from daytwo_actions.backends.github.settings import GitHubSettings
from daytwo_actions.backends.github.transport import Transport
from daytwo_actions.backends.github.wire.dispatch import Dispatch
from daytwo_actions.backends.http.permit import NotPermitted, Permit
from daytwo_actions.backends.http.workers import Workers
from daytwo_actions.backends.wire.answer import Answer, Silence
from daytwo_store.ids import Corr, Digest

pytestmark = pytest.mark.anyio

PATH = "/repos/acme/shop/actions/workflows/deploy.yml/dispatches"
NO_KEY = {"message": 'Invalid request.\n\n"return_run_details" is not a permitted key.'}


def frozen(backend: GitHubBackend, *, ref: str = "main", corr: str = "abcdefghij234567abcd") -> FrozenRequest:
    pinned = Pinned(
        target=Target(project="acme/shop", pipeline="deploy.yml", ref=ref),
        project_id="7",
        pipeline_id="9",
        commit="a" * 40,
        pipeline_digest=Digest("d" * 64),
        marked=True,
    )
    return backend.freeze(pinned, {"version": "1.10"}, Corr(corr))


def accepted(number: int = 17, **change: Any) -> dict[str, Any]:
    url = f"https://api.github.com/repos/acme/shop/actions/runs/{number}"
    html = f"https://github.com/acme/shop/actions/runs/{number}"
    return {"workflow_run_id": number, "run_url": url, "html_url": html} | change


def head(length: int) -> bytes:
    return f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n".encode()


WHOLE = json.dumps(accepted()).encode()


async def test_what_arrives_is_what_was_frozen(serve: Any, connect: Any, token: str) -> None:
    server = serve(lambda _, line: line.answer(200, accepted()))
    backend = connect(server.url)
    request = frozen(backend)
    assert await backend.send(request, seconds=5) == Accepted(
        id="17", url="https://github.com/acme/shop/actions/runs/17"
    )
    (post,) = server.requests
    assert (post.method, post.path, post.body) == ("POST", PATH, request.body)
    assert hashlib.sha256(post.body).hexdigest() == request.digest
    assert post.headers["authorization"] == f"token {token}"
    assert post.headers["x-github-api-version"] == "2022-11-28"
    assert post.headers["content-type"] == "application/json"


async def test_the_prefix_of_an_enterprise_server_is_kept(serve: Any, connect: Any) -> None:
    server = serve(lambda _, line: line.answer(204))
    backend = connect(f"{server.url}/api/v3/")
    assert await backend.send(frozen(backend), seconds=5) == Accepted(id=None, url=None)
    assert [request.path for request in server.requests] == [f"/api/v3{PATH}"]


Play = Callable[[Any, Any], None]

IN_DOUBT: dict[str, Play] = {
    "500": lambda _, line: line.answer(500, {"message": "Server Error"}),
    "502 in HTML": lambda _, line: line.answer(502, b"<html>bad gateway</html>"),
    "503": lambda _, line: line.answer(503, None, Retry_After="1"),
    "504": lambda _, line: line.answer(504),
    "408": lambda _, line: line.answer(408),
    "409": lambda _, line: line.answer(409, {"message": "Conflict"}),
    "reset without an answer": lambda _, line: line.reset(),
    "closed without an answer": lambda _, line: line.hangup(),
    "closed in the status line": lambda _, line: (line.raw(b"HTTP/1.1 2"), line.hangup()),
    "reset in the headers": lambda _, line: (line.raw(head(200)[:-10]), line.reset()),
    "reset in the body": lambda _, line: (line.raw(head(200) + WHOLE[:20]), line.reset()),
    "body cut short": lambda _, line: (line.raw(head(len(WHOLE)) + WHOLE[:-5]), line.hangup()),
    "JSON cut short": lambda _, line: line.answer(200, WHOLE[:-5]),
    "HTML instead of JSON": lambda _, line: line.answer(200, b"<!doctype html><title>Sign in</title>"),
    "no body": lambda _, line: line.answer(200),
    "a list": lambda _, line: line.answer(200, [accepted()]),
    "id as a string": lambda _, line: line.answer(200, accepted(workflow_run_id="17")),
    "id of another run": lambda _, line: line.answer(200, accepted(workflow_run_id=18)),
    "accepted, but not how": lambda _, line: line.answer(202, accepted()),
    "not HTTP": lambda _, line: (line.raw(b"SSH-2.0-OpenSSH_9.6\r\n"), line.hangup()),
    "chunks that are none": lambda _, line: (
        line.raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzzz\r\n"),
        line.hangup(),
    ),
    "gzip that is none": lambda _, line: line.answer(200, WHOLE, Content_Encoding="gzip"),
    "huge": lambda _, line: line.answer(200, b'{"pad": "' + b"x" * 3_000_000 + b'"}'),
    "huge when unpacked": lambda _, line: line.answer(200, gzip.compress(b" " * 50_000_000), Content_Encoding="gzip"),
}


@pytest.mark.parametrize("play", IN_DOUBT.values(), ids=IN_DOUBT.keys())
async def test_what_may_have_happened_is_in_doubt_and_not_sent_again(
    play: Play, serve: Any, connect: Any, token: str, observed: Any
) -> None:
    server = serve(play)
    backend = connect(server.url)
    outcome = await backend.send(frozen(backend), seconds=5)
    assert isinstance(outcome, Ambiguous), outcome
    assert len(server.requests) == 1
    assert token not in repr(outcome)
    assert [call[0] for call in observed.calls] == ["dispatch"]


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("where", ["same path", "same host", "other host", "nowhere"])
async def test_a_redirection_is_not_followed(status: int, where: str, serve: Any, connect: Any) -> None:
    foreign = serve(lambda _, line: line.answer(200, accepted()))

    def play(request: Any, line: Any) -> None:
        places = {
            "same path": request.path,
            "same host": f"{server.url}/elsewhere",
            "other host": f"{foreign.url}{PATH}",
        }
        line.answer(status, {"message": "Moved"}, Location=places.get(where, ""))

    server = serve(play)
    backend = connect(server.url)
    outcome = await backend.send(frozen(backend), seconds=5)
    assert isinstance(outcome, Ambiguous)
    assert "not followed" in outcome.detail
    assert (len(server.requests), len(foreign.requests), foreign.connections) == (1, 0, 0)


@pytest.mark.parametrize("part", ["headers", "body"])
async def test_an_answer_that_drips_is_given_up_at_the_deadline(part: str, serve: Any, connect: Any) -> None:
    def play(_: Any, line: Any) -> None:
        line.raw(b"HTTP/1.1 200 OK\r\nX-Long: " if part == "headers" else head(10_000))
        line.drip(b"x" * 10_000, every=0.05)

    server = serve(play)
    backend = connect(server.url)
    started = time.monotonic()
    outcome = await backend.send(frozen(backend), seconds=0.6)
    assert isinstance(outcome, Ambiguous)
    assert 0.5 < time.monotonic() - started < 1.6
    assert len(server.requests) == 1


async def test_silence_is_given_up_at_the_deadline(serve: Any, connect: Any) -> None:
    server = serve(lambda _, line: line.hold())
    backend = connect(server.url)
    started = time.monotonic()
    assert isinstance(await backend.send(frozen(backend), seconds=0.5), Ambiguous)
    assert time.monotonic() - started < 1.5
    assert len(server.requests) == 1


@pytest.mark.parametrize("status", [400, 422])
async def test_a_server_without_run_details_gets_one_more_and_is_remembered(
    status: int, serve: Any, connect: Any
) -> None:
    def play(request: Any, line: Any) -> None:
        if b"return_run_details" in request.body:
            line.answer(status, NO_KEY)
        else:
            line.answer(204)

    server = serve(play)
    backend = connect(server.url)
    request = frozen(backend)
    assert await backend.send(request, seconds=5) == Accepted(id=None, url=None)
    whole, without = server.requests
    assert whole.body == request.body
    assert json.loads(without.body) == {key: json.loads(whole.body)[key] for key in ("ref", "inputs")}
    assert await backend.send(request, seconds=5) == Accepted(id=None, url=None)
    assert [post.body for post in server.requests[2:]] == [without.body]


async def test_after_the_second_one_there_is_no_third(serve: Any, connect: Any) -> None:
    server = serve(lambda _, line: line.answer(422, NO_KEY))
    backend = connect(server.url)
    assert isinstance(await backend.send(frozen(backend), seconds=5), Refused)
    assert len(server.requests) == 2


async def test_the_second_one_is_in_doubt_like_a_first_one(serve: Any, connect: Any) -> None:
    server = serve(lambda request, line: line.answer(422, NO_KEY) if b"details" in request.body else line.reset())
    backend = connect(server.url)
    assert isinstance(await backend.send(frozen(backend), seconds=5), Ambiguous)
    assert len(server.requests) == 2


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 410, 413, 415, 422])
async def test_a_no_is_a_no(status: int, serve: Any, connect: Any) -> None:
    server = serve(lambda _, line: line.answer(status, {"message": "Because"}))
    backend = connect(server.url)
    outcome = await backend.send(frozen(backend), seconds=5)
    assert isinstance(outcome, Refused)
    assert outcome.retry_after is None
    assert "Because" in outcome.detail
    assert len(server.requests) == 1


@pytest.mark.parametrize("status", [403, 429])
async def test_a_rate_limit_is_handed_on_and_not_waited_for(
    status: int, serve: Any, connect: Any, observed: Any
) -> None:
    limit = {"message": "You have exceeded a secondary rate limit."}
    server = serve(lambda _, line: line.answer(status, limit, Retry_After="30", X_RateLimit_Remaining="12"))
    backend = connect(server.url)
    started = time.monotonic()
    outcome = await backend.send(frozen(backend), seconds=5)
    assert isinstance(outcome, Refused)
    assert outcome.retry_after == 30.0
    assert time.monotonic() - started < 2
    assert len(server.requests) == 1
    assert [(call[0], call[1], call[3]) for call in observed.calls] == [("dispatch", status, 12)]


async def test_two_dispatches_in_a_row_are_not_throttled_by_the_client(serve: Any, connect: Any) -> None:
    server = serve(lambda _, line: line.answer(204))
    backend = connect(server.url)
    started = time.monotonic()
    for _ in range(3):
        await backend.send(frozen(backend), seconds=5)
    assert time.monotonic() - started < 1.0  # PyGithub's own pause between writes is a second
    assert len(server.requests) == 3


async def test_a_refused_connection_is_not_executed(connect: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    backend = connect(f"http://127.0.0.1:{port}")
    outcome = await backend.send(frozen(backend), seconds=5)
    assert outcome == Refused(detail="The dispatch was not sent: the connection was refused.", retry_after=5.0)


async def test_a_name_that_is_not_known_is_not_executed(connect: Any) -> None:
    backend = connect("https://github.invalid")
    outcome = await backend.send(frozen(backend), seconds=20)
    assert isinstance(outcome, Refused)
    assert "could not be resolved" in outcome.detail


async def test_a_server_that_speaks_no_tls_is_not_executed(connect: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def speak() -> None:
            line, _ = listener.accept()
            with line:
                line.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
                line.recv(65_536)

        speaker = threading.Thread(target=speak)
        speaker.start()
        backend = connect(f"https://127.0.0.1:{listener.getsockname()[1]}")
        outcome = await backend.send(frozen(backend), seconds=5)
        speaker.join(10)
    assert isinstance(outcome, Refused)
    assert "TLS" in outcome.detail


def own_certificate(folder: Path) -> tuple[ssl.SSLContext, Path]:
    """A server's side with a certificate that only the file beside it vouches for."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    address = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(address, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    public, private = folder / "certificate.pem", folder / "key.pem"
    public.write_bytes(certificate.public_bytes(Encoding.PEM))
    private.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(public, private)
    return context, public


async def test_only_a_certificate_that_is_vouched_for_sees_a_request(
    serve: Any, connect: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    context, public = own_certificate(tmp_path)
    server = serve(lambda _, line: line.answer(200, accepted()), context)
    backend = connect(f"https://127.0.0.1:{server.port}")
    outcome = await backend.send(frozen(backend), seconds=5)
    assert isinstance(outcome, Refused)
    assert "certificate" in outcome.detail
    assert outcome.retry_after is None
    assert server.requests == []

    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(public))
    assert isinstance(await backend.send(frozen(backend), seconds=5), Accepted)
    assert isinstance(await backend.send(frozen(backend), seconds=5), Accepted)
    assert [request.connection for request in server.requests] == [2, 3]


async def test_a_handshake_that_does_not_end_is_not_executed(connect: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        backend = connect(f"https://127.0.0.1:{listener.getsockname()[1]}", connect_timeout=timedelta(seconds=0.3))
        outcome = await backend.send(frozen(backend), seconds=5)
    assert outcome == Refused(detail="The dispatch was not sent: no connection came about in time.", retry_after=5.0)


async def test_a_dispatch_that_waits_for_a_thread_is_not_sent_after_it_was_given_up(
    serve: Any, connect: Any, eventually: Any
) -> None:
    def play(request: Any, line: Any) -> None:
        if b'"slow"' in request.body:
            line.hold()
        line.answer(200, accepted())

    server = serve(play)
    backend = connect(server.url, send_threads=1)
    slow = asyncio.create_task(backend.send(frozen(backend, ref="slow"), seconds=2.0))
    await eventually(lambda: len(server.requests) == 1)
    outcome = await backend.send(frozen(backend, ref="queued"), seconds=0.3)
    assert isinstance(outcome, Refused)
    assert outcome.retry_after is not None
    assert isinstance(await slow, Ambiguous)
    # The thread is free now: what it does next comes after whatever it may have had in its queue.
    assert isinstance(await backend.send(frozen(backend, ref="next"), seconds=5), Accepted)
    assert [json.loads(request.body)["ref"] for request in server.requests] == ["slow", "next"]


async def test_a_dispatch_whose_caller_was_cancelled_while_it_waited_is_not_sent(
    serve: Any, connect: Any, eventually: Any
) -> None:
    def play(request: Any, line: Any) -> None:
        if b'"slow"' in request.body:
            line.hold()
        line.answer(200, accepted())

    server = serve(play)
    backend = connect(server.url, send_threads=1)
    slow = asyncio.create_task(backend.send(frozen(backend, ref="slow"), seconds=1.0))
    await eventually(lambda: len(server.requests) == 1)
    queued = asyncio.create_task(backend.send(frozen(backend, ref="queued"), seconds=30))
    await asyncio.sleep(0)
    queued.cancel()
    with pytest.raises(asyncio.CancelledError):
        await queued
    await slow
    assert isinstance(await backend.send(frozen(backend, ref="next"), seconds=5), Accepted)
    assert [json.loads(request.body)["ref"] for request in server.requests] == ["slow", "next"]


async def test_slow_reads_do_not_hold_up_a_dispatch(serve: Any, connect: Any, eventually: Any) -> None:
    server = serve(lambda request, line: line.hold() if request.method == "GET" else line.answer(204))
    backend = connect(server.url, read_threads=2, total_timeout=timedelta(seconds=2))
    target = Target(project="acme/shop", pipeline="deploy.yml", ref="main")
    reads = [asyncio.create_task(backend.resolve(target)) for _ in range(6)]
    await eventually(lambda: len(server.requests) == 2)
    started = time.monotonic()
    assert await backend.send(frozen(backend), seconds=5) == Accepted(id=None, url=None)
    assert time.monotonic() - started < 1.0
    for read in reads:
        read.cancel()
    await asyncio.gather(*reads, return_exceptions=True)


async def test_many_at_once_are_one_post_each_with_their_own_bytes(serve: Any, connect: Any) -> None:
    server = serve(lambda _, line: line.answer(204))
    backend = connect(server.url, send_threads=8)
    requests = [frozen(backend, ref=f"branch-{number}") for number in range(60)]
    outcomes = await asyncio.gather(*(backend.send(request, seconds=20) for request in requests))
    assert set(outcomes) == {Accepted(id=None, url=None)}
    assert sorted(post.body for post in server.requests) == sorted(request.body for request in requests)


async def test_a_dispatch_never_goes_on_a_connection_that_was_kept(serve: Any, connect: Any) -> None:
    run = {"id": 1, "status": "queued"}
    server = serve(lambda request, line: line.answer(200, run) if request.method == "GET" else line.answer(204))
    backend = connect(server.url, read_threads=1, send_threads=1)
    target = Target(project="acme/shop", pipeline="deploy.yml", ref="main")
    for _ in range(2):
        await backend.read([(target, "1")])
    for _ in range(2):
        await backend.send(frozen(backend), seconds=5)
    # Reads share a connection; each dispatch has a new one.
    assert [request.connection for request in server.requests] == [1, 1, 2, 3]


async def test_a_request_that_was_tampered_with_is_not_sent(serve: Any, connect: Any) -> None:
    server = serve(lambda _, line: line.answer(200, accepted()))
    backend = connect(server.url)
    request = frozen(backend)
    for wrong in (replace(request, body=request.body.replace(b"1.10", b"1.11")), replace(request, path=PATH[:-1])):
        outcome = await backend.send(wrong, seconds=5)
        assert isinstance(outcome, Refused)
        assert outcome.retry_after is None
    assert server.requests == []


async def test_no_time_is_no_request(serve: Any, connect: Any) -> None:
    server = serve(lambda _, line: line.answer(200, accepted()))
    backend = connect(server.url)
    assert isinstance(await backend.send(frozen(backend), seconds=0), Refused)
    assert server.connections == 0


async def test_a_closed_connection_sends_nothing(serve: Any, connect: Any) -> None:
    server = serve(lambda _, line: line.answer(200, accepted()))
    backend = connect(server.url)
    request = frozen(backend)
    backend.close()
    outcome = await backend.send(request, seconds=5)
    assert isinstance(outcome, Refused)
    assert "closed" in outcome.detail
    assert server.requests == []


class _Other(Dispatch):
    """Says that it has other bytes than PyGithub will make of it."""

    def body(self) -> bytes:
        return super().body().replace(b": ", b":")


@pytest.mark.parametrize(
    ("path", "kind"), [(PATH, _Other), (PATH.replace("deploy", "x/../deploy") + "?z=1&a=2", Dispatch)]
)
def test_what_pygithub_would_send_differently_is_not_sent(
    path: str, kind: type[Dispatch], serve: Any, token: str
) -> None:
    server = serve(lambda _, line: line.answer(200, accepted()))
    transport = Transport(GitHubSettings(name="github", base=server.url, token=token))  # type: ignore[arg-type]
    result = transport.dispatch(
        path, kind(ref="main", inputs={}, return_run_details=True), permit=Permit(5), auth=Token(token)
    )
    transport.close()
    assert isinstance(result, Silence)
    assert not result.sent
    assert result.again is None
    assert server.connections == 0


def test_a_credential_that_a_server_repeats_goes_no_further(serve: Any, token: str) -> None:
    server = serve(lambda request, line: line.answer(401, {"message": f"Bad {request.headers['authorization']}"}))
    transport = Transport(GitHubSettings(name="github", base=server.url, token=token))  # type: ignore[arg-type]
    result = transport.get("/user", {}, permit=Permit(5), auth=Token(token))
    transport.close()
    assert isinstance(result, Answer)
    assert b"Bad token ***" in result.body


def test_a_proxy_of_the_environment_does_not_see_what_stays_on_this_machine(
    serve: Any, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy = serve(lambda _, line: line.answer(200, {}))
    monkeypatch.setenv("http_proxy", proxy.url)
    monkeypatch.delenv("no_proxy", raising=False)
    server = serve(lambda _, line: line.answer(200, {}))
    transport = Transport(GitHubSettings(name="github", base=server.url, token=token))  # type: ignore[arg-type]
    assert isinstance(transport.get("/user", {}, permit=Permit(5), auth=Token(token)), Answer)
    transport.close()
    assert (len(server.requests), proxy.connections) == (1, 0)


@pytest.mark.parametrize("said", ["HTTP/1.1 200 Go\r\n\r\n", "HTTP/1.1 407 No\r\n\r\n"])
def test_through_a_proxy_the_tunnel_is_not_yet_the_request(
    said: str, serve: Any, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def play(_: Any, line: Any) -> None:
        line.raw(said.encode())
        line.hangup()

    proxy = serve(play)
    monkeypatch.setenv("https_proxy", proxy.url)
    monkeypatch.delenv("no_proxy", raising=False)
    transport = Transport(GitHubSettings(name="github", base="https://github.invalid", token=token))  # type: ignore[arg-type]
    permit = Permit(5)
    result = transport.post("/repos/acme/shop/actions/runs/1/cancel", permit=permit, auth=Token(token))
    transport.close()
    assert isinstance(result, Silence)
    assert not result.sent
    assert [(request.method, request.path) for request in proxy.requests] == [("CONNECT", "github.invalid:443")]
    assert token not in repr(proxy.requests)


async def test_an_endless_answer_is_given_up_at_its_limit_and_not_at_its_time(serve: Any, connect: Any) -> None:
    def play(_: Any, line: Any) -> None:
        line.raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while not line.ending.is_set():
            line.raw(b"10000\r\n" + b" " * 65_536 + b"\r\n")

    server = serve(play)
    backend = connect(server.url)
    started = time.monotonic()
    outcome = await backend.send(frozen(backend), seconds=10)
    assert isinstance(outcome, Ambiguous)
    assert "more than 1000000 bytes" in outcome.detail
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
