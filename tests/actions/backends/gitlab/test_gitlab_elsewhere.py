"""Files that a pipeline takes from other projects of the same GitLab: read from the stand-in, and compared again."""

import hashlib
from collections.abc import Callable, Iterator, Mapping

import pytest
from contract_systems import GITLAB_DEPLOY, TOKEN
from pydantic import SecretStr

from daytwo_actions.backends.base import Target
from daytwo_actions.backends.gitlab.backend import GitLabBackend
from daytwo_standins.gitlab.testing import start_standin
from daytwo_standins.shared.testing import RunningStandin, add_commits, make_repository

pytestmark = pytest.mark.anyio

SHOP = Target(project="acme/shop", pipeline="", ref="main")
INCLUDES = """
include:
  - {project: acme/ci, file: /ci/deploy.yml}
  - {project: acme/ci, file: [ci/test.yml], ref: v1}
  - {component: $CI_SERVER_FQDN/acme/parts/claim@v1}
  - {component: $CI_SERVER_FQDN/acme/parts/claim@~latest}
  - {project: acme/secret, file: a.yml}
  - {project: acme/ci, file: none.yml}
"""
CI = {
    "ci/deploy.yml": "include: [ci/deeper.yml]\n.deploy: {script: [echo deploy]}\n",
    "ci/deeper.yml": ".deeper: {script: [echo 1]}\n",
    "ci/test.yml": ".test: {script: [echo test]}\n",
}
CLAIM = "spec: {inputs: {}}\n---\n.claim: {script: [echo claim]}\n"


@pytest.fixture(scope="module")
def standin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStandin]:
    folder = tmp_path_factory.mktemp("gitlab")
    history: Mapping[str, list[tuple[dict[str, str], str | None]]] = {
        "shop": [({".gitlab-ci.yml": GITLAB_DEPLOY + INCLUDES}, None)],
        "ci": [(CI, "v1")],
        "parts": [({"templates/claim/template.yml": CLAIM}, "v1")],
        "secret": [({"a.yml": ".a: {script: [a]}\n"}, None)],
        "far": [({"README.md": "the pipeline is elsewhere\n"}, None)],
    }
    for name, commits in history.items():
        make_repository(folder / name, commits)
    projects = [{"full_path": f"acme/{name}", "path": folder / name, "executor": "instant"} for name in history]
    projects[-1]["ci_config_path"] = "ci/deploy.yml@acme/ci:main"
    seen = [f"acme/{name}" for name in history if name != "secret"]
    tokens = [{"login": "acme-bot", "token": TOKEN, "projects": seen}]
    with start_standin(folder, projects, tokens=tokens) as running:
        yield running


@pytest.fixture
def backend(standin: RunningStandin, connect: Callable[..., GitLabBackend]) -> GitLabBackend:
    return connect(standin.url, token=SecretStr(TOKEN))


def held(words: str, text: str) -> str:
    return f"{words}, sha256 {hashlib.sha256(text.encode()).hexdigest()}"


async def test_what_is_elsewhere_is_read_there_and_what_cannot_be_is_named(
    backend: GitLabBackend, standin: RunningStandin
) -> None:
    pinned = await backend.resolve(SHOP)
    assert pinned.held == (
        held("ci/deploy.yml of acme/ci at its default branch", CI["ci/deploy.yml"]),
        held("ci/test.yml of acme/ci at v1", CI["ci/test.yml"]),
        held("templates/claim/template.yml of acme/parts at v1", CLAIM),
        held("ci/deeper.yml of acme/ci at its default branch", CI["ci/deeper.yml"]),
    )
    assert pinned.loose == (
        "the component $CI_SERVER_FQDN/acme/parts/claim@~latest",
        "a.yml of acme/secret at its default branch, which this credential cannot read",
        "none.yml of acme/ci at its default branch, which this credential cannot read",
    )
    before = len(standin.control.requests())
    assert await backend.resolve(SHOP) == pinned
    asked = [one["operation"] for one in standin.control.requests()[before:]]
    assert asked == ["get_commit", *["get_file"] * 6], "its own files are kept by commit, others are read each time"


async def test_a_file_elsewhere_that_changes_is_another_plan_and_one_at_a_tag_stays(
    backend: GitLabBackend, standin: RunningStandin
) -> None:
    before = await backend.resolve(SHOP)
    changed = ".deeper: {script: [echo 2]}\n"
    add_commits(standin.data.parents[1] / "ci", [({"ci/deeper.yml": changed, "ci/test.yml": ".test: {}\n"}, None)])
    after = await backend.resolve(SHOP)
    assert set(after.held) - set(before.held) == {held("ci/deeper.yml of acme/ci at its default branch", changed)}
    assert len(after.held) == len(before.held)
    assert (after.commit, after.pipeline_digest) == (before.commit, before.pipeline_digest)


async def test_a_pipeline_whose_file_is_elsewhere_is_held_with_what_lies_beside_it(
    backend: GitLabBackend, standin: RunningStandin
) -> None:
    far = Target(project="acme/far", pipeline="", ref="main")
    pinned = await backend.resolve(far)
    deeper = (standin.data.parents[1] / "ci" / "ci" / "deeper.yml").read_text()
    assert pinned.held == (
        held("ci/deploy.yml of acme/ci at main", CI["ci/deploy.yml"]),
        held("ci/deeper.yml of acme/ci at main", deeper),
    )
    add_commits(standin.data.parents[1] / "ci", [({"ci/deeper.yml": ".deeper: {script: [echo 3]}\n"}, None)])
    after = await backend.resolve(far)
    assert after.held[0] == pinned.held[0]
    assert after.held[1] != pinned.held[1]
