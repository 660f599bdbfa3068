"""What a run says while the CI system is silent, queues, or says something unheard of."""

from dataclasses import replace
from typing import Any

import pytest
from api_house import House

from daytwo_store.ids import RunId
from daytwo_store.states import ExternalStatus
from daytwo_workflows.life.interventions import cancel

pytestmark = pytest.mark.anyio


async def running(house: House) -> RunId:
    company = house.company
    company.ci.ends_as = None
    run = await company.ask("ana", "1.1.0", "staging")
    await company.drive(run)
    return run


async def seen(house: House, run: RunId, **state: object) -> dict[str, Any]:
    """The run after a look at the CI system, which tells this state."""
    company = house.company
    if state:
        company.ci.states["1"] = replace(company.ci.states["1"], **state)  # type: ignore[arg-type]  # any of its fields
    await company.look(run)
    await company.drive(run)
    ana = await house.signed_in("ana")
    view: dict[str, Any] = (await ana.get(f"/api/v1/runs/{run}")).json()
    return view


async def test_a_silent_ci_is_not_a_running_pipeline(house: House) -> None:
    run = await running(house)
    house.company.ci.down = True
    view = await seen(house, run)
    assert view["text"] == view["waits"]["text"] == view["steps"][0]["text"]
    assert view["text"].startswith("github has not answered since ")
    assert view["text"].endswith(": status unknown")
    house.company.ci.down = False
    assert (await seen(house, run))["text"] == "github says: in_progress"


@pytest.mark.parametrize(
    ("state", "text"),
    [
        ({"status": ExternalStatus.QUEUED, "detail": "queued"}, "github says: queued"),
        ({"status": ExternalStatus.UNKNOWN, "detail": "stale"}, "github says: stale: status unknown"),
        ({"status": ExternalStatus.WAITING, "waits_for": "waits for a reviewer there"}, "waits for a reviewer there"),
    ],
)
async def test_the_run_and_its_step_say_the_same(house: House, state: dict[str, object], text: str) -> None:
    view = await seen(house, await running(house), **state)
    assert (view["text"], view["steps"][0]["text"]) == (text, text)


async def test_a_stop_that_a_silent_ci_does_not_confirm_says_so(house: House) -> None:
    run = await running(house)
    house.company.ci.obeys = False
    ana = await house.company.person("ana")
    await cancel(house.store, run, by=ana, reason="", force=False)
    view = await seen(house, run)
    assert view["text"] == "waits for github to confirm that it has stopped"
    house.company.ci.down = True
    view = await seen(house, run)
    assert "stopped; github has not answered since" in view["text"]
