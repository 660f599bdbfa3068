"""daytwo schedules."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from daytwo_cli.commands.options import AsJson, Key, Reason
from daytwo_cli.tools import Tools

if TYPE_CHECKING:
    from daytwo_api.views.schedules import ScheduleView, TimeView

schedules = typer.Typer(help="Runs that are asked for when they are due.", no_args_is_help=True)
ScheduleArgument = Annotated[str, typer.Argument(metavar="SCHEDULE", help="Its name in the file, or its id, as sc_….")]
Spec = Annotated[
    Path, typer.Argument(metavar="FILE", help="A schedule file (kind: Schedule).", exists=True, dir_okay=False)
]
Cursor = Annotated[str | None, typer.Option(help="The next page; the last one told it.")]


@schedules.command("list")
def list_schedules(ctx: typer.Context, cursor: Cursor = None, as_json: AsJson = False) -> None:
    """List schedules, and when each is due next."""
    from daytwo_api.views.common import Page
    from daytwo_api.views.schedules import ScheduleView

    tools: Tools = ctx.obj
    with tools.api() as api:
        found = api.get("/schedules", Page[ScheduleView], {"cursor": cursor})
    if as_json:
        return tools.out.json(found.text)
    rows = [(one.id, one.title, one.action, one.entity or "–", one.owner, one.text) for one in found.view.items]
    columns = ("SCHEDULE", "TITLE", "ACTION", "ON", "OWNER", "")
    tools.out.table(columns, rows, empty="There is no schedule.")
    if found.view.next_cursor:
        tools.out.note(f"There are more: --cursor {found.view.next_cursor}")
    return None


@schedules.command("show")
def show_schedule(ctx: typer.Context, schedule: ScheduleArgument, as_json: AsJson = False) -> None:
    """Show one schedule with its next ten times."""
    from daytwo_api.views.schedules import ScheduleView

    tools: Tools = ctx.obj
    with tools.api() as api:
        found = api.get(f"/schedules/{schedule}", ScheduleView)
    return tools.out.json(found.text) if as_json else _print(tools, found.view)


@schedules.command("history")
def schedule_history(
    ctx: typer.Context, schedule: ScheduleArgument, cursor: Cursor = None, as_json: AsJson = False
) -> None:
    """List the times at which it was due, newest first, with what came of each."""
    from daytwo_api.views.common import Page
    from daytwo_api.views.schedules import FiringView
    from daytwo_cli.show.words import at

    tools: Tools = ctx.obj
    with tools.api() as api:
        found = api.get(f"/schedules/{schedule}/firings", Page[FiringView], {"cursor": cursor})
    if as_json:
        return tools.out.json(found.text)
    rows = [(at(one.at), one.state, one.run or "–", one.text) for one in found.view.items]
    tools.out.table(("DUE (UTC)", "STATE", "RUN", ""), rows, empty="It was never due yet.")
    if found.view.next_cursor:
        tools.out.note(f"There are more: --cursor {found.view.next_cursor}")
    return None


@schedules.command("preview")
def preview_schedule(
    ctx: typer.Context,
    cron: Annotated[str, typer.Argument(metavar="CRON", help="As '30 2 * * mon-fri'.")],
    timezone: Annotated[str, typer.Option(help="As Europe/Berlin.")],
    as_json: AsJson = False,
) -> None:
    """Show the next ten times of a cron expression, across changes of the clocks."""
    from daytwo_api.views.schedules import PreviewView

    tools: Tools = ctx.obj
    with tools.api() as api:
        found = api.post("/schedules/preview", PreviewView, {"cron": cron, "timezone": timezone}, reads=True)
    return tools.out.json(found.text) if as_json else _times(tools, found.view.upcoming)


@schedules.command("make")
def make_schedule(ctx: typer.Context, file: Spec, key: Key = None, as_json: AsJson = False) -> None:
    """Make a schedule of your own from a file, without putting that into the company's folder."""
    from daytwo_api.views.schedules import ScheduleView
    from daytwo_cli.client.api import new_key
    from daytwo_cli.flows.schedules import body_of

    tools: Tools = ctx.obj
    body = body_of(file)
    with tools.api() as api:
        made = api.post("/schedules", ScheduleView, body, key=key or new_key())
    return tools.out.json(made.text) if as_json else _print(tools, made.view)


@schedules.command("change")
def change_schedule(ctx: typer.Context, schedule: ScheduleArgument, file: Spec, as_json: AsJson = False) -> None:
    """Change a schedule of your own to what a file says."""
    from daytwo_api.views.schedules import ScheduleView
    from daytwo_cli.flows.schedules import body_of

    tools: Tools = ctx.obj
    body = body_of(file)
    with tools.api() as api:
        changed = api.patch(f"/schedules/{schedule}", ScheduleView, body)
    return tools.out.json(changed.text) if as_json else _print(tools, changed.view)


@schedules.command("pause")
def pause_schedule(
    ctx: typer.Context, schedule: ScheduleArgument, reason: Reason = "", as_json: AsJson = False
) -> None:
    """Pause a schedule: nothing is due until it goes on."""
    _done(ctx.obj, schedule, "pause", {"reason": reason}, as_json=as_json)


@schedules.command("resume")
def resume_schedule(ctx: typer.Context, schedule: ScheduleArgument, as_json: AsJson = False) -> None:
    """Let a schedule go on, from its next time."""
    _done(ctx.obj, schedule, "resume", {}, as_json=as_json)


@schedules.command("take")
def take_schedule(ctx: typer.Context, schedule: ScheduleArgument, as_json: AsJson = False) -> None:
    """Become the owner of a schedule: its runs are asked for in your name from now on."""
    _done(ctx.obj, schedule, "take", {}, as_json=as_json)


@schedules.command("run")
def run_schedule(ctx: typer.Context, schedule: ScheduleArgument, key: Key = None, as_json: AsJson = False) -> None:
    """Ask now, in your own name, for what a schedule would ask for."""
    from daytwo_api.views.runs import RunAccepted
    from daytwo_cli.client.api import new_key

    tools: Tools = ctx.obj
    with tools.api() as api:
        made = api.post(f"/schedules/{schedule}/run", RunAccepted, {}, key=key or new_key())
    return tools.out.json(made.text) if as_json else tools.out.line(f"{made.view.id}  {made.view.url}")


@schedules.command("remove")
def remove_schedule(ctx: typer.Context, schedule: ScheduleArgument) -> None:
    """Remove a schedule that was made here; its runs go on."""
    tools: Tools = ctx.obj
    with tools.api() as api:
        api.delete(f"/schedules/{schedule}")
    tools.out.line(f"{schedule} is removed.")


def _done(tools: Tools, schedule: str, what: str, body: dict[str, str], *, as_json: bool) -> None:
    from daytwo_api.views.schedules import ScheduleView

    with tools.api() as api:
        found = api.post(f"/schedules/{schedule}/{what}", ScheduleView, dict(body), reads=True)
    return tools.out.json(found.text) if as_json else _print(tools, found.view)


def _print(tools: Tools, schedule: "ScheduleView") -> None:
    from daytwo_cli.show.plan import flat

    tools.out.line(f"{schedule.id}  {schedule.title}: {schedule.text}")
    where = "a file of the company" if schedule.from_file else "made here"
    tools.out.facts([("owner", schedule.owner), ("from", where), *flat(schedule.spec).items()])
    _times(tools, schedule.upcoming)


def _times(tools: Tools, times: "list[TimeView]") -> None:
    from daytwo_cli.show.words import at

    rows = [(one.local, at(one.at), one.note or "") for one in times]
    tools.out.table(("DUE", "UTC", ""), rows, empty="It is due no more.")
