"""daytwo validate, daytwo schema: without a server."""

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from daytwo_cli.commands.options import AsJson
from daytwo_cli.exits import Exit
from daytwo_cli.tools import Tools


class Document(StrEnum):
    ACTION = "action"
    KIND = "kind"
    ENTITY = "entity"
    FREEZE = "freeze"
    SCHEDULE = "schedule"
    TRIGGER = "trigger"


def validate(
    ctx: typer.Context,
    paths: Annotated[list[Path], typer.Argument(metavar="PATH…", help="Files, or folders with everything below them.")],
    as_json: AsJson = False,
) -> None:
    """Check definitions, as registering them would. All problems at once, each at its place."""
    from daytwo_cli.flows.validate import problems_in, show, to_json

    tools: Tools = ctx.obj
    problems = problems_in(paths)
    if as_json:
        tools.out.json(to_json(problems))
    elif problems:
        show(tools.out, problems)
    else:
        tools.out.line("Everything is as it should be.")
    raise typer.Exit(Exit.FAILED if problems else Exit.SUCCESS)


def schema(
    which: Annotated[Document, typer.Argument(help="Which document.")] = Document.ACTION,
    as_json: Annotated[bool, typer.Option("--json", help="It is JSON in any case.")] = False,  # noqa: ARG001 - so that scripts may say it everywhere
) -> None:
    """Print the JSON Schema of a document, for an editor."""
    from daytwo_cli.flows.validate import schema_text

    sys.stdout.write(schema_text(which.value))
