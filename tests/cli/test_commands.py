"""What the commands print, ask for, send, and end with."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
import typer

from daytwo_cli.app import build
from daytwo_cli.exits import MEANING, Exit

PAGE: dict[str, Any] = {"items": [], "next_cursor": None}
ACTION: dict[str, Any] = {
    "name": "deploy",
    "title": "Deploy a service",
    "description": "",
    "tags": [],
    "owner": None,
    "operation": "day-2",
    "target_kind": "service",
    "may_run": {"allowed": True},
    "runners": "the owner of the service",
    "version": "v" * 64,
    "steps": ["ship"],
    "undoable": True,
}


def test_help_names_every_exit_code_and_which_server_counts(
    cli: Any, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    assert cli("--help").code == 0
    told = " ".join(capsys.readouterr().out.split())
    codes = told.partition("Exit codes: ")[2]
    assert codes == " ".join(f"{code.value} {meaning}" for code, meaning in MEANING.items())
    places = ("DAYTWO_URL names the server", "`daytwo up` runs in this folder", "the last `daytwo login`")
    found = [told.index(place) for place in places]
    assert found == sorted(found), "in the order in which client/server.py looks"


def test_the_readme_names_every_exit_code_with_its_meaning() -> None:
    readme = (Path(__file__).parents[2] / "cli" / "README.md").read_text()
    assert [code for code, meaning in MEANING.items() if f"| {code.value} | {meaning} |" not in readme] == []


def test_actions_say_whether_one_may_run_them(cli: Any, server: Any) -> None:
    no = {**ACTION, "name": "restart", "may_run": {"allowed": False, "why_not": "Only group:sre may."}}
    server.on("GET", "/actions", {**PAGE, "items": [ACTION, no]})
    done = cli("actions", "--entity", "service:shop")
    assert done.code == 0
    assert server.asked[0].query == {"entity": "service:shop"}
    assert server.asked[0].headers["authorization"] == "Bearer secret-token"
    assert done.out.splitlines() == [
        "ACTION   TITLE             ON       MAY YOU",
        "deploy   Deploy a service  service  yes",
        "restart  Deploy a service  service  Only group:sre may.",
    ]


@pytest.mark.parametrize(
    ("arguments", "method", "path"),
    [
        (["actions"], "GET", "/actions"),
        (["runs"], "GET", "/runs"),
        (["approvals"], "GET", "/approvals"),
        (["entities"], "POST", "/entities/search"),
        (["tokens", "list"], "GET", "/tokens"),
    ],
)
def test_json_is_exactly_what_the_api_answers(
    cli: Any, server: Any, arguments: list[str], method: str, path: str
) -> None:
    server.on(method, path, {**PAGE, "something new": 1})
    done = cli(*arguments, "--json")
    assert (done.code, done.json) == (0, {**PAGE, "something new": 1})


ENTITY: dict[str, Any] = {
    "ref": "deployment:shop-production",
    "kind": "deployment",
    "name": "shop-production",
    "title": "Shop in production",
    "owner": "group:storefront",
    "properties": {"version": "1.1.0", "run": "r_1"},
    "relations": {"service": ["service:shop"]},
    "referenced_by": [],
    "version": 2,
    "changed_at": "2026-11-21T12:00:00Z",
    "changed_by": "run:r_1",
}
STARTED: dict[str, Any] = {"id": "r_2", "state": "accepted", "repeated": False, "url": "http://x/runs/r_2"}


@pytest.mark.parametrize(
    ("arguments", "method", "path"),
    [
        (["show", "r_1"], "GET", "/runs/r_1"),
        (["approval", "a_1"], "GET", "/approvals/a_1"),
        (["approve", "a_1", "--yes"], "POST", "/approvals/a_1/decision"),
        (["reject", "a_1", "--comment", "no", "--yes"], "POST", "/approvals/a_1/decision"),
        (["cancel", "r_1"], "POST", "/runs/r_1/cancel"),
        (["withdraw", "r_1"], "POST", "/runs/r_1/withdraw"),
        (["undo", "r_1", "--yes"], "POST", "/runs/r_1/undo"),
        (["rerun", "r_1", "--yes"], "POST", "/runs/r_1/rerun"),
        (["entities", "deployment:shop-production"], "GET", "/entities/deployment/shop-production"),
    ],
    ids=lambda given: given[0] if isinstance(given, list) else "",
)
def test_json_of_one_thing_is_exactly_what_the_api_answers(
    cli: Any, server: Any, make: Any, arguments: list[str], method: str, path: str
) -> None:
    approval = make.approval().model_dump(mode="json")
    answers = {"runs": make.run().model_dump(mode="json"), "approvals": approval, "entities": ENTITY}
    answer = answers[path.split("/")[1]]
    if path.endswith("/decision"):
        answer = {"approval": approval, "repeated": False}
        server.on("GET", "/approvals/a_1", approval)
    elif path.endswith(("/undo", "/rerun")):
        answer = STARTED
    server.on(method, path, {**answer, "something new": 1})
    done = cli(*arguments, "--json")
    assert (done.code, done.json) == (0, {**answer, "something new": 1})


def test_what_shows_something_has_json() -> None:
    """Without it are those that the README names, and those that end with a sentence about what they changed."""
    program: Any = typer.main.get_command(build())
    commands: dict[str, Any] = program.commands
    alone = {name: command for name, command in commands.items() if not hasattr(command, "commands")}
    without = {name for name, one in alone.items() if not any("--json" in option.opts for option in one.params)}
    assert without == {"up", "serve", "demo", "comment", "delegate", "take-back", "logout"}
    told = (Path(__file__).parents[2] / "cli" / "README.md").read_text()
    assert "Not `up`, `serve` and `demo`" in told


def test_an_empty_list_says_so(cli: Any, server: Any) -> None:
    server.on("GET", "/approvals", PAGE)
    assert cli("approvals").out == "There is nothing to decide.\n"
    assert server.asked[0].query["state"] == "pending"


def test_what_others_wrote_does_not_steer_the_terminal(cli: Any, server: Any) -> None:
    evil = {**ACTION, "title": "\x1b]0;pwned\x07De\x1b[2Jploy\r\u202e"}
    server.on("GET", "/actions", {**PAGE, "items": [evil]})
    out = cli("actions").out
    assert "Deploy" in out
    assert not set(out) & {"\x1b", "\x07", "\r", "\u202e"}


def test_a_refusal_shows_detail_faults_and_request(cli: Any, server: Any, refuse: Any) -> None:
    server.on(
        "GET", "/runs/r_1", refuse(404, "not-found", "There is no run r_1.", [("/inputs/version", "is not a tag")])
    )
    done = cli("show", "r_1")
    assert done.code == Exit.REFUSED
    assert done.err == "There is no run r_1.\n  version: is not a tag\n(request q_1)\n"
    assert json.loads(cli("show", "r_1", "--json").err)["type"] == "not-found"


def test_a_server_in_trouble_is_unreachable_after_some_tries(cli: Any, server: Any, refuse: Any) -> None:
    server.on("GET", "/runs/r_1", refuse(503, "unavailable", "The database does not answer."))
    done = cli("show", "r_1")
    assert done.code == Exit.UNREACHABLE
    assert "The database does not answer." in done.err
    assert len(server.asked) == 4


def test_nobody_there(cli: Any) -> None:
    done = cli("runs", environment={"DAYTWO_URL": "http://127.0.0.1:9"})
    assert done.code == Exit.UNREACHABLE
    assert "does not answer" in done.err
    assert "daytwo up" in done.err


def test_something_else_than_daytwo(cli: Any, server: Any, reply: Any) -> None:
    server.on("GET", "/runs", reply(text="<html>"))
    done = cli("runs")
    assert done.code == Exit.UNREACHABLE
    assert "Is it a Daytwo server" in done.err


def test_no_server_is_known(cli: Any) -> None:
    done = cli("runs", environment={})
    assert done.code == Exit.USAGE
    assert "daytwo up" in done.err


def test_a_token_is_not_sent_in_the_clear(cli: Any) -> None:
    done = cli("runs", environment={"DAYTWO_URL": "http://daytwo.example", "DAYTWO_TOKEN": "secret-token"})
    assert done.code == Exit.USAGE
    assert "https" in done.err
    assert "secret-token" not in done.err


def test_the_server_of_daytwo_up_in_this_folder(cli: Any, server: Any, tmp_path: Path) -> None:
    (tmp_path / ".daytwo").mkdir()
    there = tmp_path / ".daytwo" / "processes.json"
    logins = tmp_path / ".config" / "daytwo" / "logins.json"
    logins.parent.mkdir(parents=True)
    logins.write_text(json.dumps({"current": "http://127.0.0.1:9", "servers": {}}))
    server.on("GET", "/runs", PAGE)
    there.write_text(json.dumps({"page": server.url, "pid": os.getpid()}))
    assert cli("runs", environment={}).code == 0, "before the last login: it is what somebody has just started"
    there.write_text(json.dumps({"page": server.url, "pid": 2**31 - 1}))
    assert "http://127.0.0.1:9 does not answer" in cli("runs", environment={}).err, "a house that has ended is none"
    there.write_text(json.dumps({"page": "https://daytwo.example", "pid": os.getpid()}))
    assert "http://127.0.0.1:9 does not answer" in cli("runs", environment={}).err, "a folder leads to nobody else"


def test_login_keeps_a_session_for_its_user_alone(cli: Any, server: Any, reply: Any, tmp_path: Path) -> None:
    me = {
        "id": "p_1",
        "name": "Ana",
        "ref": None,
        "groups": ["group:storefront"],
        "roles": [],
        "permissions": [],
        "scopes": [],
        "sign_out": True,
    }
    server.on("POST", "/session", reply(json=me, headers={"Set-Cookie": "session=s3cret; HttpOnly; Path=/"}))
    server.on("GET", "/me", me)
    server.on("DELETE", "/session", reply(status=204))
    here = {"DAYTWO_URL": server.url}
    done = cli("login", "--as", "ana", environment=here)
    assert (done.code, done.out) == (0, f"You are Ana on {server.url}, in group:storefront.\n")
    assert server.bodies("/session") == [{"name": "ana"}]
    file = tmp_path / ".config" / "daytwo" / "logins.json"
    assert file.stat().st_mode & 0o777 == 0o600
    assert cli("whoami", environment={}).out.splitlines()[0] == "you are  Ana"
    assert server.asked[-1].headers["cookie"] == "session=s3cret"
    assert cli("logout", environment={}).code == 0
    assert server.asked[-1].headers["origin"] == server.url
    assert "s3cret" not in file.read_text()


def test_login_without_a_name_and_without_a_terminal(cli: Any, server: Any) -> None:
    server.on("GET", "/session", {"choices": [{"name": "ana", "title": "Ana", "about": "developer"}]})
    done = cli("login", environment={"DAYTWO_URL": server.url})
    assert done.code == Exit.USAGE
    assert "one of ana" in done.err


def test_a_token_is_printed_alone_so_that_it_can_be_kept(cli: Any, server: Any) -> None:
    token = {
        "id": "t_1",
        "name": "ci",
        "scopes": ["run"],
        "owner": {"id": "p_1", "name": "Ana", "ref": None},
        "created_at": "2026-11-21T12:00:00Z",
        "expires_at": "2026-12-21T12:00:00Z",
        "last_used_at": None,
        "revoked_at": None,
    }
    server.on("POST", "/tokens", {"token": token, "secret": "d2_once"})
    done = cli("tokens", "create", "ci", "--scope", "run", "--days", "7")
    assert done.out == "d2_once\n"
    assert server.bodies("/tokens") == [{"name": "ci", "scopes": ["run"], "days": 7}]


def test_entities(cli: Any, server: Any) -> None:
    server.on("GET", "/entities/deployment/shop-production", ENTITY)
    out = cli("entities", "deployment:shop-production").out
    assert "version  1.1.0\n" in out
    assert "service  service:shop\n" in out
    assert "by run:r_1 (version 2)" in out
    assert cli("entities", "shop").code == Exit.USAGE


def test_show_tells_why_it_waits_and_what_failed(cli: Any, server: Any, make: Any) -> None:
    waits = {
        "kind": "approval",
        "text": "waits for one of group:sre until 14:00 UTC; then expires",
        "owner": "group:sre",
        "next_event": "a decision",
        "until": None,
        "then": None,
    }
    error = {
        "number": 7,
        "step": "ship",
        "job": "Check",
        "text": "2026-11-21T11:34:43.2447190Z ##[error]the setting PAYMENTS_URL is missing",
    }
    server.on("GET", "/runs/r_1", make.run(state="waiting_approval", waits=waits, first_error=error))
    out = cli("show", "r_1").out
    assert out.startswith("waiting approval: Deploy a service on service:shop\n")
    assert "waits for one of group:sre until 14:00 UTC; then expires (group:sre: a decision)" in out
    assert "first error, line 7 of the log:\nCheck | error: the setting PAYMENTS_URL is missing\n" in out


def test_cancel_says_what_the_run_waits_for_now(cli: Any, server: Any, make: Any) -> None:
    server.on("POST", "/runs/r_1/cancel", make.run(state="cancelling", text="is being cancelled"))
    done = cli("cancel", "r_1", "--reason", "wrong one", "--force")
    assert (done.code, done.out) == (0, "cancelling: is being cancelled\n")
    assert server.bodies("/runs/r_1/cancel") == [{"reason": "wrong one", "force": True}]


def test_a_change_without_a_key_is_sent_once(cli: Any, server: Any, refuse: Any) -> None:
    server.on("POST", "/runs/r_1/cancel", refuse(503, "unavailable", "No."))
    assert cli("cancel", "r_1").code == Exit.UNREACHABLE
    assert len(server.asked) == 1


def test_undo_is_repeated_under_one_key(cli: Any, server: Any, refuse: Any) -> None:
    accepted = {"id": "r_2", "state": "accepted", "repeated": True, "url": "http://x/runs/r_2"}
    server.on("POST", "/runs/r_1/undo", refuse(503, "unavailable", "No."), accepted)
    done = cli("undo", "r_1", "--yes")
    assert (done.code, done.out) == (0, "r_2\n")
    keys = {one.headers["idempotency-key"] for one in server.asked}
    assert len(server.asked) == 2
    assert len(keys) == 1


def test_undo_asks_and_takes_no_for_an_answer(cli: Any, server: Any, make: Any) -> None:
    server.on("GET", "/runs/r_1", make.run(state="succeeded"))
    done = cli("undo", "r_1", typed=["n"])
    assert done.code == Exit.CANCELLED
    assert "Nothing was started." in done.err
    assert server.bodies("/runs/r_1/undo") == []


PLAN: dict[str, Any] = {
    "digest": "d" * 64,
    "document": {},
    "requests": [],
    "approvals": [],
    "lock": None,
    "changes": [],
    "previous_run": None,
    "differences": [],
    "starts": "At once.",
    "undoable": False,
}
RESUME: dict[str, Any] = {
    "version": "d" * 64,
    "changed": True,
    "steps": [
        {"step": "build", "kind": "dispatch", "does": "skip", "text": "build is done", "answers": []},
        {
            "step": "page",
            "kind": "http",
            "does": "ask",
            "text": "page may have been carried out, and is to be done once",
            "answers": ["done", "again"],
        },
    ],
    "differences": [{"field": "steps[0].pinned.commit", "before": "aaaa", "after": "bbbb"}],
    "plan": PLAN,
}


def test_resume_shows_what_it_would_do_and_sends_nothing(cli: Any, server: Any) -> None:
    server.on("GET", "/runs/r_1/resume", RESUME)
    done = cli("resume", "r_1", "--dry-run")
    assert done.code == 0, done.err
    assert done.out.splitlines() == [
        "carried over: build is done",
        "to be said: page may have been carried out, and is to be done once (--done page or --again page)",
        f"The action has changed since: this is version {'d' * 12}.",
        "different: steps[0].pinned.commit, 'aaaa' then, 'bbbb' now",
    ]
    assert server.bodies("/runs/r_1/resume") == []


def test_resume_asks_and_sends_what_was_said_with_the_version_that_was_shown(cli: Any, server: Any) -> None:
    accepted = {"id": "r_2", "state": "accepted", "repeated": False, "url": "http://x/runs/r_2"}
    server.on("GET", "/runs/r_1/resume", RESUME)
    server.on("POST", "/runs/r_1/resume", accepted)
    done = cli("resume", "r_1", "--again", "page", "--reason", "it must go out", typed=["y"])
    assert (done.code, done.out.splitlines()[-1]) == (0, "r_2")
    body = {"reason": "it must go out", "version": "d" * 64, "answers": {"page": "again"}}
    assert server.bodies("/runs/r_1/resume")[-1] == body


def test_undoing_says_what_becomes_of_it(cli: Any, server: Any, make: Any) -> None:
    server.on("POST", "/runs/r_1/undoing", make.run(state="running", text="running"))
    done = cli("undoing", "r_1", "undo", "--reason", "it must not stay")
    assert done.code == 0, done.err
    assert server.bodies("/runs/r_1/undoing") == [{"choice": "undo", "reason": "it must not stay"}]


def test_resolve_finds_the_one_held_attempt(cli: Any, server: Any, make: Any) -> None:
    attempt = {
        "number": 2,
        "state": "held",
        "note": None,
        "digest": "d",
        "marker": "m",
        "intent_at": "2026-11-21T12:00:00Z",
        "sent_at": None,
        "claimed_by": None,
        "claimed_at": None,
        "findings": [],
        "external": None,
    }
    step = {
        "path": "ship",
        "uses": "github",
        "kind": "dispatch",
        "needs": None,
        "due_at": None,
        "state": "held",
        "text": "",
        "started_at": None,
        "ended_at": None,
        "attempts": [attempt],
        "jobs": [],
        "log_note": None,
        "outputs": None,
        "outputs_source": None,
        "secrets": [],
        "secrets_at": None,
        "secrets_by": None,
    }
    server.on("GET", "/runs/r_1", make.run(state="needs_attention", steps=[step]))
    server.on("POST", "/runs/r_1/resolve", make.run())
    assert cli("resolve", "r_1", "--ran", "77", "--reason", "seen").code == 0
    assert server.bodies("/runs/r_1/resolve") == [
        {
            "step": "ship",
            "attempt": 2,
            "outcome": "ran",
            "external_run": "77",
            "without_marker": False,
            "reason": "seen",
        }
    ]
    assert cli("resolve", "r_1", "--reason", "?").code == Exit.USAGE
    assert cli("resolve", "r_1", "--ran", "1", "--step", "other", "--reason", "?").code == Exit.USAGE


def test_whoever_forgot_to_sign_in_is_told_how_in_a_terminal(cli: Any, server: Any, refuse: Any) -> None:
    server.on("GET", "/runs/r_1", refuse(401, "unauthenticated", "Nobody is signed in. Nothing was done."))
    done = cli("show", "r_1")
    assert done.code == Exit.REFUSED
    assert done.err.startswith("Nobody is signed in. Nothing was done.\nIn a terminal: `daytwo login`")
    assert "make a token on the page and set DAYTWO_TOKEN" in done.err
    server.on("GET", "/runs/r_1", refuse(403, "forbidden", "You may not."))
    assert "daytwo login" not in cli("show", "r_1").err


def test_signing_out_where_nobody_is_signed_in_says_what_else_there_is(cli: Any) -> None:
    done = cli("logout")
    assert done.code == Exit.FAILED
    assert "so nothing was ended. If you meant another server, name it in DAYTWO_URL" in done.err


def test_a_wrong_command_line_is_a_usage_error(cli: Any) -> None:
    assert cli("runs", "--nonsense").code == Exit.USAGE
    assert cli("reject", "a_1").code == Exit.USAGE


def test_logs_go_through_all_pages(cli: Any, server: Any) -> None:
    lines = [{"number": n, "step": "ship", "job": "Test", "text": f"\x1b[31mline {n}\x1b[0m"} for n in range(1, 5002)]
    server.on("GET", "/runs/r_1/logs", {"lines": lines[:5000], "next": 5000}, {"lines": lines[5000:], "next": 5001})
    out = cli("logs", "r_1").out.splitlines()
    assert (len(out), out[0], out[-1]) == (5001, "Test | line 1", "Test | line 5001")
    assert [one.query["after"] for one in server.asked] == ["0", "5000"]
    server.on("GET", "/runs/r_1/logs", {"lines": lines[:5000], "next": 5000}, {"lines": lines[5000:], "next": 5001})
    whole = [json.loads(line) for line in cli("logs", "r_1", "--json").out.splitlines()]
    assert [(one["number"], one["text"]) for one in whole] == [(one["number"], one["text"]) for one in lines]


def test_a_gap_is_shown_and_where_nobody_could_look_is_said(cli: Any, server: Any) -> None:
    gap = {"number": 900, "step": "ship", "job": "test", "text": "… 800 lines are left out here", "left_out": 800}
    server.on("GET", "/runs/r_1/logs", {"lines": [gap], "next": 900})
    assert cli("logs", "r_1").out == "test | … 800 lines are left out here\n"
    server.on("GET", "/runs/r_1/logs", {"lines": [], "next": 950, "not_searched": 800})
    done = cli("logs", "r_1", "--grep", "error")
    assert (done.out, done.err) == ("", "800 lines of this log are not kept, and nothing was looked for in them.\n")
    server.on("GET", "/runs/r_1/logs", {"lines": [], "next": 950, "not_searched": 800})
    done = cli("logs", "r_1", "--grep", "error", "--json")
    assert (done.out, done.err) == ("", "800 lines of this log are not kept, and nothing was looked for in them.\n")


def test_logs_are_tidied_unless_raw(cli: Any, server: Any) -> None:
    time = "2026-11-21T11:34:43.2447190Z "
    texts = [
        "\ufeff" + time + "##[group]Run make",
        time + "make",
        time + "##[endgroup]",
        time + "##[error]no rule",
        "plain",
    ]
    lines = [{"number": n, "step": "ship", "job": "Test", "text": text} for n, text in enumerate(texts, start=1)]
    server.on("GET", "/runs/r_1/logs", {"lines": lines, "next": 5})
    shown = ["Test | ▸ Run make", "Test | make", "Test | error: no rule", "Test | plain"]
    assert cli("logs", "r_1").out.splitlines() == shown
    assert cli("logs", "r_1", "--raw").out.splitlines() == [f"Test | {text}" for text in texts]
