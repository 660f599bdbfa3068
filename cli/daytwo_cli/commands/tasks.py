"""daytwo tasks: what people do in the middle of runs."""

from typing import Annotated

import typer

from daytwo_cli.commands.options import AsJson, Cursor, Limit, Yes
from daytwo_cli.tools import Tools

tasks = typer.Typer(help="Tasks: what you are asked to do or to fill in, in the middle of a run.", no_args_is_help=True)

TaskArgument = Annotated[str, typer.Argument(metavar="TASK", help="Id of a task, as tk_….")]


@tasks.command("list")
def list_tasks(
    ctx: typer.Context,
    mine: Annotated[bool, typer.Option("--mine", help="Only those that you may do and nobody else has.")] = False,
    state: Annotated[str, typer.Option(help="open, done, failed, expired, withdrawn; all for any.")] = "open",
    limit: Limit = 20,
    cursor: Cursor = None,
    as_json: AsJson = False,
) -> None:
    """List tasks, those that are due first at the top."""
    from daytwo_api.views.common import Page
    from daytwo_api.views.tasks import TaskSummary
    from daytwo_cli.show.words import at, state_words

    tools: Tools = ctx.obj
    asked = {"mine": mine, "state": None if state == "all" else state, "limit": limit, "cursor": cursor}
    with tools.api() as api:
        found = api.get("/tasks", Page[TaskSummary], asked)
    if as_json:
        return tools.out.json(found.text)
    rows = [
        (
            one.id,
            state_words(one.state),
            f"{one.action} {one.entity or ''}".strip(),
            one.step,
            one.claimed_by or one.who,
            at(one.due_at),
            "yes" if one.may_do.allowed else one.may_do.why_not or "no",
        )
        for one in found.view.items
    ]
    columns = ("TASK", "STATE", "WHAT", "STEP", "WHO", "DUE (UTC)", "MAY YOU")
    tools.out.table(columns, rows, empty="There is nothing to do.")
    if found.view.next_cursor:
        tools.out.note(f"There are more: --cursor {found.view.next_cursor}")
    return None


@tasks.command("show")
def show_task(ctx: typer.Context, task: TaskArgument, as_json: AsJson = False) -> None:
    """Show what is to be done, who may do it, and until when."""
    from daytwo_api.views.tasks import TaskView
    from daytwo_cli.flows.tasks import print_task

    tools: Tools = ctx.obj
    with tools.api() as api:
        found = api.get(f"/tasks/{task}", TaskView)
    if as_json:
        return tools.out.json(found.text)
    return print_task(tools.out.line, found.view)


@tasks.command("claim")
def claim_task(
    ctx: typer.Context,
    task: TaskArgument,
    over: Annotated[bool, typer.Option("--over", help="Also when somebody else has taken it.")] = False,
) -> None:
    """Take a task, so that others leave it to you."""
    from daytwo_api.views.tasks import TaskView

    tools: Tools = ctx.obj
    with tools.api() as api:
        view = api.post(f"/tasks/{task}/claim", TaskView, {"over": over}).view
    tools.out.state(view.state, view.text)


@tasks.command("hand-over")
def hand_over_task(
    ctx: typer.Context,
    task: TaskArgument,
    to: Annotated[str | None, typer.Argument(metavar="PERSON", help="Who does it, as ben; left out: anybody.")] = None,
) -> None:
    """Give a task to somebody who may do it, or back to all of them."""
    from daytwo_api.views.tasks import TaskView

    tools: Tools = ctx.obj
    who = to if to is None or ":" in to else f"person:{to}"
    with tools.api() as api:
        view = api.post(f"/tasks/{task}/hand-over", TaskView, {"to": who}).view
    tools.out.state(view.state, view.text)


@tasks.command("complete")
def complete_task(
    ctx: typer.Context,
    task: TaskArgument,
    fields: Annotated[
        list[str] | None,
        typer.Option("--field", "-f", metavar="NAME=VALUE", help="What it asks for; may be given many times."),
    ] = None,
    secrets: Annotated[
        list[str] | None,
        typer.Option("--secret", metavar="NAME=FILE", help="A secret that it asks for; NAME=- reads it from a pipe."),
    ] = None,
    words: Annotated[str, typer.Option(help="What you say about it; others see it.")] = "",
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Say that it is done, with what it asks for: values, and what shows that it was done."""
    from daytwo_cli.flows.tasks import complete
    from daytwo_cli.flows.values import given_answers, given_secrets

    tools: Tools = ctx.obj
    answers = {**given_answers(fields or [], None, option="--field"), **given_secrets(secrets or [])}
    with tools.api() as api:
        complete(tools, api, task, answers, words, yes=yes, as_json=as_json)


@tasks.command("fail")
def fail_task(
    ctx: typer.Context,
    task: TaskArgument,
    words: Annotated[str, typer.Option(help="Why it cannot be done; whoever asked for the run reads it.")],
) -> None:
    """Say that it cannot be done: its step fails."""
    from daytwo_api.views.tasks import TaskView

    tools: Tools = ctx.obj
    with tools.api() as api:
        view = api.post(f"/tasks/{task}/fail", TaskView, {"words": words}).view
    tools.out.state(view.state, view.text)
