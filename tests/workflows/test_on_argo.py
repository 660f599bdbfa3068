"""The example's deploy on Argo Workflows: the same action, the whole life of a run, workflows that really run."""

import asyncio
import json
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from company import EXAMPLES, Company
from more_actions import like_deploy
from pydantic import SecretStr

from daytwo_actions.backends.argo.settings import ArgoSettings
from daytwo_actions.backends.registry import connect
from daytwo_standins.argo.testing import RunningStandin, start_standin
from daytwo_store.ids import ConnectionName, Corr, RunId
from daytwo_store.states import RUN_ENDS, AttemptState, RunState
from daytwo_workflows.company import load_company

pytestmark = pytest.mark.anyio

TEMPLATE = """\
apiVersion: argoproj.io/v1alpha1
kind: WorkflowTemplate
metadata: {name: deploy}
spec:
  entrypoint: main
  arguments: {parameters: [{name: version}, {name: environment}]}
  templates:
  - name: main
    script:
      image: any
      command: [sh]
      env: [{name: VERSION, value: "{{workflow.parameters.version}}"}]
      source: |
        echo "shipping $VERSION"
        test "$VERSION" != 1.2.0
"""
TOKEN = "token-of-the-bot"


@pytest.fixture(scope="module")
def standin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStandin]:
    with start_standin(
        tmp_path_factory.mktemp("argo"),
        {"shop": {"deploy.yaml": TEMPLATE}},
        tokens=[{"login": "bot", "token": TOKEN}],
    ) as running:
        yield running


@pytest.fixture
async def company(company: Company, standin: RunningStandin, tmp_path: Path) -> Company:
    settings = ArgoSettings(name=ConnectionName("argo"), base=standin.url, token=SecretStr(TOKEN))
    backends = {**company.life.backends, "argo": connect(settings, observe=lambda *_: None)}
    steps = like_deploy("x")["spec"]["steps"]
    where: dict[str, Any] = steps[0]["with"]
    del where["ref"]
    steps[0] |= {"uses": "argo", "with": where | {"project": "shop", "pipeline": "deploy"}}
    (tmp_path / "deploy-on-argo.yaml").write_text(json.dumps(like_deploy("deploy-on-argo", steps=steps)))
    known = {"github": "github", "argo": "argo"}
    await load_company(company.store, [EXAMPLES / "catalog", EXAMPLES / "actions", tmp_path], known)
    standin.control.clear_faults()
    return replace(company, life=replace(company.life, backends=backends))


async def until_its_end(company: Company, run: RunId) -> RunState:
    deadline = time.monotonic() + 60
    while (state := RunState((await company.run(run)).state)) not in RUN_ENDS:
        assert time.monotonic() < deadline, state
        await company.through(run)
        await asyncio.sleep(0.1)
    return state


@pytest.mark.parametrize(("version", "end"), [("1.1.0", RunState.SUCCEEDED), ("1.2.0", RunState.FAILED)])
async def test_a_run_on_argo(company: Company, standin: RunningStandin, version: str, end: RunState) -> None:
    run = await company.ask("ana", version, "staging", action="deploy-on-argo")
    assert await until_its_end(company, run) == end
    [attempt] = await company.attempts(run)
    assert attempt.state == AttemptState.ACCEPTED
    name, _, uid = str(attempt.external_id).partition(":")
    assert name == f"dt-{attempt.corr}"
    assert [line["uid"] for line in standin.control.ledger() if line["name"] == name] == [uid]


async def test_a_lost_answer_starts_nothing_twice_and_needs_nobody(company: Company, standin: RunningStandin) -> None:
    fault = {"match": {"operation": "dispatch", "times": 1}, "status": {"code": 502, "when": "after"}}
    standin.control.add_fault(fault)
    before = len(standin.control.requests("dispatch"))
    run = await company.ask("ana", "1.1.0", "production", action="deploy-on-argo")
    await company.decide("sam", run)
    assert await until_its_end(company, run) == RunState.SUCCEEDED
    [attempt] = await company.attempts(run)
    started = [line for line in standin.control.ledger() if line["name"] == f"dt-{attempt.corr}"]
    assert len(started) == 1
    assert len(standin.control.requests("dispatch")) - before == 1  # it is found by its name


async def test_an_attempt_takes_its_own_token_along(company: Company, standin: RunningStandin) -> None:
    company = replace(company, life=replace(company.life, hand_tokens=frozenset({"argo"})))
    run = await company.ask("ana", "1.1.0", "staging", action="deploy-on-argo")
    assert await until_its_end(company, run) == RunState.SUCCEEDED
    [attempt] = await company.attempts(run)
    token = company.life.token("argo", Corr(attempt.corr))
    (line,) = [one for one in standin.control.ledger() if one["name"] == f"dt-{attempt.corr}"]
    assert line["inputs"]["daytwo_token"] == token
    assert token.encode() not in attempt.body


async def test_a_template_that_changed_after_the_approval_is_not_started(
    company: Company, standin: RunningStandin
) -> None:
    run = await company.ask("ana", "1.1.0", "production", action="deploy-on-argo")
    file = next(standin.data.parent.glob("namespaces/shop/deploy.yaml"))
    before = len(standin.control.ledger())
    try:
        file.write_text(TEMPLATE.replace("shipping", "erasing"))
        await company.decide("sam", run)
        await company.drive(run)
        assert RunState((await company.run(run)).state) == RunState.WAITING_APPROVAL
        assert len(await company.approvals(run)) == 2
        assert len(standin.control.ledger()) == before
    finally:
        file.write_text(TEMPLATE)
