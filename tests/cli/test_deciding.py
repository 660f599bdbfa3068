"""Approving is reading: the sealed plan is shown, and its digest is what is sent."""

from typing import Any

from daytwo_cli.exits import Exit

DIGEST = "a" * 64


def answers(server: Any, make: Any, **changes: Any) -> None:
    server.on("GET", "/approvals/a_1", make.approval(**changes))
    decided = make.approval(state="approved", text="approved by Sam").model_dump(mode="json")
    server.on("POST", "/approvals/a_1/decision", {"approval": decided, "repeated": False})


def test_the_plan_is_read_then_its_digest_approved(cli: Any, server: Any, make: Any) -> None:
    answers(server, make, differences=[{"field": "version", "before": "1.0.0", "after": "1.1.0"}], previous_run="r_0")
    done = cli("approve", "a_1", "--comment", "fine", typed=["y"])
    assert (done.code, done.out) == (0, "approved: approved by Sam\n")
    assert server.bodies("/approvals/a_1/decision") == [{"verdict": "approve", "digest": DIGEST, "comment": "fine"}]
    for words in (
        "Deploy a service on service:shop, asked for by Ana",
        "pipeline: deploy.yml",
        DIGEST,
        "1.0.0 → 1.1.0",
    ):
        assert words in done.err


def test_no_is_no(cli: Any, server: Any, make: Any) -> None:
    answers(server, make)
    assert cli("approve", "a_1", typed=["n"]).code == Exit.CANCELLED
    assert server.bodies("/approvals/a_1/decision") == []


def test_nobody_to_ask(cli: Any, server: Any, make: Any) -> None:
    answers(server, make)
    assert cli("approve", "a_1").code == Exit.USAGE
    assert server.asked == []
    assert cli("approve", "a_1", "--yes").code == 0


def test_a_digest_that_was_read_elsewhere(cli: Any, server: Any, make: Any, refuse: Any) -> None:
    answers(server, make)
    server.on("POST", "/approvals/a_1/decision", refuse(409, "stale-digest", "The plan has changed."))
    done = cli("approve", "a_1", "--yes", "--digest", "b" * 64)
    assert done.code == Exit.REFUSED
    assert server.bodies("/approvals/a_1/decision")[0]["digest"] == "b" * 64


def test_by_its_run(cli: Any, server: Any, make: Any) -> None:
    answers(server, make)
    old = make.approval(id="a_0", state="superseded").model_dump(mode="json")
    new = make.approval().model_dump(mode="json")
    server.on("GET", "/runs/r_1", make.run(state="waiting_approval", approvals=[old, new]))
    assert cli("reject", "r_1", "--comment", "not today", "--yes").code == 0
    assert server.bodies("/approvals/a_1/decision")[0]["verdict"] == "reject"


def test_a_run_that_waits_for_nothing(cli: Any, server: Any, make: Any) -> None:
    server.on("GET", "/runs/r_1", make.run(text="is running"))
    done = cli("approve", "r_1", "--yes")
    assert done.code == Exit.FAILED
    assert "waits for no approval (is running)" in done.err


def test_stages_are_told_in_order(cli: Any, server: Any, make: Any) -> None:
    stage = {"approval": None, "state": None, "needed_from": ["group:sre"], "count": 1}
    told = [
        {**stage, "number": 1, "text": "approved by Pat"},
        {**stage, "number": 2, "text": "waits for one of group:sre"},
    ]
    answers(server, make, stage=2, stages=2, all_stages=told)
    done = cli("approve", "a_1", "--yes")
    assert "stage 1 of 2: approved by Pat\nstage 2 of 2: waits for one of group:sre\n" in done.err
