"""daytwo keys: new, list, rotate, retire."""

from typing import Annotated

import typer

from daytwo_cli.commands.options import AsJson

keys = typer.Typer(
    help="The keys that secrets in the database are encrypted with: add one, make it active, retire the old one.",
    no_args_is_help=True,
)
_Key = Annotated[
    str | None, typer.Argument(metavar="KEY", help="Its name; the newest one that is not active if left out.")
]


@keys.command("new")
def new(ctx: typer.Context) -> None:
    """Add a key to the file of DAYTWO_KEY_RING_FILE, not active yet; make the file if there is none."""
    from daytwo_cli.flows.key_ring import add_key

    add_key(ctx.obj)


@keys.command("list")
def list_keys(ctx: typer.Context, as_json: AsJson = False) -> None:
    """List the keys, and how many stored secrets each is needed for."""
    from daytwo_cli.flows.key_ring import show_keys

    show_keys(ctx.obj, as_json=as_json)


@keys.command("rotate")
def rotate(ctx: typer.Context, key: _Key = None) -> None:
    """Make a key active, and encrypt everything that is stored with it."""
    from daytwo_cli.flows.key_ring import rotate_to

    rotate_to(ctx.obj, key)


@keys.command("retire")
def retire(ctx: typer.Context, key: Annotated[str, typer.Argument(metavar="KEY", help="Its name.")]) -> None:
    """Take a key out of the file. Refused while a stored secret needs it."""
    from daytwo_cli.flows.key_ring import retire_key

    retire_key(ctx.obj, key)
