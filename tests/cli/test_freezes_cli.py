"""daytwo freezes, exceptions and stop: what they send, and that a stop is told beside every answer."""

from pathlib import Path
from typing import Any

FREEZE: dict[str, Any] = {
    "id": "year-end",
    "title": "Year end",
    "description": "",
    "owner": "group:sre",
    "reason": "Nobody is there",
    "spec": {"reason": "Nobody is there", "until": "2027-01-04T08:00"},
    "from_file": True,
    "made_by": None,
    "changed_at": "2026-11-21T12:00:00Z",
    "frozen_now": True,
    "until": "2027-01-04T07:00:00Z",
    "text": "holds until 4 Jan 2027 08:00 Europe/Berlin",
    "occurrences": [{"start": "2026-12-23T17:00:00Z", "end": "2027-01-04T07:00:00Z"}],
}
FILE = """\
apiVersion: daytwo/v1
kind: Freeze
metadata: { name: night, title: Night, owner: "group:sre" }
spec: { reason: Sleep, from: 2026-12-01T22:00Z, until: 2026-12-02T06:00Z }
"""
EXCEPTION: dict[str, Any] = {
    "id": "fx_1",
    "run": "r_1",
    "action": "deploy",
    "entity": "service:shop",
    "freeze": "year-end",
    "title": "Year end",
    "owner": "group:sre",
    "state": "asked",
    "text": "waits for one of group:sre",
    "reason": "It burns",
    "asked_by": {"id": "p_1", "name": "Ana", "ref": None},
    "asked_at": "2026-11-21T12:00:00Z",
    "decided_by": None,
    "decided_at": None,
    "comment": None,
    "until": None,
    "void": False,
    "may_decide": {"allowed": False},
    "may_revoke": {"allowed": True},
}
STOP: dict[str, Any] = {"stopped": True, "reason": "Fire", "by": None, "at": None, "text": "Sam has stopped everything"}


def test_freezes_are_listed_now_and_as_a_calendar(cli: Any, server: Any) -> None:
    server.on("GET", "/freezes", {"items": [FREEZE], "next_cursor": None})
    now = cli("freezes", "list")
    assert "holds until 4 Jan 2027 08:00 Europe/Berlin" in now.out
    calendar = cli("freezes", "list", "--from", "2026-12-01T00:00Z", "--until", "2027-02-01T00:00+01:00")
    assert server.asked[-1].query == {"from": "2026-12-01T00:00:00+00:00", "until": "2027-02-01T00:00:00+01:00"}
    assert calendar.out.splitlines()[1].endswith("year-end  Year end  frozen")
    assert cli("freezes", "list", "--from", "2026-12-01").code == 2, "a time without a zone is nobody's"


def test_a_freeze_file_is_checked_before_it_is_sent(cli: Any, server: Any, tmp_path: Path) -> None:
    server.on("POST", "/freezes", {**FREEZE, "from_file": False, "made_by": EXCEPTION["asked_by"]})
    good, bad = tmp_path / "night.yaml", tmp_path / "bad.yaml"
    good.write_text(FILE)
    bad.write_text(FILE.replace("22:00Z", "22:00"))
    done = cli("freezes", "make", str(good))
    assert done.code == 0, done.err
    assert server.asked[-1].body["spec"]["until"] == "2026-12-02T06:00Z"
    assert server.asked[-1].headers["idempotency-key"]
    refused = cli("freezes", "make", str(bad))
    assert refused.code == 2
    assert "bad.yaml:4:30: Whose clocks?" in refused.err
    assert len(server.asked) == 1


def test_exceptions_are_asked_for_granted_and_taken_back(cli: Any, server: Any) -> None:
    server.on("POST", "/runs/r_1/exceptions", EXCEPTION)
    server.on("POST", "/exceptions/fx_1/decision", EXCEPTION)
    server.on("POST", "/exceptions/fx_1/revoke", EXCEPTION)
    assert "waits for one of group:sre" in cli("exceptions", "ask", "r_1", "year-end", "--reason", "It burns").out
    assert cli("exceptions", "grant", "fx_1", "--until", "2026-12-24T12:00Z").code == 0
    assert server.asked[-1].body == {"verdict": "grant", "until": "2026-12-24T12:00:00+00:00", "comment": ""}
    assert cli("exceptions", "revoke", "fx_1").code == 0


def test_a_stop_is_told_once_beside_the_answer_and_json_stays_json(cli: Any, server: Any) -> None:
    server.on("GET", "/freezes", {"items": [], "next_cursor": None})
    server.replies["GET", "/freezes"][0].headers["Daytwo-Stopped"] = "yes"
    done = cli("freezes", "list", "--json")
    assert done.json["items"] == []
    assert done.err.count("Everything is stopped") == 1
    server.on("GET", "/stop", STOP)
    assert cli("stop").out == "Sam has stopped everything\n"
    server.on("POST", "/stop", STOP)
    cli("stop", "--reason", "Fire")
    assert server.asked[-1].body == {"reason": "Fire"}
    server.on("DELETE", "/stop", STOP)
    server.on("GET", "/stop", {**STOP, "stopped": False, "text": "Nothing is stopped."})
    assert cli("stop", "--lift", "--reason", "It is out").out == "Nothing is stopped.\n"
    assert server.asked[-2].query == {"reason": "It is out"}
