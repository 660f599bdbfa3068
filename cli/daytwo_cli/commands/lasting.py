"""daytwo extend, daytwo give-back."""

from datetime import datetime
from typing import Annotated

import typer

from daytwo_cli.commands.options import AsJson, Reason, RunArgument
from daytwo_cli.tools import Tools

_ZONED = ["%Y-%m-%dT%H:%M%z", "%Y-%m-%dT%H:%M:%S%z"]
StepArgument = Annotated[str, typer.Argument(metavar="STEP", help="The step that is temporary.")]


def extend(
    ctx: typer.Context,
    run: RunArgument,
    step: StepArgument,
    until: Annotated[datetime, typer.Option(formats=_ZONED, help="Its new end, as 2026-12-24T12:00Z.")],
    ask: Annotated[bool, typer.Option("--ask", help="Ask those who may; they find it among their approvals.")] = False,
    as_json: AsJson = False,
) -> None:
    """Let something temporary last longer, or ask for it. What you asked for yourself, others extend."""
    how = "extension" if ask else "extend"
    _told(ctx.obj, f"/runs/{run}/steps/{step}/{how}", {"until": until.isoformat()}, as_json=as_json)


def give_back(
    ctx: typer.Context, run: RunArgument, step: StepArgument, reason: Reason = "", as_json: AsJson = False
) -> None:
    """Give back something temporary before its time: the run undoes it now."""
    _told(ctx.obj, f"/runs/{run}/steps/{step}/end", {"reason": reason}, as_json=as_json)


def _told(tools: Tools, path: str, body: dict[str, str], *, as_json: bool) -> None:
    from daytwo_api.views.runs import RunView

    with tools.api() as api:
        found = api.post(path, RunView, dict(body), reads=True)
    return tools.out.json(found.text) if as_json else tools.out.line(f"{found.view.id}  {found.view.text}")
