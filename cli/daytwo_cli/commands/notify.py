"""daytwo notify: channels, test."""

from typing import Annotated

import typer

from daytwo_cli.commands.options import AsJson
from daytwo_cli.tools import Tools

notify = typer.Typer(help="Channels by which people are told.", no_args_is_help=True)


@notify.command("channels")
def channels(ctx: typer.Context, as_json: AsJson = False) -> None:
    """List the channels, and how their last message went."""
    from daytwo_api.views.common import Page
    from daytwo_api.views.notifications import ChannelView
    from daytwo_cli.show.words import at

    tools: Tools = ctx.obj
    with tools.api() as api:
        found = api.get("/channels", Page[ChannelView])
    if as_json:
        return tools.out.json(found.text)
    rows = [
        (one.name, one.kind, one.address, at(one.last_at), one.last_error or ("taken" if one.last_at else "–"))
        for one in found.view.items
    ]
    return tools.out.table(
        ("CHANNEL", "KIND", "ADDRESS", "LAST (UTC)", "LAST MESSAGE"), rows, empty="There is no channel."
    )


@notify.command("test")
def try_channel(
    ctx: typer.Context,
    channel: Annotated[str, typer.Argument(help="Its name in the settings.")],
    as_json: AsJson = False,
) -> None:
    """Send one message now to try a channel; a mail goes to yourself."""
    from urllib.parse import quote

    from daytwo_api.views.notifications import TestOfChannel
    from daytwo_cli.errors import CliError

    tools: Tools = ctx.obj
    with tools.api() as api:
        came = api.post(f"/channels/{quote(channel, safe='')}/test", TestOfChannel, {})
    if as_json:
        tools.out.json(came.text)
    if not came.view.taken:
        raise CliError(f"The channel {channel} did not take the message: {came.view.why}.")
    if not as_json:
        tools.out.line(f"The channel {channel} has taken the message. Look whether it arrived.")
