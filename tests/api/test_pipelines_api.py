"""Pipelines of a connection, for administrators."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from api_house import House, problem
from sqlalchemy import update

from daytwo_actions.backends.base import Traits
from daytwo_actions.backends.pipelines import InputType, PipelineInput
from daytwo_actions.definitions import Surroundings, load_action
from daytwo_store import connections
from daytwo_store.tables import ActionVersionRow

pytestmark = pytest.mark.anyio
WHERE = "/api/v1/connections/github/pipelines"


async def test_what_can_be_started_is_listed_and_shown_with_an_action(house: House) -> None:
    admin = await house.signed_in("pat")
    listed = await admin.get(WHERE, params={"project": "acme/shop"})
    assert listed.json()["items"] == [{"pipeline": "deploy.yml", "title": "Deploy", "why_not": None, "url": None}]
    house.company.ci.declares = (PipelineInput(name="version", type=InputType.STRING, required=True, line=7),)
    shown = (await admin.get(f"{WHERE}/deploy.yml", params={"project": "acme/shop", "ref": "main"})).json()
    assert [(one["name"], one["type"], one["required"], one["line"]) for one in shown["inputs"]] == [
        ("version", "string", True, 7)
    ]
    assert (shown["connection"], shown["project"], shown["ref"]) == ("github", "acme/shop", "main")
    assert load_action(shown["action"], "deploy.yaml").name == "deploy"


async def test_a_ci_system_that_does_not_answer_is_not_our_fault(house: House) -> None:
    admin = await house.signed_in("pat")
    house.company.ci.down = True
    for path in (WHERE, f"{WHERE}/deploy.yml"):
        problem(await admin.get(path, params={"project": "acme/shop"}), 503, "unavailable")


async def test_a_connection_that_was_told_to_wait_is_asked_nothing_from_here_either(house: House) -> None:
    """R14: the worker was told; who asks here learns until when."""
    admin = await house.signed_in("pat")
    store = house.company.store
    async with store.write() as tx:
        until = tx.now + timedelta(seconds=90)
        told = connections.Allowance(limit=None, remaining=None, resets_at=None, held_until=until)
        await connections.learn(tx, "github", told)
    said = problem(await admin.get(WHERE, params={"project": "acme/shop"}), 503, "unavailable")
    assert f"to wait until {until:%H:%M:%S} UTC" in said["detail"]
    found = (await admin.post("/api/v1/check", json={})).json()
    assert ({one["severity"] for one in found["problems"]}, found["checked"]) == ({"note"}, 0)


async def test_a_project_has_to_be_named(house: House) -> None:
    admin = await house.signed_in("pat")
    problem(await admin.get(WHERE), 422)


def line_of(problem: dict[str, Any]) -> str:
    return Path(problem["file"]).read_text().splitlines()[problem["line"] - 1]


async def test_what_is_registered_is_checked_and_not_changed(house: House) -> None:
    admin = await house.signed_in("pat")
    found = (await admin.post("/api/v1/check", json={})).json()
    assert (found["problems"], found["actions"]) == ([], 3)
    assert found["checked"] >= 3
    house.company.ci.declares = (PipelineInput(name="nobody-gives-this", type=InputType.STRING, required=True),)
    found = (await admin.post("/api/v1/check", json={})).json()
    errors = [one for one in found["problems"] if one["severity"] == "error"]
    assert {one["pointer"].rpartition("/steps/0")[2] for one in errors} >= {"/with/inputs"}
    told = errors[0]
    assert line_of(told).strip().split(":")[0] in {"inputs", "version"}, "the inputs of its step"
    async with house.company.store.write() as tx:  # as it was stored before texts were
        await tx.session.execute(update(ActionVersionRow).values(text=None))
    found = (await admin.post("/api/v1/check", json={})).json()
    assert {(one["line"], one["column"]) for one in found["problems"] if one["severity"] == "error"} == {(0, 0)}
    assert {one["pointer"] for one in found["problems"]} >= {told["pointer"]}
    nothing = (await admin.post("/api/v1/check", json={"connections": ["other"]})).json()
    assert (nothing["problems"], nothing["checked"]) == ([], 0)


async def test_files_that_are_sent_are_checked_with_their_lines(house: House) -> None:
    admin = await house.signed_in("pat")
    house.company.ci.declares = ()
    text = (await admin.get(f"{WHERE}/deploy.yml", params={"project": "acme/shop", "ref": "main"})).json()["action"]
    wrong = text + "        inputs: {extra: 1}\n"
    asked = {"files": [{"name": "deploy.yaml", "text": wrong}]}
    (problem,) = (await admin.post("/api/v1/check", json=asked)).json()["problems"]
    assert (problem["file"], problem["line"], problem["severity"]) == ("deploy.yaml", wrong.count("\n"), "error")
    assert "declares no input `extra`" in problem["message"]
    broken = {"files": [{"name": "a.yaml", "text": "kind: ["}, {"name": "b.yaml", "text": text}]}
    found = (await admin.post("/api/v1/check", json=broken)).json()
    assert [one["file"] for one in found["problems"]] == ["a.yaml"]


async def test_a_ci_system_that_does_not_answer_is_a_note(house: House) -> None:
    admin = await house.signed_in("pat")
    house.company.ci.down = True
    found = (await admin.post("/api/v1/check", json={})).json()
    assert {one["severity"] for one in found["problems"]} == {"note"}
    assert found["checked"] == 0


@pytest.mark.parametrize(("kind", "without"), [("argo", "ref:"), ("gitlab", "pipeline:"), ("github", "nothing:")])
async def test_an_action_has_the_keys_that_its_kind_of_ci_system_takes(house: House, kind: str, without: str) -> None:
    admin = await house.signed_in("pat")
    house.company.ci.traits = Traits(kind=kind, title=kind, live_logs=True)
    query = {"project": "acme/shop", "ref": "main"}
    text = (await admin.get(f"{WHERE}/deploy.yml", params=query)).json()["action"]
    assert without not in text
    load_action(text, "a.yaml", surroundings=Surroundings(connections={"github": kind}))


async def test_files_that_are_sent_are_checked_against_the_services_of_the_settings(house: House) -> None:
    admin = await house.signed_in("pat")
    text = (await admin.get(f"{WHERE}/deploy.yml", params={"project": "acme/shop", "ref": "main"})).json()["action"]
    call = "    - id: page\n      uses: http\n      with: {service: nobody, method: POST, path: /incidents}\n"
    asked = {"files": [{"name": "deploy.yaml", "text": text + call}]}
    found = (await admin.post("/api/v1/check", json=asked)).json()["problems"]
    assert [one["pointer"] for one in found if "nobody" in one["message"]] == ["/spec/steps/1/with/service"]
