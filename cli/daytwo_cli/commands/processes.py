"""Commands that start processes: up, serve, migrate."""

import os
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from daytwo_cli.commands.options import Data, Examples, Port
from daytwo_cli.errors import Usage
from daytwo_cli.tools import Tools
from daytwo_cli.up.sign_in import SignIn


class Served(StrEnum):
    API = "api"
    WORKER = "worker"


_MODULES = {Served.API: "daytwo_api", Served.WORKER: "daytwo_workflows"}


def up(
    ctx: typer.Context,
    data: Data = Path(".daytwo"),
    port: Port = 0,
    workers: Annotated[int, typer.Option(min=1, max=16, help="Number of worker processes.")] = 1,
    webhooks: Annotated[bool, typer.Option(help="Whether the CI systems tell us what happens there.")] = True,
    backends: Annotated[str, typer.Option(help="CI systems to try, as github,argo; or all.")] = "github",
    sign_in: Annotated[
        SignIn, typer.Option(help="people: choose who you are; oidc: at an identity provider, a stand-in of one.")
    ] = SignIn.PEOPLE,
    examples: Examples = None,
    profile: Annotated[str, typer.Option(hidden=True)] = "default",
) -> None:
    """Run everything on this machine, with an example company, to try it out."""
    from daytwo_cli.up.backends import wanted
    from daytwo_cli.up.foreground import stay
    from daytwo_cli.up.house import Wish

    tools: Tools = ctx.obj
    wish = Wish(
        data=data,
        port=port,
        workers=workers,
        webhooks=webhooks,
        profile=profile,
        examples=examples,
        backends=wanted(backends),
        sign_in=sign_in,
    )
    raise typer.Exit(stay(wish, tools.out.line))


def serve(which: Annotated[Served, typer.Argument(help="Which process to become.")]) -> None:
    """Run one process of Daytwo, configured by environment variables (DAYTWO_…)."""
    _become(_MODULES[which])


def migrate(
    ctx: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="Print the revision as JSON.")] = False,
) -> None:
    """Bring the database in DAYTWO_DATABASE_URL to the newest schema."""
    tools: Tools = ctx.obj
    if not tools.environment.get("DAYTWO_DATABASE_URL"):
        raise Usage("DAYTWO_DATABASE_URL is not set (postgresql://user:password@host:5432/name). Nothing was changed.")
    _become("daytwo_store.migrate", *(["--json"] if as_json else []))


def _become(module: str, *arguments: str) -> None:
    """Signals and the exit code then belong to that program, with nothing of ours in between."""
    sys.stdout.flush()
    os.execv(sys.executable, [sys.executable, "-m", module, *arguments])  # noqa: S606 - a list of arguments, and no shell is wanted


def demo(
    ctx: typer.Context,
    data: Annotated[Path | None, typer.Option(help="Folder to keep; else a temporary one.", show_default=False)] = None,
    examples: Examples = None,
) -> None:
    """Play the whole story on this machine: deploy, approve, fail, undo, and a killed worker."""
    from daytwo_cli.demo.run import demo as play
    from daytwo_cli.up.house import Wish

    wish = Wish(data=data, examples=examples) if data is not None else None
    raise typer.Exit(play(ctx.obj, wish, examples=examples))
