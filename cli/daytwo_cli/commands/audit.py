"""daytwo audit: list, export, keys, verify, prune."""

from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from daytwo_cli.commands.options import AsJson, Cursor, Limit, Yes
from daytwo_cli.tools import Tools

audit = typer.Typer(help="The audit: who did what, and the proof that nobody changed it.", no_args_is_help=True)
Checkpoints = Annotated[
    list[Path] | None,
    typer.Option("--checkpoints", metavar="FILE", help="Signed checkpoints, or a log that has them; may be repeated."),
]
PublicKeys = Annotated[
    list[Path] | None, typer.Option("--key", metavar="FILE", help="Public key (PEM) that signed; may be repeated.")
]
Since = Annotated[str | None, typer.Option(help="From then on, as 2026-11-01 or 2026-11-01T08:00:00+01:00.")]
Until = Annotated[str | None, typer.Option(help="Up to then, and without it; likewise.")]
Actor = Annotated[str | None, typer.Option(help="Who: an id, as p_…, or daytwo.")]
Action = Annotated[str | None, typer.Option(help="What, as run.accepted or run.*")]
Subject = Annotated[str | None, typer.Option(help="Of what, as run:r_… or entity:service:shop.")]
OfRun = Annotated[str | None, typer.Option("--run", help="About this run, or done by it.")]


class Shape(StrEnum):
    NDJSON = "ndjson"
    CSV = "csv"


@audit.command("list")
def list_audit(
    ctx: typer.Context,
    since: Since = None,
    until: Until = None,
    actor: Actor = None,
    action: Action = None,
    subject: Subject = None,
    run: OfRun = None,
    limit: Limit = 20,
    cursor: Cursor = None,
    as_json: AsJson = False,
) -> None:
    """List entries, newest first."""
    from daytwo_cli.flows.audit import Wanted, print_page

    wanted = Wanted(since=since, until=until, actor=actor, action=action, subject=subject, run=run)
    print_page(ctx.obj, wanted, limit=limit, cursor=cursor, as_json=as_json)


@audit.command("export")
def export(
    ctx: typer.Context,
    output: Annotated[Path, typer.Option("--output", "-o", help="File to write; - is the standard output.")],
    shape: Annotated[Shape, typer.Option("--format", help="One JSON object per line, or CSV.")] = Shape.NDJSON,
    since: Since = None,
    until: Until = None,
    actor: Actor = None,
    action: Action = None,
    subject: Subject = None,
    run: OfRun = None,
    after: Annotated[int, typer.Option(min=0, help="Only entries above this number, to go on after an export.")] = 0,
) -> None:
    """Write all entries that fit into a file, oldest first."""
    from daytwo_cli.flows.audit import Wanted, export_entries

    wanted = Wanted(since=since, until=until, actor=actor, action=action, subject=subject, run=run)
    export_entries(ctx.obj, wanted, output, shape=shape, after=after)


@audit.command("keys")
def keys(
    ctx: typer.Context,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="File for the public keys (PEM).", show_default=False)
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Say how far the audit is signed, and print the public keys: keep them where you verify."""
    from daytwo_cli.flows.audit import print_keys

    print_keys(ctx.obj, output, as_json=as_json)


@audit.command("verify")
def verify(
    ctx: typer.Context,
    checkpoints: Checkpoints = None,
    keys: PublicKeys = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Recompute the whole chain, and compare it with signed checkpoints. Reads the database itself."""
    from daytwo_cli.flows.audit_whole import verify_audit

    verify_audit(ctx.obj, checkpoints or [], keys or [], as_json=as_json)


@audit.command("prune")
def prune(
    ctx: typer.Context,
    before: Annotated[
        datetime, typer.Option(formats=["%Y-%m-%d"], help="Delete entries older than this day (UTC), as 2025-01-31.")
    ],
    yes: Yes = False,
) -> None:
    """Delete the beginning of the audit, and sign up to where. Works on the database itself, with the signing key."""
    from daytwo_cli.flows.audit_whole import cut_audit

    tools: Tools = ctx.obj
    cut_audit(tools, before, yes=yes)
