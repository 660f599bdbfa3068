"""daytwo approvals, approval, approve, reject, comment, delegate, take-back."""

from typing import TYPE_CHECKING, Annotated

import typer

from daytwo_cli.commands.options import ApprovalArgument, AsJson, Cursor, Limit, Reason, Yes
from daytwo_cli.tools import Tools

if TYPE_CHECKING:
    from daytwo_cli.flows.decide import Verdict

Digest = Annotated[str | None, typer.Option(help="Decide only if the plan still has this digest.")]


def approvals(
    ctx: typer.Context,
    mine: Annotated[bool, typer.Option("--mine", help="Only those that you may decide.")] = False,
    state: Annotated[str, typer.Option(help="pending, approved, rejected, expired …; all for any.")] = "pending",
    limit: Limit = 20,
    cursor: Cursor = None,
    as_json: AsJson = False,
) -> None:
    """List approvals, those that expire first at the top."""
    from daytwo_api.views.approvals import ApprovalSummary
    from daytwo_api.views.common import Page
    from daytwo_cli.show.approval import what
    from daytwo_cli.show.words import at, state_words

    tools: Tools = ctx.obj
    asked = {"mine": mine, "state": None if state == "all" else state, "limit": limit, "cursor": cursor}
    with tools.api() as api:
        found = api.get("/approvals", Page[ApprovalSummary], asked)
    if as_json:
        return tools.out.json(found.text)
    rows = [
        (
            one.id,
            state_words(one.state),
            what(one),
            one.requester.name,
            one.who,
            at(one.expires_at),
            "yes" if one.may_decide.allowed else one.may_decide.why_not or "no",
        )
        for one in found.view.items
    ]
    columns = ("APPROVAL", "STATE", "WHAT", "FOR", "NEEDED FROM", "EXPIRES (UTC)", "MAY YOU")
    tools.out.table(columns, rows, empty="There is nothing to decide.")
    if found.view.next_cursor:
        tools.out.note(f"There are more: --cursor {found.view.next_cursor}")
    return None


def approve(
    ctx: typer.Context,
    approval: ApprovalArgument,
    digest: Digest = None,
    comment: Annotated[str, typer.Option(help="Others see it.")] = "",
    fields: Annotated[
        list[str] | None,
        typer.Option(
            "--field", "-f", metavar="NAME=VALUE", help="What this stage asks you to fill in; may be given many times."
        ),
    ] = None,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Show the sealed plan, ask, and approve exactly that."""
    from daytwo_cli.flows.decide import Verdict
    from daytwo_cli.flows.values import given_answers

    answers = given_answers(fields or [], None, option="--field")
    _decide(ctx, approval, Verdict("approve", digest, comment, answers), yes=yes, as_json=as_json)


def reject(
    ctx: typer.Context,
    approval: ApprovalArgument,
    comment: Annotated[str, typer.Option(help="Why not; whoever asked sees it.")],
    digest: Digest = None,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Show the sealed plan, ask, and reject it."""
    from daytwo_cli.flows.decide import Verdict

    _decide(ctx, approval, Verdict("reject", digest, comment), yes=yes, as_json=as_json)


def approval(ctx: typer.Context, approval: ApprovalArgument, as_json: AsJson = False) -> None:
    """Show one approval: the sealed plan, who is asked, what was decided and said."""
    from daytwo_cli.flows.decide import show

    tools: Tools = ctx.obj
    with tools.api() as api:
        show(tools, api, approval, as_json=as_json)


def comment(
    ctx: typer.Context, approval: ApprovalArgument, text: Annotated[str, typer.Argument(help="What you say.")]
) -> None:
    """Say something about an approval without deciding."""
    from daytwo_cli.flows.decide import say

    tools: Tools = ctx.obj
    with tools.api() as api:
        say(tools, api, approval, text)


def delegate(
    ctx: typer.Context,
    approval: ApprovalArgument,
    to: Annotated[str, typer.Argument(metavar="PERSON", help="Who decides for you, as ben.")],
    reason: Reason = "",
) -> None:
    """Let somebody else decide for you on one approval."""
    from daytwo_cli.flows.decide import hand_on

    tools: Tools = ctx.obj
    with tools.api() as api:
        hand_on(tools, api, approval, to, reason)


def take_back(
    ctx: typer.Context, approval: Annotated[str, typer.Argument(metavar="APPROVAL", help="Id of an approval, as a_….")]
) -> None:
    """Take your approval back, as long as nothing has been sent."""
    from daytwo_cli.flows import decide

    tools: Tools = ctx.obj
    with tools.api() as api:
        decide.take_back(tools, api, approval)


def _decide(ctx: typer.Context, approval: str, verdict: "Verdict", *, yes: bool, as_json: bool) -> None:
    from daytwo_cli.flows.decide import decide

    tools: Tools = ctx.obj
    with tools.api() as api:
        decide(tools, api, approval, verdict, yes=yes, as_json=as_json)
