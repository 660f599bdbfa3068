"""Resuming and choosing over HTTP: who may, what is shown, and one run by one key."""

from pathlib import Path

import pytest
from api_house import House, problem
from more_actions import like_deploy, load_beside
from stepping import dispatch

from daytwo_store.ids import RunId
from daytwo_store.states import ExternalStatus

pytestmark = pytest.mark.anyio


async def failed(house: House, folder: Path, **spec: object) -> RunId:
    """`build` has succeeded, `ship` has failed."""
    company = house.company
    back = dispatch("back")
    build = dispatch("build", undo={key: back[key] for key in ("uses", "with")})
    usual: dict[str, object] = {"approval": [], "catalog": [], "undo": None, "lock": None}
    await load_beside(company, folder, like_deploy("runbook", **{**usual, **spec, "steps": [build, dispatch("ship")]}))
    company.ci.ends_as = None
    run = await company.ask("ana", "1.1.0", "staging", action="runbook")
    await company.drive(run)
    for number, status in enumerate((ExternalStatus.SUCCEEDED, ExternalStatus.FAILED), 1):
        company.ci.end(str(number), status)
        await company.look(run)
        await company.drive(run)
    return run


async def test_a_preview_then_the_run_that_goes_on(house: House, tmp_path: Path) -> None:
    run = await failed(house, tmp_path)
    ana, eve = await house.signed_in("ana"), await house.signed_in("fay")
    where = f"/api/v1/runs/{run}/resume"
    seen = (await ana.get(where)).json()
    assert [(one["step"], one["does"], one["text"]) for one in seen["steps"]] == [
        ("build", "skip", "build is done"),
        ("ship", "repeat", "ship was carried out and failed"),
    ]
    assert (seen["changed"], seen["differences"]) == (False, [])
    assert len(house.company.ci.ledger) == 2, "a preview sends nothing"
    shown = (await ana.get(f"/api/v1/runs/{run}")).json()
    assert shown["may"]["resume"]["allowed"] is True
    assert (await eve.get(where)).status_code in (403, 404)
    key = {"Idempotency-Key": "resume-it-once"}
    first = await ana.post(where, json={"reason": "once more"}, headers=key)
    assert first.status_code == 202, first.text
    again = await ana.post(where, json={"reason": "once more"}, headers=key)
    assert (again.json()["id"], again.json()["repeated"]) == (first.json()["id"], True)
    assert "gone on from here" in problem(await ana.post(where, json={}), 409)["detail"]
    old, new = [(await ana.get(f"/api/v1/runs/{one}")).json() for one in (run, first.json()["id"])]
    assert (old["resumed_by"], new["resume_of"]) == (new["id"], run)
    assert [step["state"] for step in new["steps"]] == ["succeeded", "pending"]


async def test_what_is_not_asked_is_refused_by_field(house: House, tmp_path: Path) -> None:
    run = await failed(house, tmp_path)
    ana = await house.signed_in("ana")
    answers = {"answers": {"ship": "done"}}
    found = problem(await ana.post(f"/api/v1/runs/{run}/resume", json=answers), 422)
    assert [one["pointer"] for one in found["errors"]] == ["/answers/ship"]


async def test_an_undo_that_is_asked_about_is_shown_and_chosen(house: House, tmp_path: Path) -> None:
    run = await failed(house, tmp_path, on_error="ask")
    ana = await house.signed_in("ana")
    shown = (await ana.get(f"/api/v1/runs/{run}")).json()
    assert (shown["state"], shown["undoing"]["choices"]) == ("needs_attention", ["undo", "stop"])
    assert (shown["may"]["choose"]["allowed"], shown["may"]["resolve"]["allowed"]) == (True, False)
    where = f"/api/v1/runs/{run}/undoing"
    problem(await ana.post(where, json={"choice": "again"}), 409)
    done = (await ana.post(where, json={"choice": "undo", "reason": "it must not stay"})).json()
    assert [(one["choice"], one["by"]["name"], one["reason"]) for one in done["undoing"]["said"]] == [
        ("undo", "Ana", "it must not stay")
    ]
    assert [(step["path"], step["undoes"]) for step in done["steps"]][-1] == ("build.undo", "build")
