"""daytwo evidence: save, verify."""

from pathlib import Path
from typing import Annotated

import typer

from daytwo_cli.commands.options import RunArgument
from daytwo_cli.tools import Tools

evidence = typer.Typer(help="Everything about one run, as a signed file.", no_args_is_help=True)


@evidence.command("save")
def save(
    ctx: typer.Context,
    run: RunArgument,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="File to write; RUN.evidence.json.", show_default=False)
    ] = None,
) -> None:
    """Write the evidence of a run into a file."""
    tools: Tools = ctx.obj
    to = output or Path(f"{run}.evidence.json")
    with tools.api() as api:
        size = api.download(f"/runs/{run}/evidence", {}, to)
    tools.out.line(f"{to}: {size} bytes. `daytwo evidence verify {to} --key FILE` checks it, anywhere.")


@evidence.command("verify")
def verify(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(help="The file.")],
    keys: Annotated[
        list[Path], typer.Option("--key", metavar="FILE", help="Public key (PEM) that signed; may be repeated.")
    ],
    log: Annotated[
        Path | None, typer.Option(help="The run's whole log (logs.txt), to compare it.", show_default=False)
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print what it says, as JSON.")] = False,
) -> None:
    """Check a file of evidence with the public key alone; no server is asked."""
    from daytwo_cli.flows.evidence import verify_file

    verify_file(ctx.obj, file, keys, log, as_json=as_json)
