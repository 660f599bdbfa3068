"""daytwo validate, daytwo test, daytwo schema: without a server."""

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
    TEST = "test"


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


def play(
    ctx: typer.Context,
    paths: Annotated[
        list[Path], typer.Argument(metavar="PATH…", help="Test files (….test.yml), or folders with everything below.")
    ],
    word: Annotated[str | None, typer.Option("-k", help="Only those with this in their name, or their file's.")] = None,
    first: Annotated[bool, typer.Option("--exitfirst", "-x", help="Stop after the first that fails.")] = False,
    as_json: AsJson = False,
) -> None:
    """Play tests of actions: real planning, workflow and database, stand-ins for everything else. Needs no network."""
    from daytwo_actions.definitions.errors import DefinitionRejected
    from daytwo_cli.flows import action_tests
    from daytwo_cli.flows.validate import places, show, to_json

    tools: Tools = ctx.obj
    try:
        chosen = action_tests.chosen_tests(paths, word)
        done = action_tests.play_all(
            chosen,
            tools.environment,
            tell=(lambda _: None) if as_json else (lambda played: action_tests.show_one(tools.out, played)),
            first=first,
        )
    except DefinitionRejected as rejected:
        problems = places(rejected)
        if as_json:
            tools.out.json(to_json(problems))
        else:
            show(tools.out, problems, after="No test was played.")
        raise typer.Exit(Exit.FAILED) from None
    if as_json:
        tools.out.json(action_tests.to_json(done))
    else:
        action_tests.show_all(tools.out, done, len(chosen) - len(done))
    raise typer.Exit(action_tests.exit_of(done))


def schema(
    which: Annotated[Document, typer.Argument(help="Which document.")] = Document.ACTION,
    as_json: Annotated[bool, typer.Option("--json", help="It is JSON in any case.")] = False,  # noqa: ARG001 - so that scripts may say it everywhere
) -> None:
    """Print the JSON Schema of a document, for an editor."""
    from daytwo_cli.flows.validate import schema_text

    sys.stdout.write(schema_text(which.value))
