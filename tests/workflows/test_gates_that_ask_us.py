"""A suspend node on Argo and a manual job on GitLab of the name `daytwo` go on by the decision that was made here.

On the stand-ins, with runs that really execute: what is behind the gate runs after we have said so, and not before.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from company import Company
from more_actions import like_deploy, load_beside
from pydantic import SecretStr
from sqlalchemy import text

from daytwo_actions.backends.argo.settings import ArgoSettings
from daytwo_actions.backends.gitlab.settings import GitLabSettings
from daytwo_actions.backends.registry import connect
from daytwo_actions.backends.tree import GateVerdict
from daytwo_standins.argo.testing import start_standin as start_argo
from daytwo_standins.gitlab.testing import start_standin as start_gitlab
from daytwo_standins.gitlab.tools import find_tools
from daytwo_standins.shared.testing import RunningStandin, make_repository
from daytwo_store import freezes, runs
from daytwo_store.errors import Conflict
from daytwo_store.gates import GateAnswer
from daytwo_store.ids import RunId, StepPath
from daytwo_store.states import RUN_ENDS, RunState
from daytwo_workflows.life import gates
from daytwo_workflows.life.questions import answer_questions

pytestmark = pytest.mark.anyio
TOKEN = "token-of-the-bot"
SOMEBODY = "token-of-somebody-else"
TOKENS = [{"login": "acme-bot", "token": TOKEN}, {"login": "somebody", "token": SOMEBODY}]

ARGO = """\
apiVersion: argoproj.io/v1alpha1
kind: WorkflowTemplate
metadata: {name: deploy}
spec:
  entrypoint: main
  arguments: {parameters: [{name: version}, {name: environment}]}
  templates:
  - name: main
    steps:
    - - {name: daytwo, template: ask}
    - - {name: ship, template: ship}
  - name: ask
    suspend: {}
  - name: ship
    script: {image: any, command: [sh], source: "echo shipped"}
"""
GITLAB = """\
spec:
  inputs: {version: {default: ''}, environment: {default: ''}, daytwo_run: {default: ''}}
---
workflow: {name: "Deploy [$[[ inputs.daytwo_run ]]]"}
stages: [ask, ship]
daytwo: {stage: ask, rules: [{when: manual}], script: [echo asked]}
ship: {stage: ship, script: [echo shipped]}
"""


@dataclass
class System:
    """A stand-in, how a step names what is on it, and what is called a gate there."""

    name: str
    standin: RunningStandin
    settings: Any
    where: dict[str, str]
    answer: str  # the operation that lets a gate on

    def answers(self) -> int:
        return len(self.standin.control.requests(self.answer))

    def start_by_hand(self) -> None:
        """Somebody else starts the same pipeline, without Daytwo."""
        headers = {"Authorization": f"Bearer {SOMEBODY}"}
        with httpx.Client(base_url=self.standin.url, headers=headers, trust_env=False, timeout=60) as client:
            if self.name == "argo":
                reference = {"workflowTemplateRef": {"name": "deploy"}}
                values = [{"name": "version", "value": "1"}, {"name": "environment", "value": "x"}]
                spec = reference | {"arguments": {"parameters": values}}
                body: Any = {"workflow": {"metadata": {"generateName": "by-hand-"}, "spec": spec}}
                client.post("/api/v1/workflows/shop", json=body).raise_for_status()
            else:
                client.post("/api/v4/projects/acme%2Fshop/pipeline", json={"ref": "main"}).raise_for_status()


@contextmanager
def argo(folder: Path) -> Iterator[System]:
    with start_argo(folder, {"shop": {"deploy.yaml": ARGO}}, tokens=TOKENS) as standin:
        settings = ArgoSettings(name="argo", base=standin.url, token=SecretStr(TOKEN))
        yield System("argo", standin, settings, {"project": "shop", "pipeline": "deploy"}, "resume")


@contextmanager
def gitlab(folder: Path) -> Iterator[System]:
    make_repository(folder / "shop", [({".gitlab-ci.yml": GITLAB}, None)])
    with start_gitlab(folder, [{"full_path": "acme/shop", "path": folder / "shop"}], tokens=TOKENS) as standin:
        settings = GitLabSettings(name="gitlab", base=standin.url, token=SecretStr(TOKEN))
        yield System("gitlab", standin, settings, {"project": "acme/shop", "ref": "main"}, "play")


@pytest.fixture(scope="module", params=[argo, gitlab], ids=["argo", "gitlab"])
def system(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    if request.param is gitlab and find_tools(None).missing:
        pytest.skip(find_tools(None).missing)
    with request.param(tmp_path_factory.mktemp("ci")) as running:
        yield running


@pytest.fixture
async def company(company: Company, system: System, tmp_path: Path) -> AsyncIterator[Company]:
    backend = connect(system.settings, observe=lambda *_: None)
    steps = like_deploy("x")["spec"]["steps"]
    steps[0] |= {"uses": system.name, "with": {**system.where, "inputs": steps[0]["with"]["inputs"]}}
    await load_beside(company, tmp_path, like_deploy("gated", steps=steps), known={system.name: system.name})
    yield replace(company, life=replace(company.life, backends={**company.life.backends, system.name: backend}))
    backend.close()


async def at_the_gate(company: Company, environment: str) -> tuple[RunId, str]:
    """A run that waits there, and the name of its gate."""
    run = await company.ask("ana", "1.1.0", environment, action="gated")
    if environment == "production":
        await company.decide("sam", run)
    deadline = time.monotonic() + 60
    while True:
        await company.through(run)
        async with company.store.read() as session:
            tree = (await runs.step(session, run, StepPath("ship"))).jobs
        found = [one["gate"] for one in tree if isinstance(one["gate"], dict) and one["gate"]["title"] == "daytwo"]
        if found:
            return run, str(found[0]["name"])
        assert time.monotonic() < deadline, tree
        await asyncio.sleep(0.1)


async def until_its_end(company: Company, run: RunId) -> RunState:
    deadline = time.monotonic() + 60
    while (state := RunState((await company.run(run)).state)) not in RUN_ENDS:
        assert time.monotonic() < deadline, state
        await company.through(run)
        await asyncio.sleep(0.1)
    return state


async def says(company: Company, run: RunId) -> list[object]:
    return [one.facts["verdict"] for one in await company.audit(run) if one.action == "gate.question_answered"]


async def test_what_was_approved_is_let_on_once_and_by_no_person(company: Company, system: System) -> None:
    before = system.answers()
    run, name = await at_the_gate(company, "production")
    sam = await company.person("sam")
    said = GateAnswer(run=run, path=StepPath(""), gate=name, verdict=GateVerdict.GO, comment="", by=sam, key="k")
    with pytest.raises(Conflict, match="No person answers it"):
        await gates.answer(company.life, said)
    assert system.answers() == before, "it waits, and nobody was told anything"
    assert [await answer_questions(company.life) for _ in range(2)] == [1, 0]
    assert await until_its_end(company, run) == RunState.SUCCEEDED
    assert system.answers() - before == 1
    assert await says(company, run) == ["go"]
    async with company.store.read() as session:
        tree = (await runs.step(session, run, StepPath("ship"))).jobs
    assert {one["name"]: one["status"] for one in tree}["ship"] == "succeeded"


async def test_it_waits_while_everything_is_stopped_and_where_somebody_started_it_by_hand(
    company: Company, system: System
) -> None:
    before, started = system.answers(), len(system.standin.control.ledger())
    system.start_by_hand()
    assert len(system.standin.control.ledger()) == started + 1
    run, _ = await at_the_gate(company, "staging")
    by = await company.person("pat")
    async with company.store.write() as tx:
        await freezes.stop(tx, by=by, reason="The network is on fire")
    assert await answer_questions(company.life) == 0
    async with company.store.write() as tx:
        await freezes.lift(tx, by=by, why="It is out")
        await tx.session.execute(text("update gate_question set again_at = now() - interval '1 second'"))
    assert system.answers() == before
    assert await answer_questions(company.life) == 1
    assert await until_its_end(company, run) == RunState.SUCCEEDED
    assert system.answers() - before == 1, "ours was let on, the other still waits"
