"""daytwo freezes, daytwo exceptions, daytwo stop."""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from daytwo_cli.commands.options import AsJson, Key, Reason, RunArgument
from daytwo_cli.tools import Tools

if TYPE_CHECKING:
    from daytwo_api.views.freezes import ExceptionView, FreezeView

freezes = typer.Typer(help="Windows of time in which some dispatches are not made.", no_args_is_help=True)
exceptions = typer.Typer(help="Exceptions to freezes, each for one run.", no_args_is_help=True)
FreezeArgument = Annotated[str, typer.Argument(metavar="FREEZE", help="Its name in the file, or its id, as fz_….")]
ExceptionArgument = Annotated[str, typer.Argument(metavar="EXCEPTION", help="Its id, as fx_….")]
_ZONED = ["%Y-%m-%dT%H:%M%z", "%Y-%m-%dT%H:%M:%S%z"]
Spec = Annotated[
    Path, typer.Argument(metavar="FILE", help="A freeze file (kind: Freeze).", exists=True, dir_okay=False)
]


@freezes.command("list")
def list_freezes(
    ctx: typer.Context,
    after: Annotated[
        datetime | None, typer.Option("--from", formats=_ZONED, help="Windows from here on, as 2026-12-01T00:00Z.")
    ] = None,
    before: Annotated[datetime | None, typer.Option("--until", formats=_ZONED, help="And until here.")] = None,
    as_json: AsJson = False,
) -> None:
    """List freezes; with --from and --until the windows in that time."""
    from daytwo_api.views.common import Page
    from daytwo_api.views.freezes import FreezeView
    from daytwo_cli.show.words import at

    tools: Tools = ctx.obj
    asked = {"from": after.isoformat() if after else None, "until": before.isoformat() if before else None}
    with tools.api() as api:
        found = api.get("/freezes", Page[FreezeView], asked)
    if as_json:
        return tools.out.json(found.text)
    if after is None:
        rows = [(one.id, one.title, one.text, one.owner, one.reason) for one in found.view.items]
        return tools.out.table(("FREEZE", "TITLE", "NOW", "OWNER", "WHY"), rows, empty="There is no freeze.")
    windows = [
        (
            at(window.start),
            at(window.end),
            one.id,
            one.title,
            "open" if one.spec.get("frozen") == "outside" else "frozen",
        )
        for one in found.view.items
        for window in one.occurrences
    ]
    columns = ("FROM (UTC)", "UNTIL (UTC)", "FREEZE", "TITLE", "")
    return tools.out.table(columns, sorted(windows), empty="Nothing is frozen in that time.")


@freezes.command("show")
def show_freeze(ctx: typer.Context, freeze: FreezeArgument, as_json: AsJson = False) -> None:
    """Show one freeze."""
    from daytwo_api.views.freezes import FreezeView

    tools: Tools = ctx.obj
    with tools.api() as api:
        found = api.get(f"/freezes/{freeze}", FreezeView)
    return tools.out.json(found.text) if as_json else _print(tools, found.view)


@freezes.command("make")
def make_freeze(ctx: typer.Context, file: Spec, key: Key = None, as_json: AsJson = False) -> None:
    """Make a freeze from a file, without putting that into the company's folder."""
    from daytwo_api.views.freezes import FreezeView
    from daytwo_cli.client.api import new_key
    from daytwo_cli.flows.freezes import body_of

    tools: Tools = ctx.obj
    body = body_of(file)
    with tools.api() as api:
        made = api.post("/freezes", FreezeView, body, key=key or new_key())
    return tools.out.json(made.text) if as_json else _print(tools, made.view)


@freezes.command("change")
def change_freeze(ctx: typer.Context, freeze: FreezeArgument, file: Spec, as_json: AsJson = False) -> None:
    """Change a freeze that was made here to what a file says."""
    from daytwo_api.views.freezes import FreezeView
    from daytwo_cli.flows.freezes import body_of

    tools: Tools = ctx.obj
    body = body_of(file)
    with tools.api() as api:
        changed = api.patch(f"/freezes/{freeze}", FreezeView, body)
    return tools.out.json(changed.text) if as_json else _print(tools, changed.view)


@freezes.command("remove")
def remove_freeze(ctx: typer.Context, freeze: FreezeArgument) -> None:
    """Remove a freeze that was made here; what waits for it goes on."""
    tools: Tools = ctx.obj
    with tools.api() as api:
        api.delete(f"/freezes/{freeze}")
    tools.out.line(f"{freeze} is removed.")


@exceptions.command("list")
def list_exceptions(
    ctx: typer.Context,
    cursor: Annotated[str | None, typer.Option(help="The next page; the last one told it.")] = None,
    as_json: AsJson = False,
) -> None:
    """List exceptions that wait for a decision."""
    from daytwo_api.views.common import Page
    from daytwo_api.views.freezes import ExceptionView

    tools: Tools = ctx.obj
    with tools.api() as api:
        found = api.get("/exceptions", Page[ExceptionView], {"cursor": cursor})
    if as_json:
        return tools.out.json(found.text)
    rows = [
        (one.id, one.run, one.action, one.entity or "–", one.title, one.asked_by.name, one.reason)
        for one in found.view.items
    ]
    columns = ("EXCEPTION", "RUN", "ACTION", "ON", "FREEZE", "BY", "WHY")
    tools.out.table(columns, rows, empty="No exception waits for a decision.")
    if found.view.next_cursor:
        tools.out.note(f"There are more: --cursor {found.view.next_cursor}")
    return None


@exceptions.command("ask")
def ask_exception(
    ctx: typer.Context,
    run: RunArgument,
    freeze: FreezeArgument,
    reason: Annotated[str, typer.Option(help="Why it cannot wait; who decides reads it.")],
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """Ask for an exception to a freeze, for one run that waits."""
    from daytwo_api.views.freezes import ExceptionView
    from daytwo_cli.client.api import new_key

    tools: Tools = ctx.obj
    with tools.api() as api:
        made = api.post(
            f"/runs/{run}/exceptions", ExceptionView, {"freeze": freeze, "reason": reason}, key=key or new_key()
        )
    return tools.out.json(made.text) if as_json else _told(tools, made.view)


@exceptions.command("grant")
def grant_exception(
    ctx: typer.Context,
    exception: ExceptionArgument,
    until: Annotated[datetime, typer.Option(formats=_ZONED, help="When it ends, as 2026-12-24T12:00Z.")],
    reason: Reason = "",
    as_json: AsJson = False,
) -> None:
    """Grant an exception until a time. Not your own, and not for your own run."""
    _decide(ctx.obj, exception, {"verdict": "grant", "until": until.isoformat(), "comment": reason}, as_json=as_json)


@exceptions.command("refuse")
def refuse_exception(
    ctx: typer.Context,
    exception: ExceptionArgument,
    reason: Annotated[str, typer.Option(help="Why; who asked reads it.")],
    as_json: AsJson = False,
) -> None:
    """Refuse an exception."""
    _decide(ctx.obj, exception, {"verdict": "refuse", "comment": reason}, as_json=as_json)


@exceptions.command("revoke")
def revoke_exception(
    ctx: typer.Context, exception: ExceptionArgument, reason: Reason = "", as_json: AsJson = False
) -> None:
    """Take an exception back, before anything was sent."""
    from daytwo_api.views.freezes import ExceptionView

    tools: Tools = ctx.obj
    with tools.api() as api:
        found = api.post(f"/exceptions/{exception}/revoke", ExceptionView, {"reason": reason}, reads=True)
    return tools.out.json(found.text) if as_json else _told(tools, found.view)


def stop(
    ctx: typer.Context,
    reason: Annotated[str, typer.Option(help="Stop everything, and tell everybody why.")] = "",
    lift: Annotated[bool, typer.Option("--lift", help="Let everything go on; --reason says why.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show the global stop; with --reason stop everything, with --lift let it go on."""
    from daytwo_api.views.freezes import StopView

    tools: Tools = ctx.obj
    with tools.api(quiet=True) as api:
        if lift:
            api.delete("/stop", {"reason": reason})
        found = (
            api.post("/stop", StopView, {"reason": reason}, reads=True)
            if reason and not lift
            else api.get("/stop", StopView)
        )
    return tools.out.json(found.text) if as_json else tools.out.line(found.view.text)


def _decide(tools: Tools, exception: str, body: dict[str, str], *, as_json: bool) -> None:
    from daytwo_api.views.freezes import ExceptionView

    with tools.api() as api:
        found = api.post(f"/exceptions/{exception}/decision", ExceptionView, dict(body), reads=True)
    return tools.out.json(found.text) if as_json else _told(tools, found.view)


def _told(tools: Tools, exception: "ExceptionView") -> None:
    tools.out.line(f"{exception.id}  {exception.text}")
    tools.out.facts(
        [("run", exception.run), ("freeze", f"{exception.title} ({exception.freeze})"), ("because", exception.reason)]
    )


def _print(tools: Tools, freeze: "FreezeView") -> None:
    from daytwo_cli.show.plan import flat

    tools.out.line(f"{freeze.id}  {freeze.title}: {freeze.text}")
    where = "a file of the company" if freeze.from_file else f"made by {freeze.made_by.name if freeze.made_by else '–'}"
    tools.out.facts([("owner", freeze.owner), ("from", where), *flat(freeze.spec).items()])
