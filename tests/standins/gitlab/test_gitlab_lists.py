"""Lists of pipelines and jobs: filters, order, pages by number and by key."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from daytwo_standins.gitlab.testing import RunningStandin

Create = Callable[..., int]
INSTANT = "/projects/acme%2Finstant"
SCRIPTED = "/projects/acme%2Fscripted"
LIST = f"{INSTANT}/pipelines"


@pytest.fixture(scope="module")
def made(client: httpx.Client) -> list[int]:
    """Five pipelines of one name, on a branch and a tag."""
    found = []
    for place in range(5):
        body = {"ref": "main" if place % 2 else "1.1.0", "inputs": {"version": "7", "daytwo_run": "r-list"}}
        found.append(int(client.post(f"{INSTANT}/pipeline", json=body).json()["id"]))
    return found


def _ids(api: httpx.Client, **query: object) -> list[int]:
    told = {"name": "Build 7 of main [r-list]", **query}
    return [one["id"] for one in api.get(LIST, params={k: str(v) for k, v in told.items()}).json()]


def test_filters(api: httpx.Client, made: list[int]) -> None:
    mine = [made[1], made[3]]
    first = api.get(f"{LIST}/{made[1]}").json()
    assert _ids(api) == mine[::-1], "the newest first"
    assert _ids(api, sort="asc") == mine
    assert _ids(api, source="api", ref="main", username="daytwo-bot", status="success", scope="finished") == mine[::-1]
    assert _ids(api, created_after=first["created_at"]) == mine[1:]
    assert _ids(api, created_before=first["created_at"]) == []
    assert _ids(api, updated_after="2020-01-01T00:00:00Z", sha=first["sha"]) == mine[::-1]
    for nothing in ({"ref": "1.0.0"}, {"source": "trigger"}, {"username": "x"}, {"scope": "tags"}, {"name": "x"}):
        assert _ids(api, **nothing) == []
    for wrong in ({"status": "x"}, {"scope": "x"}, {"sort": "x"}, {"order_by": "x"}, {"created_after": "x"}):
        assert api.get(LIST, params=wrong).status_code == 400


@pytest.mark.parametrize("query", [{}, {"pagination": "keyset", "order_by": "id"}])
def test_pages_lead_through_everything_once(api: httpx.Client, made: list[int], query: dict[str, str]) -> None:
    everything = [one["id"] for one in api.get(LIST, params={"per_page": 100}).json()]
    url, seen, headers = f"{api.base_url}{LIST[1:]}", [], []
    answer = api.get(url, params={**query, "per_page": 2})
    while True:
        seen += [one["id"] for one in answer.json()]
        headers.append(answer.headers)
        if "next" not in answer.links:
            break
        answer = api.get(answer.links["next"]["url"])
    assert seen == everything
    assert set(made) <= set(seen)
    if query:
        assert "x-total" not in headers[0]
    else:
        assert headers[0]["x-total"] == str(len(everything))
        assert headers[-1]["x-next-page"] == ""


def test_jobs_by_scope(api: httpx.Client, create: Create, standin: RunningStandin) -> None:
    number = create("scripted", version="1")
    states = ["success", "failed", "running", "manual"]
    events: list[dict[str, Any]] = [{"jobs": [{"name": state, "status": state} for state in states]}]
    standin.control.script(number, events)
    where = f"{SCRIPTED}/pipelines/{number}/jobs"

    def names(*scope: str) -> list[str]:
        return [one["name"] for one in api.get(where, params=[("scope[]", one) for one in scope]).json()]

    assert names() == states[::-1]
    assert names("failed", "manual") == ["manual", "failed"]
    assert api.get(where, params={"scope[]": "x"}).status_code == 400
    assert api.get(f"{SCRIPTED}/pipelines/{number}").json()["status"] == "running"
