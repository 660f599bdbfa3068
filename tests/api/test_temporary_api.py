"""What is temporary, over HTTP: seen on its entity, extended by others than who asked, given back by who did."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from api_house import House, problem
from evidence_files import KEYS, checkpoint, evidence_of, failing
from more_actions import like_deploy, load_beside

from daytwo_store.evidence import opened
from daytwo_store.ids import RunId

pytestmark = pytest.mark.anyio
WHAT: dict[str, Any] = {"project": "${{ entity.properties.repository }}", "ref": "main", "inputs": {}}


async def test_access_lasts_is_extended_and_given_back(house: House, tmp_path: Path) -> None:
    back = {"uses": "github", "with": {**WHAT, "pipeline": "revoke.yml"}}
    steps = [
        {"id": "grant", "uses": "github", "with": {**WHAT, "pipeline": "grant.yml"}, "undo": back},
        {
            "id": "access",
            "uses": "temporary",
            "with": {"for": "4h", "extend": {"from": ["group:sre"], "most": "8h"}},
        },
    ]
    spec: dict[str, object] = {"steps": steps, "on_error": "undo", "approval": [], "catalog": [], "undo": None}
    await load_beside(house.company, tmp_path, like_deploy("access", **{**spec, "lock": None}))
    run = await house.company.ask("ana", "1.1.0", "staging", action="access")
    await house.company.through(run)
    ana, sam, fay = [await house.signed_in(name) for name in ("ana", "sam", "fay")]
    (seen,) = (await fay.get("/api/v1/entities/service/shop")).json()["temporary"]
    assert (seen["run"], seen["step"]) == (run, "access")
    assert (await ana.get(f"/api/v1/runs/{run}")).json()["waits"]["then"] == "what the run has done is undone"

    may = {name: await _may(one, run) for name, one in (("ana", ana), ("sam", sam), ("fay", fay))}
    assert seen["lasts"]["ask"]["allowed"] is False
    assert may["ana"] == (False, True, "Who asked for the run does not extend it.")
    assert may["sam"][:2] == (True, True)
    assert may["fay"] == (False, False, "It is extended by group:sre.")
    assert seen["lasts"]["give_back"]["allowed"] is False
    latest = datetime.fromisoformat(seen["lasts"]["latest"])
    assert latest - datetime.fromisoformat(seen["until"]) == timedelta(hours=4)

    path, until = f"/api/v1/runs/{run}/steps/access", datetime.now(UTC) + timedelta(hours=6)
    longer = {"until": until.isoformat()}
    problem(await ana.post(f"{path}/extend", json=longer), 403)
    problem(await fay.post(f"{path}/extend", json=longer), 403)
    problem(await sam.post(f"{path}/extend", json={"until": (until + timedelta(hours=3)).isoformat()}), 422)
    problem(await sam.post(f"/api/v1/runs/{run}/steps/grant/extend", json=longer), 404)
    assert (await sam.post(f"{path}/extend", json=longer)).status_code == 200
    (seen,) = (await fay.get("/api/v1/entities/service/shop")).json()["temporary"]
    assert datetime.fromisoformat(seen["until"]) == datetime.fromisoformat(seen["lasts"]["until"]) == until

    more = {"until": (until + timedelta(minutes=30)).isoformat()}
    problem(await fay.post(f"{path}/extension", json=more), 403)
    assert (await ana.post(f"{path}/extension", json=more)).status_code == 200
    (waits,) = (await sam.get("/api/v1/approvals?mine=true")).json()["items"]
    assert (waits["run"], waits["unusual"]) == (run, "Lets access last longer")
    page = (await sam.get(f"/api/v1/approvals/{waits['id']}")).json()
    assert datetime.fromisoformat(page["sealed"]["filled"]["until"]) == until + timedelta(minutes=30)
    verdict = {"verdict": "approve", "digest": waits["digest"]}
    assert (await ana.post(f"/api/v1/approvals/{waits['id']}/decision", json=verdict)).status_code == 403
    assert (await sam.post(f"/api/v1/approvals/{waits['id']}/decision", json=verdict)).status_code == 200
    (seen,) = (await fay.get("/api/v1/entities/service/shop")).json()["temporary"]
    assert datetime.fromisoformat(seen["until"]) == until + timedelta(minutes=30)

    problem(await fay.post(f"{path}/end", json={}), 403)
    assert (await ana.post(f"{path}/end", json={"reason": "done"})).status_code == 200
    await house.company.through(RunId(run))
    ended = (await ana.get(f"/api/v1/runs/{run}")).json()
    assert (ended["state"], "Given back early: done." in ended["reason"]) == ("succeeded", True)
    assert (await fay.get("/api/v1/entities/service/shop")).json()["temporary"] == []
    problem(await ana.post(f"{path}/end", json={}), 409)

    await checkpoint(house)
    told = opened(await evidence_of(house, run), KEYS)
    asked = {one["id"]: one for one in told["approvals"]}
    assert [(one["path"], one["state"]) for one in asked.values()] == [("access.extend", "approved")] * 2
    assert [one["verdict"] for one in told["decisions"]] == ["approve"] * 2
    assert failing(told) == []
    told["approvals"][1]["document"] = told["approvals"][1]["document"].replace("access.extend", "access.extens", 1)
    assert any("has another digest" in one for one in failing(told))


async def _may(asks: httpx.AsyncClient, run: RunId) -> tuple[bool, bool, str | None]:
    """Whether somebody may extend it and give it back, by the page of the run, and why they may not extend it."""
    steps = (await asks.get(f"/api/v1/runs/{run}")).json()["steps"]
    assert steps[0]["lasts"] is None, "it does not last: it grants"
    lasts = steps[1]["lasts"]
    return lasts["extend"]["allowed"], lasts["give_back"]["allowed"], lasts["extend"]["why_not"]
