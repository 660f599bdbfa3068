"""Environments that a run waits for, as GitHub's own example shows them."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from daytwo_actions.backends.failures import BackendDenied
from daytwo_actions.backends.github.wire import artifacts, gates
from daytwo_actions.backends.tree import GateId, GateKind, GateVerdict, JobKind
from daytwo_store.states import ExternalStatus

SAMPLE = (Path(__file__).parent / "samples" / "pending-deployment-items.json").read_bytes()
PAGE = "https://github.com/acme/shop/actions/runs/17"


def pending(**change: Any) -> gates.Pending:
    usual = {"environment": {"id": 5, "name": "production"}, "wait_timer": 0, "reviewers": []}
    (one,) = gates.pending_in(json.dumps([usual | change]).encode())
    return one


def people(*logins: str) -> list[dict[str, Any]]:
    return [{"type": "User", "reviewer": {"login": login}} for login in logins]


def test_the_sample_of_the_vendor_becomes_a_gate() -> None:
    (node,) = gates.gates_of(gates.pending_in(SAMPLE), PAGE)
    assert (node.kind, node.status, node.name, node.url) == (JobKind.GATE, ExternalStatus.WAITING, "staging", PAGE)
    assert node.gate is not None
    assert (node.gate.id, node.gate.kind) == ("161088068", GateKind.ENVIRONMENT)
    assert node.gate.waits_for == (
        "a review by octocat or Justice League and the wait timer, which ends at 2020-11-23 22:30 UTC"
    )
    assert node.gate.verdicts == {GateVerdict.GO, GateVerdict.STOP}
    assert gates.waits_for(gates.pending_in(SAMPLE)) == (
        "a review of staging by octocat or Justice League and "
        "the wait timer of staging, which ends at 2020-11-23 22:30 UTC"
    )


@pytest.mark.parametrize(
    ("one", "words"),
    [
        (pending(reviewers=people("ada")), "a review of production by ada"),
        (pending(reviewers=[{"type": "Team", "reviewer": {}}]), "a review of production by its reviewers"),
        (pending(wait_timer=30), "the wait timer of production of 30 minutes"),
        (pending(), "the protection rules of production"),
    ],
)
def test_what_it_waits_for_is_said(one: gates.Pending, words: str) -> None:
    assert gates.waits_for([one]) == words


def test_a_run_may_wait_for_several() -> None:
    second = pending(environment={"id": 6, "name": "audit"}, reviewers=people("bob"))
    assert gates.waits_for([pending(wait_timer=5), second]) == (
        "the wait timer of production of 5 minutes; a review of audit by bob"
    )
    assert gates.waits_for([]) is None


@pytest.mark.parametrize(
    ("change", "answerable"),
    [
        ({"current_user_can_approve": True, "reviewers": people("us")}, True),
        ({"current_user_can_approve": False, "reviewers": people("ada")}, False),  # an App never can
        ({"current_user_can_approve": True, "wait_timer": 5}, False),  # nobody can answer a timer
    ],
)
def test_only_a_reviewer_can_answer(change: dict[str, Any], answerable: bool) -> None:
    (node,) = gates.gates_of([pending(**change)], None)
    assert node.gate is not None
    assert bool(node.gate.verdicts) is answerable


def test_an_answer_is_what_github_documents() -> None:
    assert gates.answer(GateId("5"), GateVerdict.GO, " fine\n") == {
        "environment_ids": [5],
        "state": "approved",
        "comment": "fine",
    }
    stop = gates.answer(GateId("5"), GateVerdict.STOP, "x" * 5_000)
    assert (stop["state"], len(str(stop["comment"]))) == ("rejected", 1_000)
    assert gates.answer(GateId("5"), GateVerdict.GO, "")["comment"]


@pytest.mark.parametrize("gate", ["", "x", "-1", "5/../6", "٥", "1" * 30])
def test_a_gate_that_was_not_given_out_is_refused(gate: str) -> None:
    with pytest.raises(BackendDenied):
        gates.answer(GateId(gate), GateVerdict.GO, "")


def artifact(number: int, name: str, hour: int | None) -> artifacts.VendorArtifact:
    made = None if hour is None else datetime(2026, 1, 1, hour, tzinfo=UTC)
    return artifacts.VendorArtifact(id=number, name=name, size_in_bytes=1, expired=False, created_at=made)


def test_of_several_results_the_newest_of_our_attempt_counts() -> None:
    found = [artifact(1, "daytwo-result", 1), artifact(3, "daytwo-result", 3), artifact(2, "daytwo-result", 2)]
    other = artifact(9, "other", 9)

    def chosen(*listed: artifacts.VendorArtifact, before: int | None = None) -> int | None:
        moment = None if before is None else datetime(2026, 1, 1, before, tzinfo=UTC)
        one = artifacts.newest_result(listed, before=moment)
        return one.id if one else None

    assert chosen(other, *found) == 3
    assert chosen(other, *found, before=3) == 2
    assert chosen(*found, before=1) is None
    assert chosen(other) is None
    assert chosen(artifact(4, "daytwo-result", None)) == 4
    assert chosen(artifact(4, "daytwo-result", None), before=5) is None


@pytest.mark.parametrize(
    ("base", "web"),
    [
        ("https://api.github.com", "https://github.com"),
        ("https://github.acme.example/api/v3", "https://github.acme.example"),
        ("https://api.acme.ghe.com", "https://acme.ghe.com"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
    ],
)
def test_people_look_at_another_address(base: str, web: str) -> None:
    assert artifacts.web_address(base) == web
