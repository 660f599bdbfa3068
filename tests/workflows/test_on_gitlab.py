"""A pipeline on GitLab that takes a file of another project: what was approved is what is started, that file too."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from company import Company
from more_actions import like_deploy, load_beside
from pydantic import SecretStr

from daytwo_actions.backends.gitlab.settings import GitLabSettings
from daytwo_actions.backends.registry import connect
from daytwo_standins.gitlab.testing import start_standin
from daytwo_standins.shared.testing import RunningStandin, add_commits, make_repository
from daytwo_store.states import RunState

pytestmark = pytest.mark.anyio
TOKEN = "token-of-the-bot"
PIPELINE = """\
spec:
  inputs: {version: {default: ''}, environment: {default: ''}, daytwo_run: {default: ''}}
---
workflow: {name: "Deploy [$[[ inputs.daytwo_run ]]]"}
include: [{project: acme/ci, file: ship.yml, ref: main}]
"""


@pytest.fixture
def standin(tmp_path: Path) -> Iterator[RunningStandin]:
    make_repository(tmp_path / "shop", [({".gitlab-ci.yml": PIPELINE}, None)])
    make_repository(tmp_path / "ci", [({"ship.yml": "ship: {script: [echo shipping]}\n"}, None)])
    projects = [{"full_path": f"acme/{name}", "path": tmp_path / name} for name in ("shop", "ci")]
    with start_standin(tmp_path, projects, tokens=[{"login": "acme-bot", "token": TOKEN}]) as running:
        yield running


@pytest.fixture
async def company(company: Company, standin: RunningStandin, tmp_path: Path) -> AsyncIterator[Company]:
    settings = GitLabSettings(name="gitlab", base=standin.url, token=SecretStr(TOKEN))
    backend = connect(settings, observe=lambda *_: None)
    steps = like_deploy("x")["spec"]["steps"]
    where = {"project": "acme/shop", "ref": "main", "inputs": steps[0]["with"]["inputs"]}
    steps[0] |= {"uses": "gitlab", "with": where}
    await load_beside(company, tmp_path, like_deploy("elsewhere", steps=steps), known={"gitlab": "gitlab"})
    yield replace(company, life=replace(company.life, backends={**company.life.backends, "gitlab": backend}))
    backend.close()


async def test_a_file_elsewhere_that_changed_after_the_approval_is_not_started(
    company: Company, standin: RunningStandin, tmp_path: Path
) -> None:
    run = await company.ask("ana", "1.1.0", "production", action="elsewhere")
    add_commits(tmp_path / "ci", [({"README.md": "nothing that counts"}, None)])
    add_commits(tmp_path / "ci", [({"ship.yml": "ship: {script: [echo erasing]}\n"}, None)])
    await company.decide("sam", run)
    await company.drive(run)
    assert RunState((await company.run(run)).state) == RunState.WAITING_APPROVAL
    [_, again] = await company.approvals(run)
    [change] = again.drift
    assert change["field"] == "steps[0].pinned.held[0]"
    assert str(change["before"]).startswith("ship.yml of acme/ci at main, sha256 ")
    assert change["before"] != change["after"]
    assert standin.control.ledger() == []
