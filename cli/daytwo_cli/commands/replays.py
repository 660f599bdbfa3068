"""daytwo replay."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from daytwo_cli.tools import Tools

if TYPE_CHECKING:
    from pydantic import JsonValue


def replay(
    ctx: typer.Context,
    paths: Annotated[
        list[Path],
        typer.Argument(metavar="PATH…", help="Changed actions, freezes and policy: files, or folders of them."),
    ],
    since: Annotated[str, typer.Option(help="Runs from then on: 30d, 2026-11-01 or a whole time.")] = "30d",
    until: Annotated[str | None, typer.Option(help="And before then.")] = None,
    action: Annotated[str | None, typer.Option(help="Only runs of this action.")] = None,
    entity: Annotated[str | None, typer.Option(help="Only runs on this entity.")] = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="End with 1 for whatever is different or cannot be told, too.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print what the API answers of all runs, and the sums, as JSON.")
    ] = False,
) -> None:
    """Who would be asked for the runs of before, if these definitions held. Nothing is changed.

    What stands in none of the files counts as it is registered. Ends with 1 when a run would be refused.
    """
    from daytwo_cli.flows import replay as flow
    from daytwo_cli.show.replay import show

    tools: Tools = ctx.obj
    now = datetime.now(UTC)
    asked: dict[str, JsonValue] = {
        "files": [*flow.definitions_in(paths)],
        "since": flow.moment(since, now=now),
        "until": flow.moment(until, now=now) if until is not None else None,
        "action": action,
        "entity": entity,
    }
    with tools.api() as api:
        found = flow.replayed(api, asked, tell=lambda count: tools.out.progress(f"{count} runs are replayed …"))
    tools.out.finish()
    if as_json:
        tools.out.json(flow.to_json(found))
    else:
        show(tools.out, found)
    raise typer.Exit(flow.exit_of(found, strict=strict))
