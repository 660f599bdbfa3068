"""Names that somebody typed: refused before anything is asked, or one part of a path (S18)."""

from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest

from daytwo_actions.backends.base import Target
from daytwo_actions.backends.failures import BackendDenied, ExternalGone, LogsNotReady
from daytwo_actions.backends.github.backend import GitHubBackend
from daytwo_actions.backends.tree import GateId, GateVerdict
from daytwo_store.ids import ExternalJobId, ExternalRunId

pytestmark = pytest.mark.anyio

# With each, what would be asked for if it were believed is somewhere else, or another line of the request.
NASTY = [
    "../x", "..", ".", "x/../../user", "%2e%2e", "%2e%2e%2fuser", "x%00", "x\x00y", "x y", "x\r\nX-Evil: 1", "x\ny",
    "x?per_page=1", "x#y", "x@evil.example", "//evil.example/x", "\\\\evil\\x", "x;y", "x:y", "-x\x7f", "١٧", "ü",
    "x/y/z/../..", "", " ", "x" * 5_000, "${{ secrets.X }}", "$(id)", "`id`", "‮x",
]  # fmt: skip


class Nothing:
    """Answers 404 to everything."""

    def __call__(self, _: Any, line: Any) -> None:
        line.answer(404, {"message": "Not Found"})


def target(**change: str) -> Target:
    return Target(**({"project": "acme/shop", "pipeline": "deploy.yml", "ref": "main"} | change))


async def _log(backend: GitHubBackend, job: str) -> None:
    async for _ in backend.logs(target(), ExternalRunId("17"), ExternalJobId(job)):
        pass


Use = Callable[[GitHubBackend, str], Awaitable[Any]]
_GO = GateVerdict.GO
# What takes a number of GitHub's, and what takes a name of a repository or a workflow file: nothing nasty is asked for.
STRICT: dict[str, Use] = {
    "project": lambda backend, name: backend.resolve(target(project=name)),
    "owner": lambda backend, name: backend.resolve(target(project=f"{name}/shop")),
    "repository": lambda backend, name: backend.resolve(target(project=f"acme/{name}")),
    "pipeline": lambda backend, name: backend.resolve(target(pipeline=name)),
    "listed": lambda backend, name: backend.names("branches", f"acme/{name}", search="", cursor=None),
    "workflows": lambda backend, name: backend.pipelines(f"acme/{name}"),
    "run": lambda backend, name: backend.read([(target(), ExternalRunId(name))]),
    "jobs": lambda backend, name: backend.jobs(target(), ExternalRunId(name)),
    "cancel": lambda backend, name: backend.cancel(target(), ExternalRunId(name)),
    "artifacts": lambda backend, name: backend.artifacts(target(), ExternalRunId(name)),
    "outputs": lambda backend, name: backend.outputs(target(), ExternalRunId(name)),
    "annotations": lambda backend, name: backend.annotations(target(), ExternalJobId(name)),
    "log": _log,
    "answered run": lambda backend, name: backend.answer(target(), ExternalRunId(name), GateId("5"), _GO, comment=""),
    "gate": lambda backend, name: backend.answer(target(), ExternalRunId("17"), GateId(name), _GO, comment=""),
}


@pytest.mark.parametrize("use", STRICT.values(), ids=STRICT.keys())
async def test_a_nasty_name_is_refused_before_anything_is_asked(use: Use, serve: Any, connect: Any) -> None:
    server = serve(Nothing())
    backend = connect(server.url)
    for name in NASTY:
        with pytest.raises(BackendDenied) as denied:
            await use(backend, name)
        assert "\r" not in denied.value.detail
        assert "\n" not in denied.value.detail
    assert server.connections == 0


async def test_a_nasty_ref_or_search_stays_one_part_of_the_path(serve: Any, connect: Any) -> None:
    """Branches may have many signs in their names; what git takes is asked for, and only below its own place."""
    server = serve(Nothing())
    backend = connect(server.url)
    for name in NASTY:
        with pytest.raises(BackendDenied):
            await backend.resolve(target(ref=name))
        with pytest.raises(BackendDenied):
            await backend.names("branches", "acme/shop", search=name, cursor=None)
    places = ("git/ref/heads/", "git/ref/tags/", "git/matching-refs/heads/", "branches")
    for request in server.requests:
        path = urlsplit(request.path).path
        assert path.startswith(tuple(f"/repos/acme/shop/{place}" for place in places)), request.path
        assert ".." not in unquote(path).split("/")
        assert "x-evil" not in request.headers
        assert not urlsplit(request.path).fragment


@pytest.mark.parametrize("number", ["0", "-1", "+1", "1.0", "1e3", "0x11", "9" * 30, "017"])
async def test_a_number_that_github_cannot_have_given(number: str, serve: Any, connect: Any) -> None:
    server = serve(Nothing())
    backend = connect(server.url)
    with pytest.raises(BackendDenied):
        await backend.read([(target(), ExternalRunId(number))])
    assert server.connections == 0


async def test_what_is_well_formed_is_asked_for(serve: Any, connect: Any) -> None:
    """So that the tests above refuse for the right reason."""
    server = serve(Nothing())
    backend = connect(server.url)
    for use, name in ((STRICT["repository"], "shop"), (STRICT["pipeline"], "-x.yml"), (STRICT["run"], "17")):
        with pytest.raises((BackendDenied, ExternalGone)):
            await use(backend, name)
    with pytest.raises(LogsNotReady):
        await _log(backend, "17")
    assert len(server.requests) >= 4
