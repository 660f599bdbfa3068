"""Evidence of what was filled in: shown, with who filled it, and bound to what was sent; no secret in it."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from api_house import House
from evidence_files import KEYS, SIGNER, checkpoint, evidence_of, failing
from service_in_memory import ServiceInMemory, answer
from stepping import Stepping, dispatch

from daytwo_cli.flows.evidence_filled import filled_lines, recomputed
from daytwo_store.clock import GivenClock
from daytwo_store.evidence import NotEvidence, opened, seal
from daytwo_store.evidence_check import points
from daytwo_store.ids import ApprovalId, RunId
from daytwo_store.states import Verdict
from daytwo_workflows.life.decide import Decision, decide
from daytwo_workflows.life.filling import filled_in
from daytwo_workflows.secret_sources.reference import Reference
from daytwo_workflows.secret_sources.source import SecretSource

pytestmark = pytest.mark.anyio
CANARY = "Canary-of-the-pager"
TICKET = {"type": "string", "title": "Change ticket", "pattern": "^CHG-[0-9]+$"}
FORM = {"pages": [{"title": "Change", "required": ["ticket"], "properties": {"ticket": TICKET}}]}
STAGE = {"id": "change", "from": ["group:sre"], "form": FORM}
SHIP = {"image": "${{ steps.build.outputs.image }}", "ticket": "for ${{ approvals.change.ticket }}"}
TELL = {
    "service": "pager",
    "method": "POST",
    "path": "/deploys",
    "headers": {"authorization": "${{ secrets.pager_token }}"},
    "body": {"image": "${{ steps.build.outputs.image }}", "factor": "${{ steps.build.outputs.factor }}"},
}


async def filled_run(house: House, folder: Path) -> RunId:
    """Sam fills in a ticket, a pipeline leaves an image, and both are sent on: to a pipeline and to a service."""
    company = house.company
    pager = ServiceInMemory(secrets={"pager_token": "secret://env/PAGER"}, says=lambda _: answer(ok=True))
    company.life = replace(company.life, services={"pager": pager}, source=SecretSource({"env": OneSecret()}))
    company.ci.left = {"image": "shop@1.1.0", "factor": 100000.0}
    stepping = Stepping(company, GivenClock(datetime.now(UTC)), folder)
    left = {"image": {"type": "string"}, "factor": {"type": "number"}}
    run = await stepping.run(
        dispatch("build", outputs=left),
        dispatch("ship", inputs=SHIP),
        {"id": "tell", "uses": "http", "with": TELL},
        environment="production",
        approval=[STAGE],
    )
    [asked] = await company.approvals(run)
    decision = Decision(
        approval=ApprovalId(asked.id),
        principal=await company.person("sam"),
        verdict=Verdict.APPROVE,
        digest=asked.digest,
        comment="ok",
        answers={"ticket": "CHG-7"},
    )
    await decide(company.store, await filled_in(company.life, decision))
    await company.through(run)
    await company.through(run)
    assert (await company.run(run)).state == "succeeded", (await company.run(run)).reason
    [call] = pager.calls
    assert call.headers["authorization"] == CANARY
    return run


class OneSecret:
    """A provider of secrets that knows one."""

    fresh = 60.0

    async def read(self, reference: Reference) -> str:
        return CANARY


def _attempt(told: dict[str, Any], path: str) -> dict[str, Any]:
    found: dict[str, Any] = next(one for one in told["attempts"] if one["path"] == path)
    return found


def _entry(told: dict[str, Any], action: str, step: str) -> dict[str, Any]:
    found: dict[str, Any] = next(
        one for one in told["audit"]["entries"] if one["action"] == action and one["facts"].get("step") == step
    )
    return found


def _other_bytes(told: dict[str, Any], path: str) -> None:
    one = _attempt(told, path)
    one["body"] = one["body"].replace("1.1.0", "6.6.6")


FORGERIES: dict[str, Any] = {
    "the bytes of a pipeline's request": lambda told: _other_bytes(told, "ship"),
    "the bytes of a service's request": lambda told: _other_bytes(told, "tell"),
    "where a service was asked": lambda told: _attempt(told, "tell")["request"].update(path="/other"),
    "a header": lambda told: _attempt(told, "tell")["request"]["headers"].update(accept="x"),
    "a digest": lambda told: _attempt(told, "ship").update(digest="0" * 64),
    "what an approver filled in": lambda told: told["decisions"][0].update(answers={"ticket": "CHG-8"}),
    "what was made of it": lambda told: _attempt(told, "ship")["request"]["filled"]["ticket"].update(value="for CHG-8"),
    "where it came from": lambda told: _attempt(told, "ship")["request"]["filled"]["image"].update({"from": []}),
    "what came from a step": lambda told: _attempt(told, "ship")["request"]["filled"]["image"].update(value="x@1"),
    "that it was filled in": lambda told: _attempt(told, "tell")["request"].pop("filled"),
    "what a step left": lambda told: next(one for one in told["steps"] if one["path"] == "build")["outputs"].update(
        image="x@1"
    ),
    "what a step began with": lambda told: next(one for one in told["steps"] if one["path"] == "ship")["given"].update(
        {"inputs.image": "x@1"}
    ),
    "no bytes": lambda told: _attempt(told, "ship").pop("body"),
    "no entry of the intent": lambda told: told["audit"]["entries"].remove(_entry(told, "attempt.intent", "ship")),
    "no entry of the sending": lambda told: told["audit"]["entries"].remove(_entry(told, "attempt.sent", "ship")),
    "no entry of the filling": lambda told: told["audit"]["entries"].remove(_entry(told, "step.filled", "ship")),
    "one request less in the audit": lambda told: _entry(told, "attempt.intent", "tell")["facts"].pop("filled"),
}


async def test_what_was_filled_in_is_shown_and_bound(house: House, tmp_path: Path) -> None:
    run = await filled_run(house, tmp_path)
    await checkpoint(house)
    content = await evidence_of(house, run)
    told = opened(content, KEYS)
    assert failing(told) == []
    sent = json.loads(_attempt(told, "ship")["body"])["inputs"]
    assert (sent["image"], sent["ticket"]) == ("shop@1.1.0", "for CHG-7")
    assert any("3 requests, their bytes as the audit has them; 2 of them" in one.text for one in points(told, KEYS))
    assert [point.holds for point in recomputed(told)] == [True]
    lines = filled_lines(told)
    assert "ship, request 1: ticket = 'for CHG-7', from approvals.change.ticket (Sam)" in lines
    assert any(
        line.startswith("ship, request 1: image = 'shop@1.1.0', from steps.build.outputs.image (gi") for line in lines
    )
    assert CANARY.encode() not in content
    assert b"CHG-7" not in json.dumps(told["audit"]["entries"]).encode(), "the audit has digests alone"
    for name, forge in FORGERIES.items():
        forged = opened(content, KEYS)
        forge(forged)
        assert failing(opened(seal(forged, SIGNER), KEYS)) != [], name
    for part in (b"for CHG-7", b"shop@1.1.0"):
        place = content.index(part)
        with pytest.raises(NotEvidence):
            opened(content[:place] + b"X" + content[place + 1 :], KEYS)


async def test_values_that_do_not_follow_from_the_answers_are_found_out(house: House, tmp_path: Path) -> None:
    """Whoever has the keys of the server and its database: the plan and the answers still say what had to be sent."""
    told = opened(await evidence_of(house, await filled_run(house, tmp_path)), KEYS)
    _attempt(told, "ship")["request"]["filled"]["ticket"]["value"] = "for CHG-8"
    assert [point.holds for point in recomputed(told)] == [False]


async def test_evidence_of_a_run_from_before_this_was_kept_holds(house: House) -> None:
    """Its first entry does not say that everything is bound, so nothing is missed."""
    run = await house.company.ask("ana", "1.1.0", "staging")
    await house.company.through(run)
    told = opened(await evidence_of(house, run), KEYS)
    for one in told["attempts"]:
        one.pop("body")
    told["audit"]["proof"] = []
    for entry in told["audit"]["entries"]:
        entry["before"] = None
        entry["facts"].pop("binds", None)
    assert failing(told) == []
