"""daytwo audit: verify, cut."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from daytwo_cli.commands.options import Yes
from daytwo_cli.tools import Tools

audit = typer.Typer(help="The audit: who did what, and the proof that nobody changed it.", no_args_is_help=True)
Checkpoints = Annotated[
    list[Path] | None,
    typer.Option("--checkpoints", metavar="FILE", help="Signed checkpoints, or a log that has them; may be repeated."),
]
PublicKeys = Annotated[
    list[Path] | None, typer.Option("--key", metavar="FILE", help="Public key (PEM) that signed; may be repeated.")
]


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


@audit.command("cut")
def cut(
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
