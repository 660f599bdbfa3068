"""Reads of every kind of CI system that go wrong: what somebody is told, and that the credential goes nowhere else."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from certificates import own_certificate

from daytwo_actions.backends.base import Backend
from daytwo_actions.backends.failures import BackendDenied, BackendUnreachable
from daytwo_store.ids import ExternalRunId

pytestmark = pytest.mark.anyio
FIFTY_MEGABYTES = 50_000_000


async def told(error: type[Exception], asked: Any, door: Any) -> str:
    """What a person reads about a read that must fail so."""
    with pytest.raises((BackendDenied, BackendUnreachable)) as caught:
        await asked
    assert caught.type is error, str(caught.value)
    text = str(caught.value)
    assert door.token not in text
    assert text.isprintable()
    assert text.endswith(".")
    return text


def one_of(door: Any, backend: Backend, what: str) -> Any:
    run = ExternalRunId("dt-abcdefghij234567abcd:u-1" if backend.traits.kind == "argo" else "17")
    return backend.resolve(door.target) if what == "resolve" else backend.read([(door.target, run)])


REFUSALS = {401: "put a new", 403: "credential may not|permission|role|scope", 404: "cannot be seen|not exist"}


@pytest.mark.parametrize("what", ["resolve", "read"])
@pytest.mark.parametrize("status", REFUSALS)
async def test_a_refusal_says_what_to_do_about_it(status: int, what: str, door: Any, serve: Any) -> None:
    """Wrong or revoked credential, missing scope, a project or pipeline that is not there or may not be seen."""
    server = serve(lambda _, line: line.answer(status, {"message": "No", "error": "No"}))
    backend = door.connect(server.url)
    if (status, what, backend.traits.kind) == (404, "read", "argo"):
        return  # there it is the workflow that is gone, since a namespace cannot be asked for
    text = await told(BackendDenied, one_of(door, backend, what), door)
    assert any(words in text for words in REFUSALS[status].split("|")), text
    assert len(server.requests) <= 4, "a no is not asked about again and again"


async def test_a_credential_that_is_revoked_meanwhile_is_told_as_one(door: Any, serve: Any) -> None:
    answers = iter([(503, {}), (401, {"message": "Token was revoked. You have to re-authorize from the user."})])
    server = serve(lambda _, line: line.answer(*next(answers, (401, {"message": "Token was revoked."}))))
    backend = door.connect(server.url)
    await told(BackendUnreachable, backend.resolve(door.target), door)
    text = await told(BackendDenied, backend.resolve(door.target), door)
    assert "credential" in text
    assert "revoked" in text, "the vendor's own words say why"


NONSENSE: dict[str, bytes] = {
    "HTML": b"<!doctype html><title>Sign in</title>",
    "cut": b'{"id": 17, "sta',
    "nothing": b"",
    "a list": b"[]",
    "a number": b"17",
    "null": b"null",
    "an id as text": b'{"id": "17", "status": "running", "metadata": {"name": 17}, "sha": 3, "workflow_runs": 1}',
    "not UTF-8": b'{"id": "\xff\xfe"}',
    "deep": b'{"a":' * 5_000 + b"1" + b"}" * 5_000,
}


@pytest.mark.parametrize("what", ["resolve", "read"])
@pytest.mark.parametrize("body", NONSENSE.values(), ids=NONSENSE)
async def test_what_makes_no_sense_is_no_state(body: bytes, what: str, door: Any, serve: Any) -> None:
    server = serve(lambda _, line: line.answer(200, body))
    text = await told(BackendUnreachable, one_of(door, door.connect(server.url), what), door)
    assert "is not what" in text
    assert "asked again" in text


@pytest.mark.parametrize("what", ["resolve", "read"])
async def test_fifty_megabytes_are_not_read(what: str, door: Any, serve: Any) -> None:
    sent = []

    def flood(_: Any, line: Any) -> None:
        line.raw(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % FIFTY_MEGABYTES)
        for _ in range(FIFTY_MEGABYTES // 100_000):
            line.raw(b" " * 100_000)
            sent.append(100_000)

    server = serve(flood)
    text = await told(BackendUnreachable, one_of(door, door.connect(server.url, answer_limit=1_000_000), what), door)
    assert "more than 1000000 bytes" in text
    assert sum(sent) < FIFTY_MEGABYTES / 2, "the rest was never taken"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("what", ["resolve", "read"])
async def test_no_credential_goes_where_a_redirection_points(status: int, what: str, door: Any, serve: Any) -> None:
    foreign = serve(door.yes)

    def play(request: Any, line: Any) -> None:
        line.answer(status, {"message": "Moved"}, Location=f"{foreign.url}{request.path}")

    text = await told(BackendDenied, one_of(door, door.connect(serve(play).url), what), door)
    assert "somewhere else" in text
    assert "was not followed" in text
    assert foreign.connections == 0


def _nobody_vouches(serve: Callable[..., Any], folder: Path) -> str:
    context, _ = own_certificate(folder)
    return f"https://127.0.0.1:{serve(lambda _, line: line.answer(200, {}), context).port}"


UNREACHABLE: dict[str, Callable[[Callable[..., Any], Path], str]] = {
    "certificate": _nobody_vouches,
    "was refused": lambda *_: "http://127.0.0.1:9",
    "could not be resolved": lambda *_: "https://ci.invalid",
}


@pytest.mark.parametrize("words", UNREACHABLE)
async def test_a_host_that_cannot_be_reached(words: str, door: Any, serve: Any, tmp_path: Path) -> None:
    backend = door.connect(UNREACHABLE[words](serve, tmp_path))
    text = await told(BackendUnreachable, backend.resolve(door.target), door)
    assert words in text
    assert backend.traits.title.split()[0] in text
