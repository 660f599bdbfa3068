"""What an action's page tells about it before anybody asks for something, and how its latest runs went."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from api_house import House, problem
from hiding import hide
from more_actions import like_deploy, load_beside

from daytwo_store import runs
from daytwo_store.states import RunState

pytestmark = pytest.mark.anyio


async def seen(house: House, name: str, path: str) -> dict[str, Any]:
    answer = await (await house.signed_in(name)).get(f"/api/v1/actions/{path}")
    assert answer.status_code == 200, answer.text
    view: dict[str, Any] = answer.json()
    return view


async def test_who_is_asked_and_what_is_done_stands_there_as_it_is_written(shared: House) -> None:
    view = await seen(shared, "ana", "deploy")
    assert view["does"] == [
        {
            "step": "ship",
            "uses": "github",
            "backend": shared.company.ci.traits.title,
            "project": "${{ entity.properties.repository }}",
            "pipeline": "deploy.yml",
            "ref": "main",
        }
    ]
    assert view["approvals"] == [
        {
            "who": "one of group:sre",
            "when": "${{ inputs.environment.name == 'production' }}",
            "rule": None,
            "expires_in": 86400.0,
        }
    ]
    assert (view["lock_keys"], view["queue"]) == (["${{ entity.name }}/${{ inputs.environment.name }}"], "fifo")
    assert view["undo"] == "previous"


async def test_whoever_is_asked_is_told_in_words(house: House, tmp_path: Path) -> None:
    stages: list[dict[str, Any]] = [
        {"from": ["owner"]},
        {"from": [{"people": {"role": "release manager"}}, "group:sre"], "count": 2},
        {"from": ["person:sam", "person:fay"], "count": "all", "when": True},
        {"from": [{"owner_of": "${{ inputs.environment.ref }}"}]},
        {"from": ["group:sre"], "when": False},
    ]
    await load_beside(house.company, tmp_path, like_deploy("asking", approval=stages))
    view = await seen(house, "ana", "asking")
    assert [(one["who"], one["when"]) for one in view["approvals"]] == [
        ("the owner of the service", None),
        ("2 of people with role release manager or group:sre", None),
        ("each of person:sam and person:fay", None),
        ("the owner of ${{ inputs.environment.ref }}", None),
    ]


async def ran(house: House, state: RunState, *, minutes: float, days: float = 0) -> None:
    """A run of then, as it would stand in the table."""
    run = await house.company.ask("ana", "1.1.0", "staging")
    async with house.store.write() as tx:
        row = await runs.hold(tx, run)
        row.created_at, row.state = tx.now - timedelta(days=days), state
        row.started_at = tx.now - timedelta(days=days)
        row.ended_at = row.started_at + timedelta(minutes=minutes)


async def test_what_is_usual_is_of_the_latest_runs_that_one_may_see(house: House) -> None:
    for minutes in (1, 2, 3, 4):
        await ran(house, RunState.SUCCEEDED, minutes=minutes)
    await ran(house, RunState.FAILED, minutes=90)
    await ran(house, RunState.CANCELLED, minutes=90)
    await ran(house, RunState.SUCCEEDED, minutes=90, days=31)
    few = await seen(house, "ana", "deploy/usual")
    assert few == {"runs": 5, "succeeded": 4, "quick_seconds": None, "slow_seconds": None}
    await ran(house, RunState.SUCCEEDED, minutes=5)
    told = {"runs": 6, "succeeded": 5, "quick_seconds": 120.0, "slow_seconds": 240.0}
    assert await seen(house, "ana", "deploy/usual") == told
    await hide(house.store, "service:shop", "group:storefront")
    assert (await seen(house, "fay", "deploy/usual"))["runs"] == 0


async def test_of_an_action_that_is_hidden_nothing_is_counted(house: House, tmp_path: Path) -> None:
    only_sre = {"run": ["group:sre"], "see": ["group:sre"]}
    await load_beside(house.company, tmp_path, like_deploy("secretive", allow=only_sre))
    fay = await house.signed_in("fay")
    assert "no action secretive" in problem(await fay.get("/api/v1/actions/secretive/usual"), 404)["detail"]
    assert (await seen(house, "sam", "secretive/usual"))["runs"] == 0
