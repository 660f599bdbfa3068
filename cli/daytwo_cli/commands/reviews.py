"""daytwo reviews, review."""

from typing import Annotated

import typer

from daytwo_cli.commands.options import AsJson, Cursor, Limit, RunArgument
from daytwo_cli.tools import Tools


def reviews(
    ctx: typer.Context,
    every: Annotated[bool, typer.Option("--all", help="Closed ones, too.")] = False,
    limit: Limit = 20,
    cursor: Cursor = None,
    as_json: AsJson = False,
) -> None:
    """List the reviews of runs that broke the glass, those that are open longest at the top."""
    from daytwo_api.views.common import Page
    from daytwo_api.views.reviews import ReviewView
    from daytwo_cli.show.words import at

    tools: Tools = ctx.obj
    asked = {"closed": None if every else False, "limit": limit, "cursor": cursor}
    with tools.api() as api:
        found = api.get("/reviews", Page[ReviewView], asked)
    if as_json:
        return tools.out.json(found.text)
    rows = [
        (
            one.run,
            "closed" if one.closed_at else "open",
            f"{one.action} {one.entity or ''}".strip(),
            one.requester.name,
            ", ".join(by.name for by in one.confirmed_by) or "nobody",
            at(one.opened_at),
            one.words or ("yes" if one.may_close.allowed else one.may_close.why_not or "no"),
        )
        for one in found.view.items
    ]
    columns = ("RUN", "REVIEW", "ACTION", "BY", "CONFIRMED BY", "OPENED (UTC)", "FOUND / MAY YOU CLOSE IT")
    tools.out.table(columns, rows, empty="There is nothing to review.")
    if found.view.next_cursor:
        tools.out.note(f"There are more: --cursor {found.view.next_cursor}")
    return None


def review(
    ctx: typer.Context,
    run: RunArgument,
    words: Annotated[str, typer.Option(help="What you found, and what follows from it; others see it.")],
    as_json: AsJson = False,
) -> None:
    """Close the review of a run that broke the glass."""
    from daytwo_api.views.reviews import ReviewView

    tools: Tools = ctx.obj
    with tools.api() as api:
        answer = api.post(f"/reviews/{run}/close", ReviewView, {"words": words})
    if as_json:
        return tools.out.json(answer.text)
    return tools.out.note(f"The review of {run} is closed.")
