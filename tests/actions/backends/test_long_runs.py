"""Long runs behind hundreds of newer ones that have ended: followed in few requests, whatever kind of vendor it is."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

import pytest
from pydantic import SecretStr

from daytwo_actions.backends.base import Backend, ExternalState, Target
from daytwo_actions.backends.github.backend import GitHubBackend
from daytwo_actions.backends.github.settings import GitHubSettings
from daytwo_actions.backends.gitlab.backend import GitLabBackend
from daytwo_actions.backends.gitlab.settings import GitLabSettings
from daytwo_store.ids import ConnectionName, ExternalRunId
from daytwo_store.states import ExternalStatus

pytestmark = pytest.mark.anyio
TARGET: Final = Target(project="acme/shop", pipeline="deploy.yml", ref="main")
LONG: Final = range(1, 51)
NEWER: Final = range(51, 351)
PER_PAGE: Final = 100


@dataclass
class Vendor:
    """Runs by number with their status, the newest first; `listing` and `one` are where they are asked for."""

    make: Callable[[str, Any], Backend]
    listing: str
    running: str
    waiting: str
    ended: str
    shown: Callable[[int, str], dict[str, Any]]
    page: Callable[[list[dict[str, Any]]], Any]
    runs: dict[int, str] = field(default_factory=dict)
    asked: list[tuple[str, bool]] = field(default_factory=list)  # what, and whether it was answered by 304

    def __call__(self, request: Any, line: Any) -> None:
        parts = urlsplit(request.path)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        status, first = query.get("status"), (int(query.get("page", "1")) - 1) * PER_PAGE
        more = False
        if parts.path.endswith(self.listing):
            fitting = [one for one in sorted(self.runs, reverse=True) if status in (None, self.runs[one])]
            answer = self.page([self.shown(one, self.runs[one]) for one in fitting[first : first + PER_PAGE]])
            more = len(fitting) > first + PER_PAGE
        else:
            number = int(parts.path.rpartition("/")[2])
            answer, status = self.shown(number, self.runs[number]), str(number)
        etag = f'"{hash(json.dumps(answer))}"'
        same = request.headers.get("if-none-match") == etag
        self.asked.append((status or "newest", same))
        link = '<http://x/?page=2>; rel="next"' if more else ""
        line.answer(304 if same else 200, None if same else answer, ETag=etag, Link=link)


def github() -> Vendor:
    def shown(number: int, status: str) -> dict[str, Any]:
        conclusion = "success" if status == "completed" else None
        return {"id": number, "run_attempt": 1, "status": status, "conclusion": conclusion, "html_url": "https://x/"}

    def make(base: str, observed: Any) -> Backend:
        settings = GitHubSettings(
            name=ConnectionName("github"), base=base, token=SecretStr("a-token-of-ours"), login="bot"
        )
        return GitHubBackend(settings, observe=observed)

    def page(runs: list[dict[str, Any]]) -> Any:
        return {"total_count": len(runs), "workflow_runs": runs}

    return Vendor(make, "/actions/runs", "in_progress", "queued", "completed", shown, page)


def gitlab() -> Vendor:
    def shown(number: int, status: str) -> dict[str, Any]:
        return {"id": number, "project_id": 7, "status": status, "source": "api", "web_url": "https://x/"}

    def make(base: str, observed: Any) -> Backend:
        settings = GitLabSettings(
            name=ConnectionName("gitlab"), base=base, token=SecretStr("a-token-of-ours"), login="bot"
        )
        return GitLabBackend(settings, observe=observed)

    return Vendor(make, "/pipelines", "running", "manual", "success", shown, lambda runs: runs)


@pytest.fixture(params=[github, gitlab], ids=["github", "gitlab"])
def vendor(request: pytest.FixtureRequest) -> Vendor:
    made: Vendor = request.param()
    return made


@pytest.fixture
def backend(vendor: Vendor, serve: Any, observed: Any) -> Iterator[Backend]:
    made = vendor.make(serve(vendor).url, observed)
    yield made
    made.close()


async def a_round(backend: Backend, vendor: Vendor) -> tuple[list[ExternalState], list[tuple[str, bool]]]:
    """What is followed as it is now, and what was asked for that."""
    vendor.asked.clear()
    found = await backend.read([(TARGET, ExternalRunId(str(number))) for number in LONG])
    states = [state for state in found if state is not None]
    assert [state.id for state in states] == [str(number) for number in LONG]
    return states, list(vendor.asked)


async def test_they_are_listed_by_what_they_are_and_few_are_asked_for_alone(backend: Backend, vendor: Vendor) -> None:
    vendor.runs = dict.fromkeys(NEWER, vendor.ended) | dict.fromkeys(LONG, vendor.running)
    states, asked = await a_round(backend, vendor)
    assert {state.status for state in states} == {ExternalStatus.RUNNING}
    assert [what for what, _ in asked] == ["newest", vendor.running]
    assert (await a_round(backend, vendor))[1] == [("newest", True), (vendor.running, True)]

    vendor.runs |= {1: vendor.ended, 2: vendor.waiting, 3: vendor.waiting, 4: vendor.waiting}
    states, asked = await a_round(backend, vendor)
    assert states[0].status is ExternalStatus.SUCCEEDED
    assert [what for what, _ in asked[:2]] == ["newest", vendor.running]
    assert sorted(what for what, _ in asked[2:]) == ["1", "2", "3", "4"]
    # What waits is listed from now on; what is one of its kind costs what a listing would.
    assert [what for what, _ in (await a_round(backend, vendor))[1]] == ["newest", vendor.running, vendor.waiting, "1"]


async def test_one_run_is_worth_no_listing(backend: Backend, vendor: Vendor) -> None:
    vendor.runs = dict.fromkeys(NEWER, vendor.ended) | {1: vendor.running}
    assert [state and state.id for state in await backend.read([(TARGET, ExternalRunId("1"))])] == ["1"]
    both = [(TARGET, ExternalRunId("1")), (TARGET, ExternalRunId("350"))]
    assert [state and state.id for state in await backend.read(both)] == ["1", "350"]
    assert [what for what, _ in vendor.asked] == ["1", "newest", "1"]


async def test_all_that_is_followed_alone_is_kept_by_its_etag(backend: Backend, vendor: Vendor) -> None:
    """One run in each of many repositories: none throws out what the next round needs of another."""
    vendor.runs = {1: vendor.running}
    wanted = [
        (Target(project=f"acme/shop-{number}", pipeline="deploy.yml", ref="main"), ExternalRunId("1"))
        for number in range(300)
    ]
    for known in (False, True):
        vendor.asked.clear()
        assert all(await backend.read(wanted))
        assert vendor.asked == [("1", known)] * 300
