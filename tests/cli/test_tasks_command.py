"""`daytwo tasks`: listing, taking, handing over, doing."""

from typing import Any

from daytwo_cli.exits import Exit

NOW = "2026-11-21T12:00:00Z"
ANA = {"id": "p_1", "name": "Ana", "ref": "person:ana"}
TASK: dict[str, Any] = {
    "id": "tk_1",
    "kind": "task",
    "run": "r_1",
    "step": "switch",
    "action": "release",
    "action_title": "Release",
    "entity": "service:shop",
    "requester": ANA,
    "state": "open",
    "text": "waits for group:sre, due 12:00 UTC",
    "needed_from": ["group:sre"],
    "who": "group:sre",
    "four_eyes": True,
    "created_at": NOW,
    "due_at": NOW,
    "ends_at": NOW,
    "overdue": False,
    "escalated_at": None,
    "claimed_by": None,
    "claimed_at": None,
    "yours": False,
    "may_do": {"allowed": True, "why_not": None},
    "does_for": None,
    "instructions": "# Switch it\n\nby hand",
    "asks": True,
    "left": [],
    "words": None,
    "settled_by": None,
    "settled_at": None,
}
FORM = {
    "action": "release",
    "version": "v" * 64,
    "entity": None,
    "pages": [
        {
            "title": "Evidence",
            "form_schema": {"type": "object", "required": ["link"], "properties": {"link": {"type": "string"}}},
            "ui": {},
        }
    ],
    "data": {"link": "https://a.example"},
    "errors": [],
    "warnings": [],
}


def test_the_list(cli: Any, server: Any) -> None:
    server.on("GET", "/tasks", {"items": [TASK], "next_cursor": None})
    done = cli("tasks", "list", "--mine")
    assert done.code == 0
    assert done.out.splitlines()[1].split()[:5] == ["tk_1", "open", "release", "service:shop", "switch"]
    assert server.asked[-1].query["mine"].lower() == "true"


def test_it_is_shown_with_its_text_as_it_is(cli: Any, server: Any) -> None:
    server.on("GET", "/tasks/tk_1", TASK)
    done = cli("tasks", "show", "tk_1")
    assert "  # Switch it\n  \n  by hand" in done.out
    assert "not by who asked for the run" in done.out


def test_taking_and_handing_over(cli: Any, server: Any) -> None:
    server.on("POST", "/tasks/tk_1/claim", TASK)
    server.on("POST", "/tasks/tk_1/hand-over", TASK)
    assert cli("tasks", "claim", "tk_1", "--over").code == 0
    assert cli("tasks", "hand-over", "tk_1", "ben").code == 0
    assert cli("tasks", "hand-over", "tk_1").code == 0
    assert server.bodies("/tasks/tk_1/claim") == [{"over": True}]
    assert server.bodies("/tasks/tk_1/hand-over") == [{"to": "person:ben"}, {"to": None}]


def test_it_is_done_with_what_it_asks_for(cli: Any, server: Any) -> None:
    server.on("GET", "/tasks/tk_1", TASK)
    server.on("POST", "/tasks/tk_1/form", FORM)
    answer = {"task": {**TASK, "state": "done", "text": "done by Ana"}, "repeated": False}
    server.on("POST", "/tasks/tk_1/complete", answer)
    done = cli("tasks", "complete", "tk_1", "-f", "link=https://a.example", "--words", "by hand", "--yes")
    assert (done.code, "done by Ana" in done.out) == (0, True)
    assert server.bodies("/tasks/tk_1/complete") == [{"answers": {"link": "https://a.example"}, "words": "by hand"}]


def test_without_a_terminal_nothing_is_said_to_be_done(cli: Any, server: Any) -> None:
    done = cli("tasks", "complete", "tk_1")
    assert (done.code, server.asked) == (Exit.USAGE, [])


def test_a_no_leaves_it_as_it_is(cli: Any, server: Any) -> None:
    server.on("GET", "/tasks/tk_1", {**TASK, "asks": False})
    cli("tasks", "complete", "tk_1", typed=["n"])
    assert server.bodies("/tasks/tk_1/complete") == []


def test_it_cannot_be_done(cli: Any, server: Any) -> None:
    server.on("POST", "/tasks/tk_1/fail", {**TASK, "state": "failed", "text": "cannot be done, says Ana"})
    assert cli("tasks", "fail", "tk_1", "--words", "no key").out.count("cannot be done") == 1


def test_the_run_says_what_to_do_and_what_it_calls(cli: Any, server: Any, make: Any) -> None:
    step = {
        "path": "switch",
        "uses": "task",
        "kind": "task",
        "state": "running",
        "text": "waits for group:sre",
        "needs": None,
        "due_at": None,
        "started_at": NOW,
        "ended_at": None,
        "attempts": [],
        "jobs": [],
        "log_note": None,
        "outputs": None,
        "outputs_source": None,
        "secrets": [],
        "secrets_at": None,
        "secrets_by": None,
    }
    calls = [
        {"key": "eu", "run": "r_2", "state": None, "text": None},
        {"key": "us", "run": None, "state": None, "text": None},
    ]
    waves = [
        {"key": "service:a", "run": "r_3", "state": "succeeded", "text": None, "wave": 1},
        {"key": "service:b", "run": "r_4", "state": "failed", "text": "it broke", "wave": 1},
        {"key": "check after wave 1", "run": "r_5", "state": None, "text": None, "wave": 1, "check": True},
        {"key": "service:c", "run": None, "state": None, "text": None, "wave": 2},
    ]
    steps = [
        {**step, "task": "tk_1"},
        {**step, "path": "each", "kind": "foreach", "calls": calls},
        {**step, "path": "roll", "kind": "foreach", "calls": waves},
    ]
    server.on("GET", "/runs/r_1", make.run(steps=steps, called_by="r_0", called_by_step="sub"))
    out = cli("show", "r_1").out
    assert "do it: daytwo tasks complete tk_1" in out
    assert "calls eu r_2: goes on" in out
    assert "calls us: not begun" in out
    assert "r_0, step sub" in out
    assert "wave 1 of 2: 1 of 2 succeeded" in out
    assert "service:b  r_4  failed: it broke" in out
    assert "its check  r_5  goes on" in out
    assert "wave 2 of 2: 0 of 1 succeeded" in out
    assert "service:a" not in out, "of a wave only what goes on or has not gone well is named"
