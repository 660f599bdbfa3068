"""daytwo triggers, daytwo events."""

from typing import TYPE_CHECKING, Annotated

import typer

from daytwo_cli.commands.options import AsJson, Key, Reason
from daytwo_cli.tools import Tools

if TYPE_CHECKING:
    from daytwo_api.views.triggers import ReactionView, TriggerView

triggers = typer.Typer(help="Runs that are asked for when something has happened.", no_args_is_help=True)
events = typer.Typer(help="Events of other systems, and what each caused.", no_args_is_help=True)
TriggerArgument = Annotated[str, typer.Argument(metavar="TRIGGER", help="Its name in the file.")]
EventArgument = Annotated[str, typer.Argument(metavar="EVENT", help="Its id, as e_….")]
Cursor = Annotated[str | None, typer.Option(help="The next page; the last one told it.")]


@triggers.command("list")
def list_triggers(ctx: typer.Context, as_json: AsJson = False) -> None:
    """List triggers."""
    from daytwo_api.views.common import Page
    from daytwo_api.views.triggers import TriggerView

    tools: Tools = ctx.obj
    with tools.api() as api:
        found = api.get("/triggers", Page[TriggerView])
    if as_json:
        return tools.out.json(found.text)
    rows = [(one.id, one.title, one.listens, one.action, one.owner, one.text) for one in found.view.items]
    columns = ("TRIGGER", "TITLE", "LISTENS TO", "ACTION", "OWNER", "")
    return tools.out.table(columns, rows, empty="There is no trigger.")


@triggers.command("show")
def show_trigger(ctx: typer.Context, trigger: TriggerArgument, as_json: AsJson = False) -> None:
    """Show one trigger."""
    from daytwo_api.views.triggers import TriggerView

    tools: Tools = ctx.obj
    with tools.api() as api:
        found = api.get(f"/triggers/{trigger}", TriggerView)
    return tools.out.json(found.text) if as_json else _print(tools, found.view)


@triggers.command("history")
def trigger_history(
    ctx: typer.Context, trigger: TriggerArgument, cursor: Cursor = None, as_json: AsJson = False
) -> None:
    """List what events caused by it, newest first."""
    from daytwo_api.views.common import Page
    from daytwo_api.views.triggers import ReactionView

    tools: Tools = ctx.obj
    with tools.api() as api:
        found = api.get(f"/triggers/{trigger}/reactions", Page[ReactionView], {"cursor": cursor})
    if as_json:
        return tools.out.json(found.text)
    _caused(tools, found.view.items, empty="Nothing happened that it is about.")
    if found.view.next_cursor:
        tools.out.note(f"There are more: --cursor {found.view.next_cursor}")
    return None


@triggers.command("pause")
def pause_trigger(ctx: typer.Context, trigger: TriggerArgument, reason: Reason = "", as_json: AsJson = False) -> None:
    """Pause a trigger: it starts nothing until it goes on."""
    _done(ctx.obj, trigger, "pause", {"reason": reason}, as_json=as_json)


@triggers.command("resume")
def resume_trigger(ctx: typer.Context, trigger: TriggerArgument, as_json: AsJson = False) -> None:
    """Let a trigger go on."""
    _done(ctx.obj, trigger, "resume", {}, as_json=as_json)


@triggers.command("replay")
def replay_event(
    ctx: typer.Context, trigger: TriggerArgument, event: EventArgument, key: Key = None, as_json: AsJson = False
) -> None:
    """Show a trigger an event again: runs are asked for anew, in its owner's name."""
    from daytwo_api.views.triggers import Replayed
    from daytwo_cli.client.api import new_key

    tools: Tools = ctx.obj
    with tools.api() as api:
        made = api.post(f"/triggers/{trigger}/replay", Replayed, {"event": event}, key=key or new_key())
    return tools.out.json(made.text) if as_json else _caused(tools, made.view.caused, empty="It means nothing to it.")


@events.command("list")
def list_events(ctx: typer.Context, cursor: Cursor = None, as_json: AsJson = False) -> None:
    """List received events, newest first."""
    from daytwo_api.views.common import Page
    from daytwo_api.views.triggers import EventSummary
    from daytwo_cli.show.words import at

    tools: Tools = ctx.obj
    with tools.api() as api:
        found = api.get("/event-log", Page[EventSummary], {"cursor": cursor})
    if as_json:
        return tools.out.json(found.text)
    rows = [
        (one.id, at(one.received_at), one.source, one.key or "–", ", ".join(two.run or two.state for two in one.caused))
        for one in found.view.items
    ]
    tools.out.table(("EVENT", "RECEIVED (UTC)", "SOURCE", "KEY", "CAUSED"), rows, empty="No event was received.")
    if found.view.next_cursor:
        tools.out.note(f"There are more: --cursor {found.view.next_cursor}")
    return None


@events.command("show")
def show_event(ctx: typer.Context, event: EventArgument, as_json: AsJson = False) -> None:
    """Show what an event said, and what it caused."""
    from daytwo_api.views.triggers import EventDetail
    from daytwo_cli.show.plan import flat

    tools: Tools = ctx.obj
    with tools.api() as api:
        found = api.get(f"/event-log/{event}", EventDetail)
    if as_json:
        return tools.out.json(found.text)
    tools.out.line(f"{found.view.id}  {found.view.source}")
    tools.out.facts([("delivery", found.view.delivery), *flat(found.view.payload).items()])
    return _caused(tools, found.view.caused, empty="It meant nothing to any trigger.")


def _done(tools: Tools, trigger: str, what: str, body: dict[str, str], *, as_json: bool) -> None:
    from daytwo_api.views.triggers import TriggerView

    with tools.api() as api:
        found = api.post(f"/triggers/{trigger}/{what}", TriggerView, dict(body), reads=True)
    return tools.out.json(found.text) if as_json else _print(tools, found.view)


def _print(tools: Tools, trigger: "TriggerView") -> None:
    from daytwo_cli.show.plan import flat

    tools.out.line(f"{trigger.id}  {trigger.title}: {trigger.text}")
    tools.out.facts([("owner", trigger.owner), *flat(trigger.spec).items()])


def _caused(tools: Tools, caused: "list[ReactionView]", *, empty: str) -> None:
    from daytwo_cli.show.words import at

    rows = [(at(one.at), one.trigger, one.event, one.state, one.run or "–", one.text) for one in caused]
    tools.out.table(("AT (UTC)", "TRIGGER", "EVENT", "STATE", "RUN", ""), rows, empty=empty)
