"""daytwo runs, show, logs, cancel, withdraw, undo, rerun, resume, undoing, answer, resolve."""

from enum import StrEnum
from typing import Annotated

import typer

from daytwo_cli.commands.options import AsJson, Cursor, Follow, Key, Limit, Reason, RunArgument, Yes
from daytwo_cli.tools import Tools


class Choice(StrEnum):
    UNDO = "undo"
    STOP = "stop"
    AGAIN = "again"
    LEAVE = "leave"


class Verdict(StrEnum):
    GO = "go"
    STOP = "stop"


def runs(
    ctx: typer.Context,
    action: Annotated[str | None, typer.Option(help="Only runs of this action.")] = None,
    entity: Annotated[str | None, typer.Option(help="Only runs on this entity.")] = None,
    state: Annotated[str | None, typer.Option(help="Only runs in this state, as running.")] = None,
    mine: Annotated[bool, typer.Option("--mine", help="Only those that you asked for.")] = False,
    limit: Limit = 20,
    cursor: Cursor = None,
    as_json: AsJson = False,
) -> None:
    """List runs, newest first."""
    from daytwo_api.views.common import Page
    from daytwo_api.views.runs import RunSummary
    from daytwo_cli.show.words import at, state_words

    tools: Tools = ctx.obj
    asked = {"action": action, "entity": entity, "state": state, "mine": mine, "limit": limit, "cursor": cursor}
    with tools.api() as api:
        found = api.get("/runs", Page[RunSummary], asked)
    if as_json:
        return tools.out.json(found.text)
    rows = [
        (one.id, state_words(one.state), one.action, one.entity or "–", one.requester.name, at(one.created_at))
        for one in found.view.items
    ]
    tools.out.table(("RUN", "STATE", "ACTION", "ON", "BY", "CREATED (UTC)"), rows, empty="There is no such run.")
    if found.view.next_cursor:
        tools.out.note(f"There are more: --cursor {found.view.next_cursor}")
    return None


def show(ctx: typer.Context, run: RunArgument, as_json: AsJson = False) -> None:
    """Show one run: its state, why it waits, its steps, what it changed."""
    from daytwo_api.views.runs import RunView
    from daytwo_cli.show.run import print_run

    tools: Tools = ctx.obj
    with tools.api() as api:
        found = api.get(f"/runs/{run}", RunView)
    if as_json:
        return tools.out.json(found.text)
    return print_run(tools.out, found.view)


def logs(
    ctx: typer.Context,
    run: RunArgument,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on until the run has ended.")] = False,
    grep: Annotated[str, typer.Option(help="Only lines with this text.")] = "",
    after: Annotated[int, typer.Option(min=0, help="Only lines after this number.")] = 0,
    raw: Annotated[bool, typer.Option("--raw", help="As the CI system wrote them, with times and marks.")] = False,
    as_json: AsJson = False,
) -> None:
    """Print the log lines of a run.

    With --json each is an object on a line of its own: number, step, job, text. With --follow the run comes last, as
    `daytwo show --json` has it, on one line; it has an id, and lines have none.
    """
    from daytwo_cli.flows.follow import Taste, follow_to_end
    from daytwo_cli.flows.logs import print_logs

    tools: Tools = ctx.obj
    with tools.api() as api:
        if follow:
            taste = Taste(as_json=as_json, changes=False, grep=grep, raw=raw)
            raise typer.Exit(follow_to_end(tools, api, run, after=after, taste=taste))
        print_logs(tools, api, run, after=after, grep=grep, raw=raw, as_json=as_json)


def cancel(
    ctx: typer.Context,
    run: RunArgument,
    reason: Reason = "",
    force: Annotated[bool, typer.Option("--force", help="Do not let the pipeline tidy up.")] = False,
    follow: Follow = False,
    as_json: AsJson = False,
) -> None:
    """Stop a run and its pipeline."""
    from daytwo_cli.flows.control import change

    tools: Tools = ctx.obj
    with tools.api() as api:
        ended = change(tools, api, run, "cancel", {"reason": reason, "force": force}, follow=follow, as_json=as_json)
        raise typer.Exit(ended)


def withdraw(ctx: typer.Context, run: RunArgument, reason: Reason = "", as_json: AsJson = False) -> None:
    """Take back a request before it is decided."""
    from daytwo_cli.flows.control import change

    tools: Tools = ctx.obj
    with tools.api() as api:
        raise typer.Exit(change(tools, api, run, "withdraw", {"reason": reason}, follow=False, as_json=as_json))


def undo(
    ctx: typer.Context,
    run: RunArgument,
    reason: Reason = "",
    key: Key = None,
    follow: Follow = False,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Start the run that brings back what was there before."""
    from daytwo_cli.flows.control import undo_run

    tools: Tools = ctx.obj
    with tools.api() as api:
        raise typer.Exit(undo_run(tools, api, run, reason=reason, key=key, yes=yes, follow=follow, as_json=as_json))


def rerun(
    ctx: typer.Context,
    run: RunArgument,
    reason: Reason = "",
    key: Key = None,
    follow: Follow = False,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Start a run with the same inputs, by today's definition; it is approved anew."""
    from daytwo_cli.flows import control

    tools: Tools = ctx.obj
    with tools.api() as api:
        end = control.rerun(tools, api, run, reason=reason, key=key, yes=yes, follow=follow, as_json=as_json)
        raise typer.Exit(end)


def resume(
    ctx: typer.Context,
    run: RunArgument,
    done: Annotated[
        list[str] | None, typer.Option(help="A step that was carried out, as somebody has found out; may be repeated.")
    ] = None,
    again: Annotated[list[str] | None, typer.Option(help="A step that is to be done again; may be repeated.")] = None,
    version: Annotated[
        str | None, typer.Option(help="Of the action as it is today, where that has changed since: it is meant.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what it would do.")] = False,
    reason: Reason = "",
    key: Key = None,
    follow: Follow = False,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Go on where a run failed or was cancelled, with a run of its own; it is approved anew."""
    from daytwo_cli.flows.resume import ResumeSaid, preview, resume_run

    tools: Tools = ctx.obj
    said = ResumeSaid(done=done or [], again=again or [], version=version, reason=reason)
    with tools.api() as api:
        if dry_run:
            raise typer.Exit(preview(tools, api, run, as_json=as_json))
        end = resume_run(tools, api, run, said, key=key, yes=yes, follow=follow, as_json=as_json)
        raise typer.Exit(end)


def undoing(
    ctx: typer.Context,
    run: RunArgument,
    choice: Annotated[
        Choice, typer.Argument(help="undo or stop where that is asked; again or leave where an undo has failed.")
    ],
    reason: Reason = "",
    follow: Follow = False,
    as_json: AsJson = False,
) -> None:
    """Say what becomes of what a failed or cancelled run did."""
    from daytwo_cli.flows.control import change

    tools: Tools = ctx.obj
    body = {"choice": str(choice), "reason": reason}
    with tools.api() as api:
        raise typer.Exit(change(tools, api, run, "undoing", body, follow=follow, as_json=as_json))


def answer(
    ctx: typer.Context,
    run: RunArgument,
    gate: Annotated[str, typer.Argument(help="The gate, as `daytwo show` names it: g_….")],
    verdict: Annotated[Verdict, typer.Argument(help="go: play, approve, resume; stop: reject, stop.")],
    comment: Annotated[str, typer.Option(help="Others see it, also in the CI system.")] = "",
    key: Key = None,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Answer where a run waits in the CI system."""
    from daytwo_cli.flows.control import GateSaid, answer_gate

    tools: Tools = ctx.obj
    with tools.api() as api:
        said = GateSaid(gate=gate, verdict=verdict, comment=comment)
        raise typer.Exit(answer_gate(tools, api, run, said, key=key, yes=yes, as_json=as_json))


def resolve(
    ctx: typer.Context,
    run: RunArgument,
    reason: Annotated[str, typer.Option(help="How you found out; others see it.")],
    step: Annotated[str | None, typer.Option(help="The step; not needed when only one attempt is held.")] = None,
    attempt: Annotated[int | None, typer.Option(min=1, help="The attempt; likewise.")] = None,
    ran: Annotated[str | None, typer.Option(metavar="EXTERNAL", help="It ran, as this run of the CI system.")] = None,
    did_not_run: Annotated[bool, typer.Option("--did-not-run", help="It did not run, and never will.")] = False,
    without_marker: Annotated[
        bool, typer.Option("--without-marker", help="With --ran: its name shows no marker, and you vouch for it.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Say what became of an attempt that nobody could prove."""
    from daytwo_cli.errors import Usage
    from daytwo_cli.flows.control import resolve_attempt

    tools: Tools = ctx.obj
    if (ran is None) == (not did_not_run):
        raise Usage("Say exactly one of --ran EXTERNAL and --did-not-run. Nothing was sent.")
    with tools.api() as api:
        done = resolve_attempt(
            tools,
            api,
            run,
            (step, attempt),
            external=ran,
            without_marker=without_marker,
            reason=reason,
            as_json=as_json,
        )
        raise typer.Exit(done)
