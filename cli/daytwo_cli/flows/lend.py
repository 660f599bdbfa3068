"""Letting somebody decide while one is away."""

from datetime import UTC, datetime

from pydantic import JsonValue

from daytwo_api.views.approvals import DelegationView
from daytwo_cli.client.api import new_key
from daytwo_cli.show.words import at
from daytwo_cli.tools import Tools


def lend(tools: Tools, to: str, until: datetime, begins: datetime | None, reason: str) -> None:
    """Raises Refused."""
    body: dict[str, JsonValue] = {
        "to": to if ":" in to else f"person:{to}",
        "until": until.replace(tzinfo=UTC).isoformat(),
        "begins": begins.replace(tzinfo=UTC).isoformat() if begins else None,
        "reason": reason,
    }
    with tools.api() as api:
        made = api.post("/delegations", DelegationView, body, key=new_key()).view
    tools.out.line(f"{made.to} decides for you from {at(made.begins_at)} to {at(made.ends_at)} UTC ({made.id}).")
