"""Evidence of a run: complete, signed, checked offline, and no byte of it can change."""

import hashlib
import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from api_house import House, problem
from company import Company
from evidence_files import KEYS, SIGNER, checkpoint, evidence_of, failing
from hypothesis import given, settings
from hypothesis import strategies as st
from more_actions import like_deploy, load_beside
from service_in_memory import ServiceInMemory
from sqlalchemy import text
from stepping import Stepping, dispatch, wait

from daytwo_api.settings import ApiSettings
from daytwo_store import evidence_rows
from daytwo_store.clock import GivenClock
from daytwo_store.evidence import NotEvidence, opened, seal
from daytwo_store.evidence_check import points
from daytwo_store.ids import RunId
from daytwo_store.signing import KeyRing, Signer
from daytwo_store.tables import Base

pytestmark = pytest.mark.anyio
OTHERS = KeyRing.of([Signer.read(b"2" * 64).public])


async def ended_run(house: House) -> RunId:
    if "run" not in house.kept:
        run = await house.company.ask("ana", "1.1.0", "production")
        await house.company.drive(run)
        await house.company.decide("sam", run, comment="go")
        await house.company.through(run)
        house.kept["run"] = run
    return RunId(house.kept["run"])


async def test_it_says_who_why_what_and_what_became_of_it(shared: House) -> None:
    run = await ended_run(shared)
    await checkpoint(shared)
    content = await evidence_of(shared, run)
    told = opened(content, KEYS)
    assert json.loads(content)["evidence"] == told, "the file is one JSON document"
    assert (told["run"]["state"], told["run"]["action"], told["run"]["inputs"]["version"]) == (
        "succeeded",
        "deploy",
        "1.1.0",
    )
    people = {one["subject"]: name for name, one in told["people"].items()}
    assert told["run"]["requester"] == people["person:ana"]
    (decision,) = told["decisions"]
    assert (decision["principal"], decision["verdict"], decision["comment"]) == (people["person:sam"], "approve", "go")
    (external,) = told["external_runs"]
    assert (external["connection"], external["status"]) == ("github", "succeeded")
    assert external["commit"]
    (attempt,) = told["attempts"]
    assert hashlib.sha256(attempt["body"].encode()).hexdigest() == attempt["digest"]
    (change,) = told["catalog"]
    assert change["before"]["properties"]["version"] == "1.0.0"
    assert change["after"]["properties"]["version"] == "1.1.0"
    assert told["definition"]["document"]["metadata"]["name"] == "deploy"
    (log,) = [await (await shared.signed_in("ana")).get(f"/api/v1/runs/{run}/logs.txt")]
    assert told["logs"]["sha256"] == hashlib.sha256(log.content).hexdigest()
    actions = [one["action"] for one in told["audit"]["entries"]]
    assert actions[0] == "run.accepted"
    assert "lock.released" in actions
    assert failing(told, log.content) == []
    assert failing(told, log.content + b"x") == ["the log is another one"]
    summary = [point.text for point in points(told, KEYS)]
    assert any("all of them before a signed checkpoint" in line for line in summary), summary


async def test_its_proof_shows_nothing_of_others(shared: House) -> None:
    run = await ended_run(shared)
    other = await shared.company.ask("ana", "1.2.0", "staging")
    await checkpoint(shared)
    await checkpoint(shared)
    told = opened(await evidence_of(shared, run), KEYS)
    assert other not in json.dumps(told)
    assert told["audit"]["proven_to"] >= told["audit"]["entries"][-1]["n"]


async def test_what_no_checkpoint_covers_is_said(house: House) -> None:
    run = await house.company.ask("ana", "1.1.0", "staging")
    told = opened(await evidence_of(house, run), KEYS)
    assert told["audit"]["proof"] == []
    (line,) = [point.text for point in points(told, KEYS) if "audit entries" in point.text]
    assert "0 of them before a signed checkpoint" in line
    await checkpoint(house)
    await house.company.through(run)
    later = opened(await evidence_of(house, run), KEYS)
    assert [one["first"] for one in later["audit"]["proof"]] == [later["audit"]["entries"][0]["n"]]
    assert failing(later) == []


FORGERIES: dict[str, Any] = {
    "the plan": lambda told: told["plan"].update(text=told["plan"]["text"].replace("1.1.0", "6.6.6")),
    "what was asked": lambda told: told["approvals"][0].update(document="{}"),
    "what was decided on": lambda told: told["decisions"][0].update(digest="0" * 64),
    "an entry": lambda told: told["audit"]["entries"][0].update(actor="p_eve"),
    "a link": lambda told: told["audit"]["proof"][0]["links"].__setitem__(-1, "0" * 64),
    "a checkpoint": lambda told: told["audit"]["proof"][0]["checkpoint"].update(hash="0" * 64),
    "an entry is missing": lambda told: told["audit"]["entries"].pop(0),
    "one decision less": lambda told: told["decisions"].pop(),
    "a decision by somebody else": lambda told: told["decisions"][0].update(principal=told["run"]["requester"]),
    "a part is missing": lambda told: told.pop("approvals"),
}


@pytest.mark.parametrize("name", FORGERIES)
async def test_a_server_that_signs_something_else_is_found_out(shared: House, name: str) -> None:
    """Whoever has the key of the server can sign anything; what is in the file has to agree with itself."""
    run = await ended_run(shared)
    await checkpoint(shared)
    told = opened(await evidence_of(shared, run), KEYS)
    FORGERIES[name](told)
    assert failing(opened(seal(told, SIGNER), KEYS)) != []


async def ruled_run(house: House, folder: Path) -> RunId:
    """Approved by a rule in the first stage, and by Pat in the second."""
    if "ruled" not in house.kept:
        stages = [{"from": ["group:sre"], "auto": "${{ true }}"}, {"from": ["group:platform"]}]
        await load_beside(house.company, folder, like_deploy("ruled", approval=stages))
        run = await house.company.ask("ana", "1.1.0", "production", action="ruled")
        await house.company.decide("pat", run)
        house.kept["ruled"] = run
    return RunId(house.kept["ruled"])


def _by_rule(told: dict[str, Any]) -> dict[str, Any]:
    (found,) = [one for one in told["decisions"] if one["rule"] is not None]
    return dict(found)


RULE_FORGERIES: dict[str, Any] = {
    "a rule that is not in the plan": lambda told: [
        one.update(rule="${{ 1 == 1 }}") for one in [*told["decisions"], *told["approvals"]] if one["rule"] is not None
    ],
    "a rule in place of a person": lambda told: [
        one.update(rule="${{ true }}") for one in told["decisions"] if one["rule"] is None
    ],
    "a person in place of a rule": lambda told: [one.update(rule=None) for one in told["decisions"]],
    "somebody who signs in": lambda told: told["people"][_by_rule(told)["principal"]].update(issuer="catalog"),
    "no entry": lambda told: told["audit"].update(
        entries=[one for one in told["audit"]["entries"] if one["action"] != "decision.by_rule"]
    ),
}


@pytest.mark.parametrize("name", RULE_FORGERIES)
async def test_what_a_rule_decided_is_compared_with_the_plan_and_the_audit(
    shared: House, tmp_path: Path, name: str
) -> None:
    run = await ruled_run(shared, tmp_path)
    told = opened(await evidence_of(shared, run), KEYS)
    assert failing(told) == []
    assert any("1 of them by a rule" in point.text for point in points(told, KEYS))
    RULE_FORGERIES[name](told)
    assert failing(told) != []


@pytest.fixture(scope="module")
async def content(shared: House) -> bytes:
    run = await ended_run(shared)
    await checkpoint(shared)
    return await evidence_of(shared, run)


async def test_any_changed_byte_is_found(content: bytes) -> None:
    opened(content, KEYS)
    size = len(content)

    @settings(max_examples=300, deadline=None)
    @given(place=st.integers(0, size - 1) | st.integers(size - 140, size - 1), flip=st.integers(1, 255))
    def flips(place: int, flip: int) -> None:
        changed = bytearray(content)
        changed[place] ^= flip
        with pytest.raises(NotEvidence):
            opened(bytes(changed), KEYS)

    @settings(max_examples=100, deadline=None)
    @given(place=st.integers(0, size), more=st.binary(min_size=1, max_size=3))
    def grown(place: int, more: bytes) -> None:
        with pytest.raises(NotEvidence):
            opened(content[:place] + more + content[place:], KEYS)

    @settings(max_examples=100, deadline=None)
    @given(cut=st.integers(0, size - 1))
    def cut_off(cut: int) -> None:
        with pytest.raises(NotEvidence):
            opened(content[:cut], KEYS)

    flips()
    grown()
    cut_off()
    with pytest.raises(NotEvidence, match="not among those given"):
        opened(content, OTHERS)


async def test_an_old_run_has_evidence_too(house: House) -> None:
    """Made by a version of Daytwo whose plans and definitions nobody can read any more."""
    run = await house.company.ask("ana", "1.1.0", "staging")
    old = '{"of": "long ago", "number": 123456789012345678901234567890}'
    digest = hashlib.sha256(old.encode()).hexdigest()
    async with house.store.engine.begin() as connection:
        await connection.execute(text("UPDATE run SET plan = :plan, digest = :digest"), {"plan": old, "digest": digest})
        await connection.execute(text("""UPDATE action_version SET document = '{"old": 1e400}'"""))
        await connection.execute(text("""UPDATE run SET inputs = '{"big": 123456789012345678901234567890}'"""))
    told = opened(await evidence_of(house, run), KEYS)
    assert told["plan"]["text"] == old
    assert told["run"]["inputs"]["big"] == 123456789012345678901234567890
    assert failing(told) == []


async def runbook(house: House, folder: Path) -> RunId:
    """A pipeline, somebody who approves in the middle, a request to a service, and a wait."""
    company = house.company
    company.life = replace(company.life, services={"pager": ServiceInMemory()})
    calls = {"service": "pager", "method": "POST", "path": "/incidents", "body": {"of": "shop"}}
    run = await Stepping(company, GivenClock(datetime.now(UTC)), folder).run(
        dispatch("build"),
        {"id": "ok", "uses": "approval", "with": {"from": ["group:sre"]}},
        {"id": "page", "uses": "http", "with": calls},
        wait("rest"),
    )
    await company.look(run)
    await company.drive(run)
    await company.decide("sam", run)
    await company.drive(run)
    return run


RUNBOOK_FORGERIES: dict[str, Any] = {
    "what was sent": lambda told: next(one for one in told["attempts"] if one["path"] == "build").update(
        digest="0" * 64
    ),
    "a step that is not in the plan": lambda told: told["attempts"][0].update(path="other"),
    "what was decided in the middle": lambda told: told["approvals"][0].update(document="{}"),
    "an entry": lambda told: told["audit"]["entries"][-1].update(actor="p_eve"),
    "a link": lambda told: told["audit"]["proof"][0]["links"].__setitem__(-1, "0" * 64),
}


async def test_a_run_of_several_kinds_of_steps_is_checked_to_the_end(house: House, tmp_path: Path) -> None:
    run = await runbook(house, tmp_path)
    await checkpoint(house)
    content = await evidence_of(house, run)
    told = opened(content, KEYS)
    assert [one["path"] for one in told["attempts"] if one["sent_at"] is not None] == ["build", "page"]
    assert [one["path"] for one in told["approvals"]] == ["ok"]
    assert failing(told) == []
    assert any("all of them before a signed checkpoint" in point.text for point in points(told, KEYS))
    for name, forge in RUNBOOK_FORGERIES.items():
        forged = opened(content, KEYS)
        forge(forged)
        assert failing(opened(seal(forged, SIGNER), KEYS)) != [], name
    place = content.index(b"pager")
    with pytest.raises(NotEvidence):
        opened(content[:place] + b"P" + content[place + 1 :], KEYS)


async def test_without_a_key_there_is_none(company: Company, make_settings: Any, make_house: Any) -> None:
    plain: ApiSettings = make_settings(audit_key_file=None)
    house = make_house(company, plain)
    run = await company.ask("ana", "1.1.0", "staging")
    said = problem(await (await house.signed_in("pat")).get(f"/api/v1/runs/{run}/evidence"), 409, "conflict")
    assert "audit_key_file" in said["detail"]
    await house.close()


def test_every_table_about_a_run_is_evidence_or_says_why_not() -> None:
    told = {table.__tablename__ for table in [*evidence_rows.BY_RUN.values(), *evidence_rows.BY_APPROVAL.values()]}
    about = {
        name
        for name, table in Base.metadata.tables.items()
        if {"run_id", "approval_id", "holder_run", "run"} & set(table.columns.keys())
    }
    assert about - told - evidence_rows.NOT_EVIDENCE.keys() == set()
