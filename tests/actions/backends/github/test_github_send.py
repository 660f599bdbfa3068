"""What only GitHub's dispatches have: details of the run, asked for and refused, and PyGithub on its short rope."""

import hashlib
import json
from typing import Any

import pytest
from github.Auth import Token

from daytwo_actions.backends.base import Accepted, Ambiguous, FrozenRequest, Pinned, Refused, Target
from daytwo_actions.backends.github.backend import GitHubBackend
from daytwo_actions.backends.github.settings import GitHubSettings
from daytwo_actions.backends.github.transport import Transport
from daytwo_actions.backends.github.wire.dispatch import Dispatch
from daytwo_actions.backends.http.permit import Permit
from daytwo_actions.backends.wire.answer import Silence
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


async def test_a_server_that_is_known_to_have_none_gets_the_approved_bytes(serve: Any, connect: Any) -> None:
    server = serve(lambda request, line: line.answer(422 if b"details" in request.body else 204, NO_KEY))
    backend = connect(server.url, run_details=False)
    request = frozen(backend)
    assert await backend.send(request, seconds=5) == Accepted(id=None, url=None)
    (post,) = server.requests
    assert hashlib.sha256(post.body).hexdigest() == request.digest


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


async def test_an_answer_that_names_two_runs_is_in_doubt(serve: Any, connect: Any) -> None:
    server = serve(lambda _, line: line.answer(200, accepted(workflow_run_id=18)))
    backend = connect(server.url)
    assert isinstance(await backend.send(frozen(backend), seconds=5), Ambiguous)
    assert len(server.requests) == 1
