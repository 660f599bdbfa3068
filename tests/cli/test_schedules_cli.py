"""daytwo schedules: what it sends and shows, and that a file is checked before."""

from pathlib import Path
from typing import Any

PERMITTED = {"allowed": True, "why_not": None}
TIME = {
    "at": "2027-03-28T01:00:00Z",
    "local": "Sun 28 Mar 2027 03:00 CEST",
    "note": "02:30 does not exist on this day",
}
SCHEDULE: dict[str, Any] = {
    "id": "sc_1",
    "title": "Nightly",
    "description": "",
    "owner": "person:ana",
    "action": "restart",
    "entity": "service:shop",
    "spec": {"cron": "30 2 * * *", "timezone": "Europe/Berlin"},
    "from_file": False,
    "state": "active",
    "text": "due next on Sun 28 Mar 2027 03:00 CEST",
    "paused_why": None,
    "paused_by": None,
    "failures": 0,
    "next_at": "2027-03-28T01:00:00Z",
    "upcoming": [TIME],
    "last": None,
    "changed_at": "2026-11-21T12:00:00Z",
    "may": dict.fromkeys(("change", "pause", "remove", "take", "run"), PERMITTED),
}
FIRING: dict[str, Any] = {
    "at": "2027-03-27T01:30:00Z",
    "state": "missed",
    "text": "6 times were missed. Nothing was started.",
    "count": 6,
    "last_at": None,
    "by": None,
    "run": None,
    "run_state": None,
}
FILE = """\
apiVersion: daytwo/v1
kind: Schedule
metadata: { name: nightly, title: Nightly, owner: "person:ana" }
spec: { action: restart, entity: "service:shop", cron: 30 2 * * *, timezone: Europe/Berlin }
"""


def test_schedules_are_listed_shown_and_looked_back_at(cli: Any, server: Any) -> None:
    server.on("GET", "/schedules", {"items": [SCHEDULE], "next_cursor": None})
    server.on("GET", "/schedules/sc_1", SCHEDULE)
    server.on("GET", "/schedules/sc_1/firings", {"items": [FIRING], "next_cursor": None})
    assert "due next on Sun 28 Mar 2027 03:00 CEST" in cli("schedules", "list").out
    assert "02:30 does not exist on this day" in cli("schedules", "show", "sc_1").out
    assert "6 times were missed" in cli("schedules", "history", "sc_1").out


def test_a_schedule_file_is_checked_before_it_is_sent(cli: Any, server: Any, tmp_path: Path) -> None:
    server.on("POST", "/schedules", SCHEDULE)
    good, bad = tmp_path / "nightly.yaml", tmp_path / "bad.yaml"
    good.write_text(FILE)
    bad.write_text(FILE.replace("Berlin", "Atlantis"))
    done = cli("schedules", "make", str(good))
    assert done.code == 0, done.err
    assert server.asked[-1].body["spec"]["cron"] == "30 2 * * *"
    assert server.asked[-1].headers["idempotency-key"]
    refused = cli("schedules", "make", str(bad))
    assert refused.code == 2
    assert "There is no time zone `Europe/Atlantis`" in refused.err
    assert len(server.asked) == 1


def test_it_is_paused_resumed_taken_run_and_previewed(cli: Any, server: Any) -> None:
    for what in ("pause", "resume", "take"):
        server.on("POST", f"/schedules/sc_1/{what}", SCHEDULE)
        assert cli("schedules", what, "sc_1").code == 0
    accepted = {"id": "r_1", "state": "accepted", "repeated": False, "url": "https://daytwo/runs/r_1"}
    server.on("POST", "/schedules/sc_1/run", accepted)
    assert "https://daytwo/runs/r_1" in cli("schedules", "run", "sc_1").out
    assert server.asked[-1].headers["idempotency-key"]
    server.on("POST", "/schedules/preview", {"upcoming": [TIME], "text": "x"})
    shown = cli("schedules", "preview", "30 2 * * *", "--timezone", "Europe/Berlin")
    assert "02:30 does not exist on this day" in shown.out
