"""`daytwo locks`: reading, holding, ending, and taking away after a second look."""

from typing import Any

from daytwo_cli.exits import Exit

NOW = "2026-11-21T12:00:00Z"
PAT = {"id": "p_1", "name": "Pat", "ref": "person:pat"}
HOLD = {
    "id": "h_1",
    "key": "shop/production",
    "by": PAT,
    "reason": "migration",
    "asked_at": NOW,
    "began_at": NOW,
    "until": None,
    "ended_at": None,
}
ROW = {
    "key": "shop/production",
    "holder_run": "r_1",
    "hold": None,
    "next_hold": None,
    "fence": 12,
    "since": NOW,
    "queued": ["r_2"],
    "waiting": 2,
    "text": "held by run r_1",
}
DETAIL = {
    **ROW,
    "holder": None,
    "queue": [],
    "running": [
        {
            "run": "r_1",
            "step": "ship",
            "connection": "github",
            "external_run": "77",
            "url": "https://ci/77",
            "detail": "in_progress",
            "ended": False,
        }
    ],
    "warning": "github run 77 may still be working on shop/production.",
    "may_hold": {"allowed": True, "why_not": None},
    "may_release": {"allowed": True, "why_not": None},
}


def test_the_list(cli: Any, server: Any) -> None:
    server.on("GET", "/locks", {"items": [ROW], "next_cursor": "c"})
    done = cli("locks", "list", "--text", "shop", "--waiting")
    assert done.code == 0
    assert done.out.splitlines()[1].split() == [
        "shop/production", "held", "by", "run", "r_1", "2026-11-21", "12:00:00", "12", "2",
    ]  # fmt: skip
    assert "--cursor c" in done.err
    query = server.asked[-1].query
    assert (query["q"], query["waiting"].lower(), query["held"].lower()) == ("shop", "true", "false")


def test_one_key(cli: Any, server: Any) -> None:
    server.on("GET", "/locks/detail", DETAIL)
    done = cli("locks", "show", "shop/production")
    assert server.asked[-1].query == {"key": "shop/production"}
    for words in ("held by run r_1", "number 12", "r_2, 1 that you may not see", "may still be running: github run 77"):
        assert words in done.out


def test_holding_for_a_while_and_ending_it(cli: Any, server: Any) -> None:
    server.on("POST", "/locks/holds", HOLD)
    done = cli("locks", "hold", "shop/production", "--reason", "migration", "--for", "1h30m")
    assert server.bodies("/locks/holds") == [{"key": "shop/production", "reason": "migration", "seconds": 5400}]
    assert server.asked[-1].headers["idempotency-key"].startswith("cli-")
    assert "daytwo locks end h_1" in done.out
    assert "said no end" not in done.out
    server.on("POST", "/locks/holds", {**HOLD, "until": NOW})
    forgotten = cli("locks", "hold", "shop/production", "--reason", "migration")
    assert server.bodies("/locks/holds")[-1] == {"key": "shop/production", "reason": "migration", "until": None}
    assert "UTC, as you said no end." in forgotten.out
    server.on("DELETE", "/locks/holds/h_1", {})
    assert cli("locks", "end", "h_1").out == "h_1 has ended.\n"
    assert server.asked[-1].query == {}
    cli("locks", "end", "h_1", "--reason", "the migration is over")
    assert server.asked[-1].query == {"reason": "the migration is over"}


def test_a_time_that_is_none_is_not_sent(cli: Any, server: Any) -> None:
    for said in (["--for", "soon"], ["--for", "1h", "--until", "2026-12-01T14:00Z"]):
        assert cli("locks", "hold", "shop/production", "--reason", "x", *said).code == Exit.USAGE
    assert server.asked == []


def test_taking_away_shows_what_may_run_and_asks(cli: Any, server: Any) -> None:
    server.on("GET", "/locks/detail", DETAIL)
    server.on("POST", "/locks/release", {**ROW, "holder_run": "r_2", "text": "held by run r_2"})
    done = cli("locks", "release", "shop/production", "--reason", "it hangs", typed=["n"])
    assert done.code == Exit.CANCELLED
    assert "github run 77 may still be working" in done.err
    assert server.bodies("/locks/release") == []
    done = cli("locks", "release", "shop/production", "--reason", "it hangs", typed=["y"])
    assert done.out == "shop/production: held by run r_2\n"
    assert server.bodies("/locks/release") == [{"key": "shop/production", "fence": 12, "reason": "it hangs"}]


def test_taking_away_without_a_terminal_needs_the_number(cli: Any, server: Any) -> None:
    server.on("POST", "/locks/release", ROW)
    assert cli("locks", "release", "shop/production", "--reason", "x", "--yes").code == Exit.USAGE
    assert server.asked == []
    assert cli("locks", "release", "shop/production", "--reason", "x", "--yes", "--fence", "12").code == 0
    assert server.bodies("/locks/release")[0]["fence"] == 12


def test_who_may_not_is_told_why(cli: Any, server: Any) -> None:
    refused = {"allowed": False, "why_not": "This is for the roles operator or admin."}
    server.on("GET", "/locks/detail", {**DETAIL, "may_release": refused})
    done = cli("locks", "release", "shop/production", "--reason", "x", typed=["y"])
    assert done.code == Exit.FAILED
    assert "for the roles operator" in done.err
    assert server.bodies("/locks/release") == []
