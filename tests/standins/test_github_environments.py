"""Runs that wait for an environment: reviewers, timers, rejections, restarts."""

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from daytwo_standins.github.testing import RunningStandin, eventually, make_repository, start_standin

BASE = "/repos/acme/shop"
DEPLOY = """\
name: Deploy
on:
  workflow_dispatch:
    inputs:
      where: {type: environment}
jobs:
  build:
    runs-on: ubuntu-latest
    steps: [{run: echo built}]
  deploy:
    name: Deploy to ${{ inputs.where }}
    needs: build
    runs-on: ubuntu-latest
    environment: {name: "${{ inputs.where }}"}
    steps: [{run: echo deployed}]
"""
ENVIRONMENTS = [
    "staging",
    {"name": "production", "reviewers": ["ada", "bob"]},
    {"name": "slow", "wait_timer": 0.02},
    {"name": "guarded", "custom_rule": True},
]
TOKENS = [
    {"login": "daytwo-bot", "token": "token-of-the-bot", "type": "Bot"},
    {"login": "ada", "token": "token-of-ada", "permissions": ["read"]},
]


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStandin]:
    folder = tmp_path_factory.mktemp("environments")
    make_repository(folder / "shop", [({".github/workflows/deploy.yml": DEPLOY}, None)])
    repository = {"full_name": "acme/shop", "path": folder / "shop", "environments": ENVIRONMENTS}
    with start_standin(folder, [repository], tokens=TOKENS) as standin:
        yield standin


class Caller:
    """Somebody with a token."""

    def __init__(self, house: RunningStandin, token: str) -> None:
        self._client = httpx.Client(base_url=house.url, trust_env=False, headers={"authorization": f"Bearer {token}"})

    def start(self, where: str) -> str:
        body = {"ref": "main", "inputs": {"where": where}, "return_run_details": True}
        answer = self._client.post(f"{BASE}/actions/workflows/deploy.yml/dispatches", json=body)
        return f"{BASE}/actions/runs/{answer.json()['workflow_run_id']}"

    def get(self, path: str) -> Any:
        return self._client.get(path).json()

    def pending(self, run: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.get(f"{run}/pending_deployments")
        return found

    def rule(self, run: str, state: str, environment: str = "guarded") -> int:
        body = {"environment_name": environment, "state": state, "comment": "looked at it"}
        return self._client.post(f"{run}/deployment_protection_rule", json=body).status_code

    def answer(self, run: str, state: str, number: int) -> int:
        body = {"environment_ids": [number], "state": state, "comment": "looked at it"}
        return self._client.post(f"{run}/pending_deployments", json=body).status_code

    def close(self) -> None:
        self._client.close()


@pytest.fixture
def callers(house: RunningStandin) -> Iterator[Callable[[str], Caller]]:
    made: list[Caller] = []

    def call(login: str) -> Caller:
        made.append(Caller(house, f"token-of-{login}"))
        return made[-1]

    yield call
    for one in made:
        one.close()


def test_a_run_waits_until_a_reviewer_approves(callers: Callable[[str], Caller], house: RunningStandin) -> None:
    bot, ada = callers("the-bot"), callers("ada")
    run = bot.start("production")
    assert bot.get(run)["status"] == "waiting"
    (job,) = bot.get(f"{run}/jobs")["jobs"]
    assert (job["name"], job["status"]) == ("Deploy to production", "waiting")
    (one,) = bot.pending(run)
    assert [reviewer["reviewer"]["login"] for reviewer in one["reviewers"]] == ["ada", "bob"]
    assert (one["current_user_can_approve"], ada.pending(run)[0]["current_user_can_approve"]) == (False, True)
    number = one["environment"]["id"]
    assert bot.answer(run, "approved", number) == 403
    assert ada.answer(run, "approved", 1) == 422
    house.restart()
    assert bot.get(run)["status"] == "waiting"
    assert ada.answer(run, "approved", number) == 200
    eventually(lambda: bot.get(run)["status"] == "completed")
    assert (bot.get(run)["conclusion"], len(bot.get(f"{run}/jobs")["jobs"])) == ("success", 2)
    assert (bot.pending(run), ada.answer(run, "approved", number)) == ([], 422)
    assert bot.get(f"{run}/approvals")[0]["user"]["login"] == "ada"


def test_a_rejected_run_has_failed_and_says_who(callers: Callable[[str], Caller]) -> None:
    ada = callers("ada")
    run = callers("the-bot").start("production")
    assert ada.answer(run, "rejected", ada.pending(run)[0]["environment"]["id"]) == 200
    assert (ada.get(run)["status"], ada.get(run)["conclusion"]) == ("completed", "failure")
    (job,) = ada.get(f"{run}/jobs")["jobs"]
    (remark,) = ada.get(f"{BASE}/check-runs/{job['id']}/annotations")
    assert "rejected by ada: looked at it" in remark["message"]


def test_a_timer_runs_out_and_an_open_environment_holds_nothing(callers: Callable[[str], Caller]) -> None:
    bot = callers("the-bot")
    slow, fast = bot.start("slow"), bot.start("staging")
    (one,) = bot.pending(slow)
    assert (one["wait_timer"], one["wait_timer_started_at"] is not None, one["reviewers"]) == (1, True, [])
    assert bot.pending(fast) == []
    for run in (slow, fast):
        eventually(lambda run=run: bot.get(run)["conclusion"] == "success")


@pytest.mark.usefixtures("house")
def test_an_app_that_is_a_protection_rule_lets_a_run_on_or_ends_it(house: RunningStandin) -> None:
    bot, ada = Caller(house, "token-of-the-bot"), Caller(house, "token-of-ada")
    for state, conclusion in (("approved", "success"), ("rejected", "failure")):
        run = bot.start("guarded")
        eventually(lambda run=run: bot.get(run)["status"] == "waiting")
        [pending] = bot.pending(run)
        assert (pending["environment"]["name"], pending["current_user_can_approve"]) == ("guarded", False)
        assert ada.rule(run, state) == 403
        assert bot.rule(run, state, environment="production") == 422
        assert bot.rule(run, state) == 204
        eventually(lambda run=run: bot.get(run)["status"] == "completed")
        assert bot.get(run)["conclusion"] == conclusion
        assert bot.rule(run, state) == 422, "nothing waits there any more"
