"""The CI system or Temporal is down while people fill in forms, ask and decide.

They are told what was not done and what to do, and what was accepted is carried out when it is back.
"""

from dataclasses import replace
from datetime import timedelta

import httpx
import pytest
from api_house import House, problem
from sqlalchemy import func, select

from daytwo_store.ids import RunId
from daytwo_store.states import RunState
from daytwo_store.tables import OutboxRow, RunRow
from daytwo_workflows.poker import deliver
from daytwo_workflows.sweeper import Sweeper

pytestmark = pytest.mark.anyio

KEY = "the-same-key-all-along"


async def ask(client: httpx.AsyncClient, environment: str = "staging", key: str = KEY) -> httpx.Response:
    body = {"entity": "service:shop", "inputs": {"version": "1.1.0", "environment": f"environment:{environment}"}}
    return await client.post("/api/v1/actions/deploy/runs", json=body, headers={"Idempotency-Key": key})


async def count(house: House, row: type[RunRow] | type[OutboxRow]) -> int:
    async with house.store.read() as session:
        return int(await session.scalar(select(func.count()).select_from(row)) or 0)


async def test_the_ci_system_is_down_when_somebody_fills_in_the_form(house: House) -> None:
    ana = await house.signed_in("ana")
    house.company.ci.down = True
    about = {"entity": "service:shop", "answers": {"version": "1.1.0"}}
    form = (await ana.post("/api/v1/actions/deploy/form", json=about)).raise_for_status().json()
    told = "The choices of Version could not be fetched: The CI system does not answer."
    assert form["warnings"] == [{"pointer": "/version", "detail": told}]
    options = "/api/v1/actions/deploy/options/version"
    said = problem(await ana.post(options, json={**about, "search": ""}), 503, "choices-unavailable")
    assert said["detail"] == f"Nothing was changed: {told} Try again in a moment."
    assert said["errors"] == form["warnings"]
    house.company.ci.down = False
    page = (await ana.post(options, json={**about, "search": "1.1"})).raise_for_status().json()
    assert [one["value"] for one in page["options"]] == ["1.1.0"]


async def test_the_ci_system_is_down_when_somebody_asks(house: House) -> None:
    """An unchecked choice is not accepted; the same request is, once it can be checked."""
    ana = await house.signed_in("ana")
    house.company.ci.down = True
    said = problem(await ask(ana), 503, "choices-unavailable")
    assert said["detail"].startswith("Nothing was started: Version cannot be checked: The CI system does not answer.")
    assert said["detail"].endswith("Try again in a moment.")
    assert [one["pointer"] for one in said["errors"]] == ["/inputs/version"]
    assert (await count(house, RunRow), house.temporal.driven) == (0, [])
    house.company.ci.down = False
    accepted = await ask(ana)
    assert (accepted.status_code, accepted.json()["repeated"]) == (202, False)
    assert await count(house, RunRow) == 1


async def test_temporal_is_down_while_people_ask_and_decide(house: House) -> None:
    """Both are taken and kept; the runs are begun when it is back, each dispatched once."""
    ana, sam = await house.signed_in("ana"), await house.signed_in("sam")
    house.temporal.answers = False
    runs = [(await ask(ana, where, key=f"{KEY}-{where}")).json() for where in ("staging", "production")]
    assert [one["state"] for one in runs] == ["accepted", "waiting_approval"]
    plain, guarded = (RunId(one["id"]) for one in runs)
    approval = (await ana.get(f"/api/v1/runs/{guarded}")).json()["approvals"][-1]
    verdict = {"verdict": "approve", "digest": approval["digest"], "comment": "fine"}
    decided = await sam.post(f"/api/v1/approvals/{approval['id']}/decision", json=verdict)
    assert decided.json()["approval"]["state"] == "approved"
    parts = {one["name"]: one for one in (await house.anonymous().get("/readyz")).json()["parts"]}
    assert parts["temporal"]["detail"] == "Temporal does not answer; runs are taken and start when it is back"
    assert parts["store"]["ok"]
    assert await deliver(house.store, house.temporal) == 0, "nobody takes them"
    assert await count(house, OutboxRow) >= 2, "so nothing is forgotten"
    house.temporal.answers = True
    house.temporal.driven.clear()
    windows = house.company.life.windows.model_copy(update={"sweep_every": timedelta(0)})
    await Sweeper(store=house.store, driver=house.temporal, windows=windows, connections=(), name="test").sweep()
    assert set(house.temporal.driven) == {plain, guarded}
    assert await count(house, OutboxRow) == 0
    by_worker = replace(house.services.actions._life, windows=house.company.life.windows)  # of the same settings
    for run in (plain, guarded):
        await replace(house.company, life=by_worker).through(run)
        assert (await house.company.run(run)).state == RunState.SUCCEEDED
    assert len(house.company.ci.ledger) == 2
