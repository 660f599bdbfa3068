"""daytwo delegations: who decides for you while you are away."""

from datetime import datetime
from typing import Annotated

import typer

from daytwo_cli.commands.options import AsJson, Reason
from daytwo_cli.tools import Tools

delegations = typer.Typer(help="Who decides for you while you are away, and for whom you do.", no_args_is_help=True)
_FORMATS = ["%Y-%m-%d", "%Y-%m-%dT%H:%M"]


@delegations.command("list")
def list_delegations(ctx: typer.Context, as_json: AsJson = False) -> None:
    """Yours and those to you, newest first."""
    from daytwo_api.views.approvals import DelegationView
    from daytwo_api.views.common import Page
    from daytwo_cli.show.words import at

    tools: Tools = ctx.obj
    with tools.api() as api:
        found = api.get("/delegations", Page[DelegationView])
    if as_json:
        return tools.out.json(found.text)
    rows = [
        (
            one.id,
            one.by.name,
            one.to,
            one.approval or "everything",
            at(one.begins_at),
            at(one.ends_at),
            "revoked" if one.revoked_at else "yes" if one.in_force else "no",
        )
        for one in found.view.items
    ]
    columns = ("DELEGATION", "OF", "TO", "WHAT", "FROM (UTC)", "UNTIL (UTC)", "HOLDS")
    return tools.out.table(columns, rows, empty="Nobody decides for you, and you decide for nobody.")


@delegations.command("add")
def add(
    ctx: typer.Context,
    to: Annotated[str, typer.Argument(metavar="PERSON", help="Who decides for you, as ben.")],
    until: Annotated[datetime, typer.Option(formats=_FORMATS, help="When it ends, UTC.")],
    begins: Annotated[
        datetime | None, typer.Option("--from", formats=_FORMATS, help="When it begins, UTC; now, if left out.")
    ] = None,
    reason: Reason = "",
) -> None:
    """Let somebody decide on whatever you are asked about."""
    from daytwo_cli.flows.lend import lend

    lend(ctx.obj, to, until, begins, reason)


@delegations.command("revoke")
def revoke(ctx: typer.Context, delegation: Annotated[str, typer.Argument(help="Its id, as d_….")]) -> None:
    """End one at once. What it decided and was not sent yet counts no more."""
    tools: Tools = ctx.obj
    with tools.api() as api:
        api.delete(f"/delegations/{delegation}")
    tools.out.line(f"{delegation} has ended.")
