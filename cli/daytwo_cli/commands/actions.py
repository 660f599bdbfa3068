"""daytwo actions, daytwo run."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from daytwo_cli.commands.options import AsJson, Follow, Key, Yes
from daytwo_cli.tools import Tools

Entity = Annotated[str | None, typer.Option(help="The entity it is about, as service:shop.")]


def actions(
    ctx: typer.Context,
    entity: Annotated[str | None, typer.Option(help="Only those offered on this entity, as service:shop.")] = None,
    search: Annotated[str, typer.Option(help="Only those with this text.")] = "",
    tag: Annotated[str | None, typer.Option(help="Only those with this tag.")] = None,
    as_json: AsJson = False,
) -> None:
    """List what may be run."""
    from daytwo_api.views.actions import ActionSummary
    from daytwo_api.views.common import Page

    tools: Tools = ctx.obj
    with tools.api() as api:
        found = api.get("/actions", Page[ActionSummary], {"entity": entity, "q": search, "tag": tag})
    if as_json:
        return tools.out.json(found.text)
    rows = [
        (one.name, one.title, one.target_kind or "–", "yes" if one.may_run.allowed else one.may_run.why_not or "no")
        for one in found.view.items
    ]
    tools.out.table(("ACTION", "TITLE", "ON", "MAY YOU"), rows, empty="There is no such action.")
    return None


def run(
    ctx: typer.Context,
    action: Annotated[str, typer.Argument(help="Name of the action, as deploy.")],
    entity: Entity = None,
    inputs: Annotated[
        list[str] | None,
        typer.Option("--input", "-i", metavar="NAME=VALUE", help="An answer; may be given many times."),
    ] = None,
    file: Annotated[
        Path | None, typer.Option(help="YAML or JSON file with answers.", exists=True, dir_okay=False)
    ] = None,
    secrets: Annotated[
        list[str] | None,
        typer.Option("--secret", metavar="NAME=FILE", help="A secret answer in a file; NAME=- reads it from a pipe."),
    ] = None,
    reason: Annotated[str, typer.Option(help="Why, for who decides and for the record.")] = "",
    break_glass: Annotated[
        bool,
        typer.Option("--break-glass", help="An emergency: past approval, with a second person. Needs --reason."),
    ] = False,
    key: Key = None,
    follow: Follow = False,
    yes: Yes = False,
    plan: Annotated[bool, typer.Option("--plan", help="Only show what would happen; nothing is started.")] = False,
    at: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%dT%H:%M%z"], help="With --plan: as if it were asked then, 2026-12-24T12:00Z."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Start a run: asks for what is missing, shows the plan, asks, starts."""
    from daytwo_cli.flows.submit import Asked, show_plan, submit
    from daytwo_cli.flows.values import given_answers, given_secrets

    tools: Tools = ctx.obj
    answers = {**given_answers(inputs or [], file), **given_secrets(secrets or [])}
    asked = Asked(
        action=action, entity=entity, answers=answers, reason=reason, key=key, yes=yes, break_glass=break_glass
    )
    with tools.api() as api:
        if plan or at is not None:
            return show_plan(tools, api, asked, at=at, as_json=as_json)
        raise typer.Exit(submit(tools, api, asked, follow=follow, as_json=as_json))
