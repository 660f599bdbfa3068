"""daytwo doctor: on the database and Temporal themselves."""

from typing import Annotated

import typer

from daytwo_cli.commands.options import AsJson


def doctor(
    ctx: typer.Context,
    mend: Annotated[
        bool, typer.Option("--mend", help="Drive what driving mends; without it nothing is changed.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """List open runs without owner, next event, deadline or workflow, and what mends each."""
    from daytwo_cli.flows.doctor import see_the_doctor

    raise typer.Exit(see_the_doctor(ctx.obj, mended=mend, as_json=as_json))
