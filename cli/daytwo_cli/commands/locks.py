"""daytwo locks: who has which, keep one, take one away."""

from typing import Annotated

import typer

from daytwo_cli.commands.options import AsJson, Cursor, Key, Limit, Yes
from daytwo_cli.tools import Tools

locks = typer.Typer(help="Locks: who has which key, keeping one to yourself, taking one away.", no_args_is_help=True)

KeyArgument = Annotated[str, typer.Argument(metavar="KEY", help="Key of a lock, as shop/production.")]
Why = Annotated[str, typer.Option("--reason", help="Why; others see it, and the audit keeps it.")]


@locks.command("list")
def list_locks(
    ctx: typer.Context,
    text: Annotated[str | None, typer.Option(help="Text in the key.")] = None,
    run: Annotated[str | None, typer.Option(help="Of this run: it has them, or waits for them.")] = None,
    waiting: Annotated[bool, typer.Option("--waiting", help="Only those that somebody waits for.")] = False,
    held: Annotated[bool, typer.Option("--held", help="Only those that a person holds.")] = False,
    limit: Limit = 50,
    cursor: Cursor = None,
    as_json: AsJson = False,
) -> None:
    """List who has which key, and who waits."""
    from daytwo_api.views.common import Page
    from daytwo_api.views.locks import LockRow
    from daytwo_cli.show.words import at

    tools: Tools = ctx.obj
    query = {"q": text, "run": run, "waiting": waiting, "held": held, "limit": limit, "cursor": cursor}
    with tools.api() as api:
        found = api.get("/locks", Page[LockRow], query)
    if as_json:
        return tools.out.json(found.text)
    rows = [(one.key, one.text, at(one.since), str(one.fence or "–"), str(one.waiting)) for one in found.view.items]
    tools.out.table(("KEY", "WHO", "SINCE (UTC)", "NUMBER", "WAITING"), rows, empty="Nobody has a lock.")
    if found.view.next_cursor:
        tools.out.note(f"There are more: --cursor {found.view.next_cursor}")
    return None


@locks.command("show")
def show_lock(ctx: typer.Context, key: KeyArgument, as_json: AsJson = False) -> None:
    """Look twice at one key: who has it, who waits, what may still be running."""
    from daytwo_api.views.lock_detail import LockDetail
    from daytwo_cli.flows.locks import print_lock

    tools: Tools = ctx.obj
    with tools.api() as api:
        found = api.get("/locks/detail", LockDetail, {"key": key})
    if as_json:
        return tools.out.json(found.text)
    return print_lock(tools.out.line, found.view)


@locks.command("hold")
def hold_lock(
    ctx: typer.Context,
    key: KeyArgument,
    reason: Why,
    for_: Annotated[str | None, typer.Option("--for", help="How long: 30m, 2h, 1d; 8h when nothing is said.")] = None,
    until: Annotated[str | None, typer.Option(help="Until when, as 2026-12-01T14:00Z.")] = None,
    idempotency_key: Key = None,
    as_json: AsJson = False,
) -> None:
    """Keep a key to yourself. If a run has it, you are next."""
    from daytwo_cli.flows.locks import hold

    tools: Tools = ctx.obj
    with tools.api() as api:
        hold(tools, api, key, reason=reason, lasts=for_, until=until, idempotency_key=idempotency_key, as_json=as_json)


@locks.command("end")
def end_hold(
    ctx: typer.Context,
    hold: Annotated[str, typer.Argument(metavar="HOLD", help="Its id, as h_….")],
    reason: Annotated[str | None, typer.Option("--reason", help="Why, where it is somebody else's.")] = None,
) -> None:
    """End a hold; the next in the queue has the key at once."""
    tools: Tools = ctx.obj
    with tools.api() as api:
        api.delete(f"/locks/holds/{hold}", {"reason": reason})
    tools.out.line(f"{hold} has ended.")


@locks.command("release")
def release_lock(
    ctx: typer.Context,
    key: KeyArgument,
    reason: Why,
    fence: Annotated[
        int | None, typer.Option(help="Number of the holder, as `show` tells it: it is taken from nobody else.")
    ] = None,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Take a lock away from who has it. What its run has started goes on; cancel the run first if you can."""
    from daytwo_cli.flows.locks import release

    tools: Tools = ctx.obj
    with tools.api() as api:
        release(tools, api, key, reason=reason, fence=fence, yes=yes, as_json=as_json)
