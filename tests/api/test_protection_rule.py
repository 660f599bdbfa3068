"""One gate (GitHub): an environment asks us before a job of it begins, and hears what was decided here.

The stand-in really waits, asks by a signed webhook, and runs what is let on. Nobody else's run gets in, whoever
pressed the button.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from api_house import House
from company import Company
from served import served
from sqlalchemy import select, update
from starlette.types import ASGIApp, Receive, Scope, Send

from daytwo_actions.backends.registry import connect
from daytwo_api.settings import ApiSettings
from daytwo_standins.github.launcher import find_act
from daytwo_standins.github.testing import RunningStandin, make_repository, start_standin
from daytwo_store.ids import RunId
from daytwo_store.states import RunState
from daytwo_store.tables import AuditRow, GateQuestionRow
from daytwo_workflows.life.interventions import cancel
from daytwo_workflows.life.questions import answer_questions

pytestmark = [pytest.mark.anyio, pytest.mark.skipif(not find_act(None), reason="act is not installed")]
TOKEN, MALLORY = "token-of-the-bot", "token-of-mallory"
RUNS = "/repos/acme/shop/actions/runs"
WORKFLOW = """\
name: Deploy
run-name: "Deploy ${{ inputs.version }} to ${{ inputs.environment }} [${{ inputs.daytwo_run }}]"
on:
  workflow_dispatch:
    inputs:
      version: { type: string, required: true }
      environment: { type: string, required: true }
      daytwo_run: { type: string, default: "" }
jobs:
  work:
    runs-on: ubuntu-latest
    environment: { name: "${{ inputs.environment }}" }
    steps:
      - env: { PLACE: "${{ vars.PLACE }}" }
        run: echo "$GITHUB_RUN_ID" >> "$PLACE"
"""


@dataclass
class Late:
    """An application that is known after its address."""

    app: ASGIApp | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        assert self.app is not None
        await self.app(scope, receive, send)


@dataclass
class Scene:
    company: Company
    standin: RunningStandin
    worked: Path

    async def call(self, method: str, path: str, token: str = TOKEN, **given: Any) -> Any:
        client = httpx.AsyncClient(base_url=self.standin.url, headers={"Authorization": f"Bearer {token}"})
        async with client:
            answer = await client.request(method, path, **given)
            assert answer.is_success, answer.text
            return answer.json() if answer.content else None

    async def asked(self, count: int = 1) -> list[GateQuestionRow]:
        """Once so many questions have arrived."""
        until = time.monotonic() + 60
        while True:
            async with self.company.store.read() as session:
                rows = list((await session.scalars(select(GateQuestionRow).order_by(GateQuestionRow.asked_at))).all())
            if len(rows) == count:
                return rows
            assert time.monotonic() < until, rows
            await asyncio.sleep(0.05)

    async def ended(self, external: str) -> str:
        until = time.monotonic() + 60
        while True:
            run = await self.call("GET", f"{RUNS}/{external}")
            if run["status"] == "completed":
                return str(run["conclusion"])
            assert time.monotonic() < until, run
            await asyncio.sleep(0.05)

    async def deploys(self) -> tuple[RunId, str]:
        """A run that was approved and sent, and its external run."""
        run = await self.company.ask("ana", "1.1.0", "production")
        await self.company.decide("sam", run)
        await self.company.step(run)
        [attempt] = await self.company.attempts(run)
        assert attempt.external_id is not None
        return run, attempt.external_id

    def lines(self) -> list[str]:
        return self.worked.read_text().split() if self.worked.exists() else []


@pytest.fixture
async def scene(
    company: Company, make_settings: Callable[..., ApiSettings], make_house: Callable[..., House], tmp_path: Path
) -> AsyncIterator[Scene]:
    late, worked = Late(), tmp_path / "worked.txt"
    files = {".github/workflows/deploy.yml": WORKFLOW}
    make_repository(tmp_path / "shop", [(files, "1.0.0"), ({"version": "1.1.0\n"}, "1.1.0")])
    async with served(late) as (address, _):
        shop = {
            "full_name": "acme/shop",
            "path": tmp_path / "shop",
            "vars": {"PLACE": str(worked)},
            "environments": [{"name": "production", "custom_rule": True}],
        }
        accounts = [
            {"login": "daytwo-bot", "token": TOKEN, "type": "Bot"},
            {"login": "mallory", "token": MALLORY},
        ]
        hook = {"url": f"{address}/api/v1/webhooks/github", "secret": "secret of the webhook"}
        with start_standin(tmp_path, [shop], tokens=accounts, webhook=hook) as standin:
            (tmp_path / "bot").write_text(TOKEN)
            (tmp_path / "hook").write_text("secret of the webhook")
            github = {
                "backend": "github",
                "address": standin.url,
                "token_file": tmp_path / "bot",
                "webhook_secret_files": [tmp_path / "hook"],
            }
            settings = make_settings(connections={"github": github})
            backend = connect(settings.connections["github"].settings("github"), observe=lambda *_: None)
            company.life = replace(company.life, backends={"github": backend})
            house = make_house(company, settings)
            late.app = house.app
            yield Scene(company, standin, worked)
            await house.close()
            backend.close()


@pytest.mark.timeout(200)
async def test_what_was_approved_here_is_let_on_there(scene: Scene) -> None:
    run, external = await scene.deploys()
    [asked] = await scene.asked()
    assert (asked.external_id, asked.project, asked.gate, asked.verdict) == (external, "acme/shop", "production", None)
    assert scene.lines() == []
    assert await answer_questions(scene.company.life) == 1
    assert await scene.ended(external) == "success"
    assert scene.lines() == [external]
    [answer] = await scene.asked()
    assert answer.verdict == "go"
    assert "was approved" in (answer.note or "")
    assert f"/runs/{run}" in (answer.note or "")
    audited = [one.action for one in await scene.company.audit(run)]
    assert "gate.question_answered" in audited
    [said] = await scene.call("GET", f"{RUNS}/{external}/approvals")
    assert (said["state"], said["comment"]) == ("approved", answer.note)
    assert await answer_questions(scene.company.life) == 0, "a question is answered once"

    await scene.call("POST", f"{RUNS}/{external}/rerun")
    await scene.asked(2)
    assert await answer_questions(scene.company.life) == 1
    assert await scene.ended(external) == "failure"
    assert scene.lines() == [external], "a re-run by hand is not what was approved"


@pytest.mark.timeout(200)
async def test_a_run_that_is_not_ours_waits_and_is_refused(scene: Scene) -> None:
    body = {"ref": "main", "inputs": {"version": "1.1.0", "environment": "production"}, "return_run_details": True}
    path = "/repos/acme/shop/actions/workflows/deploy.yml/dispatches"
    external = str((await scene.call("POST", path, MALLORY, json=body))["workflow_run_id"])
    await scene.asked()
    assert await answer_questions(scene.company.life) == 0, "the answer to a dispatch of ours may have been lost"
    [left] = await scene.asked()
    assert "not" not in (left.verdict or "")
    assert "No run of ours" in (left.note or "")
    long_ago = timedelta(minutes=11)
    async with scene.company.store.write() as tx:
        await tx.session.execute(
            update(GateQuestionRow).values(asked_at=tx.now - long_ago, again_at=tx.now - timedelta(seconds=1))
        )
    assert await answer_questions(scene.company.life) == 1
    assert await scene.ended(external) == "failure"
    assert scene.lines() == []
    async with scene.company.store.read() as session:
        query = select(AuditRow).where(AuditRow.action == "gate.question_answered")
        [entry] = (await session.scalars(query)).all()
    assert (entry.subject, entry.facts["verdict"]) == ("connection:github", "stop")


@pytest.mark.timeout(200)
async def test_a_run_that_is_being_stopped_is_not_let_on(scene: Scene) -> None:
    run, external = await scene.deploys()
    await scene.asked()
    await cancel(scene.company.store, run, by=await scene.company.person("ana"), reason="", force=False)
    assert (await scene.company.run(run)).state == RunState.CANCELLING
    assert await answer_questions(scene.company.life) == 1
    assert await scene.ended(external) == "failure"
    assert scene.lines() == []
