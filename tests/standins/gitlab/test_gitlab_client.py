"""The real client, python-gitlab, on the stand-in."""

from collections.abc import Callable, Iterator
from typing import Any

import gitlab
import pytest
from gitlab.v4.objects import Project
from gitlab_yard import READER, TOKEN

from daytwo_standins.gitlab.testing import RunningStandin

Create = Callable[..., int]


@pytest.fixture
def real(standin: RunningStandin) -> Iterator[Callable[[str], gitlab.Gitlab]]:
    """Makes clients, and closes them."""
    made: list[gitlab.Gitlab] = []

    def client(token: str) -> gitlab.Gitlab:
        made.append(gitlab.Gitlab(standin.url, private_token=token, retry_transient_errors=False))
        return made[-1]

    yield client
    for one in made:
        one.session.close()


@pytest.fixture
def project(real: Callable[[str], gitlab.Gitlab]) -> Project:
    """acme/scripted."""
    return real(TOKEN).projects.get("acme/scripted")


def test_it_creates_and_reads(project: Project, standin: RunningStandin) -> None:
    told: dict[str, Any] = {"ref": "main", "inputs": {"version": "3"}, "variables": [{"key": "A", "value": "b"}]}
    made = project.pipelines.create(told)
    jobs = [{"name": f"job {place}", "status": "success", "log": [f"line {place}"]} for place in range(25)]
    standin.control.script(made.id, [{"jobs": jobs}])
    found = project.pipelines.get(made.id)
    assert (found.status, found.name, found.source) == ("success", "Build 3 of main []", "api")
    assert [one.value for one in found.variables.list(get_all=True)] == ["b"]
    assert len(found.jobs.list(get_all=True)) == 25, "more than a page"
    first = next(iter(found.jobs.list(iterator=True, per_page=5)))
    job = project.jobs.get(first.id)
    assert job.trace() == b"line 24\n"
    assert found.bridges.list(get_all=True) == []
    keys = project.pipelines.list(iterator=True, pagination="keyset", order_by="id", per_page=2, name=made.name)
    assert made.id in [one.id for one in keys]
    assert project.repository_tree(path="docs", get_all=True)[0]["name"] == "read me.md"
    assert project.files.raw("docs/read me.md", ref="main") == b"# Shop\n"


def test_its_errors_are_its_errors(
    real: Callable[[str], gitlab.Gitlab], project: Project, standin: RunningStandin
) -> None:
    with pytest.raises(gitlab.GitlabCreateError) as refused:
        project.pipelines.create({"ref": "main"})
    assert (refused.value.response_code, "required value has not been provided" in str(refused.value)) == (400, True)
    with pytest.raises(gitlab.GitlabCreateError) as forbidden:
        real(READER).projects.get("acme/scripted").pipelines.create({"ref": "main", "inputs": {"version": "1"}})
    assert forbidden.value.response_code == 403
    with pytest.raises(gitlab.GitlabAuthenticationError):
        real("nobody's").auth()
