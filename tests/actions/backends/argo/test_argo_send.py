"""Creating workflows: what only Argo has. What a network can do is in `tests/actions/backends/hostile/`."""

import asyncio
import json
import logging
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from pydantic import SecretStr
from tests.actions.backends.argo.test_argo_creation import CORR, pinned

from daytwo_actions.backends.argo.backend import ArgoBackend
from daytwo_actions.backends.argo.sender import Call, Sender
from daytwo_actions.backends.argo.settings import ArgoSettings
from daytwo_actions.backends.base import Accepted, Ambiguous, FrozenRequest, Refused, Sent
from daytwo_actions.backends.http.permit import Permit
from daytwo_actions.backends.wire.answer import Silence
from daytwo_store.ids import ConnectionName, Corr

pytestmark = pytest.mark.anyio

NAME = "dt-abcdefghij234567abcd"
PATH = "/api/v1/workflows/shop"


def frozen(backend: ArgoBackend, **inputs: Any) -> FrozenRequest:
    return backend.freeze(pinned(), inputs or {"version": "1.10"}, CORR)


def echo(request: Any, uid: str = "u-1") -> bytes:
    """What a server makes of a creation."""
    document = json.loads(request.body)["workflow"]
    document["metadata"] |= {"uid": uid, "creationTimestamp": "2026-03-01T10:00:00Z", "generation": 1}
    return json.dumps(document).encode()


async def test_what_arrives_is_what_was_frozen(serve: Any, connect: Any, token: str, observed: Any) -> None:
    server = serve(lambda request, line: line.answer(200, echo(request)))
    backend = connect(server.url)
    request = frozen(backend, text="line\n\"two\" '$(x)' {a}}", large="ä" * 60_000)
    sent = await backend.send(request, seconds=5)
    assert sent == Accepted(id=sent.id, url=f"{server.url}/workflows/shop/{NAME}", proven=True)
    assert sent.id == f"{NAME}:u-1"
    (post,) = server.requests
    assert (post.method, post.path, post.body) == ("POST", PATH, request.body)
    assert post.headers["authorization"] == f"Bearer {token}"
    assert post.headers["content-type"] == "application/json"
    assert post.headers["accept-encoding"] == "identity"
    given = json.loads(post.body)["workflow"]["spec"]["arguments"]["parameters"]
    assert {one["name"]: one["value"] for one in given}["large"] == "ä" * 60_000
    assert [(operation, status) for operation, status, *_ in observed.calls] == [("dispatch", 200)]


async def test_the_permit_is_asked_for_when_the_connection_stands(serve: Any) -> None:
    server = serve(lambda _, line: line.answer(200, b"{}"))
    sender = Sender(ArgoSettings(name=ConnectionName("argo"), base=server.url, token=SecretStr("t")))
    now = 0.0
    permit = Permit(5, clock=lambda: now)
    permit.revoke()
    result = await sender.send(Call(method="POST", path="/x", body=b"{}"), permit)
    assert isinstance(result, Silence)
    assert not result.sent
    assert "given up" in result.reason
    assert server.requests == []
    late = Permit(5, clock=iter([0.0, 1.0, 1.0, 9.0, 9.0, 9.0]).__next__)
    result = await sender.send(Call(method="POST", path="/x", body=b"{}"), late)
    assert isinstance(result, Silence)
    assert not result.sent
    assert server.requests == []


async def test_whoever_gives_up_while_it_is_on_the_line_leaves_nothing_behind(
    serve: Any, connect: Any, eventually: Any
) -> None:
    server = serve(lambda _, line: line.hold())
    backend = connect(server.url)
    task = asyncio.create_task(backend.send(frozen(backend), seconds=30))
    await eventually(lambda: len(server.requests) == 1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert len(server.requests) == 1


# --- a name that is taken --------------------------------------------------------------------------------------------


class Taken:
    """A server that has a workflow of our name already."""

    def __init__(self, shown: Callable[[bytes], Any]) -> None:
        self._shown = shown
        self._body = b""

    def __call__(self, request: Any, line: Any) -> None:
        if request.method == "POST":
            self._body = echo(request)
            line.answer(409, {"code": 6, "message": f'workflows.argoproj.io "{NAME}" already exists'})
        else:
            shown = self._shown(self._body)
            line.answer(*shown) if isinstance(shown, tuple) else line.answer(200, shown)


async def send_to(serve: Any, connect: Any, shown: Callable[[bytes], Any]) -> tuple[Sent, Any]:
    server = serve(Taken(shown))
    backend = connect(server.url)
    return await backend.send(frozen(backend), seconds=5), server


async def test_our_own_workflow_is_adopted(serve: Any, connect: Any) -> None:
    sent, server = await send_to(serve, connect, lambda body: body)
    assert isinstance(sent, Accepted)
    assert sent.id == f"{NAME}:u-1"
    assert [(one.method, one.path) for one in server.requests] == [("POST", PATH), ("GET", f"{PATH}/{NAME}")]


@pytest.mark.parametrize(
    ("old", "new"),
    [(b'"daytwo.io/run": "a', b'"daytwo.io/run": "b'), (b"1.10", b"6.66"), (b'"name": "deploy"', b'"name": "other"')],
)
async def test_somebody_elses_is_a_case_for_a_person(serve: Any, connect: Any, old: bytes, new: bytes) -> None:
    def shown(body: bytes) -> bytes:
        assert old in body
        return body.replace(old, new)

    sent, server = await send_to(serve, connect, shown)
    assert isinstance(sent, Ambiguous)
    assert sent.hold
    assert len(server.sent("POST")) == 1


@pytest.mark.parametrize("shown", [(404, {"code": 5}), (500, None), (200, b"<html>"), (403, {"code": 7})])
async def test_a_taken_name_that_is_not_shown_is_in_doubt(serve: Any, connect: Any, shown: Any) -> None:
    sent, _ = await send_to(serve, connect, lambda _: shown)
    assert isinstance(sent, Ambiguous)
    assert not sent.hold


# --- what was frozen, rate limits, the token --------------------------------------------------------------------------


async def test_bytes_that_were_touched_do_not_leave(serve: Any, connect: Any) -> None:
    server = serve(lambda request, line: line.answer(200, echo(request)))
    backend = connect(server.url)
    request = frozen(backend)
    for touched in (
        replace(request, body=request.body + b" "),
        replace(request, path="/api/v1/workflows/other"),
        replace(request, corr=Corr("b" * 20)),
        replace(request, body=b"[]", digest=frozen(backend).digest),
    ):
        sent = await backend.send(touched, seconds=5)
        assert isinstance(sent, Refused)
        assert "planned and approved anew" in sent.detail
    assert server.requests == []


async def test_not_so_fast_holds_back_everything(serve: Any, connect: Any) -> None:
    server = serve(lambda _, line: line.answer(429, {"code": 8, "message": "slow down"}, Retry_After="30"))
    backend = connect(server.url)
    first = await backend.send(frozen(backend), seconds=5)
    second = await backend.send(frozen(backend), seconds=5)
    assert isinstance(first, Refused)
    assert isinstance(second, Refused)
    assert first.retry_after == 30
    assert second.retry_after is not None
    assert 25 < second.retry_after <= 30
    assert len(server.requests) == 1
    assert backend.budget().held_until is not None


async def test_no_log_has_the_token(serve: Any, connect: Any, token: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    server = serve(lambda _, line: line.answer(500, token.encode()))
    backend = connect(server.url)
    sent = await backend.send(frozen(backend), seconds=5)
    assert token not in f"{sent} {caplog.text}"
