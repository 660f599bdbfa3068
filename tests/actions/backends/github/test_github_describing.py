"""What can be started in a repository, and why the rest cannot; the inputs of one workflow."""

import base64
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from daytwo_actions.backends.base import Target
from daytwo_actions.backends.failures import BackendDenied, BackendUnreachable
from daytwo_actions.backends.pipelines import PipelineInfo

pytestmark = pytest.mark.anyio

REPO = "/repos/acme/shop"
DEPLOY = "on: {workflow_dispatch: {inputs: {version: {required: true}}}}\njobs: {}\n"
FILES = {
    "deploy.yml": DEPLOY,
    "push.yml": "on: [push]\n",
    "broken.yml": "on: [\n",
}
LISTED = [
    ("deploy.yml", "Deploy", "active"),
    ("push.yml", "Push", "active"),
    ("broken.yml", "", "active"),
    ("asleep.yml", "Asleep", "disabled_inactivity"),
    ("gone.yml", "Gone", "active"),
]


def contents(text: str, **change: Any) -> dict[str, Any]:
    return {"type": "file", "encoding": "base64", "content": base64.encodebytes(text.encode()).decode()} | change


class Repository:
    """Two pages of workflows, and their files."""

    def __init__(self) -> None:
        listed = [(f".github/workflows/{file}", name, state) for file, name, state in LISTED]
        listed.append(("dynamic/pages/pages-build", "pages", "active"))
        flows = [
            {"id": number, "path": path, "name": name, "state": state, "html_url": f"https://github.test/{number}"}
            for number, (path, name, state) in enumerate(listed, 1)
        ]
        self.pages = {"1": flows[:4], "2": flows[4:]}
        self.commit = "a" * 40
        self.state = "active"
        self.environments: tuple[int, Any] = (200, {"total_count": 0, "environments": []})

    def __call__(self, request: Any, line: Any) -> None:
        url = urlsplit(request.path)
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        name = url.path.rpartition("/")[2]
        if url.path == f"{REPO}/actions/workflows":
            more = {"Link": f'<http://x{url.path}?per_page=100&page=2>; rel="next"'} if query["page"] == "1" else {}
            line.answer(200, {"total_count": 6, "workflows": self.pages[query["page"]]}, ETag='"1"', **more)
        elif "/contents/" in url.path and name in FILES and query.get("ref") in (None, "main", self.commit):
            line.answer(200, contents(FILES[name]), ETag=f'"{name}"')
        elif url.path == f"{REPO}/environments":
            line.answer(*self.environments)
        elif url.path == REPO:
            line.answer(200, {"id": 7, "full_name": "acme/shop", "default_branch": "main"})
        elif url.path.endswith("/git/ref/heads/main"):
            line.answer(200, {"ref": "refs/heads/main", "object": {"type": "commit", "sha": self.commit}})
        elif url.path == f"{REPO}/actions/workflows/deploy.yml":
            line.answer(200, {"id": 1, "path": ".github/workflows/deploy.yml", "state": self.state})
        else:
            line.answer(404, {"message": "Not Found"})


async def test_every_workflow_is_listed_with_why_it_cannot_be_started(serve: Any, connect: Callable[..., Any]) -> None:
    backend = connect(serve(Repository()).url)
    found = {one.pipeline: one for one in await backend.pipelines("acme/shop")}
    assert found["deploy.yml"] == PipelineInfo(pipeline="deploy.yml", title="Deploy", url="https://github.test/1")
    why = {name: one.why_not or "" for name, one in found.items() if name != "deploy.yml"}
    assert "no `workflow_dispatch`" in why["push.yml"]
    assert "cannot be read as a workflow" in why["broken.yml"]
    assert why["asleep.yml"] == "GitHub disabled it, because nothing had happened for long; enable it there."
    assert why["gone.yml"] == "Its file is not there at the default branch."
    assert "GitHub's own" in why["dynamic/pages/pages-build"]
    assert found["broken.yml"].title == "broken.yml"
    at_tag = {one.pipeline: one.why_not for one in await backend.pipelines("acme/shop", ref="1.0.0")}
    assert at_tag["deploy.yml"] == "Its file is not there at 1.0.0."


async def test_a_repository_that_is_not_there_is_denied(serve: Any, connect: Callable[..., Any]) -> None:
    backend = connect(serve(lambda _, line: line.answer(404, {"message": "Not Found"})).url)
    with pytest.raises(BackendDenied, match="acme/none does not exist"):
        await backend.pipelines("acme/none")
    with pytest.raises(BackendDenied, match="not a repository"):
        await backend.pipelines("../none")
    with pytest.raises(BackendDenied, match="not the name of a branch"):
        await backend.pipelines("acme/shop", ref="a b")


async def test_a_listing_that_fails_is_none(serve: Any, connect: Callable[..., Any]) -> None:
    backend = connect(serve(lambda _, line: line.answer(502, {"message": "x"})).url)
    with pytest.raises(BackendUnreachable):
        await backend.pipelines("acme/shop")


async def test_the_inputs_of_one_are_read_at_its_ref_and_kept_by_commit(
    serve: Any, connect: Callable[..., Any]
) -> None:
    repository = Repository()
    server = serve(repository)
    backend = connect(server.url)
    target = Target(project="acme/shop", pipeline="deploy.yml", ref="main")
    found = await backend.parameters(target)
    assert (found.file, [one.name for one in found.inputs]) == (".github/workflows/deploy.yml", ["version"])
    assert await backend.parameters(target) == found
    reads = [request.path for request in server.requests if "/contents/" in request.path]
    assert reads == [f"{REPO}/contents/.github/workflows/deploy.yml?ref={'a' * 40}"]
    repository.commit = "b" * 40
    assert await backend.parameters(target) == found
    repository.state = "disabled_manually"
    with pytest.raises(BackendDenied, match="disabled_manually"):
        await backend.parameters(target)


@pytest.mark.parametrize(
    ("answer", "offered"),
    [
        (
            (200, {"total_count": 2, "environments": [{"name": "staging"}, {"name": "production"}]}),
            ["staging", "production"],
        ),
        ((200, {"total_count": 0, "environments": []}), []),
        ((403, {"message": "Resource not accessible by integration"}), []),
        ((404, {"message": "Not Found"}), []),
    ],
    ids=["some", "none", "not to be seen", "not there"],
)
async def test_an_input_of_the_type_environment_offers_those_of_the_repository(
    answer: tuple[int, Any],
    offered: list[str],
    serve: Any,
    connect: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    inputs = "{place: {type: environment}, version: {type: string}}"
    monkeypatch.setitem(FILES, "deploy.yml", DEPLOY.replace("{version: {required: true}}", inputs))
    repository = Repository()
    backend = connect(serve(repository).url)
    target = Target(project="acme/shop", pipeline="deploy.yml", ref="main")
    assert [[*one.options] for one in (await backend.parameters(target)).inputs] == [[], []]
    repository.environments = answer  # the commit is the same, and the repository is not
    assert {one.name: [*one.options] for one in (await backend.parameters(target)).inputs} == {
        "place": offered,
        "version": [],
    }


async def test_without_a_ref_it_is_the_default_branch(serve: Any, connect: Callable[..., Any]) -> None:
    backend = connect(serve(Repository()).url)
    found = await backend.parameters(Target(project="acme/shop", pipeline="deploy.yml", ref=""))
    assert found.ref == "main"
