"""The plan's digest and what differs between two plans."""

import hashlib
import json
from datetime import UTC, datetime

import pytest

from daytwo_actions.plan.difference import differences, drift
from daytwo_actions.plan.model import Plan, PlannedAction, PlannedApproval, PlannedRequester, digest_of
from daytwo_store.errors import Rejected


def plan(**other: object) -> Plan:
    facts: dict[str, object] = {
        "run": "r_1",
        "action": PlannedAction(name="deploy", version="v"),
        "requester": PlannedRequester(issuer="i", subject="s"),
        "entity": None,
        "inputs": {"b": 1, "a": "é"},
        "read": {},
        "lock": None,
        "approval": None,
        "steps": [],
        "catalog": [],
        **other,
    }
    return Plan.model_validate(facts)


def test_the_canonical_text_is_rfc_8785_and_the_digest_its_sha_256() -> None:
    text = plan().canonical()
    assert text == json.dumps(json.loads(text), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert digest_of(text) == hashlib.sha256(text.encode()).hexdigest()


def test_the_order_of_keys_makes_no_other_plan() -> None:
    assert plan(inputs={"a": "é", "b": 1}).canonical() == plan().canonical()
    assert plan(inputs={"a": "é", "b": True}).canonical() != plan().canonical()


def test_a_number_that_json_cannot_carry_is_refused() -> None:
    with pytest.raises(Rejected, match="Nothing was started"):
        plan(inputs={"n": 2**60}).canonical()


def test_a_stored_plan_is_the_same_plan() -> None:
    text = plan().canonical()
    assert Plan.model_validate_json(text).canonical() == text


def test_drift_names_what_changed_and_not_the_new_deadline() -> None:
    def with_deadline(hour: int, groups: list[str]) -> Plan:
        at = datetime(2026, 1, 1, hour, tzinfo=UTC)
        return plan(approval=PlannedApproval(needed_from=groups, count=1, expires_at=at))

    assert drift(with_deadline(1, ["group:sre"]), with_deadline(2, ["group:sre"])) == []
    [change] = drift(with_deadline(1, ["group:sre"]), with_deadline(2, ["group:other"]))
    assert (change.name, change.before, change.after) == ("approval.needed_from[0]", "group:sre", "group:other")


def test_differences_show_what_came_and_went() -> None:
    found = {
        change.name: (change.before, change.after) for change in differences({"a": 1, "b": [1]}, {"a": 1, "c": {}})
    }
    assert found == {"b[0]": (1, None), "c": (None, {})}
