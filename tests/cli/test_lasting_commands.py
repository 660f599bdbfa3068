"""`daytwo extend` and `give-back`: what is temporary lasts longer by approval, or ends early."""

from typing import Any

from daytwo_cli.exits import Exit

LONGER = ("--until", "2026-12-24T18:00Z")


def test_more_time_is_asked_for_or_approved(cli: Any, server: Any, make: Any) -> None:
    for way in ("extension", "extend"):
        server.on("POST", f"/runs/r_1/steps/access/{way}", make.run())
    assert cli("extend", "r_1", "access", *LONGER, "--ask").code == Exit.SUCCESS
    assert server.bodies("/runs/r_1/steps/access/extend") == []
    assert cli("extend", "r_1", "access", *LONGER).code == Exit.SUCCESS
    for way in ("extension", "extend"):
        assert server.bodies(f"/runs/r_1/steps/access/{way}") == [{"until": "2026-12-24T18:00:00+00:00"}]


def test_it_is_given_back_with_a_reason(cli: Any, server: Any, make: Any) -> None:
    server.on("POST", "/runs/r_1/steps/access/end", make.run())
    assert cli("give-back", "r_1", "access", "--reason", "done").code == Exit.SUCCESS
    assert server.bodies("/runs/r_1/steps/access/end") == [{"reason": "done"}]
