"""List and export the audit through the API; the public keys."""

import sys
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from daytwo_api.views.audit import AuditEntry, AuditSeal
from daytwo_api.views.common import Page
from daytwo_cli.errors import Usage
from daytwo_cli.show.words import at
from daytwo_cli.tools import Tools

_STDOUT: Final = Path("-")


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """Filters, as they were typed."""

    since: str | None
    until: str | None
    actor: str | None
    action: str | None
    subject: str | None
    run: str | None

    def query(self) -> dict[str, str | int | bool | None]:
        """Raises Usage for a time that is none."""
        return {**asdict(self), "since": _moment(self.since), "until": _moment(self.until)}


def print_page(tools: Tools, wanted: Wanted, *, limit: int, cursor: str | None, as_json: bool) -> None:
    query = {**wanted.query(), "limit": limit, "cursor": cursor}
    with tools.api() as api:
        found = api.get("/audit", Page[AuditEntry], query)
    if as_json:
        return tools.out.json(found.text)
    rows = [
        (str(one.number), at(one.at), one.actor, one.action, one.subject, _facts(one.facts)) for one in found.view.items
    ]
    columns = ("N", "AT (UTC)", "WHO", "WHAT", "OF", "FACTS")
    tools.out.table(columns, rows, empty="There is no such entry.")
    if found.view.next_cursor:
        tools.out.note(f"There are more: --cursor {found.view.next_cursor}")
    return None


def export_entries(tools: Tools, wanted: Wanted, to: Path, *, shape: str, after: int) -> None:
    query = {**wanted.query(), "format": shape, "after": after}
    with tools.api() as api:
        if to == _STDOUT:
            api.download("/audit/export", query, sys.stdout.buffer)
            return
        size = api.download("/audit/export", query, to)
    tools.out.note(f"{to}: {size} bytes.")


def print_keys(tools: Tools, output: Path | None, *, as_json: bool) -> None:
    with tools.api() as api:
        found = api.get("/audit/seal", AuditSeal)
    seal = found.view
    if output is not None:
        output.write_text("".join(one.pem for one in seal.keys))
    if as_json:
        return tools.out.json(found.text)
    tools.out.line(
        f"{seal.entries} entries, signed up to {seal.sealed} ({at(seal.sealed_at)})"
        if seal.keys
        else f"{seal.entries} entries. This server has no key: nothing is signed (`audit_key_file`)."
    )
    if seal.failing_since is not None:
        tools.out.line(f"No checkpoint can be written since {at(seal.failing_since)}: {seal.why}.", style="bold red")
    for one in seal.keys:
        tools.out.line(f"{one.id}{' signs now' if one.current else ' signed before'}")
        if output is None:
            tools.out.line(one.pem.strip())
    return None


def _facts(facts: dict[str, str]) -> str:
    return " ".join(f"{name}={value}" for name, value in sorted(facts.items()))


def _moment(text: str | None) -> str | None:
    """With a zone; UTC when none was typed. Raises Usage."""
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise Usage(f"{text!r} is no time: write 2026-11-01 or 2026-11-01T08:00:00+01:00. Nothing was read.") from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).isoformat()
