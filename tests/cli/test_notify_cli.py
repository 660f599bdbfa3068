"""daytwo notify, and a run that nobody could be told of."""

from typing import Any

CHANNEL = {"name": "sre", "kind": "chat", "address": "slack://…", "per_minute": 30, "last_at": None, "last_error": None}


def test_channels_and_how_their_last_message_went(cli: Any, server: Any) -> None:
    failed = {**CHANNEL, "name": "mail", "last_at": "2026-11-21T12:00:00Z", "last_error": "it answered 403"}
    server.on("GET", "/channels", {"items": [CHANNEL, failed], "next_cursor": None})
    listed = cli("notify", "channels")
    assert listed.code == 0, listed.err
    assert "slack://…" in listed.out
    assert "it answered 403" in listed.out


def test_a_channel_is_tried(cli: Any, server: Any) -> None:
    server.on("POST", "/channels/sre/test", {"taken": True, "why": None})
    assert cli("notify", "test", "sre").out == "The channel sre has taken the message. Look whether it arrived.\n"
    server.on("POST", "/channels/sre/test", {"taken": False, "why": "it answered 403"})
    refused = cli("notify", "test", "sre")
    assert (refused.code, refused.err) == (1, "The channel sre did not take the message: it answered 403.\n")


def test_show_says_that_nobody_could_be_told(cli: Any, server: Any, make: Any) -> None:
    lost = {"event": "approval.asked", "text": "Nobody could be told of this.", "at": "2026-11-21T12:00:00Z"}
    server.on("GET", "/runs/r_1", make.run(unheard=[lost]))
    assert "needs attention: Nobody could be told of this.\n" in cli("show", "r_1").out
