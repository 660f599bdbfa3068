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
    assert "daytwo show r_1" in done.err


def test_stages_are_told_in_order(cli: Any, server: Any, make: Any) -> None:
    stage = {"approval": None, "state": None, "needed_from": ["group:sre"], "count": 1}
    told = [
        {**stage, "number": 1, "text": "approved by Pat"},
        {**stage, "number": 2, "text": "waits for one of group:sre"},
    ]
    answers(server, make, stage=2, stages=2, all_stages=told)
    done = cli("approve", "a_1", "--yes")
    assert "stage 1 of 2: approved by Pat\nstage 2 of 2: waits for one of group:sre\n" in done.err


def test_what_is_open_is_told_with_what_it_can_become_and_its_bytes(cli: Any, server: Any, make: Any) -> None:
    schema = {"type": "string", "pattern": "^CHG"}
    source = {"name": "approvals.change.ticket", "who": "Sam filled it in.", "json_schema": schema}
    hole = {"name": "ticket", "written": "for ${{ approvals.change.ticket }}", "sources": [source], "given": {}}
    sent = {
        "attempt": None,
        "method": "POST",
        "path": "/x",
        "headers": {"accept": "json"},
        "body": '{"t": "for CHG-7"}',
    }
    request = {
        "step": "ship",
        "uses": "github",
        "holes": [{**hole, "filled": True, "value": "for CHG-7"}],
        "sent": {**sent, "digest": "c" * 64},
        "why_not": None,
    }
    answers(server, make, open_requests=[request])
    done = cli("approve", "a_1", "--yes")
    for words in (
        "open in ship: ticket: for ${{ approvals.change.ticket }}",
        'approvals.change.ticket: Sam filled it in. It can be: {"type": "string", "pattern": "^CHG"}',
        "is now: for CHG-7",
        '    accept: json\n    {"t": "for CHG-7"}',
        "c" * 64,
    ):
        assert words in done.err


FORM = {
    "action": "deploy",
    "version": "d1",
    "entity": None,
    "pages": [
        {
            "title": "Change",
            "form_schema": {
                "properties": {"ticket": {"type": "string", "title": "Change ticket"}, "batch": {"type": "integer"}},
                "required": ["ticket"],
            },
            "ui": {},
        }
    ],
    "data": {},
    "errors": [],
    "warnings": [],
}
ASKS = [{"name": "ticket", "title": "Change ticket"}, {"name": "batch", "title": "Batch"}]


def forms(server: Any, *data: dict[str, Any]) -> None:
    """The form as the server sees it, one look after the other."""
    server.on("POST", "/approvals/a_1/form", *({**FORM, "data": one} for one in data))


def test_what_the_stage_asks_for_is_taken_from_the_line_or_asked(cli: Any, server: Any, make: Any) -> None:
    answers(server, make, asks=ASKS)
    forms(server, {}, {"ticket": "CHG-7", "batch": 3})
    assert cli("approve", "a_1", "--yes", "--field", "ticket=CHG-7", "-f", "batch=3").code == 0
    assert server.bodies("/approvals/a_1/form")[-1] == {"answers": {"ticket": "CHG-7", "batch": 3}}
    forms(server, {}, {"ticket": "CHG-8"})
    assert cli("approve", "a_1", typed=["CHG-8", "", "y"]).code == 0
    sent = [body["answers"] for body in server.bodies("/approvals/a_1/decision")]
    assert sent == [{"ticket": "CHG-7", "batch": 3}, {"ticket": "CHG-8"}]
    forms(server, {})
    done = cli("approve", "a_1", "--yes")
    assert done.code == Exit.USAGE
    assert "Nothing was decided" in done.err
    assert "--field ticket=" in done.err


def test_what_somebody_filled_in_is_confirmed_as_it_is(cli: Any, server: Any, make: Any) -> None:
    answers(server, make, asks=ASKS, filled={"ticket": "CHG-7"})
    assert cli("approve", "a_1", "--yes").code == 0
    assert server.bodies("/approvals/a_1/decision")[0]["answers"] == {"ticket": "CHG-7"}
    assert cli("approve", "a_1", "--yes", "--field", "ticket=CHG-8").code == Exit.USAGE
    assert cli("reject", "a_1", "--yes", "--comment", "no").code == 0
    assert "answers" not in server.bodies("/approvals/a_1/decision")[1]


def test_what_is_asked_stands_in_the_list(cli: Any, server: Any, make: Any) -> None:
    hints = [{"name": "environment", "title": "Environment", "text": "production"}]
    one = make.approval(hints=hints, more_inputs=2, unusual="Undoes run r_0").model_dump(mode="json")
    server.on("GET", "/approvals", {"items": [one], "next_cursor": None})
    done = cli("approvals")
    assert "Undoes run r_0: deploy service:shop: Environment production and 2 more" in done.out
