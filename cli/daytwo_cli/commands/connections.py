"""daytwo connections credential: list, set, delete."""

from pathlib import Path
from typing import Annotated

import typer

from daytwo_cli.commands.options import AsJson
from daytwo_cli.tools import Tools

connections = typer.Typer(help="The CI systems that we are connected to.", no_args_is_help=True)
credential = typer.Typer(help="Credentials of connections: set, and never shown.", no_args_is_help=True)
connections.add_typer(credential, name="credential")
_Name = Annotated[str, typer.Argument(metavar="CONNECTION", help="Its name in the settings, as github.")]


@credential.command("list")
def list_credentials(ctx: typer.Context, as_json: AsJson = False) -> None:
    """List where the credential of each connection comes from."""
    from daytwo_api.views.common import Page
    from daytwo_api.views.credentials import CredentialView
    from daytwo_cli.show.words import at

    tools: Tools = ctx.obj
    with tools.api() as api:
        found = api.get("/credentials", Page[CredentialView])
    if as_json:
        return tools.out.json(found.text)
    rows = [
        (one.connection, one.reference or one.source, at(one.set_at), one.set_by.name if one.set_by else "")
        for one in found.view.items
    ]
    return tools.out.table(("CONNECTION", "FROM", "SET", "BY"), rows, empty="There is no connection.")


@credential.command("set")
def set_credential(
    ctx: typer.Context,
    name: _Name,
    file: Annotated[
        Path | None, typer.Option(help="File that holds it, or - for the standard input; else it is asked for.")
    ] = None,
) -> None:
    """Set the credential of a connection. It is never taken from the command line, where others can read it."""
    from daytwo_cli.flows.values import secret_of

    tools: Tools = ctx.obj
    value = secret_of(tools, f"Credential of {name}", file)
    with tools.api() as api:
        api.put(f"/credentials/{name}", {"credential": value})
    tools.out.line(f"The credential of {name} is set; it is used from the next request on.")


@credential.command("delete")
def delete_credential(ctx: typer.Context, name: _Name) -> None:
    """Take the credential of a connection away: nothing more is sent there."""
    tools: Tools = ctx.obj
    with tools.api() as api:
        api.delete(f"/credentials/{name}")
    tools.out.line(f"{name} has no credential any more.")
