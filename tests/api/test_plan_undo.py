"""A plan says whether its run can be undone afterwards, and which of the two reasons it is that it cannot; an undo's
reason is its own."""

from pathlib import Path
from typing import Any

import pytest
from api_house import House
from company import SHOP
from more_actions import like_deploy, load_beside

from daytwo_store.ids import RunId
from daytwo_workflows.life.asking import Wish, start

pytestmark = pytest.mark.anyio
INPUTS = {"version": "1.0.0", "environment": "environment:production"}


async def planned(house: House, action: str) -> tuple[bool, str | None]:
    body = {"entity": "service:shop", "inputs": INPUTS}
    answer = await (await house.signed_in("ana")).post(f"/api/v1/actions/{action}/plan", json=body)
    assert answer.status_code == 200, answer.text
    plan: dict[str, Any] = answer.json()
    return plan["undoable"], plan["why_not_undoable"]


async def test_which_of_the_two_it_is_that_a_run_cannot_be_undone(house: House, tmp_path: Path) -> None:
    document = like_deploy("forward")
    del document["spec"]["undo"]
    await load_beside(house.company, tmp_path, document)
    assert await planned(house, "forward") == (False, "The action does not say how it is undone.")
    assert await planned(house, "deploy") == (False, "There is no earlier successful run here to go back to.")
    run = await house.company.ask("ana", "1.0.0", "production")
    await house.company.decide("sam", run)
    await house.company.through(run)
    assert await planned(house, "deploy") == (True, None)


async def test_an_undo_does_not_take_the_reason_of_the_run(house: House) -> None:
    for version in ("1.0.0", "1.1.0"):
        wish = Wish(
            action="deploy",
            requester=await house.company.person("ana"),
            token=None,
            entity=SHOP,
            inputs=INPUTS | {"version": version, "reason": "It is new"},
            version=None,
        )
        run = RunId((await start(house.company.life, wish, f"deploy-{version}")).run.id)
        await house.company.decide("sam", run)
        await house.company.through(run)
    assert (await house.company.run(run)).inputs["reason"] == "It is new"
    ana = await house.signed_in("ana")
    headers = {"idempotency-key": "back-again"}
    answer = await ana.post(f"/api/v1/runs/{run}/undo", json={"reason": "It is worse"}, headers=headers)
    assert answer.status_code == 202, answer.text
    undone = await house.company.run(RunId(answer.json()["id"]))
    assert (undone.inputs, undone.comment) == (INPUTS, "It is worse")
